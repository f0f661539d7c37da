"""After an unclean stop the views follow the ledger from where they stand; where they cannot, they are made anew."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest

from stratagraph.ontology.facts import Observation
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.cli.serve import RESTORING
from stratagraph.service.engine.engine import Engine
from stratagraph.service.ledger.redaction import Sought
from stratagraph.service.ledger.retention import Policy
from stratagraph.service.settings import DERIVER_FILE, TRIPLES_FOLDER
from tests.service.engine.mending import assert_in_step, batch, small_core, small_engine
from tests.service.worlds import EX, NODES

ONTOLOGY = 1
"""The sequence of the ontology's own batch."""


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with small_core():
        yield


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A folder with enough in it that a few batches are a small part of it, closed in order."""
    with small_engine(tmp_path / "data") as engine:
        engine.commit(batch(1, source="many", more=300))
    return tmp_path / "data"


def torn(folder: Path, *numbers: int, into: Path) -> Path:
    """Copy a folder as it is while it is open and its views have not heard of batches that the ledger has."""
    with small_engine(folder) as engine:
        engine.commit(batch(2))
        for number in numbers:
            commit_only(engine, number)
        shutil.copytree(folder, into, ignore=shutil.ignore_patterns(TRIPLES_FOLDER, "*.lock"))
        engine.triples.checkpoint(into / TRIPLES_FOLDER)
    return into


def commit_only(engine: Engine, number: int) -> None:
    """Let the ledger have a batch that no view hears of."""
    engine.ledger.commit(batch(number), ontology_hash=engine.model.hash, single_valued=frozenset({EX.mood, SG.name}))


def way_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log tells of how the views came to stand where they do."""
    return [record.getMessage() for record in caplog.records if record.name == RESTORING]


@pytest.mark.parametrize("behind", [1, 4])
@pytest.mark.parametrize("state", ["older", "missing", "of another program", "damaged"])
def test_views_follow_from_where_they_stand(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, state: str, behind: int
) -> None:
    killed = torn(folder, *range(3, 3 + behind), into=tmp_path / "killed")
    file = killed / DERIVER_FILE
    if state == "missing":
        file.unlink()
    elif state == "of another program":
        file.write_bytes(file.read_bytes().replace(file.read_bytes()[:8], b"another ", 1))
    elif state == "damaged":
        file.write_bytes(file.read_bytes()[:-5])
    with caplog.at_level(logging.INFO), small_engine(killed) as engine:
        assert_in_step(engine, tmp_path)
        begin, names = (2, "adjacency, triples") if state == "older" else (3, "triples")
        assert way_of(caplog)[-1] == f"catching up from sequence {begin} to {3 + behind} ({names})"
        engine.commit(batch(90))
        assert_in_step(engine, tmp_path)


def test_a_deriver_that_was_saved_earlier_follows_alone_where_the_views_are_there(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed = torn(folder, into=tmp_path / "killed")
    with caplog.at_level(logging.INFO), small_engine(killed) as engine:
        assert_in_step(engine, tmp_path)
        assert way_of(caplog) == ["catching up from sequence 2 to 3 (adjacency)"]


def test_a_folder_that_is_new_tells_of_no_view_that_was_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), small_engine(tmp_path / "new") as engine:
        assert engine.sequence == ONTOLOGY
        assert way_of(caplog) == []


def test_views_that_missed_most_of_it_are_made_anew(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    killed = torn(folder, *range(3, 70), into=tmp_path / "killed")
    with caplog.at_level(logging.INFO), small_engine(killed) as engine:
        assert_in_step(engine, tmp_path)
        assert way_of(caplog)[-1] == f"rebuilding the view triples at sequence {engine.sequence}"


def test_what_was_redacted_meanwhile_is_made_anew_and_stands_nowhere(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = Sought(subject=NODES[0], predicate=EX.says, value="1 and 7")
    with small_engine(folder) as engine:
        engine.ledger.redact(secret, by="me", why="asked for", ontology_hash=engine.model.hash)
        commit_only(engine, 3)
        killed = shutil.copytree(folder, tmp_path / "killed", ignore=shutil.ignore_patterns("*.lock", TRIPLES_FOLDER))
        engine.triples.checkpoint(killed / TRIPLES_FOLDER)
    with caplog.at_level(logging.INFO), small_engine(killed) as engine:
        assert_in_step(engine, tmp_path)
        assert not engine.triples.ask("ASK { ?s ?p '1 and 7' }")
        assert way_of(caplog)[-1] == f"rebuilding the view triples at sequence {engine.sequence}"


def test_what_retention_took_out_meanwhile_is_not_followed_but_made_anew(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of what was added up since, nobody can tell any more what the views stood at."""
    with small_engine(folder) as engine:
        engine.commit(replace(batch(2), observations=tuple(calls(days_ago=20 - hour / 24) for hour in range(3))))
        due = engine.ledger.due_for_retention(Policy(fine=timedelta(days=2), hourly=timedelta(days=2)))
        assert due is not None
        assert engine.ledger.retain(due, ontology_hash=engine.model.hash) is not None
        killed = shutil.copytree(folder, tmp_path / "killed", ignore=shutil.ignore_patterns("*.lock", TRIPLES_FOLDER))
        engine.triples.checkpoint(killed / TRIPLES_FOLDER)
    with caplog.at_level(logging.INFO), small_engine(killed) as engine:
        assert_in_step(engine, tmp_path)
        assert way_of(caplog)[-1] == "rebuilding the view triples at sequence 4"


def calls(*, days_ago: float) -> Observation:
    start = datetime.now(UTC) - timedelta(days=days_ago)
    numbers = {"count": 1, "total": 1.0, "minimum": 1.0, "maximum": 1.0}
    end = start + timedelta(minutes=1)
    return Observation(subject=NODES[0], metric=SG.calls, unit="{call}", start=start, end=end, **numbers)  # type: ignore[arg-type]  # a dict of mixed numbers


def test_a_view_of_a_chain_that_the_ledger_never_had_is_made_anew(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The ledger was put back to an older copy, and went another way since."""
    older = shutil.copytree(folder, tmp_path / "older")
    with small_engine(folder) as engine:
        engine.commit(batch(2))
        engine.commit(batch(3))
    with small_engine(older) as engine:
        engine.commit(batch(4))
        engine.commit(batch(5))
        engine.commit(batch(6))
    shutil.rmtree(older / TRIPLES_FOLDER)
    shutil.copytree(folder / TRIPLES_FOLDER, older / TRIPLES_FOLDER)
    (older / DERIVER_FILE).write_bytes((folder / DERIVER_FILE).read_bytes())
    with caplog.at_level(logging.INFO), small_engine(older) as engine:
        assert_in_step(engine, tmp_path)
        assert way_of(caplog)[-1] == f"rebuilding the view triples at sequence {engine.sequence}"


def test_what_fails_while_following_leads_to_the_same(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    killed = torn(folder, 3, 4, into=tmp_path / "killed")
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setattr("stratagraph.service.views.triples.TriplesView.apply", lambda *_: 1 / 0)
        with small_engine(killed) as engine:
            assert_in_step(engine, tmp_path)
        assert "deriving anew" in caplog.text


KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from stratagraph.service.engine import derivation, in_force
from tests.service.engine.mending import batch, small_engine
from tests.service.happenings import small_ontology

in_force.load_extended = small_ontology
with small_engine(Path(sys.argv[1])) as engine:
    engine.commit(batch(2))
    derivation.Derivation.follow = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    engine.commit(batch(3))
"""


def test_a_process_killed_between_the_ledger_and_the_views(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED_BETWEEN, str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    with caplog.at_level(logging.INFO), small_engine(folder) as engine:
        assert engine.ledger.sequence() == ONTOLOGY + 3
        assert_in_step(engine, tmp_path)
        assert way_of(caplog) == ["catching up from sequence 2 to 4 (adjacency, triples)"]


def test_a_graph_of_an_older_format_is_made_anew_in_new_files(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As the format of statement nodes was: the same watermark with a lower version of the mapping."""
    store = ox.Store(str(folder / TRIPLES_FOLDER))
    version, books = (ox.NamedNode(SG.term(f"view/{name}")) for name in ("mappingVersion", "meta"))
    (mark,) = store.quads_for_pattern(None, version, None, books)
    store.remove(mark)
    store.add(ox.Quad(mark.subject, version, ox.Literal("5"), books))
    old = ox.NamedNode("https://w3id.org/stratagraph/statement/1")
    store.add(ox.Quad(old, ox.NamedNode(RDF.subject), ox.NamedNode(NODES[0])))
    del store
    with caplog.at_level(logging.INFO, RESTORING), small_engine(folder) as engine:
        assert_in_step(engine, folder)
        assert not engine.triples.ask(f"ASK {{ <{old.value}> ?p ?o }}")
    (told,) = [line for line in way_of(caplog) if "another version" in line]
    assert "made anew from the ledger" in told
    assert not (folder / TRIPLES_FOLDER).exists(), "the old files hold every term for good"
