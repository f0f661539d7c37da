"""Who governs whom: whether the framework or policy that a rule belongs to binds a target, by what is stated.

Only a stated decision with a reason takes a target out. That nothing is stated, that something else is, or that a law
cannot be recognised leaves the question open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS, SG, SKOS, local_name
from stratagraph.ontology.terms import encode
from stratagraph.queries.audit.evidence import chunks
from stratagraph.queries.audit.verdicts import VerdictReason
from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.queries.store_protocols import Row, TripleStore
from stratagraph.shapes.rule import Applicability, Bilingual, Rule

# What the deriver passes down from wholes to their parts is no statement about the
# part: it is told as inherited, for a decision about the part itself outweighs it.
_STATED: Final = """
SELECT DISTINCT ?target ?holder ?relation ?governor ?inherited ?reason WHERE {{
  {{ VALUES ?target {{ {targets} }} ?target sg:governedBy ?governor .
    BIND(?target AS ?holder) BIND(sg:governedBy AS ?relation)
    BIND(EXISTS {{ ?target sg:partOf+ ?whole . ?whole sg:governedBy ?governor }} && NOT EXISTS {{
      GRAPH ?claims {{ ?target sg:governedBy ?governor }}
    }} AS ?inherited) }}
  UNION
  {{ VALUES ?target {{ {targets} }} ?target sg:notGovernedBy ?governor .
    BIND(?target AS ?holder) BIND(sg:notGovernedBy AS ?relation) BIND(false AS ?inherited)
    OPTIONAL {{ ?target sg:notGovernedReason ?reason }} }}
  UNION
  {{ VALUES ?target {{ {targets} }} ?target sg:partOf+ ?holder . ?holder sg:notGovernedBy ?governor .
    BIND(sg:notGovernedBy AS ?relation) BIND(true AS ?inherited)
    OPTIONAL {{ ?holder sg:notGovernedReason ?reason }} }}
}}
"""
_GOVERNORS: Final = """
SELECT DISTINCT ?governor ?property ?value WHERE {{
  VALUES ?governor {{ {governors} }}
  VALUES ?property {{ rdf:type sg:frameworkCode sg:name rdfs:label skos:altLabel sg:policyKind }}
  ?governor ?property ?value
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """Whether a rule's framework or policy binds a target, the reason, and the facts that say so."""

    scope: Applicability
    reason: VerdictReason | None = None
    facts: tuple[Fact, ...] = ()


UNBOUND: Final = Governed(scope=Applicability.APPLIES)
"""For rules that no framework or policy has to govern."""


@dataclass(slots=True)
class _Governor:
    """What is known of a law, policy or control; nothing, when its owner withdrew it."""

    iri: Iri
    facts: set[Fact] = field(default_factory=set)

    def texts(self, *predicates: Iri) -> list[str]:
        return sorted(f.object.value for f in self.facts if f.predicate in predicates and isinstance(f.object, Literal))

    def values(self, predicate: Iri) -> frozenset[Iri]:
        return frozenset(f.object for f in self.facts if f.predicate == predicate and isinstance(f.object, str))

    @property
    def name(self) -> str:
        return next(iter(self.texts(SG.name)), unquote(local_name(self.iri)))

    def may_be(self, policy: bool) -> bool:  # noqa: FBT001 - private, and always a name at the call
        """Say whether it may stand for a law, or for a policy: what has lost its class may be either."""
        types = self.values(RDF.type)
        wanted = SG.Policy if policy else SG.Regulation
        return not types or wanted in types

    def evidence(self) -> Fact | None:
        """Return the fact by which it was recognised, or should have been."""
        for predicate in (SG.policyKind, SG.frameworkCode, SG.name):
            for fact in sorted(self.facts, key=str):
                if fact.predicate == predicate:
                    return fact
        return None


@dataclass(frozen=True, slots=True)
class _Link:
    """One statement that something governs, or does not govern, a target."""

    fact: Fact
    governor: Iri
    inherited: bool
    reasons: tuple[str, ...] = ()


class Governance:
    """What governs the targets of an audit, read once for each target."""

    def __init__(self, store: TripleStore, model: OntologyModel) -> None:
        self.store = store
        self.model = model
        self._bindings = bindings(model)
        self._governors: dict[Iri, _Governor] = {}
        self._known: dict[Iri, frozenset[Iri]] = {}
        self._links: dict[Iri, list[_Link]] = {}
        self._open_questions: dict[tuple[str, Iri, tuple[Iri, ...]], VerdictReason] = {}

    def of(self, rule: Rule, targets: Sequence[Iri]) -> Mapping[Iri, Governed]:
        """Return, for each target, whether what the rule belongs to binds it."""
        if not rule.bound_by and not rule.excused_by:
            return dict.fromkeys(targets, UNBOUND)
        self._read([target for target in targets if target not in self._links])
        if rule.bound_by:
            return {target: self._bound(rule.bound_by, self._links[target]) for target in targets}
        return {target: self._excused(rule.excused_by, self._links[target]) for target in targets}

    def _excused(self, binding: Iri, links: Sequence[_Link]) -> Governed:
        decided = [link for link in links if self._is(link, binding) and self._negative(link) and link.reasons]
        return self._decision(binding, decided) if decided else UNBOUND

    def _bound(self, binding: Iri, links: Sequence[_Link]) -> Governed:
        own = [link for link in links if self._is(link, binding)]
        governed = [link for link in own if not self._negative(link)]
        # A decision about the whole does not reach a part of which it is stated that it is governed.
        decided = [link for link in own if self._negative(link) and not (governed and link.inherited)]
        reasoned = [link for link in decided if link.reasons]
        # Only a statement about the target itself contradicts a decision; one about its whole gives way.
        if reasoned and any(not link.inherited for link in governed):
            return self._open("decision-contradicted", binding, [*governed, *reasoned])
        if reasoned:
            return self._decision(binding, reasoned)
        if governed:
            return Governed(scope=Applicability.APPLIES, facts=self._facts(governed))
        if decided:
            return self._open("decision-without-reason", binding, decided)
        return self._nothing_stated(binding, links)

    def _nothing_stated(self, binding: Iri, links: Sequence[_Link]) -> Governed:
        policy = self._is_policy(binding)
        positive = [link for link in links if not self._negative(link)]
        puzzling = [link for link in positive if self._puzzling(link, policy=policy)]
        if puzzling:
            # A law of which nothing is known any more was withdrawn by its owner.
            described = any(self._governors[link.governor].facts for link in puzzling)
            code = "policy-unrecognised" if policy else "law-unrecognised"
            return self._open(code if described else "governor-gone", binding, puzzling)
        return self._open("not-stated" if positive else "no-rules", binding, positive)

    def _decision(self, binding: Iri, links: Sequence[_Link]) -> Governed:
        why = "; ".join(dict.fromkeys(reason for link in links for reason in link.reasons))
        reason = self._reason("not-governed", binding, links, why=why)
        return Governed(scope=Applicability.EXCLUDED, reason=reason, facts=self._facts(links))

    def _open(self, code: str, binding: Iri, links: Sequence[_Link]) -> Governed:
        # Many targets leave the same question open, about the same governors.
        asked = (code, binding, tuple(link.governor for link in links))
        reason = self._open_questions.get(asked)
        if reason is None:
            reason = self._open_questions[asked] = self._reason(code, binding, links)
        return Governed(scope=Applicability.UNDETERMINED, reason=reason, facts=self._facts(links))

    def _reason(self, code: str, binding: Iri, links: Sequence[_Link], **data: str) -> VerdictReason:
        named = [self._governors[link.governor] for link in links]
        nearest = self._nearest(named, binding)
        texts = {}
        for tag in LANGUAGES:
            said = messages("compliance", tag)
            advice = said["advice-nearest"].format(code=nearest) if nearest else ""
            texts[tag.lower()] = said[f"reason-{code}"].format(
                framework=self._name(binding, tag),
                governors=", ".join(dict.fromkeys(governor.name for governor in named)),
                advice=advice,
                **data,
            )
        return VerdictReason(code=code, text=Bilingual(texts=texts))

    def _nearest(self, governors: Iterable[_Governor], binding: Iri) -> str | None:
        texts = [t for g in governors for t in (*g.texts(SG.frameworkCode), g.name, *g.texts(RDFS.label))]
        kind = SG.PolicyKind if self._is_policy(binding) else SG.RegulatoryFramework
        return self._bindings.nearest(texts, kind, asked=binding)

    def _name(self, binding: Iri, tag: str) -> str:
        """Return how a sentence speaks of it: a law by its code, a kind of policy by its label."""
        known = self._bindings.known.get(binding)
        return known.code if known and not self._is_policy(binding) else self.model.label(binding, tag)

    def _is_policy(self, binding: Iri) -> bool:
        known = self._bindings.known.get(binding)
        return known is not None and known.kind == SG.PolicyKind

    def _negative(self, link: _Link) -> bool:
        return link.fact.predicate == SG.notGovernedBy

    def _is(self, link: _Link, binding: Iri) -> bool:
        return binding in self._recognised(self._governors[link.governor])

    def _recognised(self, governor: _Governor) -> frozenset[Iri]:
        """Return what a governor is, told once for each."""
        if governor.iri not in self._known:
            self._known[governor.iri] = self._recognise(governor)
        return self._known[governor.iri]

    def _recognise(self, governor: _Governor) -> frozenset[Iri]:
        """Tell what a governor is; what an organisation calls its own policy never makes a law of it."""
        found = governor.values(SG.policyKind) | self._bindings.recognise(
            governor.texts(SG.frameworkCode), governor.texts(SG.name, RDFS.label, SKOS.altLabel)
        )
        coded = self._bindings.recognise(governor.texts(SG.frameworkCode), ())
        return frozenset(iri for iri in found if iri in coded or governor.may_be(policy=self._is_policy(iri)))

    def _puzzling(self, link: _Link, *, policy: bool) -> bool:
        governor = self._governors[link.governor]
        return governor.may_be(policy=policy) and not self._recognised(governor)

    def _facts(self, links: Sequence[_Link]) -> tuple[Fact, ...]:
        found: dict[Fact, None] = {}
        for link in links:
            found[link.fact] = None
            named = self._governors[link.governor].evidence()
            if named is not None:
                found[named] = None
            for reason in link.reasons:
                found[Fact(link.fact.subject, SG.notGovernedReason, Literal(reason))] = None
        return tuple(found)

    def _read(self, targets: Sequence[Iri]) -> None:
        self._links.update((target, []) for target in targets)
        for chunk in chunks(targets):
            rows = self.store.select(_STATED.format(targets=" ".join(map(encode, chunk))))
            for target, link in _links(rows):
                self._links[target].append(link)
        new = {link.governor for target in targets for link in self._links[target]} - self._governors.keys()
        self._governors.update((iri, _Governor(iri)) for iri in new)
        for part in chunks(sorted(new)):
            for row in self.store.select(_GOVERNORS.format(governors=" ".join(map(encode, part)))):
                governor, predicate, value = row["governor"], row["property"], row["value"]
                if isinstance(governor, str) and isinstance(predicate, str) and value is not None:
                    self._governors[governor].facts.add(Fact(governor, predicate, value))


def _links(rows: Iterable[Row]) -> list[tuple[Iri, _Link]]:
    """Return the statements of a result, each once, with all of its reasons."""
    reasons: dict[tuple[Iri, Fact, bool], set[str]] = defaultdict(set)
    for row in rows:
        target, holder, relation, governor = (row[name] for name in ("target", "holder", "relation", "governor"))
        inherited, reason = row["inherited"], row["reason"]
        if not (isinstance(target, str) and isinstance(holder, str) and isinstance(relation, str)):
            continue
        if isinstance(governor, str):
            key = (
                target,
                Fact(holder, relation, governor),
                isinstance(inherited, Literal) and inherited.value == "true",
            )
            said = reasons[key]
            # Blanks are no reason.
            if isinstance(reason, Literal) and reason.value.strip():
                said.add(reason.value.strip())
    return [
        (target, _Link(fact, str(fact.object), inherited, tuple(sorted(said))))
        for (target, fact, inherited), said in sorted(reasons.items(), key=str)
    ]
