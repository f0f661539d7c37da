"""An earlier commit of this repository beside the present one, for figures of both in the same run."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parent.parent
BENCH: Final = Path(__file__).parent
GIT: Final = ("git", "-C", str(REPOSITORY))


@dataclass(frozen=True, slots=True)
class Tree:
    """A state of the repository, as its programs are run: with the libraries that are installed here."""

    name: str
    path: Path | None = None
    """Where its package is found; None: as it is installed."""
    environment: dict[str, str] = field(default_factory=dict)

    def lines(self, script: str, *arguments: str, seconds: float | None = None) -> list[str]:
        """Run one of the scripts beside this one over the tree's package, and return what it prints.

        Raises:
            CalledProcessError: it failed.
            TimeoutExpired: it took longer than it may.
        """
        found = {"PYTHONPATH": str(self.path)} if self.path else {}
        command = [sys.executable, str(BENCH / script), *arguments]
        done = subprocess.run(
            command,
            env={**os.environ, **found, **self.environment},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=seconds,
        )
        return done.stdout.splitlines()


@contextmanager
def earlier(commit: str, folder: Path) -> Iterator[Tree]:
    """Unpack a commit into a folder, and yield its tree; the package is found there as that commit finds it."""
    tree = folder / f"tree-{commit}"
    tree.mkdir()
    packed = subprocess.run([*GIT, "archive", commit], check=True, stdout=subprocess.PIPE)
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tree, filter="data")
    linker = tree / "scripts" / "links"
    if linker.exists():
        subprocess.run([str(linker)], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    yield Tree("before", tree / (".links" if linker.exists() else "src"))
