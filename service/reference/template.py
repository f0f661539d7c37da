"""A form to fill in: an inventory entry of a class with everything that it may say, commented out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

import yaml

from stratagraph.loaders.inventory.written_terms import FileTerms
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import XSD, compact
from stratagraph.queries.forms import Field, Form, Forms
from stratagraph.service.reference.texts import texts

_EXAMPLES: Final = {
    XSD.boolean: "true",
    XSD.integer: "1",
    XSD.decimal: "0.5",
    XSD.double: "0.5",
    XSD.dateTime: "2026-01-31",
}
_VALUES_SHOWN: Final = 12


def template(forms: Forms, cls: Iri, lang: str) -> str:
    """Return the form of a class as YAML; with every line's comment sign taken away it can be loaded.

    Remarks begin with two signs or stand behind a line, so that taking away one sign leaves them remarks.
    """
    return "\n".join(_Template(forms, cls, lang).lines()) + "\n"


class _Template:
    def __init__(self, forms: Forms, cls: Iri, lang: str) -> None:
        self.model = forms.model
        self.terms = FileTerms(forms.model)
        self.lang = lang
        self.words = texts(lang)
        self.form: Form = forms.of(cls)
        self.targets: dict[Iri, None] = {}

    def lines(self) -> Iterator[str]:
        cls = self.form.cls
        definition = self.definition(cls)
        yield f"## {self.model.label(cls, self.lang)} ({compact(cls)})" + (f": {definition}" if definition else "")
        yield f"## {self.words['template-use']}"
        yield "assets:"
        yield f"  - kind: {self.terms.shown(cls)}"
        yield from self.key()
        yield "    # label: {en: " + f'"{self.model.label(cls, "en")}", pt-BR: "{self.model.label(cls, "pt-BR")}"' + "}"
        for words, fields in (
            ("template-attributes", self.form.attributes),
            ("template-relations", self.form.relations),
        ):
            if fields:
                yield ""
                yield f"    ## {self.words[words]}"
                yield from (f"    # {self.line(field)}" for field in fields)
        yield from self.pointed_to()

    def key(self) -> Iterator[str]:
        if not self.form.key:
            name = _dashed(self.terms.shown(self.form.cls))
            yield f"    iri: https://example.org/{name}  # {self.words['template-iri']}"
        for number, part in enumerate(self.form.key):
            sign = "# " if number else ""
            told = self.words["template-key" if number else "template-required"]
            value = self.example(part) if number or part.example else f"my-{_dashed(self.terms.shown(self.form.cls))}"
            yield f"    {sign}{self.terms.shown(part.iri)}: {value}  # {told}; {self.definition(part.iri)}"

    def line(self, field: Field) -> str:
        name = self.terms.shown(field.iri)
        if field.datatype:
            kind = self.words.get(compact(field.datatype), compact(field.datatype))
            many = "" if field.single else f", {self.words['template-several']}"
            return f"{name}: {self.example(field)}  # {kind}{many}{self.wanted(field)}; {self.definition(field.iri)}"
        return f"{name}: {self.target(field)}  # {self.reach(field)}{self.wanted(field)}; {self.definition(field.iri)}"

    def wanted(self, field: Field) -> str:
        return f", {self.words['template-expected']}" if field.iri in self.form.expected else ""

    def example(self, field: Field) -> str:
        return _written(field.example) or _EXAMPLES.get(field.datatype or "", '"..."')

    def target(self, field: Field) -> str:
        if field.values:
            return self.terms.shown(field.values[0])
        if not field.kinds:
            return "https://example.org/..."
        self.targets[field.kinds[0]] = None
        kind = self.terms.shown(field.kinds[0])
        return f"{{kind: {kind}, {self.first(field.kinds[0])}: example-{_dashed(kind)}}}"

    def first(self, cls: Iri) -> str:
        """Return the first part of a class's key."""
        return self.terms.shown(self.model.classes[cls].key_properties[0])

    def reach(self, field: Field) -> str:
        if field.values:
            shown = [self.terms.shown(value) for value in field.values[:_VALUES_SHOWN]]
            more = f", ... ({len(field.values)})" if len(field.values) > _VALUES_SHOWN else ""
            return f"{self.words['template-one-of']} {', '.join(shown)}{more}"
        return f"{self.words['template-to']} {', '.join(map(self.terms.shown, field.classes))}"

    def definition(self, iri: Iri) -> str:
        found = self.model.definitions.get(iri, {})
        return " ".join((found.get(self.lang.lower()) or found.get("en", "")).split())

    def pointed_to(self) -> Iterator[str]:
        """Describe what the relations point to, so that the form stands by itself."""
        if self.targets:
            yield ""
            yield f"  ## {self.words['template-targets']}"
        for cls in self.targets:
            kind = self.terms.shown(cls)
            yield f"  # - kind: {kind}"
            yield f"  #   {self.first(cls)}: example-{_dashed(kind)}"


def _dashed(name: str) -> str:
    """Return a class's name as people name things: LLMSystem is an llm-system."""
    bare = name.rpartition(":")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", bare).lower()


def _written(example: str) -> str:
    """Return an example as YAML: in quotes where a colon or a sign in it would mean something else."""
    try:
        plain = not isinstance(yaml.safe_load(example), dict | list)
    except yaml.YAMLError:
        plain = False
    return example if plain and " #" not in example else json.dumps(example, ensure_ascii=False)
