"""The messages of generated shapes, filled from one template file per language and the ontology's labels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import compact

DATA: Final = Path(__file__).parent / "data"
LANGUAGES: Final = ("en", "pt-br")

Texts = Mapping[str, str]
"""One message by lower-case language tag."""


@lru_cache(maxsize=1)
def _templates() -> dict[str, dict[str, str]]:
    return {
        language: json.loads((DATA / f"messages.{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES
    }


def template(language: str, kind: str) -> str:
    """Return the text of a kind of finding in a language, with its places still open."""
    return _templates()[language][kind]


def message(
    model: OntologyModel,
    kind: str,
    *,
    predicate: Iri = "",
    classes: Iterable[Iri] = (),
    datatype: Iri = "",
) -> Texts:
    """Return the text of a kind of finding by language, naming terms by their labels.

    Labels are listed, never bent: no article stands before one, for the ontology does not say which it would take.
    """
    texts = {}
    for language, templates in _templates().items():
        # Defaults, for a function made in a loop would see the last language only.
        def names(terms: Iterable[Iri], language: str = language, glue: str = templates["or"]) -> str:
            return glue.join(model.label(term, language) for term in sorted(terms))

        # Some datatypes have a sentence of their own.
        template = templates.get(f"{kind} {compact(datatype)}", templates[kind])
        texts[language] = template.format(
            predicate=names((predicate,)),
            classes=names(classes),
            **{"class": names(classes)},
            datatype=compact(datatype),
        )
    return texts


def hinted(texts: Texts, hint: str, **told: str) -> Texts:
    """Return a message with a hint of a kind after it."""
    return {
        language: f"{text} {_templates()[language][hint].format(**told)}" if language in _templates() else text
        for language, text in texts.items()
    }
