"""One process at a time writes a data directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stratagraph.service.engine.lockfile import NAME, DataInUse, DataLock, running_service

HOLD = """
import sys, time
from pathlib import Path
from stratagraph.service.engine.lockfile import DataLock
lock = DataLock(Path(sys.argv[1]))
lock.announce("http://127.0.0.1:4242")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture(name="holder")
def _holder(tmp_path: Path) -> object:
    """Another process that holds the directory."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_writer_is_told_who_holds_the_data_and_where(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(DataInUse) as refused:
        DataLock(tmp_path)
    assert str(holder.pid) in str(refused.value)
    assert "http://127.0.0.1:4242" in str(refused.value)
    assert f"pelo processo {holder.pid} (http://127.0.0.1:4242). Encerre-o" in refused.value.said("pt-BR")


def test_commands_find_the_running_service(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    found = running_service(tmp_path)
    assert found is not None
    assert (found.pid, found.url) == (holder.pid, "http://127.0.0.1:4242")


def test_lock_ends_with_a_killed_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert running_service(tmp_path) is None
    with DataLock(tmp_path):
        assert running_service(tmp_path) is not None


def test_nobody_holds_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert running_service(tmp_path / "missing") is None


def test_closed_lock_can_be_taken_again(tmp_path: Path) -> None:
    DataLock(tmp_path).close()
    with DataLock(tmp_path):
        pass
    assert running_service(tmp_path) is None


def test_lock_file_is_the_owners_alone(tmp_path: Path) -> None:
    with DataLock(tmp_path / "data"):
        assert (tmp_path / "data" / NAME).stat().st_mode & 0o077 == 0
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_the_folder_above_that_of_the_demo_is_for_its_owner_only_too(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "stratagraph" / "demo"
    with DataLock(folder):
        made = (folder, folder.parent, folder.parent.parent)
        assert [oct(each.stat().st_mode & 0o777) for each in made] == ["0o700"] * 3
