#!/usr/bin/env bash
# Oxigraph keeps each term once in a dictionary and never takes one out: when the last triple with a literal is removed, the
# graph cleared and the store optimised, flushed and opened again, no query finds it, and its text still stands in the
# store's files. A backup carries it on. Dumping what is left into a new folder leaves it behind. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyoxigraph==0.5.13"
"$folder/venv/bin/python" - "$folder" <<'PY'
import sys
from pathlib import Path

import pyoxigraph as ox

folder = Path(sys.argv[1])
# Longer than the few bytes that are kept within a triple itself.
TEXT = "a sentence that somebody asked us to erase"
NODE, SAYS = ox.NamedNode("http://example.org/x"), ox.NamedNode("http://example.org/says")


def holds(place: Path) -> bool:
    return any(TEXT.encode() in file.read_bytes() for file in place.rglob("*") if file.is_file())


store = ox.Store(str(folder / "store"))
store.add(ox.Quad(NODE, SAYS, ox.Literal(TEXT)))
store.flush()
store.remove(ox.Quad(NODE, SAYS, ox.Literal(TEXT)))
store.clear()
store.optimize()
store.flush()
del store
store = ox.Store(str(folder / "store"))
store.optimize()
store.backup(str(folder / "backup"))
left = len(store)
new = ox.Store(str(folder / "new"))
new.extend(store)
new.flush()
del store, new
found = {name: holds(folder / name) for name in ("store", "backup", "new")}
print("pyoxigraph", ox.__version__, "triples left:", left, "text in the files of:", found)
expected = {"store": True, "backup": True, "new": False}
raise SystemExit(0 if left == 0 and found == expected else "the behaviour has changed")
PY
