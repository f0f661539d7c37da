"""How much of what a source said a run may close by itself."""

from __future__ import annotations

from stratagraph.ontology.facts import LedgerChange
from stratagraph.service.sources.errors import ClosesTooMuch


def closing(change: LedgerChange) -> int:
    """Return how many statements a change closes without putting another value in their place."""
    renewed = {(claim.fact.subject, claim.fact.predicate) for claim in change.opened}
    return sum((claim.fact.subject, claim.fact.predicate) not in renewed for claim in change.closed)


class Closing:
    """Refuses a change that closes more than a share of what a source says."""

    def __init__(self, name: str, *, said: int, share: float) -> None:
        """``said``: how many statements of the source are open."""
        self._name = name
        self._said = said
        self._share = share

    def refusal(self, change: LedgerChange) -> ClosesTooMuch | None:
        """Return why a person must look at the change first; None where nobody must."""
        count = closing(change)
        if count <= self._share * self._said:
            return None
        return ClosesTooMuch(name=self._name, count=count, number=self._said, share=f"{self._share:.0%}")

    def __call__(self, change: LedgerChange) -> None:
        """Let the change pass, or raise ClosesTooMuch."""
        if refusal := self.refusal(change):
            raise refusal
