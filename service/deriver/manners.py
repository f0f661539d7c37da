"""The manners of influence as bits of a mask, and the properties by which edges of these manners can be found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.service.deriver.numbers import Numbers
from stratagraph.service.deriver.tables import Tables, Turned


class Manners:
    """What an influence edge's manners imply: ``sg:affectsCost``, and what follows from it alone."""

    def __init__(self, model: OntologyModel, tables: Tables, numbers: Numbers) -> None:
        """Give each manner of the model a bit."""
        self._bits: dict[Iri, int] = {}
        self._implied: dict[int, tuple[Turned, ...]] = {}
        implying: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for place, (manner, info) in enumerate(sorted(model.manners.items())):
            bit = self._bits[manner] = 1 << place
            self._implied[bit] = tables.expansion(numbers.number(info.influence_property))
            for prop, turned in self._implied[bit]:
                implying[prop][turned] |= bit
        self._implying = {prop: (straight, turned) for prop, (straight, turned) in implying.items()}
        self.implied = lru_cache(maxsize=None)(self._imply)  # a mask for each combination that occurs: a few

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cache: one around a method of the object itself can't be pickled."""
        return {name: value for name, value in vars(self).items() if name != "implied"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin to remember anew."""
        vars(self).update(state)
        self.implied = lru_cache(maxsize=None)(self._imply)

    def mask(self, manners: Iterable[Iri]) -> int:
        """Return the mask of some manners."""
        mask = 0
        for manner in manners:
            mask |= self._bits[manner]
        return mask

    @property
    def properties(self) -> Collection[int]:
        """The properties of which edges can imply triples."""
        return self._implying.keys()

    def implying(self, prop: int) -> tuple[int, int]:
        """Return the manners whose edges imply triples of the property: straight on, and with the ends turned."""
        return self._implying.get(prop, (0, 0))

    def _imply(self, mask: int) -> tuple[Turned, ...]:
        """Return the properties of the triples that an edge of these manners implies."""
        return tuple(dict.fromkeys(way for bit, ways in self._implied.items() if bit & mask for way in ways))
