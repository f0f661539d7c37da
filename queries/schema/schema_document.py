"""An outline as plain data: every kind with its properties, every relation with its ends, every metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from stratagraph.ontology.datatypes import NUMBERS
from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import PREFIXES, RDFS, SG, XSD, local_name
from stratagraph.queries.messages import messages
from stratagraph.queries.schema.naming import Language, Naming
from stratagraph.queries.schema.outline import AttributeUse, Outline, RelationUse
from stratagraph.queries.schema.worked import worked

Document = dict[str, Any]

MOST_VALUES: Final = 3
NOTES: Final = ("influence", "verdicts", "unknown", "names", "seen")
"""The sentences on how not to be misled."""
_EVERYWHERE: Final = frozenset({SG.term("name"), RDFS.label})
"""Attributes that nearly everything has: said once."""
_NAMING: Final = frozenset({"name", "family", "from", "to", "on", "term"})
_TYPES: Final = {XSD.boolean: "boolean", XSD.dateTime: "time", XSD.date: "date", XSD.integer: "integer"}


def schema_document(
    outline: Outline, model: OntologyModel, naming: Naming, lang: str, kinds: Iterable[Iri] = ()
) -> Document:
    """Return the schema of an estate; ``kinds`` leave of it what concerns things of these classes, if any are given."""
    shown = _shown(outline, model, frozenset(kinds))
    tag = lang.lower()
    described = [_kind(iri, outline, model, naming, tag) for iri in _by_level(shown, model)]
    relations = _relations(outline, model, naming, tag, shown)
    metrics = _metrics(outline, model, naming, tag, shown)
    return {
        "sequence": outline.sequence,
        "language": naming.language.value,
        "lang": lang,
        "prefixes": _prefixes((described, relations, metrics)) if naming.language is Language.SPARQL else {},
        "assets": sum(outline.kinds.values()),
        "kinds": described,
        "relations": relations,
        "paths": naming.paths({relation for _, relation, _ in outline.relations}),
        "metrics": metrics,
        "notes": [messages("schema", lang)[f"{naming.language.value}-{note}"] for note in NOTES],
        "queries": worked(naming.language, lang),
    }


def _prefixes(told: object) -> dict[str, str]:
    """Return the prefixes that queries with these names declare."""
    used = {"sg", "rdfs", *(name.partition(":")[0] for name in _names(told) if not name.startswith("<"))}
    return {prefix: base for prefix, base in PREFIXES.items() if prefix in used}


def _names(told: object, key: str = "name") -> Iterator[str]:
    """Yield what plain data names in the language of queries: some values of properties only look like it."""
    if isinstance(told, str):
        if key in _NAMING:
            yield told
    elif isinstance(told, Mapping):
        for each, value in told.items():
            yield from _names(value, "term" if each == "values" and "from" in told else each)
    elif isinstance(told, Iterable):
        for value in told:
            yield from _names(value, key)


def _shown(outline: Outline, model: OntologyModel, wanted: frozenset[Iri]) -> frozenset[Iri]:
    return frozenset(kind for kind in outline.kinds if not wanted or wanted & model.ancestors(kind))


def _by_level(kinds: Iterable[Iri], model: OntologyModel) -> list[Iri]:
    """Return kinds by level, those of none last, each class that has the key before those below it."""
    numbers = {level.iri: level.number for level in model.levels}

    def place(kind: Iri) -> tuple[int, Iri, bool, Iri]:
        info = model.classes.get(kind)
        family = _family(kind, model)
        return numbers.get(info.level or "" if info else "", len(numbers) + 1), family, kind != family, kind

    return sorted(kinds, key=place)


def _family(kind: Iri, model: OntologyModel) -> Iri:
    """Return the widest class below Asset that a kind is of; of what is no asset the one that gives it its key."""
    below = {cls for cls in model.ancestors(kind) if cls != SG.Asset and SG.Asset in model.ancestors(cls)}
    widest = {cls for cls in below if not (model.ancestors(cls) & below) - {cls}}
    info = model.classes.get(kind)
    return min(widest) if widest else info.kind if info else kind


def _kind(kind: Iri, outline: Outline, model: OntologyModel, naming: Naming, tag: str) -> Document:
    info = model.classes.get(kind)
    family = _family(kind, model)
    uses = {prop: use for (owner, prop), use in outline.attributes.items() if owner == kind}
    return {
        "name": naming.kind(kind),
        "iri": kind,
        "label": model.label(kind, tag),
        "family": naming.kind(family),
        "familyDefinition": model.definition(family, tag),
        "level": next((level.notation for level in model.levels if info and level.iri == info.level), None),
        "count": outline.kinds[kind],
        "definition": model.definition(kind, tag),
        "properties": [_property(prop, use, model, naming) for prop, use in sorted(uses.items(), key=_place)],
    }


def _place(use: tuple[Iri, AttributeUse]) -> tuple[bool, str]:
    return use[0] not in _EVERYWHERE, local_name(use[0])


def _property(prop: Iri, use: AttributeUse, model: OntologyModel, naming: Naming) -> Document:
    info = model.attributes.get(prop)
    datatype = info.datatype if info else None
    return {
        "name": naming.attribute(prop, use.languages),
        "type": _type(datatype),
        "unit": (info.unit if info else "") or None,
        "several": not (info and info.single_valued),
        "everywhere": prop in _EVERYWHERE,
        "count": use.holders,
        "values": [] if prop in _EVERYWHERE else _values(use, model),
    }


def _type(datatype: Iri | None) -> str:
    if datatype in _TYPES:
        return _TYPES[datatype]
    return "number" if datatype in NUMBERS or datatype in {XSD.double, XSD.float} else "text"


def _values(use: AttributeUse, model: OntologyModel) -> list[str]:
    """Return some values that occur, the most frequent first, where most of those that occur can be told.

    Only those that the ontology itself writes: whatever else an estate holds may be a person's name, or a secret.
    """
    known = _texts(model)
    occurring = use.values or {}
    found = sorted((-count, value.value) for value, count in occurring.items() if _is_known(value, known))
    return [value for _, value in found[:MOST_VALUES]] if 2 * len(found) >= len(occurring) else []


def _is_known(value: Literal, known: frozenset[str]) -> bool:
    return value.datatype == XSD.string and value.value in known


@lru_cache(maxsize=4)
def _texts(model: OntologyModel) -> frozenset[str]:
    return frozenset(fact.object.value for fact in model.triples if isinstance(fact.object, Literal))


def _relations(
    outline: Outline, model: OntologyModel, naming: Naming, tag: str, shown: frozenset[Iri]
) -> list[Document]:
    """Return each relation once, with the kinds at both its ends and how it is known."""
    found: dict[str, tuple[Iri, list[tuple[Iri, Iri, RelationUse]]]] = {}
    for (start, relation, end), use in outline.relations.items():
        if shown.isdisjoint((start, end)):
            continue
        ends = (end, start) if naming.is_turned(relation) else (start, end)
        found.setdefault(naming.relation(relation), (relation, []))[1].append((*ends, use))
    return [
        {
            "name": name,
            "label": model.label(relation, tag),
            "definition": model.definition(relation, tag),
            "count": sum(use.count for _, _, use in uses),
            "basis": _basis([use for _, _, use in uses]),
            "ends": [
                {"from": naming.kind(start), "to": naming.kind(end), "count": use.count, "values": _terms(use, naming)}
                for start, end, use in sorted(uses, key=lambda each: each[:2])
            ],
        }
        for name, (relation, uses) in sorted(found.items())
    ]


def _basis(uses: Sequence[RelationUse]) -> list[str]:
    """Return how a relation is known."""
    known = {"declared": any(use.declared for use in uses), "seen": any(use.observed for use in uses)}
    return [basis for basis, holds in known.items() if holds]


def _terms(use: RelationUse, naming: Naming) -> list[str]:
    found = sorted((-count, iri) for iri, count in (use.values or {}).items())
    return [naming.term(iri) for _, iri in found[:MOST_VALUES]]


def _metrics(outline: Outline, model: OntologyModel, naming: Naming, tag: str, shown: frozenset[Iri]) -> list[Document]:
    on: Mapping[Iri, set[Iri]] = defaultdict(set)
    related = {relation for start, relation, end in outline.relations if not shown.isdisjoint((start, end))}
    for metric, subject in outline.metrics:
        if subject in shown or subject in related:
            on[metric].add(subject)
    return [
        {
            "name": naming.metric(metric),
            "key": None if subjects.isdisjoint(model.relations) else naming.metric_key(metric),
            "unit": model.metrics[metric].unit if metric in model.metrics else None,
            "definition": model.definition(metric, tag),
            "on": sorted(_subjects(subjects, model, naming)),
        }
        for metric, subjects in sorted(on.items())
    ]


def _subjects(subjects: Iterable[Iri], model: OntologyModel, naming: Naming) -> Iterator[str]:
    for subject in subjects:
        yield naming.relation(subject) if subject in model.relations else naming.kind(subject)
