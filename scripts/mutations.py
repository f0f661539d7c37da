"""Break `service/ledger`, `service/deriver` and `queries`, one small place at a time, and see whether a test fails.

Cosmic Ray makes the changes, in a copy of the checkout, so that nothing is lost if this is killed. Each mutant meets
the tests of its own room. Prints JSON lines: every survivor with its diff, then the figures of the room.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from difflib import unified_diff
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

Place = tuple[Path, tuple[int, int]]

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("service/ledger", "service/deriver", "queries")
# Whole servers (PostgreSQL, Neo4j) and processes killed at random cost more per mutant than they find in these rooms;
# the fixtures beside a checkout are not in the copy.
LEFT_OUT = ("-m", "not postgres and not neo4j and not shared", "--ignore", "tests/service/ledger/test_crash.py")


def copy(root: Path, into: Path) -> None:
    """Copy what git would commit, with changes that are not committed yet, and let it find its own code."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=root, check=True, capture_output=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (root / name).is_file():  # a file that was deleted is listed until that is committed
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, into / name)
    subprocess.run([into / "scripts/links"], check=True)
    # By hash, not by time: a mutant is written within the same second as the code before it.
    compiler = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    subprocess.run([*compiler, "."], cwd=into, check=True)


def passes(copied: Path, room: str, timeout: float | None = None) -> bool | None:
    """Run the tests of a room on the copy: None if they had to be stopped."""
    # The links come before the editable installation, which would import the checkout's code.
    env = {**os.environ, "PYTHONPATH": str(copied / ".links"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-xq", "-p", "no:cacheprovider", *LEFT_OUT, f"tests/{room}"]
    quiet = subprocess.DEVNULL
    # A group of its own, so that whatever a broken test started ends with it.
    with subprocess.Popen(command, cwd=copied, env=env, stdout=quiet, stderr=quiet, start_new_session=True) as running:
        try:
            return running.wait(timeout) == 0
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)


def annotated(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Find the types in the source, from where to where: nothing evaluates them, so no test can miss them."""
    for node in ast.walk(ast.parse(source)):
        for name in ("annotation", "returns"):
            if isinstance(written := getattr(node, name, None), ast.expr):
                yield (written.lineno, written.col_offset), (written.end_lineno or 0, written.end_col_offset or 0)


def places(copied: Path, room: str) -> Mapping[Place, list[MutationSpec]]:
    """Find every place of a room that can be broken, with the ways to break it."""
    paths = sorted((copied / room).rglob("*.py"))
    types = {path: list(annotated(path.read_text())) for path in paths}
    found: dict[Place, list[MutationSpec]] = {}
    with use_db(":memory:", WorkDB.Mode.create) as db:
        init(paths, db, {})
        for mutation in (mutation for item in db.work_items for mutation in item.mutations):
            path, (line, column) = mutation.module_path, mutation.start_pos
            if not any(begin <= (line, column) < end for begin, end in types[path]):
                found.setdefault((path, (line, column)), []).append(mutation)
    # In an order of our own, for a seed draws the same from any copy.
    return {at: sorted(found[at], key=lambda one: (one.operator_name, one.occurrence)) for at in sorted(found)}


def drawn(mutations: Mapping[Place, list[MutationSpec]], size: int, seed: str) -> list[MutationSpec]:
    """Draw places first, then one way of each: a plus can be broken in eleven ways, a condition in one."""
    chance = random.Random(seed)
    chosen = chance.sample(list(mutations), min(size, len(mutations)))
    return [chance.choice(mutations[place]) for place in chosen]


def measured(copied: Path, room: str) -> float:
    """Return the seconds that a room's tests take; refuse tests that would say nothing of a mutant."""
    began = time.monotonic()
    if not passes(copied, room):
        sys.exit(f"the tests of {room} fail before anything is broken: mend them first")
    seconds = time.monotonic() - began
    kept = (module := copied / room / "__init__.py").read_text()
    module.write_text("raise SystemError\n")
    if passes(copied, room):
        sys.exit(f"the tests of {room} pass on a package that can't be imported: they test other code than this copy")
    module.write_text(kept)
    return seconds


def judged(copied: Path, room: str, size: int, seed: str) -> dict[str, object]:
    """Try a room's mutants, print those that survive, and return the figures."""
    seconds = measured(copied, room)
    outcomes = {True: 0, False: 0, None: 0}
    for mutation in drawn(places(copied, room), size, f"{seed} {room}"):
        path, operator = mutation.module_path, get_operator(mutation.operator_name)(**mutation.operator_args)
        with use_mutation(path, operator, mutation.occurrence) as (before, after):
            # What loops for ever is stopped; a slow machine is not.
            outcome = passes(copied, room, timeout=60 + 3 * seconds)
        outcomes[outcome] += 1
        if outcome:
            where = f"{path.relative_to(copied)}:{mutation.start_pos[0]}"
            diff = list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
            print(json.dumps({"survivor": where, "operator": mutation.operator_name, "diff": diff}), flush=True)
    sampled = sum(outcomes.values())
    counts = {"sampled": sampled, "killed": outcomes[False], "survived": outcomes[True], "timeouts": outcomes[None]}
    return {"room": room, "seed": seed, **counts, "score": round(1 - outcomes[True] / sampled, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=20, help="mutants of each room (20)")
    parser.add_argument("--seed", default=f"{datetime.now(UTC):%Y-%m-%d}", help="what draws them (the date)")
    given = parser.parse_args()
    if given.size < 1:
        parser.error("--size must be 1 or more")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the tests that run end with us
    with tempfile.TemporaryDirectory(prefix="stratagraph-mutations-") as folder:
        copy(ROOT, copied := Path(folder).resolve() / "checkout")
        for room in ROOMS:
            print(json.dumps(judged(copied, room, given.size, given.seed)), flush=True)


if __name__ == "__main__":
    main()
