"""Values written as they stand come back equal, and nothing else comes back."""

from __future__ import annotations

import io
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.frozen import Frozen, code_hash, freeze, stands_under, thaw
from stratagraph.ontology.number_rows import Rows

TERMS = st.one_of(st.text(max_size=8), st.builds(Literal, st.text(max_size=8), language=st.sampled_from(["", "pt-br"])))
FACTS = st.builds(Fact, st.text(max_size=8), st.text(max_size=8), TERMS)


@given(facts=st.lists(FACTS, max_size=8))
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, facts: list[Fact]) -> None:
    path = tmp_path_factory.mktemp("frozen") / "facts"
    value = {"facts": facts, "at": datetime.now(UTC), "for": timedelta(days=1)}
    freeze(path, "key", value)
    assert thaw(path, "key") == value


def test_a_shared_object_is_named_not_written(tmp_path: Path) -> None:
    path, shared = tmp_path / "value", object()
    freeze(path, "key", [shared], shared={"it": shared})
    other = object()
    assert thaw(path, "key", shared={"it": other}) == [other]


@pytest.mark.parametrize("file", ["model.py", "syntax/parsing.py", "syntax/deeper/words.py"])
def test_code_anywhere_in_a_package_is_of_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    hashes = set()
    for name in ("one", "other", "same"):
        for each in ("__init__.py", "model.py", "syntax/parsing.py", "syntax/deeper/words.py"):
            path = tmp_path / (name + tmp_path.name) / each  # a package is hashed once in a process
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {name if each == file and name == 'other' else 'one'}", encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        hashes.add(code_hash(name + tmp_path.name))
    assert len(hashes) == 2


def test_another_key_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "value"
    freeze(path, "key", 1)
    assert stands_under(path, "key")
    assert not stands_under(path, "key 2")
    assert thaw(path, "key 2") is None
    assert thaw(tmp_path / "nothing", "key") is None


def test_no_more_of_a_file_is_looked_at_than_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "endless"
    path.write_bytes(bytes(100_000))
    read: list[int] = []

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            read.append(len(found))
            return found

        def readline(self, size: int | None = -1) -> bytes:
            found = super().readline(size)
            read.append(len(found))
            return found

    monkeypatch.setattr(Path, "open", lambda *_: Counted(bytes(100_000)))
    assert not stands_under(path, "key")
    assert sum(read) < 100


def test_every_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "value"
    freeze(path, "key", [Fact("s", "p", Literal("o"))])
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert thaw(path, "key") is None
        path.write_bytes(whole[:place])
        assert thaw(path, "key") is None


@pytest.mark.parametrize("foreign", [len, Path, pickle.loads], ids=["function", "class", "loader"])
def test_nothing_but_our_own_classes_is_named(tmp_path: Path, foreign: object) -> None:
    path = tmp_path / "value"
    freeze(path, "key", [foreign])
    assert path.exists()
    assert thaw(path, "key") is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    freeze(tmp_path / "file" / "value", "key", 1)
    assert thaw(tmp_path / "file" / "value", "key") is None


def test_large_arrays_come_back_as_they_were_when_they_were_frozen(tmp_path: Path) -> None:
    rows = Rows()
    rows.own(3).extend([1, 2])
    frozen = Frozen([rows, "text", rows])
    rows.own(3).append(3)
    assert frozen.write(tmp_path / "rows", "key")
    found = thaw(tmp_path / "rows", "key")
    assert found is not None
    first, text, again = found
    assert (list(first.row(3)), text) == ([1, 2], "text")
    assert first is again
    assert [each.name for each in tmp_path.iterdir()] == ["rows"], "nothing is left of writing it"


def test_damage_to_an_array_is_found(tmp_path: Path) -> None:
    path, rows = tmp_path / "rows", Rows()
    rows.own(0).extend(range(8))
    assert Frozen(rows).write(path, "key")
    whole = path.read_bytes()
    for place in range(len("key") + 1, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        assert thaw(path, "key") is None
        path.write_bytes(whole[:place])
        assert thaw(path, "key") is None
