"""The wheel and the repository agree, and the repository names nothing of the place it was made at."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import stratagraph
from tests.conftest import FOLDERS, ROOT


def tracked(*patterns: str) -> list[str]:
    """The files that git knows, or None outside a checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listing.stdout.split("\0") if name]


# What `build --no-isolation` calls, without its start: there are four builds to pay for.
BUILDING = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


def _started(kind: str, source: Path, out: Path) -> subprocess.Popen[str]:
    """A build of `sdist` or `wheel`, running; none takes a file from the folder of another."""
    command = [sys.executable, "-c", BUILDING, f"build_{kind}", str(out)]
    return subprocess.Popen(command, cwd=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _built(build: subprocess.Popen[str], out: Path) -> Path:
    printed, complaint = build.communicate()
    assert build.returncode == 0, complaint
    return out / printed.splitlines()[-1]


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def _checkout(folder: Path) -> Path:
    """The tracked files as a developer has them: with the links for tools, and what Python compiles."""
    for name in tracked():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():  # one that is deleted and not yet committed is not
            shutil.copy(ROOT / name, target)
    subprocess.run([folder / "scripts" / "links"], check=True)
    (folder / "ontology" / "__pycache__").mkdir()
    (folder / "ontology" / "__pycache__" / "facts.cpython-311.pyc").write_bytes(b"compiled")
    return folder


def _unzipped(folder: Path) -> Path:
    """A download: Python's zipfile keeps neither links nor permissions."""
    packed = folder / "stratagraph.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for name in tracked():
            if (ROOT / name).is_file():
                archive.write(ROOT / name, f"stratagraph-main/{name}")
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(folder)  # noqa: S202  written four lines above
    return folder / "stratagraph-main"


def _ungzipped(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


def _installed(wheel: Path, folder: Path) -> Path:
    """A virtual environment with the wheel alone in it, which sees our libraries, but not our own installation."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    into = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    subprocess.run(
        [*into, "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", str(wheel)], check=True
    )
    # Unlike in a folder of packages of its own, Python runs no .pth file there, ours of the checkout among them.
    beside = Path(next(folder.glob("lib/*/site-packages"))) / "libraries.pth"
    beside.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin" / "stratagraph"


def test_a_wheel_is_the_same_from_a_checkout_an_sdist_and_a_zip_and_runs(tmp_path: Path) -> None:
    """With links for folders, or data files forgotten, a wheel would build without a word."""
    outs = {name: tmp_path / f"from-{name}" for name in ("checkout", "zip", "sdist")}
    for folder in (*outs.values(), *(tmp_path / name for name in ("checkout", "zip", "sdist"))):
        folder.mkdir()
    checkout, unzipped = _checkout(tmp_path / "checkout"), _unzipped(tmp_path / "zip")
    builds = {"zip": _started("wheel", unzipped, outs["zip"])}  # beside it the sdist, then both others
    sdist = _built(_started("sdist", checkout, tmp_path), tmp_path)
    builds["checkout"] = _started("wheel", checkout, outs["checkout"])
    builds["sdist"] = _started("wheel", _ungzipped(sdist, tmp_path / "sdist"), outs["sdist"])
    wheels = {name: _built(build, outs[name]) for name, build in builds.items()}

    expected = {
        f"stratagraph/{name}": (ROOT / name).read_bytes() for name in tracked(*FOLDERS) if (ROOT / name).exists()
    }
    for name in ("__init__.py", "py.typed"):
        expected[f"stratagraph/{name}"] = (ROOT / "src" / "stratagraph" / name).read_bytes()
    for name, wheel in wheels.items():
        packed = _contents(wheel)
        assert packed.keys() == expected.keys(), name
        assert [file for file, content in packed.items() if content != expected[file]] == [], name

    program = _installed(wheels["sdist"], tmp_path / "venv")
    clean = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path / "cache")}
    told = subprocess.run([program, "--version"], cwd=tmp_path, env=clean, check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["stratagraph", stratagraph.__version__]
    form = subprocess.run(
        [program, "template", "Agent"], cwd=tmp_path, env=clean, capture_output=True, text=True, check=True
    )
    assert "kind: Agent" in form.stdout  # it reads the ontology, which is data of the package


def test_no_link_is_tracked() -> None:
    """Git without links, and zip files, make text files of them."""
    listing = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, check=False, text=True).stdout
    assert [line for line in listing.splitlines() if line.startswith("120000")] == []


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
    guilty = [name for name in tracked() if (ROOT / name).is_file() and path.search((ROOT / name).read_bytes())]
    assert guilty == []
