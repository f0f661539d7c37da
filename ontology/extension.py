"""A user's own modules: each is checked before it is used, and only what is sound joins the core."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from stratagraph.ontology.axioms import AxiomWriter
from stratagraph.ontology.clashes import find_clashes
from stratagraph.ontology.extension_files import ExtensionFiles, Module, NoExtension, find_modules
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.findings import Finding, Severity, of_clash
from stratagraph.ontology.gaps import Gaps
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.judging import judge
from stratagraph.ontology.kinds import OwlKinds
from stratagraph.ontology.model import OntologyModel, extend, load_model, prefixes_of
from stratagraph.ontology.namespaces import RDFS, ROOT_IRI, SKOS, compact
from stratagraph.ontology.parsing import MalformedRdf
from stratagraph.ontology.places import line_of
from stratagraph.ontology.reports import ExtensionReport, ModuleReport
from stratagraph.ontology.verdicts import Verdicts, key_of

__all__ = ["Extended", "ExtensionReport", "ModuleReport", "NoExtension", "load_extended"]

_REMARKS: Final = frozenset(
    {SKOS.altLabel, SKOS.hiddenLabel, SKOS.example, SKOS.note, SKOS.related, RDFS.comment, RDFS.seeAlso}
)
"""What anybody may add to a term of the core without changing it."""
_TRANSLATED: Final = frozenset({RDFS.label, SKOS.definition})
_CLASHES_SHOWN: Final = 10
_UNJUDGED: Final = "dl-not-wanted"
_KEEPABLE: Final = frozenset({"", _UNJUDGED, "reasoner-failed"})
"""What may have kept the reasoner from judging, in a verdict that is kept; Java that is missing may be there soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The ontology in force, and how it came about."""

    model: OntologyModel
    report: ExtensionReport


def load_extended(
    path: Path | None, *, reason: bool = True, explain_for: float = 0, verdicts: Verdicts | None = None
) -> Extended:
    """Load the core and those of a user's modules that are sound.

    Args:
        path: a folder of modules, or one; None for the core alone.
        reason: ask the DL reasoner as well, unless it has judged these modules before.
        explain_for: seconds to spend on finding the axioms that the reasoner objects to. Whoever gives some wants a
            verdict that is as whole as can be: one that the reasoner gave no answer to, or no reasons, is asked again.
        verdicts: where verdicts are kept; without it everything is judged anew.

    Raises:
        NoExtension: where there is nothing at the path.
    """
    core = load_model()
    if path is None:
        return Extended(model=core, report=ExtensionReport(hash=core.hash))
    files = find_modules(path)
    key = key_of(core.hash, files, reason=reason)
    kept = verdicts and (verdicts.find(key_of(core.hash, files, reason=True)) or verdicts.find(key))
    if kept and (not explain_for or _is_whole(kept)):
        return _as_judged(core, files, kept)
    modules, malformed = _read(core, files)
    check = _Check(core, malformed)
    for module in modules:
        check.take(module)
    missing = check.judge(explain_for) if reason else _UNJUDGED
    model = check.model()
    report = ExtensionReport(
        hash=model.hash, modules=check.reports(), unread=files.unread, dl_checked=not missing, dl_missing=missing
    )
    if verdicts and missing in _KEEPABLE:
        verdicts.keep(key, report)
    return Extended(model=model, report=report)


def _is_whole(report: ExtensionReport) -> bool:
    """Say whether asking the reasoner again could tell nothing more."""
    objections = (
        finding
        for module in report.modules
        for finding in module.findings
        if finding.rule in {"inconsistent", "unsatisfiable-class"}
    )
    return report.dl_missing != "reasoner-failed" and all(finding.axioms or finding.sought for finding in objections)


def _as_judged(core: OntologyModel, files: ExtensionFiles, report: ExtensionReport) -> Extended:
    """Put together what was found sound before."""
    accepted = {module.name for module in report.modules if module.accepted}
    modules, _ = _read(core, files)
    model = _in_force(core, [module for module in modules if module.name in accepted])
    return Extended(model=model, report=replace(report, hash=model.hash))


def _in_force(core: OntologyModel, modules: Collection[Module]) -> OntologyModel:
    """Return the core with modules that are sound."""
    prefixes = prefixes_of(module.prefixes for module in modules)
    return extend(core, {module.name: module.facts for module in modules}, prefixes) if modules else core


def _read(core: OntologyModel, files: ExtensionFiles) -> tuple[list[Module], dict[str, Finding]]:
    """Read the modules, RDFS as OWL, and say what is wrong with those that can't be read."""
    modules: list[Module] = []
    malformed: dict[str, Finding] = {}
    for file in files.modules:
        try:
            modules.append(file.read())
        except MalformedRdf as error:
            found = Finding(severity=Severity.REFUSED, rule="malformed", term=str(error), line=error.line)
            malformed[file.name] = found
    graph = core.graph.extended(fact for module in modules for fact in module.facts)
    return [_as_owl(module, graph) for module in modules], malformed


def _as_owl(module: Module, graph: Graph) -> Module:
    kinds = OwlKinds(module.facts, graph)
    return replace(module, facts=(*module.facts, *kinds.declarations)) if kinds.declarations else module


class _Check:
    """Takes modules in one after the other; each is judged beside those before it that were sound."""

    def __init__(self, core: OntologyModel, malformed: Mapping[str, Finding]) -> None:
        self._core = core
        self._stated = frozenset(core.triples)
        self._protected = frozenset(fact.subject for fact in core.triples if fact.subject.startswith(f"{ROOT_IRI}/"))
        self._accepted: dict[str, Module] = {}
        self._modules: dict[str, Module] = {}
        self._findings = {name: [finding] for name, finding in malformed.items()}

    def model(self) -> OntologyModel:
        """Return the core with the modules that are sound."""
        return _in_force(self._core, self._accepted.values())

    def take(self, module: Module) -> None:
        """Check one module by rules, and keep it if it is sound."""
        self._modules[module.name] = module
        findings = self._findings.setdefault(module.name, [])
        others = [*self._core.triples, *(fact for each in self._accepted.values() for fact in each.facts)]
        for rule in (self._redefinitions, self._contradictions, self._unusable):
            if not findings:
                findings += rule(module, others)
        if not findings:
            self._accepted[module.name] = module

    def judge(self, explain_for: float) -> str:
        """Let the reasoner judge what the rules let through; return the slug of what kept it from it."""
        judgement = judge(self._core.triples, tuple(self._accepted.values()), explain_for)
        for name, findings in judgement.findings.items():
            self._findings[name] += findings
        for name in judgement.refused:
            del self._accepted[name]
        return judgement.missing

    def reports(self) -> tuple[ModuleReport, ...]:
        """Return what was found about each module, and what each lacks among those that are in use."""
        gaps = Gaps(self._core, self._accepted.values())
        for name, module in self._modules.items():
            self._findings[name] += gaps.of(module, in_use=name in self._accepted)
        return tuple(ModuleReport(name=name, findings=tuple(found)) for name, found in sorted(self._findings.items()))

    # What refuses

    def _redefinitions(self, module: Module, _: list[Fact]) -> Iterator[Finding]:
        """Find what a module says of the core's own terms beyond remarks, translations and relations.

        Of terms that the core only names, their owner may say anything.
        """
        for fact in module.facts:
            if fact.subject in self._protected and fact not in self._stated and not self._harmless(fact):
                yield Finding(
                    severity=Severity.REFUSED,
                    rule="core-term",
                    term=compact(fact.subject),
                    detail=compact(fact.predicate),
                    line=line_of(module.text, fact.subject),
                )

    def _harmless(self, fact: Fact) -> bool:
        if fact.predicate in _REMARKS or fact.predicate in self._core.relations:
            return True
        if fact.predicate in _TRANSLATED and isinstance(fact.object, Literal):
            texts = self._core.labels if fact.predicate == RDFS.label else self._core.definitions
            return fact.object.language.lower() not in texts.get(fact.subject, {})
        return False

    def _contradictions(self, module: Module, others: list[Fact]) -> Iterator[Finding]:
        together = [*others, *module.facts]
        if clashes := find_clashes(together)[:_CLASHES_SHOWN]:
            writer = AxiomWriter(together)
            yield from (of_clash(clash, writer, line=line_of(module.text, clash.subject)) for clash in clashes)

    def _unusable(self, module: Module, _: list[Fact]) -> Iterator[Finding]:
        try:
            extend(
                self._core, {name: each.facts for name, each in self._accepted.items()} | {module.name: module.facts}
            )
        except ValueError as error:
            yield Finding(severity=Severity.REFUSED, rule="malformed", term=str(error))
