"""What would settle a verdict that is unknown: which facts, of which things, as the rules describe them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.terms import encode
from stratagraph.queries.audit.evidence import chunks
from stratagraph.queries.audit.governance import Governed
from stratagraph.queries.audit.verdicts import Thing
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.shapes.rule import Rule, Wanted
from stratagraph.shapes.validation_report import Result

# The codes of the reasons that ``Governance`` gives, by what would settle them.
_NOTHING_GOVERNS: Final = frozenset({"no-rules", "not-stated"})
_UNRECOGNISED: Final = frozenset({"law-unrecognised", "policy-unrecognised", "governor-gone"})
_WITHOUT_REASON: Final = "decision-without-reason"
_THINGS: Final = """
SELECT DISTINCT ?thing ?type ?name WHERE {{
  VALUES ?thing {{ {things} }}
  ?thing a ?type .
  OPTIONAL {{ ?thing sg:name ?name }}
}}
"""


def of_results(rule: Rule, results: Iterable[Result]) -> Iterator[tuple[Iri, Wanted]]:
    """Yield, for what an evidence shape misses, the things at fault and what is to be stated of them."""
    for result in results:
        # A rule says beside each message what is wanted; the English text is the key, for each rule has one.
        text = next((message.value for message in result.messages if message.language.lower() == "en"), "")
        for node, known in ((result.focus, rule.wanted_of_node), (result.value, rule.wanted_of_value)):
            if isinstance(node, str) and text in known:
                yield node, known[text]


def of_governance(governed: Governed, rule: Rule, target: Iri, model: OntologyModel) -> Iterator[tuple[Iri, Wanted]]:
    """Yield what would tell whether a rule's framework or policy governs a target."""
    code = governed.reason.code if governed.reason else ""
    binding = bindings(model).known.get(rule.bound_by)
    if binding is None:
        return
    policy = binding.kind == SG.PolicyKind
    cls, prop = (SG.Policy, SG.policyKind) if policy else (SG.Law, SG.frameworkCode)
    if code in _NOTHING_GOVERNS:
        governor = Wanted(cls=cls, states=((SG.name, None), (prop, rule.bound_by if policy else Literal(binding.code))))
        yield target, Wanted(states=((SG.governedBy, governor),))
    elif code in _UNRECOGNISED:
        for fact in governed.facts:
            if fact.predicate == SG.governedBy and isinstance(fact.object, str):
                yield fact.object, Wanted(cls=cls, states=((prop, None),))
    elif code == _WITHOUT_REASON:
        for fact in governed.facts:
            if fact.predicate == SG.notGovernedBy:
                yield fact.subject, Wanted(states=((SG.notGovernedReason, None),))


class Things:
    """What is known of things that something is to be stated of, looked up once for all rules."""

    def __init__(self, store: TripleStore, model: OntologyModel) -> None:
        self._store = store
        self._model = model
        self._known: dict[Iri, Thing] = {}

    def fetch(self, iris: Iterable[Iri]) -> None:
        """Look up what is not known yet."""
        new = {iri for iri in iris if iri not in self._known}
        self._known.update((iri, Thing(iri=iri)) for iri in new)
        self._known.update(_things(self._store, self._model, new))

    def __getitem__(self, iri: Iri) -> Thing:
        """Return a thing that was fetched; its class and name are empty where nobody describes it."""
        return self._known[iri]


def _things(store: TripleStore, model: OntologyModel, iris: Iterable[Iri]) -> Mapping[Iri, Thing]:
    types: dict[Iri, set[Iri]] = {}
    names: dict[Iri, str] = {}
    for chunk in chunks(sorted(iris)):
        for row in store.select(_THINGS.format(things=" ".join(map(encode, chunk)))):
            thing, cls, name = str(row["thing"]), str(row["type"]), row["name"]
            types.setdefault(thing, set()).add(cls)
            if isinstance(name, Literal):
                names[thing] = min(names.get(thing, name.value), name.value)
    return {iri: Thing(iri=iri, cls=narrowest(model, found), name=names.get(iri, "")) for iri, found in types.items()}


def narrowest(model: OntologyModel, types: Iterable[Iri]) -> Iri:
    """Return a class that has no other of the classes below it, or nothing where none is of the ontology."""
    return model.narrowest(types) or ""
