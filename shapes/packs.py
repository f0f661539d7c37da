"""Rule packs: one folder per framework, one Turtle file per rule, read into frozen values and checked on the way."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import DCT, PREFIXES, RDF, RDFS, RULE, SG, SH, SKOS
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.errors import MalformedShape, UnsupportedShape
from stratagraph.shapes.rule import (
    Applicability,
    Bilingual,
    Freshness,
    LaterEvidence,
    LegalStatus,
    NewestPer,
    Rule,
    RuleSeverity,
    ScopeReason,
    Wanted,
)

LANGUAGES: Final = ("en", "pt-br")
"""The languages in which every text of a rule must stand."""

TARGET: Final = RULE.target
"""Stands for the asset that is judged, in what a rule file says would settle a verdict."""

TARGETS_SLOT: Final = "VALUES ?target {}"
"""Where an evidence query takes its targets; valid SPARQL that selects nothing while it is empty."""


class InvalidRule(StratagraphError, slug="invalid-rule", status=500):
    """A rule file that lacks something or contradicts itself."""

    text = "{file}: {reason}. Correct the rule file and start again."

    file: str
    reason: str


def load_rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """Read every rule below a folder, by default the packs that ship; ordered by pack, then identifier.

    Raises:
        InvalidRule: on a rule that is incomplete, names an unknown value, or repeats an identifier.
        MalformedRdf: on a file that is no Turtle.
    """
    if folder is not None:
        return _read_folder(folder)
    return _shipped()


def rules_with(own: Path | None) -> tuple[Rule, ...]:
    """Return the rules that ship together with those of a folder of one's own.

    Raises:
        InvalidRule: as ``load_rules``, on a folder without any rule, and on an identifier that a shipped rule has.
    """
    if own is None:
        return load_rules()
    found = load_rules(own)
    if not found:
        raise InvalidRule(file=str(own), reason="no rule is in it, as PACK/RULE.ttl")
    return _ordered([*load_rules(), *found])


@lru_cache(maxsize=1)
def _shipped() -> tuple[Rule, ...]:
    with as_file(files("stratagraph.shapes") / "rules") as folder:
        return _read_folder(folder)


def _read_folder(folder: Path) -> tuple[Rule, ...]:
    # A pack is a folder: files beside the packs are no rules.
    return _ordered([read_rule(path) for path in sorted(folder.glob("*/*.ttl"))])


def _ordered(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            raise InvalidRule(file=rule.pack, reason=f"the rule {rule.id} stands twice")
        seen[rule.id] = rule.pack
    return tuple(sorted(rules, key=lambda rule: (rule.pack, rule.id)))


def read_rule(path: Path) -> Rule:
    """Read one rule file; the folder it lies in is its pack."""
    name = f"{path.parent.name}/{path.name}"
    data = path.read_bytes()
    reader = _Reader(name, parse_rdf(data, "turtle", SG, name, salt=path.name), data.decode("utf-8", "replace"))
    rule = reader.rule(pack=path.parent.name)
    try:
        # When it is loaded, not at the first audit: a rule that can't be checked is to be seen at the start.
        compile_shapes(rule.shapes, strict=True)
    except (MalformedShape, UnsupportedShape) as error:
        raise reader.wrong(str(error)) from None
    return rule


class _Reader:
    """The facts of one rule file, looked up by subject and predicate, with complaints that name the file."""

    def __init__(self, file: str, facts: Sequence[Fact], text: str = "") -> None:
        self.file = file
        self.text = text
        self.facts = tuple(facts)
        self.index: dict[tuple[Iri, Iri], list[Term]] = defaultdict(list)
        for fact in facts:
            self.index[fact.subject, fact.predicate].append(fact.object)
        self.node = self._only_rule()

    def _only_rule(self) -> Iri:
        rules = [f.subject for f in self.facts if f.predicate == RDF.type and f.object == SG.Rule]
        if len(rules) != 1:
            raise self.wrong(f"it holds {len(rules)} rules, not one")
        return rules[0]

    def wrong(self, reason: str) -> InvalidRule:
        return InvalidRule(file=f"{self.file}:{self.line(reason)}", reason=reason)

    def line(self, reason: str) -> int:
        """Return the line of the first term that a complaint names, else that of the rule itself."""
        lines = self.text.splitlines()
        for term in (*re.findall(r"\b[a-z]+:\w+", reason), "sg:Rule"):
            for number, line in enumerate(lines, start=1):
                if re.search(rf"(?<!\w){re.escape(term)}\b", line):
                    return number
        return 1

    def one(self, predicate: Iri, node: Iri | None = None) -> str:
        values = self.index[node or self.node, predicate]
        if len(values) != 1:
            raise self.wrong(f"{_short(predicate)} has {len(values)} values, not one")
        return _lexical(values[0])

    def optional(self, predicate: Iri) -> str:
        return self.one(predicate) if self.index[self.node, predicate] else ""

    def some(self, predicate: Iri) -> tuple[str, ...]:
        values = self.index[self.node, predicate]
        if not values:
            raise self.wrong(f"{_short(predicate)} is missing")
        return tuple(sorted(map(_lexical, values)))

    def bilingual(self, predicate: Iri, node: Iri | None = None) -> Bilingual:
        values = self.index[node or self.node, predicate]
        texts = {v.language.lower(): v.value for v in values if isinstance(v, Literal)}
        # Two texts in one language would leave it to their order which one a report has.
        missing = [language for language in LANGUAGES if not texts.get(language, "").strip()]
        if missing or len(texts) != len(values):
            raise self.wrong(f"{_short(predicate)} needs exactly one text each in {', '.join(LANGUAGES)}")
        return Bilingual(texts=texts)

    def same_or_bilingual(self, predicate: Iri) -> Bilingual:
        """Return a text in each language; one without a language is the same in all."""
        values = self.index[self.node, predicate]
        if len(values) == 1 and not (isinstance(values[0], Literal) and values[0].language):
            return Bilingual(texts=dict.fromkeys(LANGUAGES, _lexical(values[0])))
        return self.bilingual(predicate)

    def day(self, node: Iri | None = None) -> date:
        text = self.one(SG.applicableFrom, node)
        try:
            return datetime.fromisoformat(text).date()
        except ValueError:
            raise self.wrong(f"sg:applicableFrom is no date and time: {text}") from None

    def starts(self) -> dict[Iri, date]:
        nodes = [node for node in self.index[self.node, SG.startsLater] if isinstance(node, str)]
        return {self.one(SG.systemClass, node): self.day(node) for node in nodes}

    def reasons(self) -> dict[str, ScopeReason]:
        nodes = [node for node in self.index[self.node, SG.scopeReason] if isinstance(node, str)]
        return {self.one(SKOS.notation, node): self.reason(node) for node in nodes}

    def reason(self, node: Iri) -> ScopeReason:
        scope = self.one(SG.reasonScope, node)
        if scope not in set(Applicability):
            raise self.wrong(f"sg:reasonScope is none of {', '.join(Applicability)}: {scope}")
        wanted = [self.wanted(value) for value in self.index[node, SG.settledBy]]
        if len(wanted) > 1:
            raise self.wrong("a reason has more than one sg:settledBy")
        return ScopeReason(
            scope=Applicability(scope), text=self.bilingual(SKOS.definition, node), wanted=wanted[0] if wanted else None
        )

    def wanted(self, node: Term) -> Wanted:
        """Read what should be stated: of a blank node that has a class, that it is new; of an empty one, no value."""
        if isinstance(node, Literal):
            raise self.wrong(f"sg:settledBy describes what to state, and is no text: {node.value}")
        classes = [str(cls) for cls in self.index[node, RDF.type]]
        about = [fact for fact in self.facts if fact.subject == node and fact.predicate != RDF.type]
        # In one order, whatever the order of the file's triples.
        about.sort(key=lambda fact: (fact.predicate, str(fact.object)))
        states = tuple((fact.predicate, self.value(fact.object)) for fact in about)
        return Wanted(cls=classes[0] if classes else "", states=states)

    def value(self, term: Term) -> Term | Wanted | None:
        if isinstance(term, Literal) or not is_blank(term):
            return term
        described = any(fact.subject == term for fact in self.facts)
        return self.wanted(term) if described else None

    def settled(self, predicate: Iri) -> dict[str, Wanted]:
        """Return what settles each message of a shape, by the message's English text."""
        return {
            self.bilingual(SH.message, fact.subject).text("en"): self.wanted(fact.object)
            for fact in self.facts
            if fact.predicate == predicate and self.index[fact.subject, SH.message]
        }

    def freshness(self) -> Freshness | None:
        if not self.index[self.node, SG.evidenceDatedBy]:
            return None
        return Freshness(dated_by=self.one(SG.evidenceDatedBy), days=int(self.one(SG.evidenceMaximumAgeDays)))

    def newest(self) -> NewestPer | None:
        if not self.index[self.node, SG.newestPer]:
            return None
        if not self.index[self.node, SG.evidenceDatedBy]:
            raise self.wrong("sg:newestPer needs sg:evidenceDatedBy")
        return NewestPer(per=self.one(SG.newestPer), settled_by=self.one(SG.newestSettledBy))

    def later_evidence(self) -> tuple[LaterEvidence, ...]:
        nodes = [node for node in self.index[self.node, SG.laterEvidence] if isinstance(node, str)]
        asked = [LaterEvidence(applies_from=self.day(n), shape=self.shape(SG.evidenceShape, n)) for n in nodes]
        return tuple(sorted(asked, key=lambda later: (later.applies_from, later.shape)))

    def bound_by(self) -> tuple[Iri, Iri]:
        bound, excused = self.optional(SG.boundBy), self.optional(SG.excusedBy)
        if bound and excused:
            raise self.wrong("sg:boundBy and sg:excusedBy exclude each other")
        return bound, excused

    def query(self, predicate: Iri, variables: set[str]) -> str:
        text = self.one(predicate)
        try:
            # On an empty store a query costs nothing, and still tells its syntax and variables.
            solutions = ox.Store().query(text, prefixes=dict(PREFIXES))
        except SyntaxError as error:
            raise self.wrong(f"{_short(predicate)} is no SPARQL: {error}") from None
        if not isinstance(solutions, ox.QuerySolutions):
            raise self.wrong(f"{_short(predicate)} is no SELECT query")
        missing = variables - {variable.value for variable in solutions.variables}
        if missing:
            raise self.wrong(f"{_short(predicate)} does not select ?{', ?'.join(sorted(missing))}")
        return text

    def shape(self, predicate: Iri, holder: Iri | None = None) -> Iri:
        node = self.one(predicate, holder)
        if not self.index[node, RDF.type]:
            raise self.wrong(f"{_short(predicate)} names no shape of this file")
        return node

    def messages_in_both_languages(self) -> None:
        for (node, predicate), values in self.index.items():
            if predicate == SH.message and values:
                self.bilingual(SH.message, node)

    def rule(self, *, pack: str) -> Rule:
        self.messages_in_both_languages()
        evidence = self.query(SG.evidenceQuery, {"target", "subject", "predicate", "object"})
        if TARGETS_SLOT not in evidence:
            raise self.wrong(f"sg:evidenceQuery has no place for its targets: {TARGETS_SLOT}")
        reasons = self.reasons()
        otherwise = self.one(SG.otherwise)
        if otherwise not in reasons:
            raise self.wrong(f"sg:otherwise names no reason of this file: {otherwise}")
        try:
            severity, status = RuleSeverity(self.one(SG.ruleSeverity)), LegalStatus(self.one(SG.ruleLegalStatus))
        except ValueError as error:
            raise self.wrong(str(error)) from None
        bound, excused = self.bound_by()
        return Rule(
            iri=self.node,
            id=self.one(SKOS.notation),
            version=self.one(SG.ruleVersion),
            pack=pack,
            framework=self.one(SG.framework),
            articles=self.same_or_bilingual(SG.article),
            obligation=self.optional(SG.obligation),
            policy=self.optional(SG.policy),
            title=self.bilingual(RDFS.label),
            text=self.bilingual(DCT.description),
            limits=self.bilingual(SG.limits),
            remediation=self.bilingual(SG.remediation),
            roles=self.some(SG.dutyRole),
            levels=self.some(SG.touchesLevel),
            severity=severity,
            legal_status=status,
            applicable_from=self.day(),
            starts=self.starts(),
            verified=self.one(SG.verified) == "true",
            source=self.one(DCT.bibliographicCitation),
            target_classes=self.some(SG.targetClass),
            applicability=self.query(SG.applicabilityQuery, {"target", "reason"}),
            otherwise=otherwise,
            reasons=reasons,
            evidence=evidence,
            freshness=self.freshness(),
            evidence_shape=self.shape(SG.evidenceShape),
            check_shape=self.shape(SG.checkShape),
            shapes=self.facts,
            bound_by=bound,
            excused_by=excused,
            target_query=self.query(SG.targetQuery, {"target"}) if self.index[self.node, SG.targetQuery] else "",
            warning_shape=self.shape(SG.warningShape) if self.index[self.node, SG.warningShape] else "",
            later_evidence=self.later_evidence(),
            happened=tuple(sorted(map(_lexical, self.index[self.node, SG.evidenceHappenedAt]))),
            newest=self.newest(),
            wanted_of_node=self.settled(SG.settledBy),
            wanted_of_value=self.settled(SG.valueSettledBy),
        )


def by_framework(rules: Sequence[Rule], framework: str) -> tuple[Rule, ...]:
    """Return the rules of one framework, named as the rules name it or by its folder; case is ignored."""
    wanted = framework.casefold()
    return tuple(rule for rule in rules if wanted in {rule.framework.casefold(), rule.pack.casefold()})


def frameworks(rules: Sequence[Rule]) -> Mapping[str, str]:
    """Return the folder name of each framework and the name its rules give it."""
    return {rule.pack: rule.framework for rule in rules}


def _lexical(term: Term) -> str:
    return term.value if isinstance(term, Literal) else term


def _short(predicate: Iri) -> str:
    for prefix, base in PREFIXES.items():
        if predicate.startswith(base):
            return f"{prefix}:{predicate[len(base) :]}"
    return predicate
