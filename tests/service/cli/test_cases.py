"""Loads and audits that went wrong once, run as the fixtures' README tells them, each with what is right."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from stratagraph.service.engine.engine import Engine
from tests.service.cli.invoking import run
from tests.service.cli.lending import Load, _engine, _environment, _load, names

__all__ = ["_engine", "_environment", "_load"]

pytestmark = pytest.mark.shared


@pytest.fixture(name="cases")
def _cases(tmp_path: Path, shared: Path) -> Path:
    """The inputs, in a place where they can be changed."""
    return Path(shutil.copytree(shared / "cases" / "2026-11-27", tmp_path / "cases"))


def test_e1_a_file_that_is_gone_says_nothing_any_more(engine: Engine, load: Load, cases: Path) -> None:
    folder = cases / "estate" / "e1" / "before"
    load(folder)
    assert names(engine, "Agent") == {"e1-retired"}
    (folder / "old-agent.yaml").unlink()
    done = load(folder)
    assert done.returncode == 0, done.stderr
    assert "1 closed" in done.stdout
    assert "old-agent.yaml" in done.stdout
    assert (names(engine, "Agent"), names(engine, "BaseModel")) == (set(), {"e1-model"})


def test_e2_a_name_in_capitals_is_the_same_kind_of_file(engine: Engine, load: Load, cases: Path) -> None:
    done = load(cases / "estate" / "e2")
    assert done.returncode == 0, done.stderr
    assert names(engine, "BaseModel") == {"e2-lower", "e2-upper"}


def test_e3_what_still_points_to_something_withdrawn_is_said_and_its_owner_may_go_on(
    load: Load, cases: Path, environment: Mapping[str, str]
) -> None:
    folder = cases / "estate" / "e3"
    for owner in ("owner", "user"):
        assert load(folder / f"{owner}.yaml", "--source", owner).returncode == 0
    (folder / "owner-later.yaml").replace(folder / "owner.yaml")
    done = load(folder / "owner.yaml", "--source", "owner", "--allow-empty")
    assert done.returncode == 0, done.stderr
    assert "e3-reader" in done.stdout
    told = run("impact", "e3-reader", environment=environment)
    assert "e3-index (retrieves from), which has been withdrawn; so says user" in told.stdout
    user = folder / "user.yaml"
    user.write_text(user.read_text(encoding="utf-8") + "    purpose: reads\n", encoding="utf-8")
    assert load(user, "--source", "user").returncode == 0


@pytest.mark.parametrize(
    ("name", "target", "reasons"),
    [
        (
            "c1-law-without-code.yaml",
            "c1-desk",
            {"LGPD-07": "law-unrecognised", "LGPD-33": "law-unrecognised", "LGPD-46": "law-unrecognised"},
        ),
        ("c2-effective-far-away.ttl", "c2-desk", {"LGPD-07": "date-unreadable"}),
    ],
)
def test_c_what_nobody_stated_or_can_read_is_unknown(
    load: Load, cases: Path, environment: Mapping[str, str], *, name: str, target: str, reasons: dict[str, str]
) -> None:
    loaded = load(cases / "compliance" / name)
    assert loaded.returncode == 0, loaded.stderr
    done = run("audit", "--framework", "LGPD", "--format", "json", environment=environment)
    assert done.returncode == 1
    verdicts = {item["rule"]: item for item in json.loads(done.stdout)["verdicts"] if item["name"] == target}
    assert {rule: verdicts[rule]["outcome"] for rule in reasons} == dict.fromkeys(reasons, "unknown")
    given = {rule: [reason["code"] for reason in verdicts[rule]["reasons"]] for rule in reasons}
    assert {rule: code for rule, code in reasons.items() if code not in given[rule]} == {}, given
