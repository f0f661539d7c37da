"""What a file is: by its name in either case, by what was said, and JSON by its content."""

from __future__ import annotations

import json

import pytest

from stratagraph.loaders.kinds import (
    AUTO,
    Kind,
    UnknownJson,
    UnknownKind,
    UnknownKindOfFile,
    is_read,
    kind_named,
    kind_of,
)
from stratagraph.ontology.syntax.parsing import RdfSyntax


@pytest.mark.parametrize(
    ("name", "kind", "syntax"),
    [
        ("a.ttl", Kind.RDF, RdfSyntax.TURTLE),
        ("a.TTL", Kind.RDF, RdfSyntax.TURTLE),
        ("a.Nt", Kind.RDF, RdfSyntax.NTRIPLES),
        ("a.NQ", Kind.RDF, RdfSyntax.NQUADS),
        ("a.TriG", Kind.RDF, RdfSyntax.TRIG),
        ("a.RDF", Kind.RDF, RdfSyntax.RDFXML),
        ("a.owl", Kind.RDF, RdfSyntax.RDFXML),
        ("a.JSONLD", Kind.RDF, RdfSyntax.JSONLD),
    ],
)
def test_an_rdf_name_in_any_case_tells_kind_and_syntax(name: str, kind: Kind, syntax: RdfSyntax) -> None:
    assert kind_of(b"", name, None) == (kind, syntax)
    assert is_read(name, None)
    assert is_read(name, Kind.RDF)
    assert not is_read(name, Kind.YAML)


@pytest.mark.parametrize("name", ["a.yaml", "a.YAML", "a.yml", "a.Yml"])
def test_a_yaml_name_in_any_case_tells_the_kind(name: str) -> None:
    assert kind_of(b"", name, None)[0] is Kind.YAML
    assert is_read(name, None)
    assert not is_read(name, Kind.RDF)


@pytest.mark.parametrize("name", ["a.txt", "a", ".yaml", "yaml", "a.yaml.bak", "a.csv"])
def test_another_name_tells_nothing(name: str) -> None:
    assert not is_read(name, None)
    with pytest.raises(UnknownKindOfFile, match="--kind"):
        kind_of(b"", name, None)
    assert kind_of(b"", name, Kind.RDF) == (Kind.RDF, RdfSyntax.TURTLE)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"assets": []}, Kind.YAML),
        ({"assets": None}, Kind.YAML),
        ({}, Kind.YAML),
        ({"@context": {}, "@id": "urn:x"}, Kind.RDF),
        ({"@graph": []}, Kind.RDF),
        ([{"@id": "urn:x"}], Kind.RDF),
        ({"name": "package", "version": "1"}, None),
        ([1, 2], None),
        ("text", None),
    ],
)
def test_json_is_told_by_its_content(content: object, kind: Kind | None) -> None:
    data = json.dumps(content).encode()
    if kind is None:
        with pytest.raises(UnknownJson, match="assets"):
            kind_of(data, "a.json", None)
    else:
        assert kind_of(data, "a.JSON", None)[0] is kind


@pytest.mark.parametrize("name", ["csv", "", "RDF/XML", "yml"])
def test_a_kind_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownKind, match="rdf, yaml"):
        kind_named(name)


def test_auto_leaves_it_to_the_names() -> None:
    assert kind_named(AUTO) is None
    assert kind_named("yaml") is Kind.YAML
