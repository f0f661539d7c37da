"""Which assets and scopes telemetry may name: as many as are allowed, over all requests and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stratagraph.ontology.facts import Iri

MOST_ASSETS: Final = 20_000
"""Assets that telemetry may name. Names are the sender's: a library that makes up one for each run floods the graph."""
MOST_SCOPES: Final = 5_000
"""Instrumentations of services: the ledger keeps a mark for each of them and each claim."""


class Named(NamedTuple):
    """What telemetry has named before."""

    assets: Iterable[Iri] = ()
    scopes: Iterable[str] = ()


def _nothing() -> Named:
    """Have named nothing."""
    return Named()


@dataclass(kw_only=True)
class Roster:
    """Admits names while there is room: one that was admitted stays so. Not safe between threads.

    ``before`` is asked once, when the first name comes.
    """

    most_assets: int = MOST_ASSETS
    most_scopes: int = MOST_SCOPES
    before: Callable[[], Named] = _nothing
    _assets: set[Iri] | None = None
    _scopes: set[str] = field(default_factory=set)

    def asset(self, iri: Iri) -> bool:
        """Tell whether an asset may be named."""
        return _admitted(self._known(), iri, self.most_assets)

    def scope(self, name: str) -> bool:
        """Tell whether an instrumentation of a service may have a scope of its own."""
        self._known()
        return _admitted(self._scopes, name, self.most_scopes)

    def _known(self) -> set[Iri]:
        if self._assets is None:
            named = self.before()
            self._assets = set(named.assets)
            self._scopes = set(named.scopes)
        return self._assets


def _admitted(known: set[str], name: str, most: int) -> bool:
    if name in known:
        return True
    if len(known) >= most:
        return False
    known.add(name)
    return True
