"""The audit as a command: a summary on standard error, the report where it was asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.service.cli import audit as command
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

ESTATE = """
assets:
- {kind: Law, name: LGPD_BR, frameworkCode: LGPD}
- {kind: LLMSystem, name: helpdesk, personalData: true, governedBy: LGPD_BR}
"""


@pytest.fixture(name="environment", scope="module")
def _environment(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("audit")
    opened(folder / "home" / DATA)
    environment = clean_environment(folder / "home")
    file = folder / "estate.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    assert run("load", str(file), environment=environment).returncode == 0
    return environment


def test_piped_it_is_json_and_the_summary_stands_apart(environment: Mapping[str, str]) -> None:
    done = run("audit", environment=environment)
    audit = json.loads(done.stdout)
    assert done.returncode == audit["exit"] == 1
    lines = done.stderr.splitlines()
    assert len(lines) < 8
    assert f"{audit['coverage']['outcomes']['unknown']} unknown" in lines[0]
    (lgpd,) = [part for part in audit["coverage"]["frameworks"] if part["framework"] == "LGPD"]
    expected = f"LGPD: {lgpd['obligations']} obligations, {lgpd['checked']} checked by rules, {lgpd['notChecked']} not"
    assert any(line.startswith(expected) for line in lines)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_lists_what_fails_or_is_unknown_and_why(environment: Mapping[str, str], lang: str) -> None:
    audit = json.loads(run("audit", environment=environment).stdout)
    done = run("audit", "--format", "table", "--lang", lang, environment=environment)
    words = messages("compliance", lang)
    found = [verdict for verdict in audit["verdicts"] if verdict["outcome"] in {"fail", "unknown"}]
    heads = [line for line in done.stdout.splitlines() if line.startswith(words["outcome-unknown"])]
    assert len(heads) == len(found) > 0
    reasons = sum(len(verdict["reasons"]) for verdict in found)
    assert sum(line.lstrip().startswith("- ") for line in done.stdout.splitlines()) == reasons
    assert f"- {words['label-evidence-missing']}: " in done.stdout


def test_on_a_terminal_the_table_is_what_one_gets(
    environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    class Console:
        stdout, stderr = Terminal(), Terminal()

    monkeypatch.setattr(command, "sys", Console)
    done = run("audit", environment=environment)
    assert done.stdout == run("audit", "--format", "table", environment=environment).stdout


@pytest.mark.parametrize("form", ["html", "csv", "json", "table"])
def test_it_says_where_it_wrote(environment: Mapping[str, str], form: str, tmp_path: Path) -> None:
    out = tmp_path / f"audit.{form}"
    done = run("audit", "--format", form, "--out", str(out), environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"The report is in {out}." in done.stderr
    assert "helpdesk" in out.read_text("utf-8")


def test_what_an_unknown_finding_offers_loads_once_it_is_filled_in(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    rows = csv.DictReader(io.StringIO(run("audit", "--format", "csv", environment=environment).stdout))
    (offered,) = [row["to_state"] for row in rows if row["rule"] == "LGPD-07"]
    assert offered.startswith("# Fill in what is open")
    file = tmp_path / "evidence.yaml"
    file.write_text(offered, encoding="utf-8")
    left_open = run("load", str(file), environment=environment)
    assert left_open.returncode == 2
    assert "evidence.yaml:" in left_open.stderr
    filled = offered.replace("processingPurpose:", "processingPurpose: support").replace(
        "legalBasis:", "legalBasis: LgpdContract"
    )
    file.write_text(filled, encoding="utf-8")
    assert run("load", str(file), environment=environment).returncode == 0
    audit = json.loads(run("audit", environment=environment).stdout)
    outcomes = {verdict["rule"]: verdict["outcome"] for verdict in audit["verdicts"] if verdict["name"] == "helpdesk"}
    assert outcomes["LGPD-07"] == "pass"
