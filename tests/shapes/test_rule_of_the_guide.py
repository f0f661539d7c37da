"""The rule that the guide shows: it loads as it stands, and judges by what telemetry found in content."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.packs import load_rules
from stratagraph.shapes.rule import Rule
from tests.conftest import ROOT
from tests.shapes.rules.fixtures import BASE, NOW, verdict_on

PREFIXES = """
@prefix : <https://example.org/> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def rule(folder: Path) -> Rule:
    """Return the rule, from a folder as the guide says."""
    guide = (ROOT / "docs" / "how-to" / "write-a-rule.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```turtle\n(.*?)^```$", guide, flags=re.MULTILINE | re.DOTALL)
    (folder / "acme").mkdir()
    (folder / "acme" / "data.ttl").write_text(shown, encoding="utf-8")
    (found,) = load_rules(folder)
    return found


@pytest.fixture(name="shown", scope="module")
def _shown(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    return rule(tmp_path_factory.mktemp("my-rules"))


def facts(*, declared: str = "", found: float | None = None, hours: float = 1) -> list[Fact]:
    """Return a system, what is declared of it, and what telemetry found so many hours ago."""
    said = f":target a sg:LLMSystem ; sg:name 'desk' {declared} ."
    if found is not None:
        end = (NOW - timedelta(hours=hours)).isoformat()
        said += f"""
        <https://w3id.org/stratagraph/observation/found> a sg:Observation ; sg:observedOn :target ;
            sg:metric sg:personalDataFindings ; sg:unit "1" ; sg:count 9 ; sg:sum "{found}"^^xsd:double ;
            sg:windowEnd "{end}"^^xsd:dateTime ; sg:measured true ."""
    return parse_rdf((PREFIXES + said).encode(), "turtle", BASE, "facts.ttl")


@pytest.mark.parametrize(
    ("declared", "found", "outcome"),
    [
        ("; sg:personalData false", 0.0, Outcome.PASS),
        ("; sg:personalData false", 3.0, Outcome.FAIL),
        ("; sg:personalData true", 3.0, Outcome.PASS),
        ("", 3.0, Outcome.UNKNOWN),
        ("; sg:personalData false", None, Outcome.UNKNOWN),
    ],
)
def test_a_system_is_judged_by_what_was_found_in_its_content(
    shown: Rule, declared: str, found: float | None, outcome: Outcome
) -> None:
    verdict = verdict_on(shown, facts(declared=declared, found=found), NOW.date())
    assert verdict.outcome == outcome, verdict.reasons
    assert all({"en", "pt-br"} <= reason.text.texts.keys() for reason in verdict.reasons)


def test_what_was_found_long_ago_proves_nothing_today(shown: Rule) -> None:
    old = facts(declared="; sg:personalData false", found=0.0, hours=72)
    assert verdict_on(shown, old, NOW.date()).outcome == Outcome.UNKNOWN
