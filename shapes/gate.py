"""The gate: what a batch must be like before the ledger takes it.

It sees the facts of the batch and the ledger's open facts about the nodes that the batch touches. A node's classes
are the asserted ones and their super-classes; nothing is ever concluded from domains or ranges, so that a prompt used
as a model is refused, not re-typed. Only what a batch states is judged: withdrawing a fact is never refused, because
the world may have changed, and a source cannot know who else relies on it. For the same reason a reference that stands
in the ledger already may be stated again when its target was withdrawn since: that is a warning. Where a module
defines classes, what follows from a batch is looked at behind this (``service/engine/definitions.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stratagraph.ontology.facts import Batch, Fact, Iri, Observation, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, SH
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.datashapes import ASSETS, DOCUMENTATION, compile_gate_shapes, shipped_shapes
from stratagraph.shapes.fact_vocabulary import read_vocabulary, shape_iri
from stratagraph.shapes.finding import GateFinding, GateRefused, GateReport
from stratagraph.shapes.law_findings import FrameworkCheck
from stratagraph.shapes.observation_shapes import ObservationCheck
from stratagraph.shapes.paths import Path, Predicate
from stratagraph.shapes.shape import CompiledShapes, Shape, ShapesRun
from stratagraph.shapes.shape_table import LedgerFacts, Table
from stratagraph.shapes.validation_report import Result

__all__ = ["Gate", "GateFinding", "GateRefused", "GateReport", "OpenFacts"]

_TYPE: Final = RDF.type

OpenFacts = Callable[[Iterable[Iri]], Iterable[Fact]]
"""Gives the ledger's open facts whose subject is one of these nodes."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """A batch in its surroundings."""

    facts: Sequence[Fact]
    observations: Sequence[Observation]
    types: Mapping[Iri, frozenset[Iri]]
    typed_here: Sequence[Iri]
    standing: LedgerFacts
    graph: DataGraph


class Gate:
    """The data shapes of one ontology, compiled; safe to use from several threads."""

    def __init__(self, model: OntologyModel, extra_shapes: Iterable[Fact] = ()) -> None:
        """Compile the shapes.

        Args:
            model: the ontology in force.
            extra_shapes: further data shapes, as facts, with targets of their own.

        Raises:
            UnsupportedShape: for an extra shape with a component outside ``GATE_SUBSET``.
        """
        self._vocabulary = read_vocabulary(model)
        self._table = Table(self._vocabulary)
        self._observations = ObservationCheck(model)
        self._frameworks = FrameworkCheck(model)
        extra = compile_gate_shapes(extra_shapes)
        shapes = (shipped_shapes(ASSETS), shipped_shapes(DOCUMENTATION), extra)
        self._plans = [_Plan(each) for each in shapes]
        self._looks_beyond = any(each.looks_beyond for each in shapes)

    def check(self, batch: Batch, open_facts: OpenFacts, open_types: OpenFacts | None = None) -> GateReport:
        """Judge a batch. Facts are neither changed nor dropped; the caller refuses what has violations.

        ``open_types`` gives of the open facts at least those that state a class: of nodes that the batch only points to
        no more is asked, unless a shape looks beyond the nodes that it is for.
        """
        scene = self._scene(batch, open_facts, open_types or open_facts)
        violations: list[GateFinding] = []
        warnings: list[GateFinding] = []
        # Every other severity lets the batch pass, those of a user's own shapes too.
        for finding in self._findings(scene):
            (violations if finding.severity == SH.Violation else warnings).append(finding)
        return GateReport(tuple(violations), tuple(warnings))

    @property
    def disjoint(self) -> tuple[tuple[Iri, ...], ...]:
        """The groups of classes of which nothing has two."""
        return self._vocabulary.disjoint

    def demanded(self, finding: GateFinding) -> tuple[frozenset[Iri], ...]:
        """Return, of a finding about an end of a fact, of each union a class of which that end has to have."""
        rule = self._vocabulary.predicates.get(finding.fact.predicate) if finding.fact else None
        if rule is None:
            return ()
        ends = {shape_iri("domain", rule.iri): rule.domains, shape_iri("range", rule.iri): rule.ranges}
        # A literal in the place of a thing is no matter of classes.
        return ends.get(finding.shape, ()) if finding.component == SH.OrConstraintComponent else ()

    def _findings(self, scene: _Scene) -> Iterator[GateFinding]:
        yield from self._table.check(scene.facts, scene.types, scene.standing)
        yield from self._table.clashes(scene.typed_here, scene.types)
        for plan in self._plans:
            yield from plan.findings(scene, self._vocabulary.ancestors)
        yield from self._frameworks.check(scene.facts, self._laws(scene), scene.graph)
        for observation in scene.observations:
            yield from self._observations.check(
                observation,
                known=lambda node: bool(scene.types.get(node)),
                is_metric=lambda node: any(
                    SG.Metric in self._vocabulary.ancestors.get(cls, ()) for cls in scene.types.get(node, ())
                ),
            )

    def _laws(self, scene: _Scene) -> Iterator[Iri]:
        """Yield the laws, standards and bills that the batch states."""
        for node in scene.typed_here:
            classes = scene.types.get(node, frozenset())
            if any(SG.Regulation in self._vocabulary.ancestors.get(cls, ()) for cls in classes):
                yield node

    def _scene(self, batch: Batch, open_facts: OpenFacts, open_types: OpenFacts) -> _Scene:
        # Two scopes of a batch may state the same fact.
        facts = list(dict.fromkeys(batch.facts()))
        subjects = dict.fromkeys([fact.subject for fact in facts])
        around = self._around(facts, batch.observations)
        standing = list(open_facts(subjects | around if self._looks_beyond else subjects))
        if not self._looks_beyond and (others := around.keys() - subjects.keys()):
            standing += open_types([node for node in around if node in others])
        before = standing
        if standing:
            # Judged by what will stand: the old value of such a predicate is closed by the commit.
            replaced = {(fact.subject, fact.predicate) for fact in facts if self._table.replaces(fact.predicate)}
            before = [fact for fact in standing if (fact.subject, fact.predicate) not in replaced]
        return _Scene(
            facts=facts,
            observations=batch.observations,
            types=_Types(self._vocabulary.types, facts, before),
            typed_here=tuple(dict.fromkeys([fact.subject for fact in facts if fact.predicate == _TYPE])),
            standing=LedgerFacts(standing),
            graph=DataGraph((*before, *facts), superclasses=self._vocabulary.ancestors),
        )

    def _around(self, facts: Sequence[Fact], observations: Sequence[Observation]) -> dict[Iri, None]:
        """Return what relations and observations point to: what lies further away is no matter of the gate's."""
        around = dict.fromkeys(self._table.references(facts))
        for observation in observations:
            around[observation.subject] = None
            around[observation.metric] = None
        return around


class _Types(dict[Iri, frozenset[Iri]]):
    """The asserted classes of nodes: of the ontology's individuals, in the ledger, and in the batch."""

    def __init__(self, known: Mapping[Iri, frozenset[Iri]], *sources: Iterable[Fact]) -> None:
        super().__init__()
        self._known = known
        found: dict[Iri, set[Iri]] = defaultdict(set)
        for facts in sources:
            for subject, predicate, value in facts:
                if predicate == _TYPE and isinstance(value, str):
                    found[subject].add(value)
        for node, classes in found.items():
            self[node] = frozenset(classes) | known.get(node, frozenset())

    def get(self, node: Iri, default: frozenset[Iri] = frozenset()) -> frozenset[Iri]:  # type: ignore[override]  # one type of default is enough here
        """Return the classes of a node."""
        # Few nodes of a batch are the ontology's: they are looked up only where the batch and the ledger know nothing.
        return super().get(node) or self._known.get(node, default)


class _Plan:
    """Compiled shapes, found by the class or the predicate that makes a node theirs."""

    def __init__(self, shapes: CompiledShapes) -> None:
        self._shapes = shapes.shapes
        self._by_class: dict[Term, list[Shape]] = defaultdict(list)
        self._by_predicate: dict[Term, list[Shape]] = defaultdict(list)
        self._others: list[Shape] = []
        for shape in shapes.targeted:
            for target in shape.targets:
                if target.kind == SH.targetClass:
                    self._by_class[target.value].append(shape)
                elif target.kind == SH.targetSubjectsOf:
                    self._by_predicate[target.value].append(shape)
                else:
                    self._others.append(shape)

    def findings(self, scene: _Scene, ancestors: Mapping[Iri, frozenset[Iri]]) -> Iterator[GateFinding]:
        """Yield what the shapes find in the nodes that the batch speaks of."""
        # One for all: it remembers which nodes conform to a shape that several others ask.
        run = ShapesRun(self._shapes, scene.graph)
        for shape, focus in self._work(scene, ancestors):
            for result in run.results(shape.iri, focus):
                yield _finding(result)

    def _work(self, scene: _Scene, ancestors: Mapping[Iri, frozenset[Iri]]) -> Iterable[tuple[Shape, Term]]:
        """Return each shape with each of its focus nodes once."""
        work: dict[tuple[Iri, Term], Shape] = {}
        if self._by_class:
            # Thousands of nodes have few sets of classes between them.
            known: dict[frozenset[Iri], list[Shape]] = {}
            for node in scene.typed_here:
                classes = scene.types.get(node, frozenset())
                shapes = known.get(classes)
                if shapes is None:
                    closure = {cls for own in classes for cls in ancestors.get(own, (own,))}
                    shapes = [shape for cls in closure & self._by_class.keys() for shape in self._by_class[cls]]
                    known[classes] = shapes
                for shape in shapes:
                    work[shape.iri, node] = shape
        if self._by_predicate:
            for fact in scene.facts:
                if fact.predicate in self._by_predicate:
                    shapes = self._by_predicate[fact.predicate]
                    work.update({(shape.iri, fact.subject): shape for shape in shapes})
        for shape in self._others:
            work.update({(shape.iri, node): shape for node in shape.focus_nodes(scene.graph)})
        return ((shape, node) for (_, node), shape in work.items())


def _finding(result: Result) -> GateFinding:
    return GateFinding(
        focus=result.focus,
        path=_path_text(result.path),
        value=result.value,
        shape=result.shape,
        component=result.component,
        severity=result.severity,
        messages={message.language.lower(): message.value for message in result.messages},
        fact=_fact(result),
    )


def _path_text(path: Path | None) -> str | None:
    return path.iri if isinstance(path, Predicate) else None if path is None else str(path)


def _fact(result: Result) -> Fact | None:
    """Return the fact at fault, where focus, path and value make one."""
    if isinstance(result.path, Predicate) and result.value is not None and isinstance(result.focus, str):
        return Fact(result.focus, result.path.iri, result.value)
    return None
