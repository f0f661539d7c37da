"""Test files with rewritten assertions, for all processes of a run: in a new checkout each would do it for itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.assertion import rewrite


def share_out(config: pytest.Config, files: Sequence[Path], process: int, processes: int) -> None:
    """Rewrite this process's part of the files first, then of the others' what they have not come to yet.

    It is kept where pytest looks for it, also where Python is told to write no bytecode: that is about 10 seconds of
    processor time for each process.
    """
    begin = process * len(files) // processes
    for file in (*files[begin:], *files[:begin]):
        kept = kept_at(file)
        if not kept.exists() or kept.stat().st_mtime < file.stat().st_mtime:
            with suppress(SyntaxError):  # pytest tells of it when it collects the file
                _keep(config, file, kept)


def kept_at(file: Path) -> Path:
    """Where pytest looks for a rewritten file."""
    return rewrite.get_cache_dir(file) / (file.stem + rewrite.PYC_TAIL)


def _keep(config: pytest.Config, file: Path, kept: Path) -> None:
    state = config.stash[rewrite.assertstate_key]
    if rewrite.try_makedirs(kept.parent):
        source, code = rewrite._rewrite_test(file, config)
        rewrite._write_pyc(state, code, source, kept)
