"""An MLflow server as a source: all that it shows is read, with a credential for it alone, or nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from stratagraph.service.sources.errors import ClosesTooMuch, FetchFailed
from stratagraph.service.sources.fetching.all_of import fetch
from stratagraph.service.sources.fetching.fetched import Known
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import source_of
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sources.source_state import Outcome
from tests.opened import Opened
from tests.service.cli.lending import names
from tests.service.sources.websites import Behave, Website, answer, stall, website

API = "/api/2.0/mlflow/"
MISSING = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"}
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}
Answers = dict[str, Any]


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


@pytest.fixture(name="runs")
def _runs(engine: Engine) -> SourceRuns:
    return SourceRuns(engine, SourceRegister({}, engine, commands=True))


def registry(*models: str) -> Answers:
    """What a server answers that has these models and a prompt: by path, and whether prompts are asked for."""
    versions = [{"name": name, "version": "1", "source": "s3://b/m", "run_id": f"run-{name}"} for name in models]
    prompt = {"name": "greeting", "version": "1", "source": "dummy-source", "run_id": "", "tags": [PROMPT]}
    listed = [{"name": each["name"], "latest_versions": [each], "aliases": []} for each in versions]
    return {
        "registered-models/search": {"registered_models": listed},
        "registered-models/search prompts": {"registered_models": [{"name": "greeting", "tags": [PROMPT]}]},
        "model-versions/search": {"model_versions": versions},
        "model-versions/search prompts": {"model_versions": [prompt]},
    }


def server(answers: Answers, prefix: str = "") -> Behave:
    """Answer as an MLflow server does: what there is not, by 404 and a code."""

    def behave(request: BaseHTTPRequestHandler) -> None:
        asked = urlsplit(request.path)
        path = asked.path.removeprefix(prefix + API)
        found = answers.get(f"{path} prompts" if "filter" in parse_qs(asked.query) else path)
        sent = answer(json.dumps(found or MISSING), 200 if found is not None else 404, "application/json")
        sent(request)

    return behave


def added(runs: SourceRuns, site: Website, path: str = "", **said: object) -> None:
    runs.register.add(source_of("s", {"url": site.url + path, "kind": "mlflow", **said}), replace=True)


def test_models_and_prompts_come_and_stay_where_nothing_changes(engine: Engine, runs: SourceRuns) -> None:
    with website(server(registry("triage", "ranker"))) as site:
        added(runs, site)
        runs.run("s")
        assert names(engine, "BaseModel") == {"triage", "ranker"}
        assert names(engine, "Prompt") == {"greeting"}
        before = engine.ledger.sequence()
        runs.run("s")
        assert engine.ledger.sequence() == before
        site.behave = server(registry("triage", "ranker", "sorter"))
        runs.run("s")
        assert names(engine, "BaseModel") == {"triage", "ranker", "sorter"}


def test_the_recorded_answers_of_a_real_server(engine: Engine, runs: SourceRuns, shared: Path) -> None:
    def recorded(name: str) -> Any:
        return json.loads((shared / "formats/mlflow-rest" / f"{name}.json").read_bytes())["body"]

    run = recorded("run-get")
    models = {
        f"logged-models/{one['info']['model_id']}": {"model": one} for one in recorded("logged-models-search")["models"]
    }
    answers = {
        "registered-models/search": recorded("registered-models-search"),
        "registered-models/search prompts": recorded("registered-models-search-prompts"),
        "model-versions/search": recorded("model-versions-search"),
        "model-versions/search prompts": recorded("model-versions-search-claims-system"),
        "runs/get": run,
        **models,
    }
    with website(server(answers)) as site:
        added(runs, site)
        runs.run("s")
    assert names(engine, "Prompt") == {"claims-system"}
    assert names(engine, "FineTunedModel") == {"claims-triage"}
    assert names(engine, "Dataset") == {"claims-2025"}
    assert names(engine, "TrainingPipeline") == {"finetune-7"}


@pytest.mark.parametrize("path", ["/sub", "/sub/", "/sub/#/models", "/sub/api/2.0/mlflow/registered-models/search"])
def test_the_address_may_be_one_of_its_pages(engine: Engine, runs: SourceRuns, path: str) -> None:
    with website(server(registry("triage"), prefix="/sub")) as site:
        added(runs, site, path)
        runs.run("s")
    assert names(engine, "BaseModel") == {"triage"}


def test_answers_kept_as_a_file_on_the_web_are_a_document(engine: Engine, runs: SourceRuns) -> None:
    with website(answer(json.dumps(registry("triage")["registered-models/search"]))) as site:
        added(runs, site, "/kept/answers.json")
        runs.run("s")
        assert [path for path, _ in site.asked] == ["/kept/answers.json"]
    assert names(engine, "BaseModel") == {"triage"}


def test_each_request_has_the_credential(runs: SourceRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0k3n")
    with website(server(registry("triage"))) as site:
        added(runs, site, headers={"Authorization": {"env": "MLFLOW_TRACKING_TOKEN", "prefix": "Bearer "}})
        runs.run("s")
        assert {headers["Authorization"] for _, headers in site.asked} == {"Bearer t0k3n"}
        assert len(site.asked) > len(registry())


def refused(request: BaseHTTPRequestHandler) -> None:
    """Answer the first question, and no other."""
    body = registry("triage")["registered-models/search"]
    sent = answer(json.dumps(body)) if "filter" not in request.path else answer("{}", 500)
    sent(request)


STRANGE: dict[str, tuple[Behave, dict[str, object], type[StratagraphError], str]] = {
    "nothing is shown": (answer("{}"), {}, FetchFailed, "nothing is shown to this credential"),
    "a login": (answer("<!doctype html><title>Log in</title>"), {}, FetchFailed, "'Log in'"),
    "another server": (answer("not found", 404), {}, FetchFailed, "is it a server of MLflow"),
    "other JSON": (answer("[1]"), {}, MalformedDocument, "no object"),
    "a refusal": (answer("no", 401), {}, FetchFailed, "who asks"),
    "half of it": (refused, {}, FetchFailed, "500"),
    "a redirect": (answer("", 302, Location="http://elsewhere.example/"), {}, FetchFailed, "elsewhere"),
    "pages without end": (
        answer(json.dumps({"registered_models": [], "next_page_token": "again"})),
        {},
        MalformedDocument,
        "no end",
    ),
    "a stall": (stall, {"limit_seconds": 0.2}, FetchFailed, "limit_seconds"),
    "too much": (
        answer(json.dumps({"registered_models": [{"name": "n", "description": "x" * 600_000}]})),
        {"limit_mib": 1},
        FetchFailed,
        "limit_mib",
    ),
}


@pytest.mark.parametrize("case", STRANGE)
def test_what_is_less_than_all_is_no_answer(case: str) -> None:
    behave, bounds, error, said = STRANGE[case]
    with website(behave) as site:
        source = source_of("s", {"url": site.url, "kind": "mlflow", **bounds})
        limits = Limits(
            source.place, seconds=source.limit_seconds, most_bytes=source.limit_bytes, stopping=threading.Event()
        )
        with pytest.raises(error, match=said):
            fetch(source, limits, Known())


def test_half_an_answer_closes_nothing(engine: Engine, runs: SourceRuns) -> None:
    with website(server(registry("triage"))) as site:
        added(runs, site)
        runs.run("s")
        before = engine.ledger.sequence()
        site.behave = refused
        with pytest.raises(FetchFailed):
            runs.run("s")
    assert runs.register.get("s").state.outcome is Outcome.FAILED
    assert engine.ledger.sequence() == before
    assert names(engine, "BaseModel") == {"triage"}


def test_a_model_that_is_gone_is_closed_unless_it_is_too_much(engine: Engine, runs: SourceRuns) -> None:
    with website(server(registry("triage", "ranker"))) as site:
        added(runs, site)
        runs.run("s")
        site.behave = server(registry("triage"))
        with pytest.raises(ClosesTooMuch):
            runs.run("s")
        runs.run("s", accept=True)
    assert names(engine, "BaseModel") == {"triage"}
