"""The assets that rules judge, read once for all rules about the same classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.terms import encode
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.shapes.rule import Rule

# What was withdrawn is no target, though a relation that still leads there may tell a class of it. Nested, for a join
# within EXISTS is made anew for each target.
_MEMBERS: Final = """
SELECT DISTINCT ?target ?type ?name ?label WHERE {{
  VALUES ?class {{ {classes} }}
  ?target a ?class ; a ?type .
  FILTER EXISTS {{ GRAPH ?claims {{ ?target ?said ?value }} FILTER EXISTS {{ ?claims a sg:ClaimSet }} }}
  OPTIONAL {{ ?target sg:name ?name }}
  OPTIONAL {{ ?target rdfs:label ?label }}
}}
"""


@dataclass(frozen=True, slots=True)
class Target:
    """An asset that gets verdicts."""

    iri: Iri
    name: str
    types: frozenset[Iri]
    labels: Mapping[str, str] = field(default_factory=dict)


class Targets:
    """The targets of rules: members of their classes, and what their own queries pick."""

    def __init__(self, store: TripleStore) -> None:
        self._store = store
        self._members: dict[tuple[Iri, ...], list[Target]] = {}
        self._picked: dict[str, frozenset[Iri]] = {}

    def of(self, rule: Rule) -> list[Target]:
        """Return a rule's targets, in order of their IRIs."""
        classes = tuple(sorted(rule.target_classes))
        if classes not in self._members:
            self._members[classes] = self._read(classes)
        if not rule.target_query:
            return self._members[classes]
        picked = self._pick(rule.target_query)
        return [target for target in self._members[classes] if target.iri in picked]

    def _pick(self, query: str) -> frozenset[Iri]:
        if query not in self._picked:
            rows = self._store.select(query)
            self._picked[query] = frozenset(target for row in rows if isinstance(target := row["target"], str))
        return self._picked[query]

    def _read(self, classes: Sequence[Iri]) -> list[Target]:
        types: dict[Iri, set[Iri]] = defaultdict(set)
        names: dict[Iri, str] = {}
        labels: dict[Iri, dict[str, str]] = defaultdict(dict)
        for row in self._store.select(_MEMBERS.format(classes=" ".join(map(encode, classes)))):
            target, cls, name, label = row["target"], row["type"], row["name"], row["label"]
            if not (isinstance(target, str) and isinstance(cls, str)):
                continue
            types[target].add(cls)
            if isinstance(name, Literal):
                # Of several names always the same one, so that two audits of one state are equal.
                names[target] = min(names.get(target, name.value), name.value)
            if isinstance(label, Literal):
                known = labels[target].get(label.language.lower(), label.value)
                labels[target][label.language.lower()] = min(known, label.value)
        return [Target(iri, names.get(iri, iri), frozenset(types[iri]), labels[iri]) for iri in sorted(types)]
