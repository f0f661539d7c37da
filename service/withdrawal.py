"""Taking back what a source says, wholly or a part of it."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Sequence

from stratagraph.loaders.scopes import ENUMERATED
from stratagraph.ontology.errors import StratagraphError, in_short
from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.ontology.sentences import in_part
from stratagraph.service.ledger.history import ScopeRecord
from stratagraph.service.ledger.ledger import Ledger

MOST_NAMED = 10


class UnknownSource(StratagraphError, slug="unknown-source", status=404):
    """A source that never said anything."""

    text = "No source is called '{source}'. {known}"

    source: str
    known: str


class UnknownScope(StratagraphError, slug="unknown-scope", status=404):
    """A part of a source that says nothing."""

    text = "The source '{source}' says nothing in '{scope}'. {known}"

    source: str
    scope: str
    known: str


class NothingToWithdraw(StratagraphError, slug="nothing-to-withdraw", status=404):
    """A source that says nothing any more."""

    text = "The source '{source}' says nothing any more. There is nothing left to withdraw."

    source: str


def withdrawal(ledger: Ledger, source: str, scopes: Sequence[str] = ()) -> Batch:
    """Return the batch that closes everything a source says, or what it says in some scopes and below them.

    Raises:
        UnknownSource, UnknownScope, NothingToWithdraw: there is nothing that could be closed.
    """
    records = ledger.sources(source=source)
    if not records:
        names = [record.source for record in ledger.sources()]
        raise UnknownSource(source=source, known=_known(source, names, "The sources are: {names}."))
    spoken = [record for record in records[0].scopes if record.open_claims]
    if not spoken:
        raise NothingToWithdraw(source=source)
    chosen = spoken if not scopes else list(dict.fromkeys(r for name in scopes for r in _chosen(source, spoken, name)))
    closing = tuple(Scope(name=record.name, complete=True) for record in chosen)
    return Batch(source=source, run=f"withdrawal:{uuid.uuid4()}", method=Method.DECLARED, scopes=closing)


def _chosen(source: str, spoken: Sequence[ScopeRecord], name: str) -> list[ScopeRecord]:
    below = f"{name.rstrip('/')}{ENUMERATED}"
    chosen = [record for record in spoken if record.name == name or record.name.startswith(below)]
    if not chosen:
        known = _known(name, [record.name for record in spoken], "It says something in: {names}.")
        raise UnknownScope(source=source, scope=name, known=known)
    return chosen


def _known(asked: str, names: Sequence[str], start: str) -> str:
    """Name the nearest of the names first, and not more than a screen holds."""
    near = difflib.get_close_matches(asked, names, n=MOST_NAMED, cutoff=0.5)
    ordered = list(dict.fromkeys((*near, *sorted(names))))
    shown = in_part([f"'{in_short(name, 200)}'" for name in ordered], MOST_NAMED)
    return start.format(names=shown) if names else "Nothing was loaded yet."
