"""A user's own modules: each is checked before it is used, and only what is sound joins the core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from stratagraph.ontology.extension.axiom_places import AxiomPlaces
from stratagraph.ontology.extension.extension_files import ExtensionFiles, Module, NoExtension, find_modules, joined
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity
from stratagraph.ontology.extension.kept_verdicts import Verdicts, key_of
from stratagraph.ontology.extension.reports import ExtensionReport, ModuleReport
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.syntax.parsing import MalformedRdf

__all__ = ["Extended", "ExtensionReport", "ModuleReport", "NoExtension", "load_extended"]

_UNJUDGED: Final = "dl-not-wanted"
_KEEPABLE: Final = frozenset({"", _UNJUDGED, "reasoner-failed"})
"""What may have kept the reasoner from judging, in a verdict that is kept; Java that is missing may be there soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The ontology in force, how it came about, and where the axioms of a user's modules stand."""

    model: OntologyModel
    report: ExtensionReport
    places: AxiomPlaces = field(default_factory=AxiomPlaces)


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
    # What the reasoner has judged also serves those who would do without it.
    kept = verdicts and (verdicts.find(key_of(core.hash, files, reason=True)) or verdicts.find(key))
    if kept and (not explain_for or _is_whole(kept)):
        return _as_judged(core, files, kept)
    from stratagraph.ontology.extension.checking import Check  # what was judged before is not judged again

    modules, malformed = _read(core, files)
    check = Check(core, malformed)
    check.take(modules)
    missing = check.judge(explain_for) if reason else _UNJUDGED
    model = check.model()
    report = ExtensionReport(
        hash=model.hash, modules=check.reports(), unread=files.unread, dl_checked=not missing, dl_missing=missing
    )
    if verdicts and missing in _KEEPABLE:
        verdicts.keep(key, report)
    return Extended(model=model, report=report, places=_places(modules, report))


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
    modules, _ = _read(core, files)
    model = joined(core, _accepted(modules, report))
    return Extended(model=model, report=replace(report, hash=model.hash), places=_places(modules, report))


def _places(modules: Iterable[Module], report: ExtensionReport) -> AxiomPlaces:
    return AxiomPlaces(_accepted(modules, report))


def _accepted(modules: Iterable[Module], report: ExtensionReport) -> list[Module]:
    names = {module.name for module in report.modules if module.accepted}
    return [module for module in modules if module.name in names]


def _read(core: OntologyModel, files: ExtensionFiles) -> tuple[list[Module], dict[str, ModuleFinding]]:
    """Read the modules, RDFS as OWL, and say what is wrong with those that can't be read."""
    modules: list[Module] = []
    malformed: dict[str, ModuleFinding] = {}
    for file in files.modules:
        try:
            modules.append(file.read())
        except MalformedRdf as error:
            found = ModuleFinding(severity=ModuleSeverity.REFUSED, rule="malformed", term=str(error), line=error.line)
            malformed[file.name] = found
    # All modules together: what one says may decide about a property of another.
    graph = core.graph.extended(fact for module in modules for fact in module.facts)
    return [_as_owl(module, graph) for module in modules], malformed


def _as_owl(module: Module, graph: Graph) -> Module:
    from stratagraph.ontology.extension.rdfs_kinds import OwlKinds

    kinds = OwlKinds(module.facts, graph)
    return replace(module, facts=(*module.facts, *kinds.declarations)) if kinds.declarations else module
