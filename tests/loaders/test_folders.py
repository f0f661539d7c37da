"""Folders as people have them: sub-folders, links, names of any kind, things that are no files."""

from __future__ import annotations

import io
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.folders import BrokenLink, KindNeeded, UnreadableFile, read_paths
from stratagraph.loaders.kinds import Kind


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}", encoding="utf-8")


def inside(*paths: Path, **options: Any) -> list[str]:
    return sorted(entry.inside for entry in read_paths(paths, **options).files)


def test_a_folder_stands_for_every_known_file_below_it(tmp_path: Path) -> None:
    make(tmp_path, "a.yaml", "B.YAML", "deep/er/c.ttl", "deep/notes.txt", ".git/d.yaml", ".hidden.yaml")
    assert inside(tmp_path) == ["B.YAML", "a.yaml", "deep/er/c.ttl"]


def test_what_is_left_out_is_named_with_the_reason(tmp_path: Path) -> None:
    make(tmp_path, "a.yaml", "deep/notes.txt", ".git/d.yaml", "b.ttl")
    (tmp_path / "package.json").write_text('{"name": "x"}', encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "again.yaml").symlink_to("a.yaml")
    (tmp_path / "loop").symlink_to(".")
    told = read_paths([tmp_path], kind=Kind.YAML).skipped
    assert sorted(text.removeprefix(f"{tmp_path}/") for text in told) == [
        ".git (hidden)",
        "again.yaml (the same file as a.yaml)",
        "b.ttl (not yaml)",
        "deep/notes.txt (not yaml)",
        "loop (read already)",
        "package.json (neither an inventory nor JSON-LD)",
        "pipe.yaml (no ordinary file)",
    ]


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/a.yaml", "elsewhere/sub/b.yaml", "folder/c.yaml")
    (tmp_path / "folder" / "link.yaml").symlink_to(tmp_path / "elsewhere" / "a.yaml")
    (tmp_path / "folder" / "linked").symlink_to(tmp_path / "elsewhere" / "sub")
    assert inside(tmp_path / "folder") == ["c.yaml", "link.yaml", "linked/b.yaml"]


def test_a_file_has_its_own_name_and_not_that_of_a_link_to_it(tmp_path: Path) -> None:
    make(tmp_path, "z/real.yaml")
    (tmp_path / "a.yaml").symlink_to("z/real.yaml")
    (tmp_path / "b").symlink_to("z")
    assert inside(tmp_path) == ["z/real.yaml"]


def test_a_file_that_is_reached_twice_is_read_once_and_named_by_the_outermost_folder(tmp_path: Path) -> None:
    make(tmp_path, "sub/a.yaml", "b.yaml")
    both = [tmp_path / "sub" / "a.yaml", tmp_path / "sub", tmp_path, tmp_path / "b.yaml", tmp_path / "." / "sub"]
    assert inside(*both) == ["b.yaml", "sub/a.yaml"]
    assert inside(*reversed(both)) == ["b.yaml", "sub/a.yaml"]


@pytest.mark.parametrize("link", ["gone.yaml", "sub/gone.ttl", "gone-folder"])
def test_a_broken_link_is_refused_and_named_itself(tmp_path: Path, link: str) -> None:
    make(tmp_path, "sub/a.yaml")
    (tmp_path / link).symlink_to("nowhere")
    for paths in ([tmp_path], [tmp_path / link]):
        with pytest.raises(BrokenLink) as refused:
            read_paths(paths)
        assert refused.value.data() == {"link": str(tmp_path / link), "target": "nowhere"}


@pytest.mark.parametrize("name", ["missing.ttl", "missing/a.ttl", "a.yaml/b.ttl", "x" * 300 + ".ttl"])
def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    make(tmp_path, "a.yaml")
    with pytest.raises(UnreadableFile, match=name[:10]):
        read_paths([tmp_path / name])


def test_a_name_that_is_no_text_is_refused_only_of_a_file_that_is_read(tmp_path: Path) -> None:
    make(tmp_path, "a.yaml")
    (tmp_path / os.fsdecode(b"caf\xe9.doc")).touch()
    assert inside(tmp_path) == ["a.yaml"]
    (tmp_path / os.fsdecode(b"caf\xe9.yaml")).touch()
    with pytest.raises(UnreadableFile, match="UTF-8"):
        read_paths([tmp_path])


def test_a_name_is_the_same_however_the_file_system_writes_its_letters(tmp_path: Path) -> None:
    apart = unicodedata.normalize("NFD", "ação.yaml")
    make(tmp_path, apart)
    assert inside(tmp_path) == inside(tmp_path / apart) == [unicodedata.normalize("NFC", apart)]


def test_standard_input_is_one_file_of_a_kind_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    turtle = b"<urn:a> <urn:b> <urn:c> ."
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(turtle)))
    reading = read_paths([Path("-"), Path("-")], kind=Kind.RDF)
    assert [(entry.inside, entry.data, entry.kind) for entry in reading.files] == [("stdin", turtle, Kind.RDF)]


def test_standard_input_tells_its_kind_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"assets: []")))
    assert [entry.kind for entry in read_paths([Path("-")]).files] == [Kind.YAML]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"<urn:a> <urn:b> <urn:c> .")))
    with pytest.raises(KindNeeded, match="--kind"):
        read_paths([Path("-")])


def test_a_pipe_that_is_named_is_a_stream(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"assets: []")
    os.close(write)
    try:
        assert inside(Path(f"/dev/fd/{read}"), kind=Kind.YAML) == ["stdin"]
    finally:
        os.close(read)
