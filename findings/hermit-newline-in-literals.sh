#!/usr/bin/env bash
# HermiT, as owlready2 carries it, reads Turtle and N-Triples with the OWL API 3, whose parser takes the escapes \n, \r, \t,
# \b, \f and \U in a literal for the letters n, r, t, b, f and U: a line end becomes a letter, and nothing says so. \", \\ and
# \u are read rightly, and so is a line end that stands in a literal of three quotes. Turtle, section 6.4: \n is the line feed.
# Needs Java. Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "owlready2==0.51" "rdflib==7.6.0"
cat > "$folder/ontology.ttl" <<'TTL'
@prefix : <http://example.org/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
<http://example.org/> a owl:Ontology .
:p a owl:DatatypeProperty .
:x a owl:NamedIndividual ;
  :p "one\ntwo" , "one\ttwo" , "one\"two" , "one\\two" , "one\u0020two" , "\U0001F600" , """one
two""" .
TTL
jar=$(find "$folder/venv" -name HermiT.jar)
java -cp "$jar" org.semanticweb.HermiT.cli.CommandLine --dump-clauses=- "file://$folder/ontology.ttl" > "$folder/read.txt"
"$folder/venv/bin/python" - "$folder" <<'PY'
import importlib.metadata as metadata
import re
import sys
from pathlib import Path
from rdflib import Graph, URIRef

folder = Path(sys.argv[1])
values = Graph().parse(folder / "ontology.ttl").objects(URIRef("http://example.org/x"), URIRef("http://example.org/p"))
read = re.findall(r':p\(:x,"((?:[^"\\]|\\.)*)@"', (folder / "read.txt").read_text(), re.DOTALL)
print("owlready2", metadata.version("owlready2"), "rdflib", metadata.version("rdflib"))
print("rdflib reads:", sorted(map(str, values)))
print("HermiT reads:", sorted(read))
raise SystemExit(0 if {"onentwo", "onettwo", "U0001F600", "one two", "one\ntwo"} <= set(read) else "the behaviour has changed")
PY
