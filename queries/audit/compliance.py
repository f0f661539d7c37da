"""Compliance: every rule against every target, one verdict each, never a pass without evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, compact
from stratagraph.queries.audit.evidence import Traces, asked_of, look_up
from stratagraph.queries.audit.freshness import next_change, still_good, unreadable
from stratagraph.queries.audit.governance import Governance, Governed
from stratagraph.queries.audit.settling import Things, of_governance, of_results
from stratagraph.queries.audit.targets import Target, Targets
from stratagraph.queries.audit.verdicts import Audit, Need, Verdict, VerdictReason
from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.queries.outcome import Outcome
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.queries.written import day
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.packs import by_framework, frameworks
from stratagraph.shapes.rule import Applicability, Bilingual, Rule, ScopeReason, Wanted
from stratagraph.shapes.shape import CompiledShapes
from stratagraph.shapes.validation_report import Result

ASSESSOR: Final = "stratagraph"

_Text: TypeAlias = tuple[tuple[str, str], ...]
"""One message, by language."""

_ASKS_THE_TIME: Final = re.compile(r"\bnow\s*\(", re.IGNORECASE)


class UnknownFramework(StratagraphError, slug="unknown-framework", status=404):
    """A framework that no rule pack is about."""

    text = "No rules for the framework {framework}. Name one of: {known}."

    framework: str
    known: str


@dataclass(frozen=True, slots=True)
class _Applied:
    """What the applicability query says of one target."""

    reason: str
    scope: Applicability
    starts: date


@dataclass(frozen=True, slots=True)
class _Seen:
    """The facts looked at for one target, and those of them that count."""

    facts: tuple[Fact, ...]
    good: frozenset[Fact]


def evaluate(
    store: TripleStore,
    model: OntologyModel,
    rules: Sequence[Rule],
    *,
    on: date,
    framework: str | None = None,
    now: datetime,
    assessor: str = ASSESSOR,
    watch: Callable[[Rule], None] = lambda _: None,
) -> Audit:
    """Evaluate rules over the store; every asset of a rule's target classes gets a verdict.

    Args:
        store: read at one sequence, which the audit names.
        model: gives each target its level.
        rules: the rules to evaluate.
        on: the day whose rules and validity periods apply; past or future.
        framework: evaluate only this one, named as its rules or its folder name it.
        now: the time of the assessment, aware.
        assessor: who assesses.
        watch: called with each rule before it is evaluated.

    Raises:
        UnknownFramework: when no rule belongs to the framework.
    """
    name = framework_name(rules, framework) if framework is not None else None
    chosen = tuple(rules) if name is None else by_framework(rules, name)
    day_over = datetime.combine(on, time.max, tzinfo=UTC)
    # Another day is judged by what has happened when it is over; today is not over yet.
    moment = now if on == now.astimezone(UTC).date() else day_over
    shared = _Shared(store, model)
    evaluations = [_Evaluation(shared, rule, on, moment, now) for rule in chosen]
    verdicts: list[Verdict] = []
    for evaluation in evaluations:
        watch(evaluation.rule)
        verdicts += evaluation.verdicts()
    return Audit(
        verdicts=tuple(verdicts),
        rules=chosen,
        sequence=store.sequence,
        on=on,
        time=now,
        assessor=assessor,
        ontology=model.hash,
        framework=name,
        good_until=min(filter(None, (_day_turns(on, now), *(each.good_until for each in evaluations))), default=None),
    )


def _day_turns(on: date, now: datetime) -> datetime | None:
    """Return when an audit of a day begins to be judged by another moment; None for a day that is over.

    Of today the moment is now, of every other day its end: today turns at midnight, and a day to come when it begins.
    """
    today = now.astimezone(UTC).date()
    if on < today:
        return None
    turns = on + timedelta(days=1) if on == today else on
    return datetime.combine(turns, time.min, tzinfo=UTC)


def framework_name(rules: Sequence[Rule], given: str) -> str:
    """Return the name that a framework gives itself, however it was asked for.

    Raises:
        UnknownFramework: when no rule belongs to the framework.
    """
    chosen = by_framework(rules, given)
    if not chosen:
        raise UnknownFramework(framework=given, known=", ".join(frameworks(rules).values()))
    return chosen[0].framework


class _Shared:
    """What the rules of an audit look at together, read once for all of them."""

    def __init__(self, store: TripleStore, model: OntologyModel) -> None:
        self.store = store
        self.model = model
        self.targets = Targets(store)
        self.governance = Governance(store, model)
        self.traces = Traces(store)
        self.things = Things(store, model)
        self.superclasses = {cls: info.ancestors for cls, info in model.classes.items()}


class _Evaluation:
    """One rule at work on all of its targets."""

    def __init__(self, shared: _Shared, rule: Rule, on: date, moment: datetime, now: datetime) -> None:
        self.shared = shared
        self.store = shared.store
        self.model = shared.model
        self.rule = rule
        self.shapes = _compiled(rule.shapes)
        self.on = on
        self.moment = moment
        self.judges_now = moment == now
        # A query that asks for the time itself may answer otherwise at any moment: nobody can say until when it holds.
        self.good_until: datetime | None = now if _ASKS_THE_TIME.search(_queries(rule)) else None

    def verdicts(self) -> list[Verdict]:
        targets = self.shared.targets.of(self.rule)
        if not targets:
            # A rule that nothing is judged by says so: left out, it would look as if it were kept.
            nothing = Target("", "", frozenset())
            return [self._verdict(nothing, Outcome.NOT_APPLICABLE, [_reason("no-targets")], self.rule.applicable_from)]
        iris = [target.iri for target in targets]
        applied = self._applied(iris)
        governed = self.shared.governance.of(self.rule, iris)
        looked_at = look_up(self.store, self.rule, iris)
        # One fact may be looked at both for who governs the target and as evidence.
        facts = {iri: tuple(dict.fromkeys((*governed[iri].facts, *looked_at.get(iri, ())))) for iri in iris}
        # Evidence of all targets together: a query for each would take most of the time of an audit.
        traces = self.shared.traces
        traces.fetch(fact for found in facts.values() for fact in found)
        verdicts, wanted = [], []
        for target in targets:
            said = applied.get(target.iri, self._otherwise())
            seen = _Seen(facts[target.iri], still_good(facts[target.iri], target.iri, self.rule, self.moment))
            self._note_turn(seen)
            outcome, reasons = self._judge(target, said, governed[target.iri], seen)
            verdict = self._verdict(target, outcome, [*reasons, *self._warnings(target, seen)], said.starts)
            evidence = tuple(traces.evidence(fact, counts=fact in seen.good) for fact in seen.facts)
            verdicts.append(replace(verdict, evidence=evidence))
            unknown = outcome is Outcome.UNKNOWN
            wanted.append(list(self._wanted(target, said, governed[target.iri], seen)) if unknown else [])
        return self._with_needs(verdicts, wanted)

    def _note_turn(self, seen: _Seen) -> None:
        """Remember when other facts will count, where this is judged as of now; the end of a day does not move."""
        turn = next_change(seen.facts, self.rule, self.moment)
        if turn is not None and self.judges_now:
            self.good_until = turn if self.good_until is None else min(self.good_until, turn)

    def _wanted(self, target: Target, said: _Applied, governed: Governed, seen: _Seen) -> Iterator[tuple[Iri, Wanted]]:
        """Yield what would settle an unknown verdict: first the open questions, then the evidence."""
        yield from of_governance(governed, self.rule, target.iri, self.model)
        scope = self._scope_reason(said.reason)
        if scope.scope is Applicability.UNDETERMINED and scope.wanted is not None:
            yield target.iri, scope.wanted
        # What evidence lacks matters only once it is certain that the rule applies.
        if governed.reason is None and scope.scope is Applicability.APPLIES:
            graph = self._graph(target, seen.good)
            for shape in self.rule.evidence_shapes(self.on):
                yield from of_results(self.rule, self.shapes.check(graph, shape, [target.iri]))

    def _with_needs(self, verdicts: list[Verdict], wanted: Sequence[list[tuple[Iri, Wanted]]]) -> list[Verdict]:
        things = self.shared.things
        things.fetch(iri for each in wanted for iri, _ in each)
        return [
            replace(
                verdict,
                needs=tuple(
                    Need(thing=things[iri], wanted=what, target=verdict.target or "")
                    for iri, what in dict.fromkeys(each)
                ),
            )
            for verdict, each in zip(verdicts, wanted, strict=True)
        ]

    def _applied(self, targets: Sequence[Iri]) -> dict[Iri, _Applied]:
        """Run the applicability query; of several answers for a target, what binds most and earliest holds."""
        order = (Applicability.APPLIES, Applicability.UNDETERMINED, Applicability.EXCLUDED)
        found: dict[Iri, _Applied] = {}
        for row in asked_of(self.store, self.rule.applicability, targets):
            target, code, cls = row["target"], row["reason"], row.get("systemClass")
            if not isinstance(target, str) or not isinstance(code, Literal):
                continue
            # Of some laws the day depends on the kind of system.
            starts = self.rule.in_force_from(cls if isinstance(cls, str) else None)
            said = _Applied(code.value, self._scope_reason(code.value).scope, starts)
            known = found.get(target, said)
            found[target] = min(known, said, key=lambda a: (order.index(a.scope), a.starts, a.reason))
        return found

    def _otherwise(self) -> _Applied:
        code = self.rule.otherwise
        return _Applied(code, self._scope_reason(code).scope, self.rule.applicable_from)

    def _scope_reason(self, code: str) -> ScopeReason:
        return self.rule.reasons[code]

    def _judge(
        self, target: Target, said: _Applied, governed: Governed, seen: _Seen
    ) -> tuple[Outcome, list[VerdictReason]]:
        scope = VerdictReason(code=said.reason, text=self._scope_reason(said.reason).text)
        # What takes a target out goes first: about a rule that does not apply there are no open questions.
        if governed.scope is Applicability.EXCLUDED and governed.reason is not None:
            return Outcome.NOT_APPLICABLE, [governed.reason]
        if said.scope is Applicability.EXCLUDED:
            return Outcome.NOT_APPLICABLE, [scope]
        if self.on < said.starts:
            return Outcome.NOT_APPLICABLE, [_reason("not-yet-in-force", date=said.starts.isoformat()), scope]
        open_questions = [governed.reason] if governed.reason is not None else []
        if said.scope is Applicability.UNDETERMINED:
            open_questions.append(scope)
        if open_questions:
            return Outcome.UNKNOWN, open_questions
        return self._weigh(target, scope, seen)

    def _weigh(self, target: Target, scope: VerdictReason, seen: _Seen) -> tuple[Outcome, list[VerdictReason]]:
        """Judge a target that the rule applies to by the evidence that counts."""
        graph = self._graph(target, seen.good)
        faults = self._faults(graph, self.rule.check_shape, target)
        shapes = self.rule.evidence_shapes(self.on)
        missing = dict.fromkeys(text for shape in shapes for text in self._faults(graph, shape, target))
        lost = self._lost(seen)
        # A fault that was seen stays one, whatever evidence may still come.
        if faults:
            return Outcome.FAIL, [
                *(VerdictReason(code="check-failed", text=_bilingual(text)) for text in faults),
                *lost,
                scope,
            ]
        if missing:
            named = [VerdictReason(code="evidence-missing", text=_bilingual(text)) for text in missing]
            return Outcome.UNKNOWN, [*named, *lost, scope]
        return Outcome.PASS, [_reason("no-failing-check"), scope]

    def _lost(self, seen: _Seen) -> list[VerdictReason]:
        """Say that some evidence does not count, and name each date that nobody can read."""
        lost = [fact for fact in seen.facts if fact not in seen.good]
        undated = unreadable(seen.facts, self.rule)
        named = [
            _reason(
                "date-unreadable",
                date=fact.object.value if isinstance(fact.object, Literal) else fact.object,
                property=compact(fact.predicate),
                subject=compact(fact.subject),
            )
            for fact in (undated if lost else ())
        ]
        # What nobody can date is neither old nor new.
        unread = {fact.subject for fact in undated}
        expired = any(fact.subject not in unread and fact.object not in unread for fact in lost)
        return [*([_reason("evidence-expired")] if expired else []), *named]

    def _warnings(self, target: Target, seen: _Seen) -> list[VerdictReason]:
        """Tell what stands out and does not change the verdict, such as two statements that exclude each other."""
        if not self.rule.warning_shape:
            return []
        texts = self._faults(self._graph(target, seen.good), self.rule.warning_shape, target)
        return [VerdictReason(code="warning", text=_bilingual(text)) for text in texts]

    def _graph(self, target: Target, facts: Iterable[Fact]) -> DataGraph:
        types = (Fact(target.iri, RDF.type, cls) for cls in target.types)
        return DataGraph([*facts, *types], superclasses=self.shared.superclasses)

    def _faults(self, graph: DataGraph, shape: Iri, target: Target) -> list[_Text]:
        results = self.shapes.check(graph, shape, [target.iri])
        return list(dict.fromkeys(_texts(result) for result in results))

    def _verdict(self, target: Target, outcome: Outcome, reasons: Sequence[VerdictReason], starts: date) -> Verdict:
        return Verdict(
            rule=self.rule,
            target=target.iri or None,
            name=target.name,
            labels=target.labels,
            level=self.model.level_of(target.types),
            outcome=outcome,
            reasons=tuple(reasons),
            in_force_from=starts,
        )


def _queries(rule: Rule) -> str:
    return f"{rule.applicability}\n{rule.evidence}\n{rule.target_query}"


# The shapes of a rule stay the same between audits; compiling them does not depend on the graph.
@lru_cache(maxsize=256)
def _compiled(shapes: tuple[Fact, ...]) -> CompiledShapes:
    return compile_shapes(shapes, strict=True)


def _bilingual(text: _Text) -> Bilingual:
    return Bilingual(texts=dict(text))


def _texts(result: Result) -> _Text:
    """Return a result's messages by language; rules are refused at load when a message lacks one."""
    return tuple(sorted((message.language.lower(), message.value) for message in result.messages))


def _reason(code: str, **data: str) -> VerdictReason:
    """Return a reason in every language, dates as each writes them."""
    told = {tag: {name: day(value, tag) for name, value in data.items()} for tag in LANGUAGES}
    texts = {tag.lower(): messages("compliance", tag)[f"reason-{code}"].format(**told[tag]) for tag in LANGUAGES}
    return VerdictReason(code=code, text=Bilingual(texts=texts))
