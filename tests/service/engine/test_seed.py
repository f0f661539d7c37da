"""A new data folder that begins with the seed is the one that derives everything itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.seed import VERSIONS, Seed
from stratagraph.service.settings import DERIVER_FILE, LEDGER_FILE, TRIPLES_FOLDER, Settings
from tests.service.deriver.test_saved import present


@pytest.fixture(name="cache", scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(name="seeds")
def _seeds(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the seeds, which the first test that opens a new folder fills."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache / "stratagraph" / "seeds"


def stands(engine: Engine) -> bool:
    """Whether every view stands at the head of the ledger."""
    head = engine.ledger.head()
    marks = [view.watermark() for view in engine.views()]
    return all(mark and (mark.sequence, mark.batch_hash) == (head.sequence, head.batch_hash) for mark in marks)


def dump(engine: Engine, file: Path) -> list[str]:
    engine.triples.dump(file)
    return sorted(file.read_text(encoding="utf-8").splitlines())


def test_it_is_the_same_graph_in_every_triple_and_goes_on_alike(seeds: Path, tmp_path: Path) -> None:
    with Engine(Settings(data=tmp_path / "first")):
        pass
    assert [folder.name for folder in seeds.iterdir()] == [Seed(_model(tmp_path / "first"))._folder.name]
    with Engine(Settings(data=tmp_path / "sown")) as engine:
        assert stands(engine)
        sown, held = dump(engine, tmp_path / "sown.nt"), present(engine.deriver)
    derived = shutil.copytree(tmp_path / "sown", tmp_path / "derived")
    shutil.rmtree(derived / TRIPLES_FOLDER)
    shutil.rmtree(seeds)
    with Engine(Settings(data=derived)) as engine:
        assert dump(engine, tmp_path / "derived.nt") == sown
        assert present(engine.deriver) == held
        assert engine.ledger.verify().ok
    with Engine(Settings(data=tmp_path / "sown")) as engine:
        assert dump(engine, tmp_path / "again.nt") == sown


def _model(folder: Path) -> OntologyModel:
    with Engine(Settings(data=folder)) as engine:
        return engine.model


@pytest.mark.parametrize("lost", [DERIVER_FILE, TRIPLES_FOLDER, LEDGER_FILE])
def test_a_seed_that_lacks_a_part_is_made_again(seeds: Path, tmp_path: Path, lost: str) -> None:
    with Engine(Settings(data=tmp_path / "first")):
        pass
    (seed,) = seeds.iterdir()
    part = seed / lost
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.write_bytes(b"damaged")
    with Engine(Settings(data=tmp_path / "second")) as engine:
        assert stands(engine)
        assert len(engine.deriver) > 1000
        assert engine.ledger.verify().ok
    assert (seed / DERIVER_FILE).stat().st_size > 1000
    assert (seed / LEDGER_FILE).stat().st_size > 1000
    assert (seed / TRIPLES_FOLDER).is_dir()


def test_older_seeds_go(seeds: Path, tmp_path: Path) -> None:
    for number in range(2 * VERSIONS):
        (seeds / f"old{number}").mkdir(parents=True)
    with Engine(Settings(data=tmp_path / "data")) as engine:
        Seed(engine.model).keep(engine.deriver, engine.triples)
    assert len(list(seeds.iterdir())) == VERSIONS


def test_a_folder_that_was_sown_holds_what_is_loaded_next(seeds: Path, tmp_path: Path) -> None:
    agent: Iri = "https://example.org/agent"
    facts = (Fact(agent, RDF.type, SG.Agent), Fact(agent, SG.name, Literal("a")))
    scope = Scope(name="s", complete=True, stated=facts)
    with Engine(Settings(data=tmp_path / "data")) as engine:
        engine.commit(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)))
        assert engine.triples.ask("ASK { ?agent a sg:Agent ; sg:name 'a' }")
        assert engine.sequence == 2
        assert engine.ledger.verify().ok
    with Engine(Settings(data=tmp_path / "data")) as engine:
        assert engine.triples.ask("ASK { ?agent a sg:Agent ; sg:name 'a' }")
        assert engine.sequence == len(engine.ledger.batches()) == 2


def test_two_folders_of_one_user_have_ledgers_of_their_own(seeds: Path, tmp_path: Path) -> None:
    heads = []
    for name in ("one", "other"):
        with Engine(Settings(data=tmp_path / name)) as engine:
            heads.append(engine.ledger.head())
            assert stands(engine)
    one, other = heads
    assert one.sequence == other.sequence == 1
    assert one.time
    assert other.time
    assert one.time < other.time
    assert len({one.ledger, one.batch_hash, one.public_key} & {other.ledger, other.batch_hash, other.public_key}) == 0


def test_a_log_that_a_ledger_left_behind_is_not_taken_for_the_new_one_s(seeds: Path, tmp_path: Path) -> None:
    with Engine(Settings(data=tmp_path / "first")):
        pass
    file = tmp_path / "data" / LEDGER_FILE
    file.parent.mkdir()
    Path(f"{file}-wal").write_bytes(b"left behind")
    Seed(load_model()).plant_ledger(file)
    assert not file.exists()
    with Engine(Settings(data=tmp_path / "data")) as engine:
        assert engine.ledger.verify().ok
