"""The four fixtures of each rule, as files beside this one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import load_model
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Verdict
from stratagraph.shapes.packs import load_rules
from stratagraph.shapes.rule import Rule
from tests.shapes.rules.estate import Estate

FOLDER = Path(__file__).parent
KINDS = ("pass", "fail", "unknown", "not-applicable")
BASE = "https://example.org/"
TARGET = BASE + "target"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = {rule.id: rule for rule in load_rules()}


def path_of(rule: str, kind: str) -> Path:
    return FOLDER / rule / f"{kind}.ttl"


def facts_of(rule: str, kind: str) -> list[Fact]:
    path = path_of(rule, kind)
    return parse_rdf(path.read_bytes(), "turtle", BASE, path.name)


def day_of(rule: str, kind: str) -> date:
    """Return the day that a fixture is for: its ``# on:`` line, else the day of ``NOW``."""
    said = re.match(r"# on: (\S+)", path_of(rule, kind).read_text("utf-8"))
    return date.fromisoformat(said[1]) if said else NOW.date()


def verdict_on(rule: Rule, facts: list[Fact], day: date) -> Verdict:
    """Return the rule's verdict on the target."""
    audit = evaluate(Estate(facts), load_model(), [rule], on=day, now=NOW)
    (verdict,) = [v for v in audit.verdicts if v.target == TARGET]
    return verdict
