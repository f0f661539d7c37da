"""The answer about causes as plain data, in one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.terms import encode
from stratagraph.queries.cards import Cards, CardWriter
from stratagraph.queries.figures_document import time
from stratagraph.queries.messages import messages
from stratagraph.queries.rootcause.cause import Cause
from stratagraph.queries.rootcause.estate import EstateCauses
from stratagraph.queries.store_protocols import TripleStore

Document = dict[str, Any]

MOST_SHOWN: Final = 10
"""Silent assets that a terminal is told by name."""
_OPENED: Final = """
SELECT ?asset ?predicate ?object ?source ?first WHERE {{
  GRAPH ?claims {{ ?asset ?predicate ?object }}
  ?claims sg:source ?source ; sg:firstSeen ?first
  FILTER(?first >= {after} && ?first <= {until})
}} ORDER BY DESC(?first) ?predicate ?object LIMIT 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked: a metric of an asset in a window, beside a normal period."""

    asset: Iri
    metric: Iri
    window: tuple[datetime, datetime]
    since: datetime


def changes_before(store: TripleStore, asset: Iri, after: Literal, until: Literal) -> Sequence[Mapping[str, Any]]:
    """Return what was stated of an asset for the first time within a time: the newest first, ten at most."""
    return store.select(_OPENED.format(after=encode(after), until=encode(until)), {"asset": asset})


class CausesWriter:
    """Writes one answer in one language."""

    def __init__(self, model: OntologyModel, cards: Cards, language: str) -> None:
        self._model = model
        self._cards = cards
        self._writer = CardWriter(model, language)
        self._language = language
        self._texts = messages("root-cause", language)
        self._metrics = {info.notation: iri for iri, info in model.metrics.items()}

    def document(
        self, asked: Asked, found: EstateCauses, changes: Callable[[Iri], Sequence[Mapping[str, Any]]]
    ) -> Document:
        """Return the answer; ``changes`` gives what was stated of an asset right before."""
        metric = self._model.label(asked.metric, self._language)
        asset = self._cards[asked.asset]
        note = None
        if not found.causes:
            note = self._texts["nothing"].format(metric=metric, name=asset.label(self._language))
        return {
            "asset": self._writer.document(asset),
            "metric": self._metric(self._notation(asked.metric)),
            "from": time(asked.window[0]),
            "to": time(asked.window[1]),
            "since": time(asked.since),
            "looked": len(found.assets),
            "silent": [self._writer.document(self._cards[iri]) for iri in found.silent],
            "partial": found.partial,
            "note": note,
            "causes": [self._cause(cause, changes) for cause in found.causes],
        }

    def _notation(self, metric: Iri) -> str:
        info = self._model.metrics.get(metric)
        return info.notation if info else metric

    def _cause(self, cause: Cause, changes: Callable[[Iri], Sequence[Mapping[str, Any]]]) -> Document:
        asset = str(cause.asset)
        return {
            **self._writer.document(self._cards[asset]),
            "score": cause.score,
            "confidence": cause.confidence,
            "metric": None if cause.metric is None else self._metric(cause.metric),
            "evidence": [
                {
                    "asset": hop.asset,
                    "label": self._cards[str(hop.asset)].label(self._language),
                    "metric": self._metric(hop.metric),
                    "deviation": hop.deviation,
                    "explained": hop.explained,
                }
                for hop in cause.evidence
            ],
            "changes": [self._change(row) for row in changes(asset)],
        }

    def _metric(self, notation: str) -> Document:
        iri = self._metrics.get(notation, notation)
        return {"metric": iri, "notation": notation, "label": self._model.label(iri, self._language)}

    def _change(self, row: Mapping[str, Any]) -> Document:
        value = row["object"]
        predicate = str(row["predicate"])
        return {
            "predicate": predicate,
            "label": self._model.label(predicate, self._language),
            "object": value.value if isinstance(value, Literal) else value,
            "source": row["source"].value if isinstance(row["source"], Literal) else row["source"],
            "firstSeen": row["first"].value if isinstance(row["first"], Literal) else row["first"],
        }


def lines(document: Document, language: str) -> list[str]:
    """Return the answer as lines for a terminal: each cause with its way from the symptom and what changed before."""
    texts = messages("root-cause", language)
    symptom = {"metric": document["metric"]["label"], "name": document["asset"]["label"]}
    told = [texts["title"].format(**symptom, start=document["from"], end=document["to"])]
    if document["note"]:
        told.append(document["note"])
    for place, cause in enumerate(document["causes"], 1):
        metric = cause["metric"]["label"] if cause["metric"] else texts["in-callers"]
        told.append(f"{place}. {cause['label']}  {cause['confidence']:.2f}  {metric}")
        told.append("     " + " > ".join(f"{hop['label']} ({hop['deviation']:g})" for hop in cause["evidence"]))
        for one in cause["changes"]:
            said = {"label": one["label"], "object": one["object"], "when": one["firstSeen"], "source": one["source"]}
            told.append("     " + texts["change"].format(**said))
    if document["silent"]:
        names = ", ".join(card["label"] for card in document["silent"][:MOST_SHOWN])
        told.append(texts["silent"].format(names=names))
    if document["partial"]:
        told.append(texts["partial"].format(count=document["looked"]))
    return told
