"""The reference's pages: an overview with the levels, one page per branch with its terms, and an index of all terms.

Everything is static and local: no script, no font, no request to anywhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.folding import fold
from stratagraph.ontology.languages import text_in
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, compact, expand, local_name
from stratagraph.ontology.publishing import Syntax, merged, written
from stratagraph.queries.vocabulary import Description, Vocabulary
from stratagraph.service.reference.texts import LANGUAGES, texts

INDEX: Final = "terms.html"
WHOLE: Final = "ontology"
"""Name of the document of all modules as one."""
SYNTAXES: Final = {".ttl": Syntax.TURTLE, ".owl": Syntax.RDFXML, ".jsonld": Syntax.JSONLD}
_KINDS: Final = ("module", "class", "relation", "attribute", "annotation", "individual")


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One module of the ontology with its terms."""

    name: str
    file: str
    module: Iri | None
    terms: tuple[Description, ...]


def write_reference(model: OntologyModel, folder: Path) -> int:
    """Write the reference of an ontology into a folder, which is made where it is missing; return how many pages."""
    folder.mkdir(parents=True, exist_ok=True)  # before the work, which takes seconds
    pages = Reference(model).pages()
    for name, text in pages.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return sum(name.endswith(".html") for name in pages)


class Reference:
    """The pages of one ontology."""

    def __init__(self, model: OntologyModel) -> None:
        """Describe every term."""
        self._model = model
        self._vocabulary = Vocabulary(model)
        from jinja2 import (
            Environment,
            PackageLoader,
            StrictUndefined,
            select_autoescape,
        )  # most processes write no page

        self._environment = Environment(
            loader=PackageLoader("stratagraph.service.reference"),
            autoescape=select_autoescape(("html", "svg")),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def pages(self) -> Mapping[str, str]:
        """Return every file by its path below the reference's folder."""
        found = {"style.css": self._environment.get_template("style.css").render()}
        found["index.html"] = self._page("choice.html", LANGUAGES[0])
        for lang in LANGUAGES:
            tag = lang.lower()
            found[f"{tag}/index.html"] = self._page("overview.html", lang, file="index.html", branches=self.branches)
            found[f"{tag}/{INDEX}"] = self._page("index.html", lang, file=INDEX, terms=self._sorted(lang))
            for branch in self.branches:
                found[f"{tag}/{branch.file}"] = self._page(
                    "branch.html", lang, file=branch.file, branch=branch, document=f"module/{branch.name}"
                )
        return found | dict(self._documents())

    def _documents(self) -> Iterator[tuple[str, str]]:
        """Yield the ontology and each module in every syntax, by path."""
        for ending, syntax in SYNTAXES.items():
            yield WHOLE + ending, written(merged(self._model), syntax).decode()
            for name, facts in self._model.modules.items():
                yield f"module/{name.rpartition('.')[0]}{ending}", written(facts, syntax).decode()

    @cached_property
    def branches(self) -> tuple[Branch, ...]:
        """The branches by name, the terms of each by kind and name."""
        grouped: dict[str, list[Description]] = defaultdict(list)
        for iri in self._vocabulary.terms:
            description = self._vocabulary.describe(iri)
            grouped[description.module].append(description)
        return tuple(_branch(name, terms) for name, terms in sorted(grouped.items()))

    def _sorted(self, lang: str) -> list[Description]:
        every = (term for branch in self.branches for term in branch.terms)
        return sorted(every, key=lambda term: (fold(self._model.label(term.iri, lang)), term.iri))

    def _page(self, template: str, lang: str, **values: Any) -> str:
        model = self._model
        other = next(tag for tag in LANGUAGES if tag != lang)
        context: dict[str, Any] = {
            "lang": lang,
            "tag": lang.lower(),
            "other": other,
            "words": texts(lang),
            "languages": LANGUAGES,
            "label": lambda iri: model.label(iri, lang),
            "text_of": lambda found: text_in(found, lang) or "",
            "compact": compact,
            "anchor": anchor,
            "href": self._href,
            "model": model,
            "titles": texts,
            "levels": list(reversed(model.levels)),
            "document": WHOLE,
            "syntaxes": SYNTAXES,
            "is_text": lambda term: not isinstance(term, str),
        }
        return self._environment.get_template(template).render(context | values)

    def place(self, name: str) -> str | None:
        """Return where a term is described, below the folder of a language; None where nothing of that name is."""
        return self._href(expand(name) or name)

    def _href(self, iri: Iri) -> str | None:
        """Return where a term is described, from any page of its language; None for a term of elsewhere."""
        module = self._vocabulary.modules.get(iri)
        return f"{file_of(module)}#{anchor(iri)}" if module else None


def _branch(name: str, terms: Iterable[Description]) -> Branch:
    ordered = sorted(terms, key=lambda term: (_KINDS.index(term.kind), fold(local_name(term.iri))))
    module = next((term.iri for term in ordered if term.kind == "module"), None)
    return Branch(name=name, file=file_of(name), module=module, terms=tuple(ordered))


def file_of(module: str) -> str:
    """Return the page of a module; names of ours can't be taken by one."""
    return f"branch-{module.replace('/', '-')}.html"


def anchor(iri: Iri) -> str:
    """Return the fragment under which a page describes a term."""
    return local_name(iri) if iri.startswith(SG) else compact(iri).replace(":", "-").replace("/", "-")
