"""What a batch says, in names: to be compared with what a workload did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from stratagraph.ontology.facts import Batch, Iri, Literal
from stratagraph.ontology.namespaces import RDF, SG, local_name

KINDS: Final = {
    "systems": SG.LLMSystem,
    "models": SG.BaseModel,
    "agents": SG.Agent,
    "tools": SG.Tool,
    "sources": SG.VectorIndex,
    "workflows": SG.Pipeline,
    "guardrails": SG.Guardrail,
    "prompts": SG.Prompt,
    "providers": SG.Provider,
    "servers": SG.term("MCPServer"),
}
RELATIONS: Final = {
    "uses_tool": SG.usesTool,
    "offered": SG.mayUseTool,
    "hands": SG.delegatesTo,
    "through": SG.dependsOn,
}
UNKNOWN: Final = "unknown"


@dataclass
class Estate:
    """Assets by class and name, their figures, and who relates to whom."""

    names: dict[Iri, str] = field(default_factory=dict)
    kinds: dict[Iri, set[Iri]] = field(default_factory=lambda: defaultdict(set))
    literals: dict[tuple[Iri, Iri], set[str]] = field(default_factory=lambda: defaultdict(set))
    pairs: dict[Iri, set[tuple[Iri, Iri]]] = field(default_factory=lambda: defaultdict(set))
    figures: dict[tuple[Iri, str], float] = field(default_factory=lambda: defaultdict(float))

    def add(self, batch: Batch) -> None:
        """Take in one batch."""
        for fact in batch.facts():
            if fact.predicate == RDF.type:
                self.kinds[str(fact.object)].add(fact.subject)
            elif fact.predicate == SG.name and isinstance(fact.object, Literal):
                self.names[fact.subject] = fact.object.value
            elif isinstance(fact.object, Literal):
                self.literals[fact.subject, fact.predicate].add(fact.object.value)
            else:
                self.pairs[fact.predicate].add((fact.subject, fact.object))
        for seen in batch.observations:
            self.figures[seen.subject, local_name(seen.metric)] += seen.total

    def one(self, cls: Iri, name: str) -> Iri:
        """Return the asset of that name."""
        (found,) = [iri for iri in self.kinds[cls] if self.names[iri] == name]
        return found

    def related(self, relation: Iri) -> dict[str, set[str]]:
        """Return who relates to what, by name."""
        found: dict[str, set[str]] = defaultdict(set)
        for subject, other in self.pairs[relation]:
            found[self.names[subject]].add(self.names[other])
        return dict(found)


def estate_of(batches: Iterable[Batch]) -> Estate:
    """Return what the batches say together."""
    estate = Estate()
    for batch in batches:
        estate.add(batch)
    return estate


def faults(estate: Estate, truth: dict[str, Any]) -> list[str]:
    """Return what the estate says otherwise than what was done."""
    return [
        *_missing_or_more(estate, truth),
        *_figures(estate, truth),
        *_relations(estate, truth),
        *_models(estate, truth),
        *_places(estate, truth),
    ]


def _missing_or_more(estate: Estate, truth: dict[str, Any]) -> Iterable[str]:
    offered = {name for names in truth.get("offered", {}).values() for name in names}
    asked = {one["asked"] for one in truth.get("models", {}).values() if "asked" in one}
    also = {"tools": offered, "models": asked}
    for kind, cls in KINDS.items():
        told = sorted({estate.names[iri] for iri in estate.kinds[cls]})
        right = sorted({*truth.get(kind, ()), *also.get(kind, ())})
        if told != right:
            yield f"{kind}: {told} instead of {right}"


def _figures(estate: Estate, truth: dict[str, Any]) -> Iterable[str]:
    for kind, cls in KINDS.items():
        listed = truth.get(kind, {})
        for name, figures in listed.items() if isinstance(listed, dict) else ():
            found = [iri for iri in estate.kinds[cls] if estate.names[iri] == name]
            for metric, right in figures.items():
                if metric in {"asked", "of", "route", "seen", "version"} or len(found) != 1:
                    continue
                told = estate.figures.get((found[0], metric))
                wrong = told is not None if right == UNKNOWN else told is None or abs(told - right) > 1e-9
                # Nothing but failures was told: no error of another class is no figure.
                if wrong and not (right == 0 and told is None and metric != "errors"):
                    yield f"{kind} {name} {metric}: {told} instead of {right}"


def _relations(estate: Estate, truth: dict[str, Any]) -> Iterable[str]:
    for name, relation in RELATIONS.items():
        told = {who: sorted(what) for who, what in estate.related(relation).items()}
        right = {who: sorted(what) for who, what in truth.get(name, {}).items()}
        if told != right:
            yield f"{name}: {told} instead of {right}"


def _models(estate: Estate, truth: dict[str, Any]) -> Iterable[str]:
    told_aliases = {one: sorted(others) for one, others in estate.related(SG.aliasOf).items()}
    aliases = {one["asked"]: [name] for name, one in truth.get("models", {}).items() if "asked" in one}
    if told_aliases != aliases:
        yield f"aliases: {told_aliases} instead of {aliases}"
    met = {
        iri: estate.literals.get((iri, SG.seenAs), set())
        for cls in (SG.BaseModel, SG.Tool)
        for iri in estate.kinds[cls]
    }
    told = sorted(estate.names[iri] for iri, ways in met.items() if ways == {"requested"})
    if told != sorted(truth.get("unverified", ())):
        yield f"unverified: {told} instead of {sorted(truth.get('unverified', ()))}"
    for name, figures in truth.get("models", {}).items():
        iris = [iri for iri in estate.kinds[SG.BaseModel] if estate.names[iri] == name]
        for iri in iris:
            if "route" in figures and figures["route"] not in estate.literals.get((iri, SG.term("requestRoute")), ()):
                yield f"{name} has no route {figures['route']}"
            if "seen" in figures and met[iri] != {figures["seen"]}:
                yield f"{name} is seen as {met[iri]} instead of {figures['seen']}"


def _places(estate: Estate, truth: dict[str, Any]) -> Iterable[str]:
    parts = estate.related(SG.partOf)
    for name, figures in truth.get("tools", {}).items():
        told = parts.get(name, set())
        right = {figures["of"]} if "of" in figures else set()
        if told != right:
            yield f"{name} is part of {told} instead of {right}"
    for name, environment in truth.get("environment", {}).items():
        told = estate.literals.get((estate.one(SG.LLMSystem, name), SG.environment), set())
        if told != {environment}:
            yield f"{name} is in {told} instead of {environment}"
    for name, figures in truth["systems"].items():
        if "version" in figures:
            told = estate.literals.get((estate.one(SG.LLMSystem, name), SG.version), set())
            right = set() if figures["version"] == UNKNOWN else {figures["version"]}
            if told != right:
                yield f"{name} has version {told} instead of {right}"
