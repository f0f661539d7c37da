"""A data folder that a program of before named graphs wrote opens: its graph is made anew, and the log says so.

`data/before-named-graphs.tar.xz` is such a folder: commit 1e31cf4 opened it with the small ontology of these tests and
committed ``batch(1)`` to ``batch(3)``. Its triples hold a statement node for each fact. Left out of it are locks and
logs; the key in it was made for it, and signs nothing else.
"""

from __future__ import annotations

import logging
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from stratagraph.ontology.namespaces import CLAIMS_BASE, RDF, SG
from stratagraph.service.cli.serve import RESTORING
from stratagraph.service.settings import TRIPLES_FOLDER
from tests.service.engine.mending import assert_in_step, batch, shown, small_core, small_engine
from tests.service.worlds import EX

ARCHIVE = Path(__file__).parent / "data" / "before-named-graphs.tar.xz"


@pytest.fixture(name="small", autouse=True, scope="module")
def _small() -> Iterator[None]:
    with small_core():
        yield


@pytest.fixture(name="old")
def _old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def statements(folder: Path) -> int:
    """How many statement nodes the triples on disk hold: reified facts of the old format."""
    store = ox.Store.read_only(str(folder / TRIPLES_FOLDER))
    return sum(1 for _ in store.quads_for_pattern(None, ox.NamedNode(RDF.subject), None, None))


def test_the_archive_is_of_the_old_format(old: Path) -> None:
    assert statements(old) > 3


def test_it_opens_and_answers_like_a_new_one(old: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, RESTORING), small_engine(old) as engine:
        told = [record.getMessage() for record in caplog.records if "another version" in record.getMessage()]
        # Also that what was saved of the deriver is not used.
        assert len([text for text in told if "made anew from the ledger" in text]) == 1
        assert_in_step(engine, tmp_path)
        assert engine.ledger.verify().ok
        here = said(shown(engine, tmp_path)[0])
    with small_engine(tmp_path / "new") as engine:
        for number in (1, 2, 3):
            engine.commit(batch(number))
        assert len(here) > 3
        assert said(shown(engine, tmp_path)[0]) == here
    caplog.clear()
    with caplog.at_level(logging.INFO, RESTORING), small_engine(old) as engine:
        assert [record.getMessage() for record in caplog.records if "anew" in record.getMessage()] == []
        engine.commit(batch(4))
        assert_in_step(engine, tmp_path)


def said(lines: set[str]) -> set[tuple[str, bool]]:
    """What a graph says of the small world, and whether somebody states it; not who and when."""
    predicates = (f"<{EX}", f"<{RDF.type}>", f"<{SG.name}>", f"<{SG}affects")
    told = {line for line in lines if line.startswith(f"<{EX}") and line.split()[1].startswith(predicates)}
    return {(re.sub(f" <{re.escape(CLAIMS_BASE)}[^>]*> [.]$", " .", line), f" <{CLAIMS_BASE}" in line) for line in told}
