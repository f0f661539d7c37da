"""Which architectures suit a use case, and why: the decision guide of the ontology, asked by a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import XSD, compact, local_name
from stratagraph.ontology.terms import encode
from stratagraph.queries.store_protocols import Row, TripleStore

_CHOICE: Final = (files("stratagraph.queries") / "decision" / "architecture-choice.rq").read_text("utf-8")
# The query has two sources of needs: these two lines read them
# from the graph, and make room for needs given with a question.
_STORED_CASE: Final = "?useCase a sg:UseCase ."
_STORED_NEED: Final = "?useCase ?property ?value ."
_TEXTS: Final = """
SELECT ?term (LANG(?text) AS ?language) ?text WHERE {{
  VALUES ?term {{ {terms} }}
  ?term skos:definition ?text
}}
"""
_VALUES: Final = """
SELECT DISTINCT ?property ?value WHERE { ?condition sg:conditionProperty ?property ; sg:conditionValue ?value }
"""
_FLAG: Final = ("true", "false")
_PROPERTIES: Final = "SELECT ?property WHERE { ?property a owl:DatatypeProperty ; rdfs:domain sg:UseCase }"


class UnknownNeed(StratagraphError, slug="unknown-need", status=422):
    """A property that the decision guide does not know of use cases."""

    text = "{name} is no property of a use case. The known ones are: {known}."

    name: str
    known: str


class UnknownNeedValue(StratagraphError, slug="unknown-need-value", status=422):
    """A value that the decision guide knows nothing of."""

    text = "{name} is not {value!r} in any criterion. It may be: {known}."

    name: str
    value: str
    known: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCaseNeed:
    """Something that the guide asks of a use case; ``values`` are those that some criterion asks for."""

    property: Iri
    name: str
    label: str
    values: tuple[str, ...]
    flag: bool
    """Whether it is true or false, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCriterion:
    """A criterion that holds; ``conditions`` counts what it asks for, ``texts`` maps a lower-case tag to the reason."""

    criterion: Iri
    conditions: int
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication:
    """An option with what speaks for it and what rules it out; ``architecture`` tells it from a technique."""

    option: Iri
    architecture: bool
    reasons: tuple[HeldCriterion, ...] = ()
    objections: tuple[HeldCriterion, ...] = ()

    @property
    def rank(self) -> tuple[bool, int, int, Iri]:
        """Sort what is possible first, then what most criteria and conditions speak for, then by name."""
        conditions = sum(reason.conditions for reason in self.reasons)
        return bool(self.objections), -len(self.reasons), -conditions, self.option


def indicated(store: TripleStore, use_case: Mapping[Iri, bool | str]) -> tuple[Indication, ...]:
    """Return the architectures that the guide indicates for a use case, described by its properties, best first.

    Raises:
        UnknownNeed: for a property that is none of a use case.
    """
    return architectures(options(store, use_case))


def architectures(found: Sequence[Indication]) -> tuple[Indication, ...]:
    """Return the architectures among options that something speaks for."""
    return tuple(option for option in found if option.architecture and option.reasons)


def options(store: TripleStore, use_case: Mapping[Iri, bool | str]) -> tuple[Indication, ...]:
    """Return architectures, techniques, components and model families that the guide indicates or rules out.

    Raises:
        UnknownNeed: for a property that is none of a use case.
    """
    known = needs(store)
    for name in use_case:
        if name not in known:
            raise UnknownNeed(name=compact(name), known=", ".join(map(local_name, known)))
    return _ranked(store, store.select(_inline(use_case)))


def options_of(store: TripleStore, use_case: Iri) -> tuple[Indication, ...]:
    """Return the same for a use case that the store describes; nothing where it knows none of that IRI."""
    return _ranked(store, store.select(_CHOICE, {"useCase": use_case}))


def needs(store: TripleStore) -> tuple[Iri, ...]:
    """Return the properties that may describe a use case, by name."""
    return tuple(sorted(str(row["property"]) for row in store.select(_PROPERTIES)))


def known_needs(store: TripleStore, model: OntologyModel, language: str) -> tuple[UseCaseNeed, ...]:
    """Return everything that the guide takes into account, by label."""
    asked: dict[Iri, set[str]] = {}
    for row in store.select(_VALUES):
        asked.setdefault(str(row["property"]), set()).add(_value(row["value"]))
    flags = {iri for iri in needs(store) if model.attributes[iri].datatype == XSD.boolean}
    found = [
        UseCaseNeed(
            property=iri,
            name=local_name(iri),
            label=model.label(iri, language.lower()),
            values=_FLAG if iri in flags else tuple(sorted(asked.get(iri, ()))),
            flag=iri in flags,
        )
        for iri in needs(store)
    ]
    return tuple(sorted(found, key=lambda need: need.label.casefold()))


def read_needs(known: Sequence[UseCaseNeed], given: Sequence[str]) -> dict[Iri, bool | str]:
    """Return the needs that texts such as ``regulatoryRisk=high`` say; what is named alone, ``longDocuments``, is true.

    Raises:
        UnknownNeed: for a name that is none.
        UnknownNeedValue: for a value that no criterion asks for.
    """
    # Names last: where a label is another's name, the name counts.
    named = {fold(need.label): need for need in known}
    named |= {fold(key): need for need in known for key in (need.property, compact(need.property), need.name)}
    read: dict[Iri, bool | str] = {}
    for text in given:
        name, value = map(str.strip, text.partition("=")[::2])
        need = named.get(fold(name))
        if need is None:
            raise UnknownNeed(name=name, known=", ".join(each.name for each in known))
        chosen = value or _FLAG[0]
        if chosen not in need.values:
            raise UnknownNeedValue(name=need.name, value=chosen, known=", ".join(need.values))
        read[need.property] = chosen == _FLAG[0] if need.flag else chosen
    return read


def _inline(use_case: Mapping[Iri, bool | str]) -> str:
    """Put the needs themselves where the query looks into the graph for a stored use case."""
    rows = " ".join(f"({encode(name)} {encode(_literal(value))})" for name, value in sorted(use_case.items()))
    # Any IRI serves: the query only wants one.
    query = _CHOICE.replace(_STORED_CASE, "BIND (sg:UseCase AS ?useCase)")
    return query.replace(_STORED_NEED, f"VALUES (?property ?value) {{ {rows} }}")


def _literal(value: bool | str) -> Literal:  # noqa: FBT001 - a value, not a switch
    return Literal(str(value).lower(), XSD.boolean) if isinstance(value, bool) else Literal(value)


def _ranked(store: TripleStore, rows: Sequence[Row]) -> tuple[Indication, ...]:
    texts = _texts(store, {str(row["criterion"]) for row in rows})
    found: dict[Iri, Indication] = {}
    for option in {str(row["option"]) for row in rows}:
        mine = [row for row in rows if row["option"] == option]
        found[option] = Indication(
            option=option,
            # The same in every row of an option.
            architecture=_value(mine[0]["architecture"]) == "true",
            reasons=_reasons(mine, "indicates", texts),
            objections=_reasons(mine, "rules out", texts),
        )
    return tuple(sorted(found.values(), key=lambda indication: indication.rank))


def _reasons(rows: Sequence[Row], effect: str, texts: Mapping[Iri, Mapping[str, str]]) -> tuple[HeldCriterion, ...]:
    found = (
        HeldCriterion(criterion=name, conditions=int(_value(row["conditions"])), texts=texts.get(name, {}))
        for row in rows
        if _value(row["effect"]) == effect and (name := str(row["criterion"]))
    )
    return tuple(sorted(found, key=lambda reason: reason.criterion))


def _texts(store: TripleStore, terms: set[Iri]) -> dict[Iri, dict[str, str]]:
    found: dict[Iri, dict[str, str]] = {}
    query = _TEXTS.format(terms=" ".join(map(encode, sorted(terms))))
    for row in store.select(query):
        found.setdefault(str(row["term"]), {})[_value(row["language"]).lower()] = _value(row["text"])
    return found


def _value(term: object) -> str:
    return term.value if isinstance(term, Literal) else ""
