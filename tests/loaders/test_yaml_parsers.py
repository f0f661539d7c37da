"""The two parsers of YAML: what one takes the other takes, with the same lines; refusals are the same too."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stratagraph.loaders.inventory import yaml_tree
from stratagraph.loaders.inventory.faults import MalformedInventory
from stratagraph.loaders.inventory.yaml_tree import compose, composed

ROOT: Final = Path(__file__).parents[2]
ESTATE: Final = """assets:
- kind: Agent
  name: support
  label: {en: "Support", pt-BR: 'Suporte'}
  sg:version: |
    two
    lines
  usesModel: [gpt-5-mini, "gpt-5", {kind: Tool, name: é\U0001f600}]
- kind: BaseModel # a remark
  name: gpt-5
  comment: >-
    folded

    text
  contextWindowTokens: 128000
"""
PIECES: Final = [
    *("\n", "\n  ", "- ", "-", ": ", ":", "{", "}", "[", "]", ", ", ",", '"', "'", "#", " #", "!", "! ", "!!str "),
    *(
        "!<t:x> ",
        "&a ",
        "&a",
        "*a",
        "|",
        "|\n",
        "|#\n",
        ">",
        ">-\n",
        ">2\n",
        "%",
        "---\n",
        "...\n",
        "?",
        "? ",
        "\t",
        "\t# ",
    ),
    *(
        "\\u00e9",
        "\\x",
        "\\x41",
        "\\ud800",
        "\\U00110000",
        "\\",
        "\\/",
        "\\\n",
        "é",
        "\x85",
        "\u2028",
        "\ufeff",
        "\x07",
        "\x7f",
    ),
    *(
        "\r",
        "\x9f",
        "\r\n",
        "~",
        "null",
        "<<",
        "=",
        "2001-01-01",
        "0o7",
        "@",
        "`",
        "\U0001f600",
        "\0",
        "x: ",
        "a",
        "b c",
    ),
    '"a":1',
    *("%YAML 1.1\n", "%YAML 2.0\n", "%TAG !e! tag:e,2000:\n", "!e!x ", "k" * 1100, "[" * 40),
]


def outcome(read: Any, data: bytes) -> object:
    """What became of a document: its tree with every line, or its refusal."""
    try:
        return tree(read(data, "f.yaml"))
    except MalformedInventory as refusal:
        return str(refusal)


def tree(node: yaml.Node | None) -> object:
    match node:
        case None:
            return None
        case yaml.ScalarNode():
            return node.tag, node.start_mark.line, node.value
        case yaml.SequenceNode():
            return node.tag, node.start_mark.line, [tree(item) for item in node.value]
        case yaml.MappingNode():
            return node.tag, node.start_mark.line, [(tree(key), tree(value)) for key, value in node.value]
    raise AssertionError(node)


def slowly(data: bytes, file: str) -> yaml.Node | None:
    return composed(data, file, yaml.SafeLoader)


def edited(edits: list[tuple[int, int, str]]) -> str:
    text = ESTATE
    for at, length, piece in edits:
        text = text[:at] + piece + text[at + length :]
    return text


EDITS = st.tuples(st.integers(0, len(ESTATE)), st.integers(0, 3), st.sampled_from(PIECES))
DOCUMENTS = st.one_of(
    st.lists(st.tuples(st.integers(0, len(ESTATE)), st.integers(0, 3), st.sampled_from(PIECES)), max_size=3).map(
        edited
    ),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
)


@given(DOCUMENTS)
@example("a:\tb\n")
@example("a: |#\n x\n")
@example("{a? b}\n")
@example("?")
@example("[")
@example("a: !\n")
@example("a: !x} b\n")
@example("a: |\n   \tx\n  y\n")
@example('a: "\\ud800"\n')
@example("\ufeffa: b\n\ufeff")
@example("a: b")
@example("a:")
def test_a_document_is_read_or_refused_as_the_slow_parser_does(document: str) -> None:
    data = document.encode()
    assert outcome(compose, data) == outcome(slowly, data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"])
def test_an_encoding_is_read_or_refused_alike(encoding: str) -> None:
    data = ESTATE.encode(encoding, errors="replace")
    assert outcome(compose, data) == outcome(slowly, data)


def given_files() -> list[Path]:
    found = [path for folder in ("ontology", "tests", "docs") for path in (ROOT / folder).rglob("*.y*ml")]
    shared = ROOT.parent / "shared"
    return found + (list(shared.rglob("*.y*ml")) if shared.is_dir() else [])


def test_every_file_at_hand_is_read_alike() -> None:
    files = given_files()
    assert files
    differing = [path for path in files if outcome(compose, path.read_bytes()) != outcome(slowly, path.read_bytes())]
    assert differing == []


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="this PyYAML has one parser only")
def test_what_is_large_is_read_by_the_fast_parser_and_checked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_data: bytes) -> None:
        raise AssertionError("the slow parser takes minutes for this")

    monkeypatch.setattr(yaml, "SafeLoader", refuse)
    monkeypatch.setattr(yaml_tree, "SECOND_OPINION", 1000)
    rows = "".join(f"- {{kind: Agent, name: agent-{number}}}\n" for number in range(100))
    data = f"assets:\n{rows}".encode()
    lines = data.count(b"\n")
    root = compose(data, "f.yaml")
    assert isinstance(root, yaml.MappingNode)
    assert root.value[0][1].value[-1].start_mark.line == lines - 1
    for wrong, told in {
        "- &a x\n- *a\n": "aliases",
        "- " + "[" * 40 + "\n": "nested",
        "- {\n": "well-formed",
        '- "\\ud800"\n': "well-formed",
        "- last": "may have been cut",
    }.items():
        refused = str(outcome(compose, data + wrong.encode()))
        assert told in refused
        assert int(refused.split(":")[1]) > lines, refused


def test_without_libyaml_the_slow_parser_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert outcome(compose, ESTATE.encode()) == outcome(slowly, ESTATE.encode())
    assert "aliases" in str(outcome(compose, b"- &a x\n- *a\n"))
