"""An audit in one sentence: how many verdicts of each outcome there are."""

from __future__ import annotations

from collections.abc import Mapping

from stratagraph.queries.messages import messages, plural


def headline(outcomes: Mapping[str, int], language: str) -> str:
    """Return the sentence; ``outcomes`` counts verdicts by the name of their outcome."""
    texts = messages("compliance", language)
    inapplicable = plural(texts, "inapplicable", outcomes.get("not_applicable", 0))
    told = {outcome: outcomes.get(outcome, 0) for outcome in ("fail", "unknown", "pass")}
    return texts["headline"].format(**told, inapplicable=inapplicable)
