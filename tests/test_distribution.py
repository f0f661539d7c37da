"""The wheel and the repository agree, and the repository names nothing of the place it was made at."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import stratagraph
from tests.conftest import ROOT

FOLDERS = ("service", "loaders", "queries", "ontology", "shapes")


def tracked(*patterns: str) -> list[str]:
    """The files that git knows, or None outside a checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listing.stdout.split("\0") if name]


@pytest.fixture(name="wheel", scope="module")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the tracked files, as a release would be."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        origin = ROOT / name
        if origin.is_symlink():
            target.symlink_to(origin.readlink())
        elif origin.is_file():
            target.write_bytes(origin.read_bytes())
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def test_wheel_holds_exactly_the_tracked_files_of_the_five_folders(wheel: Path) -> None:
    """With links turned into text files, or data files forgotten, a wheel would build without a word."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {f"stratagraph/{name}" for name in tracked(*FOLDERS)} | {
        "stratagraph/__init__.py",
        "stratagraph/py.typed",
    }
    assert packed == expected


def test_version_is_the_newest_of_the_changelog() -> None:
    """The changelog and the package can't disagree on the version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", text, flags=re.MULTILINE)
    assert versions
    assert versions[0] == stratagraph.__version__


@pytest.mark.parametrize("lock", ["run", "dev", "build"])
def test_lock_files_carry_hashes_and_no_addresses(lock: str) -> None:
    """A lock that names an index works for whoever reaches that index, and for nobody else."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.findall(r"^[a-z0-9][^\n]*==", text, flags=re.MULTILINE)
    assert requirements
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_nothing_names_a_machine_path() -> None:
    """What is committed must mean the same on every machine."""
    path = re.compile(rb"(?<![\w.])/(work|root|home|Users)/[\w.-]+/")
    guilty = [
        name
        for name in tracked()
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink() and path.search((ROOT / name).read_bytes())
    ]
    assert guilty == []
