"""A user's own modules: each is checked before it is used, and only what is sound joins the core."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from logging import Logger
from pathlib import Path
from typing import Any, ClassVar, Final

from stratagraph.ontology import dl
from stratagraph.ontology.axioms import AxiomWriter
from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.clashes import find_clashes
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.explanation import explain
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.findings import Finding, Severity, of_clash
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.model import OntologyModel, extend, load_model, prefixes_of, read_module
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SKOS, compact, local_name
from stratagraph.ontology.parsing import MalformedRdf

_DOCUMENTED: Final = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.NamedIndividual)
_LANGUAGES: Final = {"en": "en", "pt-br": "pt-BR"}
_REMARKS: Final = frozenset(
    {SKOS.altLabel, SKOS.hiddenLabel, SKOS.example, SKOS.note, SKOS.related, RDFS.comment, RDFS.seeAlso}
)
"""What anybody may add to a term of the core without changing it."""
_TRANSLATED: Final = frozenset({RDFS.label, SKOS.definition})
_CLASHES_SHOWN: Final = 10


@dataclass(kw_only=True)
class NoExtension(StratagraphError):
    """A path that holds no modules."""

    slug: ClassVar[str] = "no-extension"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{path} holds no Turtle modules. Give a folder with *.ttl files, or one such file."

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleReport:
    """What became of one module."""

    name: str
    findings: tuple[Finding, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the module is in use."""
        return all(finding.severity is Severity.WARNING for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionReport:
    """What became of a user's modules. ``hash`` is that of the ontology in force.

    ``dl_checked`` tells whether the reasoner has judged what is in force (the core alone was judged before it shipped);
    ``dl_missing`` is the slug of what kept it from it.
    """

    hash: str
    modules: tuple[ModuleReport, ...] = ()
    dl_checked: bool = True
    dl_missing: str = ""

    def log(self, logger: Logger) -> None:
        """Write every finding to a log."""
        for module in self.modules:
            for finding in module.findings:
                refused = "left out" if not module.accepted else "in use"
                logger.warning("ontology module %s (%s): %s", module.name, refused, finding.sentence())
        if not self.dl_checked:
            logger.warning("the ontology's extension was checked by rules only (%s)", self.dl_missing)

    def document(self, lang: str = "en") -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "hash": self.hash,
            "dlChecked": self.dl_checked,
            "modules": [
                {
                    "name": module.name,
                    "accepted": module.accepted,
                    "findings": [finding.document(lang) for finding in module.findings],
                }
                for module in self.modules
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The ontology in force, and how it came about."""

    model: OntologyModel
    report: ExtensionReport


def load_extended(path: Path | None, *, reason: bool = True, explain_for: float = 0) -> Extended:
    """Load the core and those of a user's modules that are sound.

    Args:
        path: a folder of Turtle modules, or one; None for the core alone.
        reason: ask the DL reasoner as well.
        explain_for: seconds to spend on finding the axioms that the reasoner objects to.

    Raises:
        NoExtension: where there is nothing at the path.
    """
    core = load_model()
    if path is None:
        return Extended(model=core, report=ExtensionReport(hash=core.hash))
    check = _Check(core)
    for file in _files(path):
        check.take(file, f"{path.name}/{file.name}")
    missing = check.judge(explain_for) if reason else "dl-not-wanted"
    model = check.model()
    report = ExtensionReport(
        hash=model.hash, modules=tuple(check.reports.values()), dl_checked=not missing, dl_missing=missing
    )
    return Extended(model=model, report=report)


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.ttl")) if path.is_dir() else [path] if path.is_file() else []
    if not files:
        raise NoExtension(path=str(path))
    return files


class _Check:
    """Takes modules in one after the other; each is judged beside those before it that were sound."""

    def __init__(self, core: OntologyModel) -> None:
        self._core = core
        self._stated = frozenset(core.triples)
        self._known = frozenset(fact.subject for fact in core.triples)
        self._accepted: dict[str, tuple[Fact, ...]] = {}
        self._texts: dict[str, str] = {}
        self._sources: dict[str, Path] = {}
        self.reports: dict[str, ModuleReport] = {}

    def model(self) -> OntologyModel:
        """Return the core with the modules that are sound."""
        if not self._accepted:
            return self._core
        return extend(self._core, self._accepted, prefixes_of(self._sources[name] for name in self._accepted))

    def take(self, file: Path, name: str) -> None:
        """Check one module by rules, and keep it if it is sound."""
        try:
            facts = read_module(file, name)
        except MalformedRdf as error:
            malformed = Finding(severity=Severity.REFUSED, rule="malformed", term=str(error), line=error.line)
            self.reports[name] = ModuleReport(name=name, findings=(malformed,))
            return
        self._texts[name] = file.read_text(encoding="utf-8-sig")
        self._sources[name] = file
        findings = list(self._redefinitions(name, facts))
        if not findings:
            findings += self._contradictions(name, facts)
        if not findings:
            findings += self._unusable(name, facts)
        if not findings:
            self._accepted[name] = facts
        findings += self._omissions(name, facts)
        self.reports[name] = ModuleReport(name=name, findings=tuple(findings))

    # What refuses

    def _redefinitions(self, name: str, facts: Iterable[Fact]) -> Iterator[Finding]:
        """Find what a module says of the core's terms beyond remarks, translations and relations."""
        for fact in facts:
            if fact.subject in self._known and fact not in self._stated and not self._harmless(fact):
                yield Finding(
                    severity=Severity.REFUSED,
                    rule="core-term",
                    term=compact(fact.subject),
                    detail=compact(fact.predicate),
                    line=self._line(name, fact.subject),
                )

    def _harmless(self, fact: Fact) -> bool:
        if fact.predicate in _REMARKS or fact.predicate in self._core.relations:
            return True
        if fact.predicate in _TRANSLATED and isinstance(fact.object, Literal):
            texts = self._core.labels if fact.predicate == RDFS.label else self._core.definitions
            return fact.object.language.lower() not in texts.get(fact.subject, {})
        return False

    def _contradictions(self, name: str, facts: tuple[Fact, ...]) -> Iterator[Finding]:
        together = [*self._core.triples, *self._others(name), *facts]
        clashes = find_clashes(together)
        writer = AxiomWriter(together)
        for clash in clashes[:_CLASHES_SHOWN]:
            yield of_clash(clash, writer, line=self._line(name, clash.subject))

    def _unusable(self, name: str, facts: tuple[Fact, ...]) -> Iterator[Finding]:
        try:
            extend(self._core, {**self._accepted, name: facts})
        except ValueError as error:
            yield Finding(severity=Severity.REFUSED, rule="malformed", term=str(error))

    def _others(self, name: str) -> Iterator[Fact]:
        for other, facts in self._accepted.items():
            if other != name:
                yield from facts

    # What is only warned of

    def _omissions(self, name: str, facts: tuple[Fact, ...]) -> Iterator[Finding]:
        graph = Graph([*self._core.triples, *self._others(name), *facts])
        own = dict.fromkeys(fact.subject for fact in facts if fact.predicate == RDF.type)
        for term in (iri for iri in own if iri not in self._known and not is_blank(iri)):
            if term.startswith(SG):
                yield self._warning(name, "reserved-namespace", term)
            if any(kind in graph.iris(term, RDF.type) for kind in _DOCUMENTED):
                tags = {tag.lower() for tag in graph.texts(term, RDFS.label)}
                lacking = [shown for tag, shown in _LANGUAGES.items() if tag not in tags]
                if lacking:
                    yield self._warning(name, "missing-label", term, detail=", ".join(lacking))
            if OWL.ObjectProperty in graph.iris(term, RDF.type) and not _transmits(graph, term):
                yield self._warning(name, "silent-relation", term)
        used = {term for fact in facts for term in (fact.subject, fact.predicate, fact.object)}
        for term in sorted(iri for iri in used - own.keys() if isinstance(iri, str) and iri.startswith(SG)):
            if term not in self._known and term != SG:
                yield self._warning(name, "unknown-core-term", term)

    def _warning(self, name: str, rule: str, term: Iri, detail: str = "") -> Finding:
        return Finding(
            severity=Severity.WARNING,
            rule=rule,
            term=AxiomWriter(()).term(term),
            detail=detail,
            line=self._line(name, term),
        )

    def _line(self, name: str, term: Iri) -> int:
        """Find the line on which a module begins to speak of a term."""
        spelled = (
            rf"(?:^|\.)\s*(?:<[^>]*{re.escape(local_name(term))}>|[\w.-]*:{re.escape(local_name(term))})(?=[\s;,.]|$)"
        )
        text = self._texts.get(name, "")
        found = re.search(spelled, text, re.MULTILINE)
        return text.count("\n", 0, found.end()) + 1 if found else 0

    # The reasoner

    def judge(self, explain_for: float) -> str:
        """Let the reasoner judge what the rules let through; return the slug of what kept it from it."""
        if not self._accepted:
            return ""
        try:
            if _approves(self._triples(self._accepted)):
                return ""
            sound: dict[str, tuple[Fact, ...]] = {}
            for name, facts in self._accepted.items():
                report = dl.check(self._triples({**sound, name: facts}))
                if report.consistent and not report.unsatisfiable:
                    sound[name] = facts
                else:
                    self._object(name, facts, sound, report, explain_for)
            self._accepted = sound
        except dl.JavaMissing as missing:
            return missing.slug
        except dl.ReasonerFailed as failure:
            self._doubt(failure)
            return failure.slug
        return ""

    def _triples(self, modules: Mapping[str, tuple[Fact, ...]]) -> list[Fact]:
        return [*self._core.triples, *(fact for facts in modules.values() for fact in facts)]

    def _object(
        self,
        name: str,
        facts: tuple[Fact, ...],
        sound: Mapping[str, tuple[Fact, ...]],
        report: dl.DLReport,
        explain_for: float,
    ) -> None:
        """Note the reasoner's objections to a module, as well explained as time allows."""
        together = self._triples({**sound, name: facts})
        for empty in report.unsatisfiable or (None,):
            finding = Finding.inconsistent(name)
            if empty:
                finding = Finding.unsatisfiable(AxiomWriter(()).term(empty), line=self._line(name, empty))
            why = explain(together, facts, empty=empty, deadline=explain_for) if explain_for else None
            if why:
                lines = AxiomWriter(together).lines(why.axioms)
                finding = replace(finding, axioms=lines, minimal=why.minimal)
            self._add(name, finding)

    def _doubt(self, failure: dl.ReasonerFailed) -> None:
        for name in self._accepted:
            self._add(name, Finding(severity=Severity.WARNING, rule="unjudged", term=failure.reason))

    def _add(self, name: str, finding: Finding) -> None:
        report = self.reports[name]
        self.reports[name] = replace(report, findings=(*report.findings, finding))


def _approves(facts: Iterable[Fact]) -> bool:
    report = dl.check(facts)
    return report.consistent and not report.unsatisfiable


def _transmits(graph: Graph, relation: Iri) -> bool:
    """Say whether a relation, its inverse or one above it says what influence runs along it."""
    for iri in graph.closure(relation, RDFS.subPropertyOf):
        for name in (iri, *graph.iris(iri, OWL.inverseOf), *graph.subjects(OWL.inverseOf, iri)):
            if graph.objects(name, SG.transmits) or graph.objects(name, SG.transmitsNothing):
                return True
    return False
