"""What to state, as an inventory: YAML to paste, where the values that only their owner knows are left open."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, XSD, compact, local_name
from stratagraph.queries.audit.verdicts import Need, Thing
from stratagraph.queries.forms import Field, Forms
from stratagraph.queries.messages import messages
from stratagraph.shapes.packs import TARGET
from stratagraph.shapes.rule import Wanted

_Line: TypeAlias = str
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# YAML reads these without quotes as what they are.
_UNQUOTED: Final = frozenset({XSD.boolean, XSD.integer, XSD.decimal, XSD.double})
# What YAML 1.1, as most readers still take it, turns into truth values or null.
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def snippet(needs: Iterable[Need], model: OntologyModel, tag: str) -> str:
    """Return an inventory that states what is needed, or nothing; a value left open is followed by what it may be."""
    entries = _Entries(model, tag)
    for need in needs:
        entries.add(need)
    return entries.text()


def facts(needs: Iterable[Need], model: OntologyModel) -> list[dict[str, Any]]:
    """Return each fact that is needed: of which thing and class, which property, and the value where it is known."""
    found: list[dict[str, Any]] = []
    for need in needs:
        cls = need.thing.cls or need.wanted.cls
        found += _facts(need.wanted, cls, need.thing.iri, need.target, _forms(model))
    # Dictionaries can't be in a set, and a verdict needs few facts.
    return [fact for number, fact in enumerate(found) if fact not in found[:number]]


def _facts(wanted: Wanted, cls: Iri, subject: Iri | None, target: Iri, forms: _Fields) -> Iterator[dict[str, Any]]:
    """Yield the facts of a thing; the subject of what is to be made has no name yet."""
    for predicate, value in wanted.states:
        new = isinstance(value, Wanted)
        choices = list(forms.choices(cls, predicate)) if value is None else []
        yield {
            "subject": subject,
            "class": compact(cls) if cls else None,
            "property": compact(predicate),
            "value": None if new or value is None else _known(value, target),
            "valueClass": compact(value.cls) if isinstance(value, Wanted) else None,
            "choices": choices,
        }
        if isinstance(value, Wanted):
            yield from _facts(value, value.cls, None, target, forms)


def _known(value: Term | Wanted, target: Iri) -> str:
    if isinstance(value, Literal):
        return value.value
    return target if value == TARGET else compact(str(value))


class _Fields:
    """The fields of classes, looked up by property."""

    def __init__(self, model: OntologyModel) -> None:
        self._forms = Forms(model)
        self._known: dict[Iri, dict[Iri, Field]] = {}

    def field(self, cls: Iri, predicate: Iri) -> Field:
        if cls not in self._known:
            form = self._forms.of(cls) if cls in self._forms.model.classes else None
            fields = (*form.key, *form.attributes, *form.relations) if form else ()
            self._known[cls] = {field.iri: field for field in fields}
        return self._known[cls].get(predicate, Field(iri=predicate))

    def choices(self, cls: Iri, predicate: Iri) -> tuple[str, ...]:
        """Return what a value may be where that can be listed, as an inventory writes it."""
        # A code is a text, so a form has no values for it: they are those of the ontology's frameworks.
        if predicate == SG.frameworkCode:
            known = bindings(self._forms.model).known.values()
            return tuple(sorted(each.code for each in known if each.kind == SG.RegulatoryFramework))
        return tuple(compact(value) for value in self.field(cls, predicate).values)


@lru_cache(maxsize=4)
def _forms(model: OntologyModel) -> _Fields:
    return _Fields(model)


class _Entries:
    """The entries of one snippet: first what there is already, then what is new."""

    def __init__(self, model: OntologyModel, tag: str) -> None:
        self.model = model
        self.tag = tag
        self.words = messages("compliance", tag)
        self.forms = _forms(model)
        self.kinds = {local_name(cls) for cls, info in model.classes.items() if info.key_properties}
        self.old: dict[Iri, dict[_Line, list[_Line]]] = {}
        self.new: dict[str, list[_Line]] = {}

    def text(self) -> str:
        entries = [line for lines in self.old.values() for line in _entry(lines)]
        fresh = [line for lines in self.new.values() for line in lines]
        return "\n".join([f"# {self.words['settle-use']}", "assets:", *entries, *fresh]) + "\n" if entries else ""

    def add(self, need: Need) -> None:
        cls = need.thing.cls or need.wanted.cls
        # Nobody says what it is, so no entry could be written for it.
        if not cls:
            return
        lines = self.old.setdefault(need.thing.iri, self._head(need.thing, cls))
        for predicate, value in need.wanted.states:
            said = lines.setdefault(f"{_shown(predicate)}:", [])
            shown = self._value(need, cls, predicate, value)
            if shown not in said:
                said.append(shown)

    def _head(self, thing: Thing, cls: Iri) -> dict[_Line, list[_Line]]:
        head = {"kind:": [_shown(cls)], "iri:": [_quoted(thing.iri)]}
        return head | {"name:": [_quoted(thing.name)]} if thing.name and thing.name != thing.iri else head

    def _value(self, need: Need, cls: Iri, predicate: Iri, value: Term | Wanted | None) -> str:
        if value is None:
            return f"# {self._hint(cls, predicate)}"
        if isinstance(value, Wanted):
            return self._fresh(need, value)
        if isinstance(value, Literal):
            return value.value if value.datatype in _UNQUOTED else _quoted(value.value)
        return _quoted(need.target) if value == TARGET else _shown(value)

    def _fresh(self, need: Need, wanted: Wanted) -> str:
        """Add an entry for a new thing, and return how it is pointed to."""
        kind = _shown(wanted.cls)
        fixed = [local_name(value) for _, value in wanted.states if isinstance(value, str) and value != TARGET]
        name = _quoted("-".join([self._stem(need.thing.iri), *(fixed or [local_name(wanted.cls)])]))
        left_open = f"# {self.words['settle-name']}" if (SG.name, None) in wanted.states else ""
        name = "" if left_open else name
        lines = [f"- kind: {kind}", f"  name:{_after(left_open or name)}"]
        for predicate, value in wanted.states:
            if predicate != SG.name:
                lines.append(f"  {_shown(predicate)}:{_after(self._value(need, wanted.cls, predicate, value))}")
        # Two needs may want the same new thing.
        self.new.setdefault(f"{kind} {name}", lines)
        return f"{{kind: {kind}, name: {name}}}" + (f"  {left_open}" if left_open else "")

    def _stem(self, iri: Iri) -> str:
        """Return the key of a thing as part of a name: what stands behind the class in its IRI."""
        parts = [unquote(part) for part in iri.split("/")]
        # Without a class in the path, all but the last part is taken for the base.
        behind = next((at for at in range(len(parts) - 1, 0, -1) if parts[at] in self.kinds), len(parts) - 2)
        return "-".join(part for part in parts[behind + 1 :] if part) or local_name(iri)

    def _hint(self, cls: Iri, predicate: Iri) -> str:
        """Say what a value may be: one of some, or of a datatype; and what the property means."""
        field = self.forms.field(cls, predicate)
        if choices := self.forms.choices(cls, predicate):
            kind = self.words["settle-one-of"].format(values=", ".join(each.removeprefix("sg:") for each in choices))
        elif field.classes:
            kind = self.words["settle-asset"].format(classes=", ".join(map(_shown, field.kinds[:3] or field.classes)))
        else:
            kind = self.words[f"settle-{local_name(field.datatype or XSD.string)}"]
        meaning = self.model.definitions.get(predicate, {})
        said = meaning.get(self.tag.lower()) or meaning.get("en", "")
        return f"{kind}; {' '.join(said.split())}" if said else kind


def _entry(lines: dict[_Line, list[_Line]]) -> Iterator[_Line]:
    for number, (name, values) in enumerate(lines.items()):
        mark = "  " if number else "- "
        if len(values) == 1:
            yield f"{mark}{name}{_after(values[0])}"
        else:
            yield f"{mark}{name}"
            yield from (f"  - {value}" for value in values)


def _after(value: str) -> str:
    """Return a value as it stands behind its property: a remark keeps its distance."""
    return f"  {value}" if value.startswith("#") else f" {value}"


def _shown(iri: Iri) -> str:
    return compact(iri).removeprefix("sg:")


def _quoted(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    # A string of JSON is one of YAML too.
    return text if plain else json.dumps(text, ensure_ascii=False)
