"""Rules of one's own: read beside those that ship, refused with file and line, never left out in silence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from stratagraph.service.cli.audit import RulesNotInForce, _need_rules
from stratagraph.service.client import local
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import load_settings
from stratagraph.shapes.packs import InvalidRule, load_rules, rules_with
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

SHIPPED = files("stratagraph.shapes").joinpath("rules", "internal-policy", "pol-log-01.ttl").read_text("utf-8")
OWN = SHIPPED.replace("POL-LOG-01", "ACME-LOG-01").replace('"Internal policy"', '"Acme"')
ESTATE = """
assets:
- {kind: InternalPolicy, name: acme logs, policyKind: InternalDataPolicy}
- {kind: LLMSystem, name: helpdesk, governedBy: {kind: InternalPolicy, name: acme logs}}
"""


@pytest.fixture(name="rules")
def _rules(tmp_path: Path) -> Path:
    """A folder with one pack of one rule."""
    pack = tmp_path / "rules" / "acme"
    pack.mkdir(parents=True)
    (pack / "logs.ttl").write_text(OWN, encoding="utf-8")
    return tmp_path / "rules"


@pytest.fixture(name="environment")
def _environment(tmp_path: Path, opened: Opened) -> Mapping[str, str]:
    opened(tmp_path / "home" / DATA)
    environment = clean_environment(tmp_path / "home")
    (tmp_path / "estate.yaml").write_text(ESTATE, encoding="utf-8")
    assert run("load", str(tmp_path / "estate.yaml"), environment=environment).returncode == 0
    return environment


def test_a_rule_of_ones_own_judges_beside_those_that_ship(environment: Mapping[str, str], rules: Path) -> None:
    before = json.loads(run("audit", environment=environment).stdout)
    done = run("audit", "--rules", str(rules), environment=environment)
    after = json.loads(done.stdout)
    assert {rule["id"] for rule in after["rules"]} - {rule["id"] for rule in before["rules"]} == {"ACME-LOG-01"}
    (verdict,) = [each for each in after["verdicts"] if each["rule"] == "ACME-LOG-01"]
    (shipped,) = [each for each in after["verdicts"] if each["rule"] == "POL-LOG-01"]
    assert (verdict["outcome"], verdict["name"], verdict["framework"]) == ("unknown", "helpdesk", "Acme")
    assert verdict["reasons"] == shipped["reasons"]
    alone = run("audit", "--framework", "acme", environment={**environment, "STRATAGRAPH_RULES": str(rules)})
    assert {each["rule"] for each in json.loads(alone.stdout)["verdicts"]} == {"ACME-LOG-01"}


WRONG: list[tuple[str, Callable[[str], str], str, str]] = [
    ("no-turtle", lambda text: text.replace("rule:ACME-LOG-01 a", "rule:ACME-LOG-01 a a"), "logs.ttl:", ""),
    ("lacks", lambda text: text.replace("sg:article", "sg:artcle"), "logs.ttl:", "sg:article"),
    ("severity", lambda text: text.replace('"high"', '"huge"'), "logs.ttl:", "huge"),
    ("sparql", lambda text: text.replace("SELECT ?target ?subject", "SELEKT ?target"), "logs.ttl:", "is no SPARQL"),
    (
        "shape",
        lambda text: text.replace("sh:qualifiedMinCount 1", "sh:qualifiedMinCounts 1"),
        "logs.ttl:",
        "qualifiedMin",
    ),
    ("language", lambda text: text.replace("@pt-BR", "@pt-PT"), "logs.ttl:", "pt-br"),
    ("settled", lambda text: text.replace("sg:settledBy [", 'sg:settledBy "x" , ['), "logs.ttl:", "sg:settledBy"),
    ("twice", lambda text: text.replace("ACME-LOG-01", "POL-LOG-01"), "", "stands twice"),
]


@pytest.mark.parametrize(("change", "place", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_mistake_in_a_rule_is_told_with_file_and_line(
    environment: Mapping[str, str], rules: Path, change: Callable[[str], str], place: str, said: str
) -> None:
    (rules / "acme" / "logs.ttl").write_text(change(OWN), encoding="utf-8")
    done = run("audit", "--rules", str(rules), environment=environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
    if place:
        line = done.stderr.partition(place)[2].partition(":")[0]
        assert 1 <= int(line) <= len(OWN.splitlines())


def test_a_mistake_is_told_once_and_not_logged_beside(
    opened: Opened, rules: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (rules / "acme" / "logs.ttl").write_text(SHIPPED, encoding="utf-8")
    opened(tmp_path / "home" / DATA)
    environment = clean_environment(tmp_path / "home")
    refused = run("audit", "--rules", str(rules), "--lang", "pt-BR", environment=environment)
    assert refused.returncode == 2
    assert "a regra POL-LOG-01 aparece duas vezes" in refused.stderr
    assert [record.getMessage() for record in caplog.records] == []


def test_a_folder_without_a_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRule, match="no rule is in it"):
        rules_with(tmp_path)
    assert rules_with(None) == load_rules()


def test_a_service_that_lacks_the_rules_is_not_asked_to_judge_by_them(
    tmp_path: Path, opened: Opened, rules: Path
) -> None:
    settings = load_settings(data=opened(tmp_path / "data"))
    with Engine(settings) as engine:
        client = local(create_app(engine, guarded=False, lasting=False))
        _need_rules(client, settings)
        with pytest.raises(RulesNotInForce, match="ACME-LOG-01"):
            _need_rules(client, settings.model_copy(update={"rules": rules}))
