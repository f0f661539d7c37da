"""How the program ends: status 1 is an answer's only, whatever else goes wrong."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from stratagraph.service.cli.ending import COULD_NOT_RUN, NOBODY_READS, run
from tests.service.running import PROGRAM, clean_environment


def _raising(error: BaseException) -> Callable[[], NoReturn]:
    def program() -> NoReturn:
        raise error

    return program


def _broken_by_the_library() -> NoReturn:
    """Do as the command line's library does where a pipe breaks."""
    try:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    except OSError:
        sys.exit(1)


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        (lambda: None, 0, ""),
        (_raising(SystemExit(0)), 0, ""),
        (_raising(SystemExit(1)), 1, ""),
        (_raising(SystemExit(2)), 2, ""),
        (_raising(BrokenPipeError(errno.EPIPE, "Broken pipe")), NOBODY_READS, ""),
        (_broken_by_the_library, NOBODY_READS, ""),
        (_raising(OSError(errno.ENOSPC, "No space left on device")), COULD_NOT_RUN, "Standard output can't be written"),
        (_raising(OSError(errno.EMFILE, "Too many open files")), COULD_NOT_RUN, "OSError in test_ending.py"),
        (_raising(ValueError("two\nlines")), COULD_NOT_RUN, ": two lines. It stopped there"),
        (_raising(RecursionError()), COULD_NOT_RUN, "RecursionError"),
        (_raising(MemoryError()), COULD_NOT_RUN, "MemoryError"),
    ],
)
def test_the_program_leaves_with_the_status_that_says_what_happened(
    program: Callable[[], None], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(program)
    told = capsys.readouterr().err
    assert end.value.code == status
    assert words in told
    assert len(told.splitlines()) == bool(words)


def test_a_reader_that_has_had_enough_ends_a_command_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(tmp_path),
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == ("", NOBODY_READS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no file that is always full")
def test_a_full_disk_is_one_sentence_in_the_reader_s_language(tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*PROGRAM, "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**clean_environment(tmp_path), "STRATAGRAPH_LANG": "pt-BR"},
            text=True,
            check=False,
        )
    assert done.returncode == COULD_NOT_RUN
    assert done.stderr.startswith("stratagraph: Não se pode escrever na saída padrão")
    assert len(done.stderr.splitlines()) == 1


def test_streams_that_the_caller_closed_keep_nobody_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit) as end:
        run(lambda: sys.stdout.writelines(["x"]))
    sys.stdout.close()
    sys.stderr.close()
    assert end.value.code == 0
