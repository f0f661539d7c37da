"""How much of each framework the rules of an audit check: a report that is silent about the rest misleads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, SKOS
from stratagraph.queries.audit.verdicts import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """A framework's obligations as the ontology knows them, by notation, and those of them that no rule checks."""

    framework: str
    obligations: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def checked(self) -> int:
        """How many obligations a rule of the audit checks."""
        return len(self.obligations) - len(self.unchecked)


def duties(audit: Audit, model: OntologyModel) -> tuple[Duties, ...]:
    """Return the coverage of each framework that has obligations; of one framework where the audit is of one."""
    checked = {rule.obligation for rule in audit.rules}
    return tuple(
        Duties(framework=name, obligations=known, unchecked=tuple(each for each in known if each not in checked))
        for name, known in _obligations(model).items()
        if audit.framework in {None, name}
    )


# A few, since a service whose modules change has one ontology after the other.
@lru_cache(maxsize=4)
def _obligations(model: OntologyModel) -> Mapping[str, tuple[str, ...]]:
    """Return the notations of every framework's obligations, by the framework's code."""
    frameworks: dict[Iri, Iri] = {}
    notations: dict[Iri, str] = {}
    for fact in model.triples:
        if fact.predicate == SG.obligationOf and isinstance(fact.object, str):
            frameworks[fact.subject] = fact.object
        elif fact.predicate == SKOS.notation and isinstance(fact.object, Literal):
            notations[fact.subject] = fact.object.value
    known = bindings(model).known
    # The codes are those that the rules write as their framework, else nothing would match.
    found: dict[str, list[str]] = defaultdict(list)
    for obligation, framework in frameworks.items():
        code = known[framework].code if framework in known else notations.get(framework, framework)
        found[code].append(notations.get(obligation, obligation))
    return {code: tuple(sorted(found[code])) for code in sorted(found)}
