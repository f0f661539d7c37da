"""An audit for a terminal: a few lines that sum it up, and a list of what fails or is unknown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stratagraph.queries.audit.headline import headline
from stratagraph.queries.messages import messages, plural
from stratagraph.queries.written import day

SHOWN: Final = 100
"""Findings that a terminal is given; the other formats have all."""
LISTED: Final = ("fail", "unknown")


def summary(audit: dict[str, Any], lang: str) -> list[str]:
    """Return the numbers of the audit: outcomes, what was judged, and how much of each framework was."""
    words = messages("compliance", lang)
    coverage = audit["coverage"]
    lines = [
        headline(coverage["outcomes"], lang) + ".",
        words["judged"].format(
            rules=plural(words, "rules", coverage["rules"]),
            targets=plural(words, "targets", coverage["targets"]),
            on=day(audit["on"], lang),
            sequence=audit["sequence"],
        ),
    ]
    checked = [part for part in coverage["frameworks"] if part["checked"] or audit["framework"]]
    told = [{**part, "obligations": plural(words, "obligations", part["obligations"])} for part in checked]
    lines += [words["duties"].format(**part) for part in told]
    if others := [part["framework"] for part in coverage["frameworks"] if part not in checked]:
        lines.append(words["no-duties"].format(frameworks=", ".join(others)))
    return lines


def table(audit: dict[str, Any], lang: str) -> Iterator[str]:
    """Yield what fails and what is unknown, each with its reasons, the failures first."""
    words = messages("compliance", lang)
    found = [verdict for outcome in LISTED for verdict in audit["verdicts"] if verdict["outcome"] == outcome]
    outcomes = {outcome: words[f"outcome-{outcome}"] for outcome in LISTED}
    width = max(map(len, outcomes.values()))
    titles = {rule["id"]: rule["title"] for rule in audit["rules"]}
    for verdict in found[:SHOWN]:
        level = f" ({verdict['level']})" if verdict["level"] else ""
        title = titles[verdict["rule"]].get(lang.lower()) or titles[verdict["rule"]]["en"]
        name = verdict["label"].get(lang.lower()) or verdict["name"]
        yield f"{outcomes[verdict['outcome']]:{width}}  {verdict['rule']}  {name}{level}: {title}"
        yield from (f"{'':{width}}  - {_reason(reason, words, lang)}" for reason in verdict["reasons"])
    if len(found) > SHOWN:
        yield words["more-findings"].format(more=len(found) - SHOWN)
    if not found:
        yield words["nothing-found"]


def _reason(reason: dict[str, Any], words: Any, lang: str) -> str:
    label = words.get(f"label-{reason['code']}")
    text = reason["text"].get(lang.lower()) or reason["text"]["en"]
    return f"{label}: {text}" if label else text
