#!/usr/bin/env bash
# pyoxigraph writes RDF/XML with element names that no namespace-aware XML parser takes: a predicate that does not end in a
# name of XML (http://example.org/1 is a valid IRI) becomes an element "oxprefix:", a prefix without a local part.
# It reads its own output back, so that a round trip does not show it. Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyoxigraph==0.5.13"
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata as metadata
import xml.etree.ElementTree as tree
import pyoxigraph as ox

triple = ox.Triple(*map(ox.NamedNode, ("http://example.org/s", "http://example.org/1", "http://example.org/o")))
document = ox.serialize([triple], format=ox.RdfFormat.RDF_XML)
print("pyoxigraph", metadata.version("pyoxigraph"))
print(document.decode())
own = [quad.triple for quad in ox.parse(document, format=ox.RdfFormat.RDF_XML)] == [triple]
print("reads its own output back:", own)
try:
    tree.fromstring(document)
    refused = ""
except tree.ParseError as error:
    refused = str(error)
print("a namespace-aware parser says:", refused or "well-formed")
raise SystemExit(0 if own and refused else "the behaviour has changed")
PY
