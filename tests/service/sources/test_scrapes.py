"""Exporters as sources: figures of what happened between runs, over restarts of either side, and nothing closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.ontology.namespaces import ASSET_BASE, SG, local_name
from stratagraph.service.app import app
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from stratagraph.service.sources.source import source_of
from stratagraph.service.sources.source_register import FENCES, SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sources.source_state import Outcome
from tests.opened import Opened
from tests.service.cli.lending import names
from tests.service.sources.websites import answer, website

MODEL = f"{ASSET_BASE}BaseModel/llama-3"
MAPPING = """\
mapping: shop
things:
  model: {class: sg:BaseModel, key: {sg:name: [llm]}}
figures:
  - {names: [shop_calls], shape: counter, on: [model], tells: [{metric: sg:calls}]}
"""


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


def told(number: int, model: str = "llama-3") -> bytes:
    labels = f'engine="0",model_name="{model}"'
    return (
        "# TYPE vllm:request_prompt_tokens histogram\n"
        f'vllm:request_prompt_tokens_bucket{{{labels},le="+Inf"}} {number}\n'
        f"vllm:request_prompt_tokens_count{{{labels}}} {number}\n"
        f"vllm:request_prompt_tokens_sum{{{labels}}} {number * 9}\n"
    ).encode()


def runs_of(engine: Engine) -> SourceRuns:
    return SourceRuns(engine, SourceRegister({}, engine, commands=True))


def tokens(engine: Engine) -> float:
    return sum(
        seen.total
        for seen in engine.ledger.newest_observations()
        if (seen.subject, seen.metric) == (MODEL, SG.inputTokens)
    )


def test_figures_are_what_was_added_between_runs(engine: Engine) -> None:
    with website(answer(told(5), media_type="text/plain; version=0.0.4")) as site:
        runs = runs_of(engine)
        runs.register.add(source_of("s", {"url": f"{site.url}/metrics", "kind": "prometheus"}), replace=False)
        runs.run("s")
        assert names(engine, "BaseModel") == {"llama-3"}
        assert tokens(engine) == 0
        runs.run("s")
        assert runs.register.get("s").state.outcome is Outcome.UNCHANGED
        site.behave = answer(told(7), media_type="text/plain; version=0.0.4")
        # Another process goes on from what was committed.
        runs = runs_of(engine)
        runs.run("s")
        assert tokens(engine) == 18
        site.behave = answer(told(9)[:-3], media_type="text/plain; version=0.0.4")
        with pytest.raises(MalformedDocument):
            runs.run("s")
        assert tokens(engine) == 18
        site.behave = answer(told(1, "other"), media_type="text/plain; version=0.0.4")
        runs.run("s")
        assert names(engine, "BaseModel") == {"llama-3", "other"}


def test_a_rehearsal_moves_nothing(engine: Engine) -> None:
    with website(answer(told(5), media_type="text/plain; version=0.0.4")) as site:
        runs = runs_of(engine)
        runs.register.add(source_of("s", {"url": f"{site.url}/metrics"}), replace=False)
        runs.run("s")
        site.behave = answer(told(7), media_type="text/plain; version=0.0.4")
        ran = runs.rehearse("s")
        assert ran.loaded is not None
        assert {local_name(seen.metric) for seen in ran.loaded.batch.observations} == {"inputTokens"}
        assert tokens(engine) == 0
        runs.run("s")
        assert tokens(engine) == 18


def test_a_source_that_is_removed_leaves_no_marks(engine: Engine) -> None:
    with website(answer(told(5), media_type="text/plain; version=0.0.4")) as site:
        runs = runs_of(engine)
        runs.register.add(source_of("s", {"url": f"{site.url}/metrics", "kind": "prometheus"}), replace=False)
        runs.run("s")
        assert any(mark.startswith("s/") for mark in engine.marks(FENCES))
        runs.register.remove("s")
        assert not engine.marks(FENCES)


def test_a_mapping_of_ones_own_is_read(engine: Engine, tmp_path: Path) -> None:
    mapping = tmp_path / "shop.yaml"
    mapping.write_text(MAPPING)
    page = '# TYPE shop_calls counter\nshop_calls_total{{llm="llama-3"}} {}\n'
    with website(answer(page.format(3).encode(), media_type="text/plain; version=0.0.4")) as site:
        runs = runs_of(engine)
        said = {"url": f"{site.url}/metrics", "kind": "prometheus", "mapping": str(mapping)}
        runs.register.add(source_of("s", said), replace=False)
        runs.run("s")
        site.behave = answer(page.format(8).encode(), media_type="text/plain; version=0.0.4")
        runs.run("s")
        (seen,) = (one for one in engine.ledger.newest_observations() if one.subject == MODEL)
        assert (local_name(seen.metric), seen.total) == ("calls", 5)
        mapping.write_text(MAPPING.replace("sg:calls", "sg:cals"))
        site.behave = answer(page.format(9).encode(), media_type="text/plain; version=0.0.4")
        with pytest.raises(MalformedDocument, match=r"shop\.yaml:5: 'sg:cals' is no metric"):
            runs.run("s")
        mapping.unlink()
        site.behave = answer(page.format(10).encode(), media_type="text/plain; version=0.0.4")
        with pytest.raises(Exception, match=r"cannot be read"):
            runs.run("s")


def test_a_mapping_is_checked_by_the_command(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yml"
    good.write_text(MAPPING)
    bad.write_text(MAPPING.replace("sg:BaseModel", "sg:BaseModle").replace("sg:calls", "sg:cals"))

    fine = CliRunner().invoke(app, ["source", "check", str(good)])
    assert (fine.exit_code, fine.output) == (0, f"The mapping '{good}' has no mistake.\n")
    wrong = CliRunner().invoke(app, ["source", "check", str(good), str(bad)])
    assert wrong.exit_code == 2
    assert [line.split("'")[0] for line in wrong.output.splitlines()[1:]] == [f"{bad}:3: ", f"{bad}:5: "]
