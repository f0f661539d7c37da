"""What a file is: by what was said, by its name in either case, and by its content."""

from __future__ import annotations

import json

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind, UnknownContent, UnknownJson, UnknownKindOfFile
from stratagraph.loaders.recognition import content_of, kind_of, syntax_of
from stratagraph.ontology.syntax.parsing import RdfSyntax


def kind(data: bytes, name: str, *, said: Kind | None = None, meant: bool = True) -> Kind:
    return kind_of(Document(name, data), said, meant=meant)


@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("a.ttl", RdfSyntax.TURTLE),
        ("a.TTL", RdfSyntax.TURTLE),
        ("a.Nt", RdfSyntax.NTRIPLES),
        ("a.NQ", RdfSyntax.NQUADS),
        ("a.TriG", RdfSyntax.TRIG),
        ("a.RDF", RdfSyntax.RDFXML),
        ("a.owl", RdfSyntax.RDFXML),
        ("a.JSONLD", RdfSyntax.JSONLD),
    ],
)
def test_an_rdf_name_in_any_case_tells_kind_and_syntax(name: str, syntax: RdfSyntax) -> None:
    assert kind(b"", name) is Kind.RDF
    assert syntax_of(name) is syntax


@pytest.mark.parametrize("name", ["a.yaml", "a.YAML", "a.yml", "a.Yml"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing yet\n",
        "---\n",
        "assets:\n- kind: Agent\n  name: a\n",
        "prefixes: {my: https://example.org/}\nassets: []\n",
        "{assets: [{kind: Agent, name: a}]}\n",
        '{"assets": []}',
        "\ufeffassets:\n- kind: [\n",
        "a: [\n",  # no YAML at all: the reader of inventories says so, with the line
    ],
)
def test_an_inventory_stays_one(name: str, text: str) -> None:
    assert kind(text.encode(), name) is Kind.YAML


@pytest.mark.parametrize("text", ["replicas: 3\nimage: {tag: v1}\n", "- a\n- b\n", "services: {web: {}}\n", "word\n"])
def test_other_yaml_is_nothing_of_ours(text: str) -> None:
    with pytest.raises(UnknownContent, match="--kind"):
        kind(text.encode(), "values.yaml")


@pytest.mark.parametrize("name", ["a", ".yaml", "yaml", "a.yaml.bak"])
def test_another_name_tells_nothing(name: str) -> None:
    with pytest.raises(UnknownKindOfFile, match="--kind"):
        kind(b"", name)
    assert kind(b"", name, said=Kind.RDF) is Kind.RDF
    assert syntax_of(name) is RdfSyntax.TURTLE


@pytest.mark.parametrize(
    ("content", "found"),
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
        ([], None),
    ],
)
def test_json_is_told_by_its_content(content: object, found: Kind | None) -> None:
    data = json.dumps(content).encode()
    if found is None:
        with pytest.raises(UnknownContent, match="assets"):
            kind(data, "a.json")
    else:
        assert kind(data, "a.JSON") is found


def test_json_that_is_none_of_ours_has_an_error_of_its_own_and_a_cut_one_its_line() -> None:
    with pytest.raises(UnknownJson):
        kind(b'{"name": "x"}', "a.json")
    with pytest.raises(MalformedDocument, match=r"^a\.json:2: this is not well-formed JSON: the document ends"):
        kind(b'{"name":\n "x"', "a.json")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"assets:\n- kind: Agent\n  name: a\n", Kind.YAML),
        (b'{"assets": []}', Kind.YAML),
        (b"BaseModel,license\na,b\n", Kind.CSV),
        (b'{"@graph": []}', Kind.RDF),
        (b"<urn:a> <urn:b> <urn:c> .\n", None),
        (b"", None),
        (b'{"cut": ', None),
    ],
)
def test_what_comes_without_a_name_is_told_by_its_content(data: bytes, found: Kind | None) -> None:
    assert content_of(Document("stdin", data)) is found


def test_a_table_that_is_named_is_one_and_one_that_is_found_only_by_its_first_line() -> None:
    assert kind(b"Name,Mail\n", "a.csv") is Kind.CSV
    assert kind(b"Agent\n", "a.csv", meant=False) is Kind.CSV
    with pytest.raises(UnknownContent):
        kind(b"Name,Mail\n", "a.csv", meant=False)
