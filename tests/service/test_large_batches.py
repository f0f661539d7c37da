"""One file of very many facts, loaded by the real command: whole, and in bounded memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG

FACTS_PER_SYSTEM = 10


def write_systems(path: Path, facts: int) -> None:
    """Write so many facts, ten a system; every system but the first depends on one before it."""
    with path.open("w") as file:
        for number in range(facts // FACTS_PER_SYSTEM):
            node = f"<{ASSET_BASE}LLMSystem/system-{number}>"
            file.write(f"{node} <{RDF.type}> <{SG.LLMSystem}> .\n")
            file.write(f'{node} <{SG.name}> "system-{number}" .\n')
            file.write(f"{node} <{SG.dependsOn}> <{ASSET_BASE}LLMSystem/system-{max(0, number - 1) // 2}> .\n")
            for purpose in range(FACTS_PER_SYSTEM - 3):
                file.write(f'{node} <{SG.purpose}> "purpose {number} {purpose}" .\n')


def stratagraph(*arguments: str, memory: int) -> str:
    """Run a command that may not take more than so many MiB of memory; return what it printed.

    To count a million statements takes a query longer than the service gives to everybody by default.
    """
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({memory << 20}, {memory << 20})); "
    code = limit + "from stratagraph.service.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "STRATAGRAPH_QUERY_SECONDS": "300"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    ("facts", "memory"),
    [
        pytest.param(5_000, 1024, id="too many for one transaction"),
        pytest.param(1_000_000, 4096, id="a million", marks=[pytest.mark.nightly, pytest.mark.timeout(3600)]),
    ],
)
def test_a_large_file_is_one_batch(tmp_path: Path, facts: int, memory: int) -> None:
    write_systems(tmp_path / "systems.nt", facts)
    data = str(tmp_path / "data")
    printed = stratagraph("load", str(tmp_path / "systems.nt"), "--data", data, memory=memory)
    systems = facts // FACTS_PER_SYSTEM
    assert f"{systems} assets opened, 0 changed, 0 closed; {systems} relations opened, 0 closed" in printed
    query = tmp_path / "count.rq"
    query.write_text(
        "SELECT (COUNT(DISTINCT ?s) AS ?systems) (COUNT(*) AS ?statements) "
        '{ GRAPH ?claims { ?s ?p ?o } ?claims sg:source "files" }'
    )
    found = json.loads(stratagraph("query", str(query), "--format", "json", "--data", data, memory=memory))
    (row,) = found["results"]["bindings"]
    assert (int(row["systems"]["value"]), int(row["statements"]["value"])) == (systems, facts)
    asked = ("impact", f"{ASSET_BASE}LLMSystem/system-1", "--aspect", "availability", "--depth", "2")
    impact = stratagraph(*asked, "--format", "json", "--data", data, memory=memory)
    levels = json.loads(impact)["levels"]
    below = {asset["iri"].rpartition("-")[2] for level in levels for asset in level["assets"]}
    assert below == {"3", "4", "7", "8", "9", "10"}
