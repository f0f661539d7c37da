"""LiteLLM's map of prices: what the tokens of each model cost, under which condition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

from stratagraph.loaders.formats.core_yaml import Path as Place
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Ignored, below, tree
from stratagraph.loaders.formats.litellm.rates import Rates
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.namespaces import DCT, SG

CURRENCY: Final = "USD"
"""LiteLLM counts in nothing else."""
CITATION: Final = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
"""Where the map is kept."""
ALIAS: Final = "alias_of"
_READ: Final = frozenset({"source", ALIAS})
_NO_MODELS: Final = frozenset({"sample_spec", "fallback_generalizations"})
_MARKS: Final = frozenset({"litellm_provider", ALIAS, "input_cost_per_token", "output_cost_per_token", "mode"})


class PriceMap:
    """The map that LiteLLM ships and fetches, or a part of it."""

    kind: ClassVar[Kind] = Kind.PRICES

    def recognises(self, document: Document) -> bool:
        """Tell a map of models to what is known of them."""
        if not document.is_json or not any(mark in document.data for mark in (b"litellm_provider", b'"alias_of"')):
            return False
        values = document.values
        root = values[0] if values else None
        return isinstance(root, Mapping) and bool(root) and all(map(_is_entry, root.values()))

    def read(self, document: Document, description: Description) -> None:
        """State the prices of each entry; one without any is a model whose price is not known."""
        root: Mapping[str, Any] = document.json
        for name, entry in root.items():
            if name in _NO_MODELS:
                continue
            rates = Rates.of(_resolved(name, root, description))
            source = entry.get("source")
            source = source if isinstance(source, str) and source else CITATION
            state_prices(description, name, rates, source=source, at=(name,))
            for field in entry.keys() - rates.understood - _READ:
                # Nothing is said by what is empty.
                if below(_ignored(), field) is None and entry[field] not in (None, "", [], {}):
                    description.unread(f"[].{field}")


def state_prices(description: Description, model: str, rates: Rates, *, source: str = CITATION, at: Place = ()) -> None:
    """State what a model costs, one price for each condition; 0 is a price, and no price is none."""
    for condition, figures in rates.by_condition.items():
        price = description.asset(SG.Price, model, CURRENCY, None, condition.text or None, at=at)
        for figure, amount in figures.items():
            description.state(price, figure, _plain(amount), at)
        description.state(price, SG.serviceTier, condition.tier, at)
        description.state(price, SG.aboveInputTokens, condition.above, at)
        description.state(price, SG.upToInputTokens, condition.up_to, at)
        description.state(price, DCT.bibliographicCitation, source, at)


def _plain(amount: Decimal) -> Decimal:
    """Return an amount without the zeros that multiplying leaves, and without an exponent."""
    return amount.normalize() + 0 if amount != amount.to_integral_value() else amount.quantize(Decimal(1))


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and (not _MARKS.isdisjoint(value) or "rules" in value)


def _resolved(name: str, root: Mapping[str, Any], description: Description) -> Mapping[str, Any]:
    """Return what is known of an entry, of an alias what is known of its target."""
    seen = [name]
    values: Mapping[str, Any] = root[name]
    while isinstance(target := values.get(ALIAS), str):
        if target in seen:
            description.fault((name,), f"'{name}' is an alias of itself, by {' > '.join([*seen, target])}.")
        if not isinstance(root.get(target), Mapping):
            description.fault((name,), f"'{name}' is an alias of '{target}', which the map does not hold.")
        seen.append(target)
        values = {**root[target], **{key: value for key, value in values.items() if key != ALIAS}}
    return values


@lru_cache(maxsize=1)
def _ignored() -> Ignored:
    """Return the names that are known and say nothing of the price of tokens."""
    text = (Path(__file__).parent / "prices.json").read_text(encoding="utf-8")
    return tree(json.loads(text)["ignored"])


FORMAT: Final = PriceMap()
