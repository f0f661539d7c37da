"""The core that is kept is the core that is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stratagraph.ontology import model as models
from stratagraph.ontology.kept import VERSIONS, KeptCore
from stratagraph.ontology.model import load_model
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.stated import Stated


@pytest.fixture(name="kept")
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeptCore:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return KeptCore(module_files().values())


def test_it_comes_back_whole_and_its_facts_when_they_are_asked_for(kept: KeptCore) -> None:
    read = load_model()
    kept.keep(read, read.stated)
    stated = Stated(lambda: kept.modules() or pytest.fail("the facts are not kept"))
    found = kept.model(stated)
    assert isinstance(found, models.OntologyModel)
    assert found.stated is stated
    fields = set(models.OntologyModel.__dataclass_fields__) - {"stated"}
    assert {name: getattr(found, name) for name in fields} == {name: getattr(read, name) for name in fields}
    assert found.triples == read.triples
    assert dict(found.modules) == dict(read.modules)


def test_older_versions_go(kept: KeptCore, tmp_path: Path) -> None:
    folder = tmp_path / "stratagraph" / "ontology"
    folder.mkdir(parents=True)
    for number in range(2 * VERSIONS):
        file = folder / f"old{number}.model"
        file.touch()
        os.utime(file, (number, number))
    read = load_model()
    kept.keep(read, read.stated)
    assert len(list(folder.iterdir())) == VERSIONS
    assert kept.model(read.stated) is not None


def test_a_cache_that_cannot_be_written_or_is_damaged_costs_time_only(tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("no folder")
    code = "from stratagraph.ontology.model import load_model; print(load_model().hash, len(load_model().triples))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XDG_CACHE_HOME": str(blocked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [load_model().hash, str(len(load_model().triples))]
