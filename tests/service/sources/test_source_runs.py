"""Runs of a source: what they open and close, and that a failed, partial or doubtful one changes nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.settings import Settings
from stratagraph.service.sources.errors import (
    BadSource,
    ClosesTooMuch,
    CommandsNotAllowed,
    FetchFailed,
    SourceConfigured,
    SourceKnown,
    SourceRunning,
    UnknownSource,
)
from stratagraph.service.sources.source import Source, source_of
from stratagraph.service.sources.source_register import SourceRegister
from stratagraph.service.sources.source_runs import SourceRuns
from stratagraph.service.sources.source_state import Outcome
from stratagraph.shapes.finding import GateRefused
from tests.opened import Opened
from tests.service.cli.lending import names
from tests.service.sources.websites import answer, stall, website


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


@pytest.fixture(name="runs")
def _runs(engine: Engine) -> SourceRuns:
    return SourceRuns(engine, SourceRegister({}, engine, commands=True))


def inventory(models: str) -> str:
    return "assets:\n" + "".join(f"- kind: BaseModel\n  name: {model}\n" for model in models.split())


def write(file: Path, models: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(inventory(models))
    return file


def added(runs: SourceRuns, **said: object) -> Source:
    return runs.register.add(source_of("s", said), replace=True).source


def state(runs: SourceRuns, name: str = "s") -> tuple[Outcome | None, str | None]:
    known = runs.register.get(name).state
    return known.outcome, known.error


def models(engine: Engine) -> set[str]:
    return names(engine, "BaseModel")


def test_a_file_is_taken_in_once_and_again_when_it_changes(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    file = write(tmp_path / "m.yaml", "a b c d")
    added(runs, path=str(file))
    runs.run("s")
    before = engine.ledger.sequence()
    ran = runs.run("s")
    assert ran is not None
    assert ran.committed is None
    assert engine.ledger.sequence() == before
    assert runs.register.get("s").state.runs == {Outcome.COMMITTED: 1, Outcome.UNCHANGED: 1}
    write(file, "a b c e")
    runs.run("s")
    assert models(engine) == set("abce")
    assert runs.register.get("s").state.closed == 2  # its class and its name


def test_what_was_withdrawn_meanwhile_comes_back_with_the_next_run(
    engine: Engine, runs: SourceRuns, tmp_path: Path
) -> None:
    added(runs, path=str(write(tmp_path / "m.yaml", "a b")))
    runs.run("s")
    (scope,) = engine.ledger.sources(source="s")[0].scopes
    gone = Batch(source="s", run="w", method=Method.DECLARED, scopes=(Scope(name=scope.name, complete=True),))
    engine.commit(gone)
    assert models(engine) == set()
    runs.run("s")
    assert models(engine) == {"a", "b"}


def test_more_than_the_share_waits_for_a_person(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    file = write(tmp_path / "m.yaml", "a b c d")
    added(runs, path=str(file))
    runs.run("s")
    write(file, "a b")
    before = engine.ledger.sequence()
    for _ in range(2):  # waiting is not forgotten because the document stays the same
        with pytest.raises(ClosesTooMuch, match=r"close 4 of its 8 statements, more than the 30%"):
            runs.run("s")
    assert engine.ledger.sequence() == before
    waiting = runs.register.get("s").state
    assert (waiting.outcome, waiting.closing, waiting.closed) == (Outcome.WAITING, 4, 0)
    rehearsed = runs.rehearse("s")
    assert rehearsed.refusal is not None
    assert engine.ledger.sequence() == before
    runs.run("s", accept=True)
    assert models(engine) == {"a", "b"}
    assert state(runs) == (Outcome.COMMITTED, None)


def test_other_values_are_no_closing(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    text = "assets:\n- {kind: BaseModel, name: a, version: '1'}\n"
    file.write_text(text)
    added(runs, path=str(file), limit_closing=0)
    runs.run("s")
    file.write_text(text.replace("'1'", "'2'"))
    runs.run("s")
    assert state(runs) == (Outcome.COMMITTED, None)


@pytest.mark.parametrize("edit", ["cut", "empty", "gone", "one of two cut", "another kind"])
def test_a_failed_or_partial_run_closes_nothing(engine: Engine, runs: SourceRuns, tmp_path: Path, edit: str) -> None:
    folder = tmp_path / "inv"
    first, second = write(folder / "1.yaml", "a b"), write(folder / "2.yaml", "c")
    added(runs, path=str(folder), limit_closing=1)
    runs.run("s")
    before = engine.ledger.sequence()
    if edit in ("empty", "gone"):
        first.unlink()
        second.unlink()
    if edit == "gone":
        folder.rmdir()
    if edit == "cut":
        first.write_text(first.read_text()[:-9])
    if edit == "one of two cut":
        write(first, "x y z")
        second.write_text("assets: [")
    if edit == "another kind":
        first.rename(folder / "1.ttl")
    with pytest.raises(StratagraphError):
        runs.run("s")
    assert engine.ledger.sequence() == before
    assert models(engine) == {"a", "b", "c"}
    assert state(runs)[0] is Outcome.FAILED


def test_a_document_that_moves_leaves_nothing_behind(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    """Files have names of their own: at another place they are another part of the source."""
    added(runs, path=str(write(tmp_path / "old.yaml", "a b")))
    runs.run("s")
    added(runs, path=str(write(tmp_path / "new.yaml", "a b")))
    runs.run("s")
    assert models(engine) == {"a", "b"}
    assert {scope.name: bool(scope.open_claims) for scope in engine.ledger.sources(source="s")[0].scopes} == {
        "old.yaml": False,
        "new.yaml": True,
    }


def test_a_scope_speaks_for_itself_alone(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    added(runs, path=str(write(tmp_path / "m.yaml", "a")))
    runs.run("s")
    added(runs, path=str(write(tmp_path / "n.yaml", "b")), scope="other")
    runs.run("s")
    assert models(engine) == {"a", "b"}


def test_a_pattern_reads_what_it_matches(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    write(tmp_path / "a" / "m.yaml", "a")
    write(tmp_path / "b" / "m.yaml", "b")
    write(tmp_path / "b" / "other.yaml", "c")
    added(runs, path=str(tmp_path / "*" / "m.yaml"))
    runs.run("s")
    assert models(engine) == {"a", "b"}
    assert {scope.name for scope in engine.ledger.sources(source="s")[0].scopes} == {"a/m.yaml", "b/m.yaml"}


def test_what_may_never_end_is_not_read(runs: SourceRuns) -> None:
    added(runs, path="/dev/zero")
    with pytest.raises(FetchFailed, match="no ordinary file"):
        runs.run("s")


def test_too_much_is_not_read(runs: SourceRuns, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_bytes(b"#" * (2 << 20))
    for path in (tmp_path / "m.yaml", tmp_path, tmp_path / "*.yaml"):
        added(runs, path=str(path), limit_mib=1)
        with pytest.raises(FetchFailed, match="more than 1 MiB"):
            runs.run("s")


def test_an_address_that_answers_unchanged_is_believed_only_of_what_was_committed(
    engine: Engine, runs: SourceRuns
) -> None:
    def behave(request: BaseHTTPRequestHandler) -> None:
        same = request.headers["If-None-Match"] == '"1"'
        answer("" if same else inventory("a b"), 304 if same else 200, ETag='"1"')(request)

    with website(behave) as site:
        added(runs, url=site.url)
        runs.run("s")
        runs.run("s")
        assert state(runs) == (Outcome.UNCHANGED, None)
        # Read as something else, the same bytes may mean something else.
        added(runs, url=site.url, scope="part")
        runs.run("s")
        assert [headers["If-None-Match"] for _, headers in site.asked] == [None, '"1"', None]


def test_while_one_source_stalls_another_one_is_taken_in(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    with website(stall) as site:
        runs.register.add(source_of("slow", {"url": site.url}), replace=False)

        def fail() -> None:
            with pytest.raises(FetchFailed):
                runs.run("slow")

        thread = threading.Thread(target=fail)
        thread.start()
        while not site.asked:
            assert thread.is_alive()
        with pytest.raises(SourceRunning):
            runs.run("slow")
        added(runs, path=str(write(tmp_path / "m.yaml", "a")))
        runs.run("s")
        assert models(engine) == {"a"}
        assert thread.is_alive()
        runs.stopping.set()
        thread.join()
    assert "service ended" in str(state(runs, "slow")[1])


def test_a_run_that_another_process_overtook_commits_nothing(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    """Two processes that share a ledger, of which one was cut off, and lost its lease."""
    source = added(runs, path=str(write(tmp_path / "m.yaml", "a")))
    slow = runs.register.begin("s", "slow")
    other = SourceRuns(engine, SourceRegister({}, engine, commands=False))
    other.run("s")
    before = engine.ledger.sequence()
    with pytest.raises(MarksMoved):
        runs._run(source, slow.model_copy(update={"fingerprint": None}), accept=True)
    assert engine.ledger.sequence() == before


def test_a_source_that_was_removed_while_it_was_read_is_not_taken_in(
    engine: Engine, runs: SourceRuns, tmp_path: Path
) -> None:
    source = added(runs, path=str(write(tmp_path / "m.yaml", "a")))
    began = runs.register.begin("s", "r")
    runs.register.remove("s")
    with pytest.raises(MarksMoved):
        runs._run(source, began, accept=True)
    assert models(engine) == set()
    with pytest.raises(UnknownSource):
        runs.run("s")


def test_who_is_paused_meanwhile_stays_so_and_is_taken_in(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    source = added(runs, path=str(write(tmp_path / "m.yaml", "a")))
    began = runs.register.begin("s", "r")
    runs.register.pause("s", paused=True)
    runs._run(source, began, accept=False)
    known = runs.register.get("s").state
    assert (known.paused, known.outcome) == (True, Outcome.COMMITTED)


def test_sources_of_the_configuration_are_changed_there_alone(engine: Engine) -> None:
    configured = source_of("gw", {"path": "/inv"})
    register = SourceRegister({"gw": configured}, engine, commands=False)
    with pytest.raises(SourceConfigured):
        register.add(configured, replace=True)
    with pytest.raises(SourceConfigured):
        register.remove("gw")
    assert register.get("gw").configured
    register.add(source_of("s", {"path": "/x"}), replace=False)
    with pytest.raises(SourceKnown):
        register.add(source_of("s", {"path": "/x"}), replace=False)
    with pytest.raises(CommandsNotAllowed):
        register.add(source_of("c", {"command": ["ls"]}), replace=False)
    with pytest.raises(BadSource, match="relative"):
        register.add(source_of("r", {"path": "x"}), replace=False)
    again = SourceRegister({}, engine, commands=False)
    assert [each.source.name for each in again.all()] == ["s"]


def test_what_the_gate_refuses_is_told_with_file_and_line(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(inventory("a") + "  contextWindowTokens: many\n- kind: BaseModel\n  name: b\n  bits: -4\n")
    added(runs, path=str(file))
    before = engine.ledger.sequence()
    for attempt in (runs.rehearse, runs.run):
        with pytest.raises(GateRefused) as caught:
            attempt("s")
        details = caught.value.details()["findings"]
        assert isinstance(details, list)
        places = {(Path(each["place"]["file"]).name, each["place"]["line"]) for each in details}
        assert places == {("m.yaml", 4), ("m.yaml", 7)}
    assert "m.yaml:4: " in (state(runs)[1] or "")
    assert engine.ledger.sequence() == before


def test_what_was_redacted_since_is_read_again(engine: Engine, runs: SourceRuns, tmp_path: Path) -> None:
    file = write(tmp_path / "m.yaml", "a b")
    added(runs, path=str(file))
    runs.run("s")
    asset = next(claim.fact.subject for claim in engine.ledger.facts_as_of(engine.sequence) if claim.source == "s")
    engine.redact(Sought(subject=asset), by="me", why="asked")
    ran = runs.run("s")
    assert ran is not None
    assert ran.committed is not None
    again = runs.run("s")
    assert again is not None
    assert again.committed is None
