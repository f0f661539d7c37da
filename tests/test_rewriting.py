"""What several processes rewrite together is what pytest would have rewritten, and is read from where it is kept."""

from __future__ import annotations

import os
from pathlib import Path
from types import CodeType

import pytest
from _pytest.assertion import rewrite

from tests.rewriting import kept_at, share_out


@pytest.fixture(name="files")
def _files(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"test_{number}.py" for number in range(5)]
    for number, file in enumerate(files):
        file.write_text(f"def test() -> None:\n    assert {number} == 0\n", encoding="utf-8")
    return files


def read(file: Path) -> CodeType | None:
    """What pytest itself takes from there; nothing, if it would rewrite the file again."""
    return rewrite._read_pyc(file, kept_at(file))


@pytest.mark.parametrize("process", [0, 1, 2])
def test_whoever_begins_alone_does_all_of_it(pytestconfig: pytest.Config, files: list[Path], process: int) -> None:
    share_out(pytestconfig, files, process, 3)
    for file in files:
        assert read(file) == rewrite._rewrite_test(file, pytestconfig)[1]


def test_what_another_did_is_left_and_what_changed_since_is_done_again(
    pytestconfig: pytest.Config, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    share_out(pytestconfig, files, 0, 3)
    files[1].write_text("def test() -> None:\n    assert 'changed' == 0\n", encoding="utf-8")
    later = kept_at(files[1]).stat().st_mtime + 10
    os.utime(files[1], (later, later))
    assert read(files[1]) is None
    done: list[Path] = []
    real = rewrite._rewrite_test

    def counted(file: Path, config: pytest.Config) -> tuple[bytes, CodeType]:
        done.append(file)
        return real(file, config)

    monkeypatch.setattr(rewrite, "_rewrite_test", counted)
    share_out(pytestconfig, files, 1, 3)
    assert done == [files[1]]
    assert read(files[1]) is not None


def test_a_file_that_is_no_python_is_left_to_pytest(pytestconfig: pytest.Config, files: list[Path]) -> None:
    files[0].write_text("def test(:", encoding="utf-8")
    share_out(pytestconfig, files, 0, 3)
    assert [read(file) is not None for file in files] == [False, True, True, True, True]
