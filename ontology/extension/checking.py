"""Judging a user's modules: each beside those before it that were sound."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias

from stratagraph.ontology.extension.asset_files import AssetFiles
from stratagraph.ontology.extension.extension_files import Module, joined
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity, of_clash
from stratagraph.ontology.extension.gaps import Gaps
from stratagraph.ontology.extension.judging import judge
from stratagraph.ontology.extension.places import line_of
from stratagraph.ontology.extension.reports import ModuleReport
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import OntologyModel, extend
from stratagraph.ontology.namespaces import RDFS, ROOT_IRI, SKOS, compact
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.clashes import find_clashes, is_free_of_clashes

_REMARKS: Final = frozenset(
    {SKOS.altLabel, SKOS.hiddenLabel, SKOS.example, SKOS.note, SKOS.related, RDFS.comment, RDFS.seeAlso}
)
"""What anybody may add to a term of the core without changing it."""
_TRANSLATED: Final = frozenset({RDFS.label, SKOS.definition})
_CLASHES_SHOWN: Final = 10
_Rule: TypeAlias = Callable[[Module], Iterator[ModuleFinding]]


class Check:
    """Takes modules in one after the other; each is judged beside those before it that were sound."""

    def __init__(self, core: OntologyModel, malformed: Mapping[str, ModuleFinding]) -> None:
        """Begin with the core, and with what is wrong with files that can't be read."""
        self._core = core
        self._stated = frozenset(core.triples)
        self._protected = frozenset(fact.subject for fact in core.triples if fact.subject.startswith(f"{ROOT_IRI}/"))
        self._accepted: dict[str, Module] = {}
        self._modules: dict[str, Module] = {}
        self._findings = {name: [finding] for name, finding in malformed.items()}

    def model(self) -> OntologyModel:
        """Return the core with the modules that are sound."""
        return joined(self._core, self._accepted.values())

    def take(self, modules: Collection[Module]) -> None:
        """Check modules by rules, and keep those that are sound."""
        # Looked at all together first, for most folders are sound, and it takes long to look at each beside the others.
        sound = is_free_of_clashes([*self._core.triples, *(fact for module in modules for fact in module.facts)])
        files = AssetFiles(self._core.graph, [fact for module in modules for fact in module.facts])
        rules = (
            self._redefinitions,
            *(() if sound else (self._contradictions,)),
            self._unusable,
            partial(_assets, files),
        )
        for module in modules:
            self._take(module, rules)

    def _take(self, module: Module, rules: Iterable[_Rule]) -> None:
        self._modules[module.name] = module
        findings = self._findings.setdefault(module.name, [])
        for rule in rules:
            # What one rule refuses the next ones, which cost more, need not look at.
            if not findings:
                findings += rule(module)
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

    def _redefinitions(self, module: Module) -> Iterator[ModuleFinding]:
        """Find what a module says of the core's own terms beyond remarks, translations and relations.

        Of terms that the core only names, their owner may say anything.
        """
        for fact in module.facts:
            if fact.subject in self._protected and fact not in self._stated and not self._harmless(fact):
                yield ModuleFinding(
                    severity=ModuleSeverity.REFUSED,
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

    def _contradictions(self, module: Module) -> Iterator[ModuleFinding]:
        others = (fact for each in self._accepted.values() for fact in each.facts)
        together = [*self._core.triples, *others, *module.facts]
        if clashes := find_clashes(together)[:_CLASHES_SHOWN]:
            writer = AxiomWriter(together)
            yield from (of_clash(clash, writer, line=line_of(module.text, clash.subject)) for clash in clashes)

    def _unusable(self, module: Module) -> Iterator[ModuleFinding]:
        try:
            extend(
                self._core, {name: each.facts for name, each in self._accepted.items()} | {module.name: module.facts}
            )
        except ValueError as error:
            yield ModuleFinding(severity=ModuleSeverity.REFUSED, rule="malformed", term=str(error))


def _assets(files: AssetFiles, module: Module) -> Iterator[ModuleFinding]:
    """Find that a module is none, but a file of assets."""
    if things := files.things(module.facts):
        yield ModuleFinding(
            severity=ModuleSeverity.REFUSED,
            rule="asset-file",
            term=compact(things[0]),
            detail=module.name,
            line=line_of(module.text, things[0]),
        )
