"""The reasoner's judgement of modules that the rules have let through, one beside the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from stratagraph.ontology.extension.extension_files import Module
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity
from stratagraph.ontology.extension.places import line_of
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.explanation import explain
from stratagraph.ontology.reasoning.reasoners import REASONERS

PATIENCE: Final = 2 * dl.DEADLINE
"""Seconds that modules have, looked at one by one."""


@dataclass(kw_only=True)
class Judgement:
    """What the reasoner objects to in each module, and the slug of what kept it from judging what is in use."""

    findings: dict[str, list[ModuleFinding]] = field(default_factory=dict)
    missing: str = ""

    def add(self, name: str, finding: ModuleFinding) -> None:
        """Note a finding about a module."""
        self.findings.setdefault(name, []).append(finding)

    @property
    def refused(self) -> frozenset[str]:
        """The modules that the reasoner objects to."""
        return frozenset(
            name
            for name, findings in self.findings.items()
            if any(finding.severity is ModuleSeverity.REFUSED for finding in findings)
        )


@REASONERS.kept()
def judge(core: tuple[Fact, ...], modules: Sequence[Module], explain_for: float = 0) -> Judgement:
    """Let the reasoner judge all modules together, and where it does not agree, each beside those before it.

    A module that the reasoner stumbles over, or has no time for, is marked as not judged and does not keep the others
    from being judged; an objection stands whatever happens after it.

    Args:
        core: what is in force already.
        modules: in the order in which they build on each other.
        explain_for: seconds to spend on finding the axioms that the reasoner objects to.
    """
    judgement = Judgement()
    if not modules:
        return judgement
    try:
        # All at once first: most often all is well, and then the reasoner starts only once.
        report = dl.check([*core, *(fact for module in modules for fact in module.facts)])
        if report.consistent and not report.unsatisfiable:
            return judgement
    except dl.ReasonerJavaMissing as missing:
        judgement.missing = missing.slug
        return judgement
    except dl.ReasonerFailed as failure:
        # Among several it may be one alone that the reasoner stumbles over.
        if len(modules) == 1:
            _doubt(judgement, modules[0].name, failure)
            return judgement
    _one_by_one(core, modules, explain_for, judgement)
    return judgement


def _one_by_one(core: tuple[Fact, ...], modules: Sequence[Module], explain_for: float, judgement: Judgement) -> None:
    end = time.monotonic() + PATIENCE
    sound = list(core)
    for module in modules:
        try:
            # The last moment is asked for all the same: the reasoner then says itself that its time was up.
            report = dl.check([*sound, *module.facts], deadline=min(dl.DEADLINE, max(1.0, end - time.monotonic())))
        except dl.ReasonerFailed as failure:
            _doubt(judgement, module.name, failure)
            continue
        if report.consistent and not report.unsatisfiable:
            sound += module.facts
        else:
            for finding in _objections(module, sound, report, explain_for):
                judgement.add(module.name, finding)


def _doubt(judgement: Judgement, name: str, failure: dl.ReasonerFailed) -> None:
    judgement.missing = failure.slug
    judgement.add(name, ModuleFinding(severity=ModuleSeverity.WARNING, rule="unjudged", term=failure.reason))


def _objections(
    module: Module, sound: Iterable[Fact], report: dl.DLReport, explain_for: float
) -> Iterator[ModuleFinding]:
    """Yield the reasoner's objections to a module, as well explained as time allows."""
    together = [*sound, *module.facts]
    end = time.monotonic() + explain_for
    # in a contradiction no class is to blame, for all are empty
    empty: tuple[Iri | None, ...] = report.unsatisfiable or (None,)
    for cls in empty:
        finding = ModuleFinding.inconsistent(module.name)
        if cls:
            finding = ModuleFinding.unsatisfiable(AxiomWriter(()).term(cls), line=line_of(module.text, cls))
        left = end - time.monotonic()
        why = explain(together, module.facts, empty=cls, deadline=left) if left > 0 else None
        if why and (lines := AxiomWriter(together).lines(why.axioms)):
            yield replace(finding, axioms=lines, minimal=why.minimal)
        else:
            yield replace(finding, sought=explain_for)
