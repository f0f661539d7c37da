"""What reading inventories costs beside the bare parse of the format, in processor time of one run, and in memory.

``SIZE`` is the size of each document in MiB (50; 2 for a quick run).
"""

from __future__ import annotations

import csv
import gc
import json
import sys
import tracemalloc
from collections.abc import Callable
from decimal import Decimal

import yaml
from measure import cpu_seconds, report

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE

GOAL = "at most 2 times the parse alone"
MEMORY = "at most 3 times the document"
ROW = "owner-{n}/model-{n},apache-2.0,{n},Model {n},Modelo {n}\n"
ENTRY = '{{"name": "group-{n}", "params": {{"model": "owner/model-{n}", "price": 0.00000{n}, "tags": ["a", "b"]}}}}'


def table(size: int) -> bytes:
    """Return a table of people of about so many bytes."""
    head = "BaseModel,license,contextWindowTokens,label@en,label@pt-BR\n"
    return (head + "".join(ROW.format(n=n) for n in range(size // len(ROW)))).encode()


def listed(size: int) -> bytes:
    """Return a JSON document of about so many bytes."""
    return ('{"model_list": [' + ",\n".join(ENTRY.format(n=n) for n in range(size // len(ENTRY))) + "]}").encode()


def written(size: int) -> bytes:
    """Return a YAML document of about so many bytes."""
    entry = "- name: model-{n}\n  params: {{model: owner/model-{n}, price: 0.5, weights: no}}\n"
    return ("models:\n" + "".join(entry.format(n=n) for n in range(size // len(entry)))).encode()


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that some work held at once, beyond what was there."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def least(work: Callable[[], object]) -> float:
    """Return the least processor time of three runs, each without the garbage of the one before."""
    times = []
    for _ in range(3):
        gc.collect()
        times.append(cpu_seconds(work))
    return min(times)


def read_table(data: bytes) -> None:
    """Read and transform a table as ``stratagraph load`` does."""
    file = SourceFile(scope="a.csv", data=data, kind=Kind.CSV)
    transform([file], model=load_model(), base=ASSET_BASE, source="bench")


def main(mib: int) -> None:
    """Print every figure."""
    data, text = table(mib << 20), listed(mib << 20)
    bare = least(lambda: sum(1 for _ in csv.reader(data.decode().splitlines())))
    report("csv: read and transformed", least(lambda: read_table(data)), baseline=bare, unit="s", goal=GOAL, mib=mib)
    bare = least(lambda: json.loads(text, parse_float=Decimal))
    report("json: parsed", least(lambda: Document("a.json", text).json), baseline=bare, unit="s", goal=GOAL, mib=mib)
    held = peak(lambda: Document("a.json", text).json)
    report("json: memory of the parsed", held, baseline=len(text), unit="By", goal=MEMORY, mib=mib)
    text = written(max(mib // 10, 1) << 20)
    bare = least(lambda: yaml.load(text, Loader=yaml.CSafeLoader))
    report("yaml: parsed", least(lambda: Document("a.yaml", text).yaml), baseline=bare, unit="s", goal=GOAL, mib=mib)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
