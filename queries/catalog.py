"""The estate as lists: the levels with counts and verdicts, and the assets of a level or class."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import TRANSVERSAL, Cards
from stratagraph.queries.messages import language as supported
from stratagraph.queries.messages import messages
from stratagraph.queries.outcome import WORST_FIRST
from stratagraph.queries.store_protocols import TripleStore

Document = dict[str, Any]

PAGE: Final = 200
"""Assets on one page of a list, unless asked otherwise."""

_COUNTS: Final = """
SELECT ?class (COUNT(DISTINCT ?asset) AS ?count) WHERE {{
  VALUES ?class {{ {classes} }}
  ?asset a ?class
  {ours}
}} GROUP BY ?class
"""
# A page goes on behind an IRI and not at a number: assets come and go while somebody leafs through.
_LISTED: Final = """
SELECT DISTINCT ?asset ?after WHERE {{
  VALUES ?class {{ {classes} }}
  ?asset a ?class .
  {ours}
  {without}
  {healthy}
  FILTER(STR(?asset) > ?after)
}} ORDER BY STR(?asset) LIMIT {limit}
"""
_NOT_REFERENCE: Final = f'FILTER(!STRSTARTS(STR(?asset), "{SG}"))'
"""What the ontology itself names, such as the metrics of telemetry, belongs to no estate."""
_WITHOUT: Final = "FILTER NOT EXISTS {{ VALUES ?other {{ {classes} }} ?asset a ?other }}"
_OF_STATES: Final = "VALUES ?state {{ {states} }} ?asset sg:healthState ?state ."


def levels(
    store: TripleStore,
    model: OntologyModel,
    verdicts: Iterable[tuple[Iri | None, str]] = (),
    *,
    language: str = "en",
) -> list[Document]:
    """Return the levels, L12 first and the transversal strip last, with asset counts and the audit's verdicts.

    ``verdicts`` are the (level, status) pairs of an audit; ``counts`` says how many there are of each status. The
    audit may be of an earlier sequence than the counts of assets, so its own levels are taken.
    """
    counts = _counts(store, model)
    statuses: dict[Iri | None, Counter[str]] = defaultdict(Counter)
    for found, status in verdicts:
        statuses[found][status] += 1
    tag = supported(language)
    shown = [
        {
            "level": level.notation,
            "number": level.number,
            "label": model.label(level.iri, tag.lower()),
            "definition": model.definitions.get(level.iri, {}).get(tag.lower()),
            "group": model.label(level.group, tag.lower()),
            "count": counts.get(level.iri, 0),
            **_worst(statuses.get(level.iri, Counter())),
        }
        for level in sorted(model.levels, key=lambda level: -level.number)
    ]
    strip = {
        "level": TRANSVERSAL,
        "number": None,
        "label": messages("impact", tag)["transversal"],
        "definition": None,
        "group": None,
        "count": counts.get(None, 0),
        **_worst(statuses.get(None, Counter())),
    }
    return [*shown, strip]


def assets(
    store: TripleStore,
    model: OntologyModel,
    *,
    level: Iri | None = None,
    transversal: bool = False,
    cls: Iri | None = None,
    states: Sequence[Iri] = (),
    limit: int = PAGE,
    after: Iri = "",
    language: str = "en",
) -> Document:
    """Return a page of assets in the order of their IRIs; ``next`` is the ``after`` of the following page.

    ``level`` keeps one level's assets, ``transversal`` those of none, ``cls`` those of a class, ``states``
    those in one of these states of health.
    """
    # The topmost classes are enough: by the closure, what is of a class below is of them too.
    classes: Sequence[Iri] = [cls or SG.Asset] if level is None else _tops(model, level)
    without = _WITHOUT.format(classes=_values(_all_tops(model))) if transversal else ""
    healthy = _OF_STATES.format(states=_values(states)) if states else ""
    # A class of another level has no asset on this one.
    if level is not None and cls is not None:
        classes = [cls] if model.level_of([cls]) == level else []
    # One more than fits, to know whether a page follows.
    query = _LISTED.format(
        ours=_NOT_REFERENCE, classes=_values(classes), without=without, healthy=healthy, limit=limit + 1
    )
    rows = store.select(query, {"after": Literal(after)})
    found = [row["asset"] for row in rows if isinstance(row["asset"], str)]
    cards = Cards(store, model)
    cards.fetch(found[:limit])
    return {
        "sequence": store.sequence,
        "assets": [cards[iri].document(model, language) for iri in found[:limit]],
        "next": found[limit - 1] if len(found) > limit else None,
    }


def _tops(model: OntologyModel, level: Iri) -> list[Iri]:
    """Return the asset classes of a level that no other class of the level lies above."""
    inside = {iri for iri, info in model.classes.items() if info.level == level and SG.Asset in info.ancestors}
    # Of classes that are equivalent, and so lie above each other, the first stands for all.
    return sorted(
        iri
        for iri in inside
        if not any(iri not in model.ancestors(above) or above < iri for above in model.ancestors(iri) & inside)
    )


def _all_tops(model: OntologyModel) -> list[Iri]:
    return [top for level in model.levels for top in _tops(model, level.iri)]


def _counts(store: TripleStore, model: OntologyModel) -> dict[Iri | None, int]:
    """Count the assets per level; assets on none of them are transversal (None)."""
    tops = {top: level.iri for level in model.levels for top in _tops(model, level.iri)}
    counts: dict[Iri | None, int] = {}
    total = 0
    for row in store.select(_COUNTS.format(ours=_NOT_REFERENCE, classes=_values([SG.Asset, *tops]))):
        cls, count = row["class"], row["count"]
        if not isinstance(cls, str) or not isinstance(count, Literal):
            continue
        if cls in tops:
            counts[tops[cls]] = counts.get(tops[cls], 0) + int(count.value)
        else:
            total = int(count.value)
    # What is on no level is not asked for but left over, and costs no query of its own.
    counts[None] = total - sum(counts.values())
    return counts


def _worst(counts: Counter[str]) -> Document:
    worst = next((status for status in WORST_FIRST if counts[status]), None)
    return {"worst": worst, "counts": {status: counts[status] for status in WORST_FIRST if counts[status]}}


def _values(iris: Iterable[Iri]) -> str:
    return " ".join(f"<{iri}>" for iri in iris)
