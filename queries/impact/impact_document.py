"""The impact answer as plain data, in one language: what the API, the command line and the page all show."""

from __future__ import annotations

from typing import Any

from stratagraph.ontology.facts import Fact, Influence, Iri, Literal
from stratagraph.ontology.infos import Course
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.cards import CardWriter, notation
from stratagraph.queries.impact.dangling import DanglingReference
from stratagraph.queries.impact.flows import Break, FlowAnswer
from stratagraph.queries.impact.impact import ChecklistItem, Impact, Reached, Shown
from stratagraph.queries.impact.lanes import Lane
from stratagraph.queries.impact.reasons import Reasons
from stratagraph.queries.impact.walk import Hop, Trail
from stratagraph.queries.messages import language as supported
from stratagraph.queries.messages import messages, plural
from stratagraph.queries.remembered import Remembered

Document = dict[str, Any]


def impact_document(impact: Impact, model: OntologyModel, language: str = "en") -> Document:
    """Return the answer with labels, reasons and notes in the language (``en`` or ``pt-BR``)."""
    return _Writer(impact, model, supported(language)).document()


class _Writer:
    """Writes one answer in one language; holds what every part of it needs."""

    def __init__(self, impact: Impact, model: OntologyModel, language: str) -> None:
        self._impact = impact
        self._model = model
        self._language = language
        self._texts = messages("impact", language)
        self._cards = CardWriter(model, language)
        self._reasons = Reasons(model, impact.cards, language)
        # Paths of an answer share most of their beginnings, hops and ends, and all of their terms: each is put into
        # words once, and stands in as many places as name it.
        self._paths: dict[tuple[bool, Lane, Iri], list[Document]] = {}
        self._hops: dict[tuple[Iri, Iri, Iri], Document] = {}
        self._ends = Remembered(self._end)
        self._shown = Remembered(self._card)
        self._labels = Remembered(self._label)
        self._notations = Remembered(self._notation)
        # There are few of them, and to round one costs as much as half a hop.
        self._strengths = Remembered(_rounded)

    def document(self) -> Document:
        impact = self._impact
        return {
            "sequence": impact.sequence,
            "language": self._language,
            "asset": self._shown[impact.asset],
            "change": self._notations[impact.change],
            "changeLabel": self._labels[impact.change] if impact.change else None,
            "changeNote": self._elsewhere(),
            "direction": impact.direction.value,
            "aspect": self._notations[impact.aspect],
            "aspectLabel": self._labels[impact.aspect] if impact.aspect else None,
            "aspectLabels": {aspect.notation: self._labels[iri] for iri, aspect in self._model.aspects.items()},
            "mode": self._notations[impact.mode],
            "modeLabel": self._labels[impact.mode] if impact.mode else None,
            "modeLabels": {mode.notation: self._labels[iri] for iri, mode in self._model.modes.items()},
            "changes": self._changes(),
            "depth": impact.depth,
            "partial": impact.partial,
            "partialReason": self._cut(),
            "count": len(impact.assets),
            "fallbacks": [self._shown[fallback] for fallback in impact.fallbacks],
            "fallbackNote": self._uncovered(),
            "levels": [self._level(level, group) for level, group in impact.levels],
            "flows": [self._flow(answer) for answer in impact.flows],
            "checklist": [self._item(item) for item in impact.checklist],
            "dangling": [self._reference(reference) for reference in impact.dangling],
        }

    def _elsewhere(self) -> str | None:
        """Say that the kind of change asked for starts on other levels; None where it may start here."""
        impact, model = self._impact, self._model
        kind = model.change_kinds[impact.change] if impact.change else None
        card = impact.cards[impact.asset]
        if kind is None or not kind.levels or card.level in kind.levels:
            return None
        starts = ", ".join(
            f"{level.notation} {self._labels[level.iri]}" for level in model.levels if level.iri in kind.levels
        )
        here = notation(model, card.level) if card.level else self._texts["transversal"]
        return self._texts["change-elsewhere"].format(
            change=self._labels[kind.iri], levels=starts, name=card.label(self._language), here=here
        )

    def _uncovered(self) -> str | None:
        """Say that nothing takes over, where the change stops the asset and others need it."""
        impact = self._impact
        acts = self._model.change_kinds[impact.change].acts if impact.change else {}
        if impact.fallbacks or not impact.assets or acts.get(SG.AvailabilityEffect) is not Course.WORSENS:
            return None
        return self._texts["no-fallback"].format(name=impact.cards[impact.asset].label(self._language))

    def _changes(self) -> list[Document]:
        """List the kinds of change, those that start on the asset's level first: what one may ask for instead."""
        level = self._impact.cards[self._impact.asset].level
        listed = [
            {
                "change": kind.notation,
                "label": self._labels[kind.iri],
                "aspects": sorted(self._model.aspects[aspect].notation for aspect in kind.aspects),
                # A kind of change without levels of its own may start anywhere.
                "usual": not kind.levels or level in kind.levels,
            }
            for kind in self._model.change_kinds.values()
        ]
        return sorted(listed, key=lambda kind: (not kind["usual"], kind["label"]))

    def _cut(self) -> str | None:
        cut = self._impact.cut
        hops = plural(self._texts, "hop", self._impact.depth)
        return self._texts[cut.value].format(hops=hops, count=len(self._impact.assets)) if cut else None

    def _level(self, level: Iri | None, group: tuple[Reached, ...]) -> Document:
        return {
            "level": notation(self._model, level),
            "label": self._labels[level] if level else self._texts["transversal"],
            "assets": [self._asset(reached) for reached in group],
        }

    def _asset(self, reached: Reached) -> Document:
        strengths, notations = self._strengths, self._notations
        return {
            **self._shown[reached.asset],
            "direction": reached.direction.value,
            "hops": reached.hops,
            "strength": strengths[reached.strength],
            "aspect": notations[reached.aspect],
            "mode": notations[self._model.manners[reached.lane.manner].mode],
            "sign": reached.sign.name.lower(),
            "course": _course(reached.course),
            "aspects": {notations[aspect]: strengths[value] for aspect, value in reached.aspects.items()},
            "manners": [self._shown_in(shown) for shown in reached.shown],
            "path": self._path(self._impact.trails[reached.direction], reached.asset, reached.lane),
        }

    def _shown_in(self, shown: Shown) -> Document:
        manner = self._model.manners[shown.manner]
        return {
            "aspect": self._notations[manner.aspect],
            "mode": self._notations[manner.mode],
            "hops": shown.hops,
            "strength": self._strengths[shown.strength],
            "sign": shown.sign.name.lower(),
            "course": _course(shown.course),
        }

    def _path(self, trail: Trail, node: Iri, lane: Lane) -> list[Document]:
        """Write an asset's best path: that of the asset before it, and one hop more."""
        if node == trail.start:
            return []
        key = trail.downwards, lane, node
        known = self._paths.get(key)
        if known is None:
            arrival = trail.arrivals[lane][node]
            before = self._path(trail, arrival.previous, arrival.before)
            last = self._edge(arrival.edge, arrival.manner)
            known = self._paths[key] = [*before, last] if trail.downwards else [last, *before]
        return known

    def _edge(self, edge: Influence, manner: Iri) -> Document:
        known = self._hops.get((edge.influencer, edge.influenced, manner))
        return self._hop(Hop.of(edge, manner)) if known is None else known

    def _hop(self, hop: Hop) -> Document:
        """Write a hop once; many paths share it."""
        key = hop.influencer, hop.influenced, hop.manner
        if key not in self._hops:
            self._hops[key] = self._written(hop)
        return self._hops[key]

    def _written(self, hop: Hop) -> Document:
        # The first fact is the strongest reason.
        relation = hop.facts[0].predicate if hop.facts else None
        manner = self._model.manners[hop.manner]
        return {
            "from": self._ends[hop.influencer],
            "to": self._ends[hop.influenced],
            "relation": relation,
            "relationLabel": self._labels[relation] if relation else None,
            "aspect": self._notations[manner.aspect],
            "aspectLabel": self._labels[manner.aspect],
            "mode": self._notations[manner.mode],
            "modeLabel": self._labels[manner.mode],
            "strength": self._strengths[hop.strength],
            "measured": hop.measured,
            "reason": self._reasons.of(hop),
            "facts": [_fact(fact) for fact in hop.facts],
        }

    def _end(self, iri: Iri) -> Document:
        card = self._shown[iri]
        return {"iri": iri, "label": card["label"], "level": card["level"]}

    def _flow(self, answer: FlowAnswer) -> Document:
        return {
            "iri": answer.flow.iri,
            "label": self._labels[answer.flow.iri],
            "change": self._notations[answer.change],
            "steps": [self._levels(levels) for levels in answer.flow.steps],
            "shown": answer.shown,
            "aspect": self._notations[answer.aspect],
            "aspects": [self._notations[aspect] for aspect in answer.aspects],
            "aspectLabels": [self._labels[aspect] for aspect in answer.aspects],
            "hops": [self._hop(hop) for hop in answer.hops],
            "brokenAt": self._break(answer.broken_at) if answer.broken_at else None,
        }

    def _break(self, broken: Break) -> Document:
        levels, missing = self._levels(broken.levels), self._levels(broken.missing)
        # Every level of the step may be there, and still no path lead from the step before.
        text = self._texts["flow-broken" if missing else "flow-split"]
        return {
            "step": broken.step,
            "levels": levels,
            "missing": missing,
            "text": text.format(levels=", ".join(levels), missing=", ".join(missing)),
        }

    def _item(self, item: ChecklistItem) -> Document:
        return {
            "iri": item.step.iri,
            "change": self._notations[item.step.change],
            "level": notation(self._model, item.step.level),
            "aspect": self._notations[item.step.aspect],
            "order": item.step.order,
            "text": self._labels[item.step.iri],
            "reached": item.reached,
        }

    def _reference(self, reference: DanglingReference) -> Document:
        ends = {"subject": reference.subject, "object": reference.object}
        labels = {f"{end}Label": self._impact.cards[iri].label(self._language) for end, iri in ends.items()}
        text = self._texts["dangling"].format(
            subject=labels["subjectLabel"],
            relation=self._labels[reference.predicate],
            object=labels["objectLabel"],
            source=reference.source,
        )
        relation = {"relation": reference.predicate, "relationLabel": self._labels[reference.predicate]}
        return {**ends, **labels, **relation, "source": reference.source, "text": text}

    def _card(self, iri: Iri) -> Document:
        return self._cards.document(self._impact.cards[iri])

    def _levels(self, levels: frozenset[Iri]) -> list[str]:
        numbers = {level.iri: level.number for level in self._model.levels}
        return [notation(self._model, level) for level in sorted(levels, key=lambda iri: numbers.get(iri, 0))]

    def _label(self, iri: Iri) -> str:
        return self._model.label(iri, self._language.lower())

    def _notation(self, iri: Iri | None) -> str | None:
        """Return the short name of an aspect, a mode or a change kind."""
        model = self._model
        known = (model.aspects.get(iri) or model.modes.get(iri) or model.change_kinds.get(iri)) if iri else None
        return known.notation if known else iri


def _course(course: Course | None) -> str | None:
    return None if course is None else course.name.lower()


def _rounded(strength: float) -> float:
    # Products of floats: 0.7 x 0.1 is to be shown as 0.07.
    return float(f"{strength:.6g}")


def _fact(fact: Fact) -> Document:
    literal = fact.object.value if isinstance(fact.object, Literal) else fact.object
    return {"subject": fact.subject, "predicate": fact.predicate, "object": literal}
