#!/usr/bin/env bash
# pySHACL walks the inverse of a sequence path in the order of the sequence, not from its end.
# SHACL, section 2.3.1.4: the path [ sh:inversePath ( :p :q ) ] is ^(:p/:q), which is ^:q/^:p. With ":b :q :a . :a :p :a"
# no node reaches :a by :p/:q, so the path has no value at :a; pySHACL finds :b, which is the value of ^:p/^:q.
# Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyshacl==0.40.1" "rdflib==7.6.0"
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata as metadata
from pyshacl import validate
from rdflib import Graph

HEAD = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <http://example.org/> . "
data = Graph().parse(data=HEAD + ":b :q :a . :a :p :a .")
shapes = Graph().parse(
    data=HEAD + ":S a sh:PropertyShape ; sh:targetNode :a ; sh:path [ sh:inversePath ( :p :q ) ] ; sh:maxCount 0 ."
)
by_query = list(data.query("SELECT ?v { <http://example.org/a> ^(<http://example.org/p>/<http://example.org/q>) ?v }"))
conforms, _, text = validate(data, shacl_graph=shapes)
print("pyshacl", metadata.version("pyshacl"), "rdflib", metadata.version("rdflib"))
print("values of the path by SPARQL:", len(by_query))
print("pySHACL, at most 0 values:", "conforms" if conforms else "does not conform")
raise SystemExit(0 if not by_query and not conforms else "the behaviour has changed")
PY
