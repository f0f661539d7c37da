"""A document in its forms: exact numbers, YAML 1.2, lines of what is told, and what is refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument


def document(text: str | bytes, name: str = "a.yaml") -> Document:
    return Document(name, text.encode() if isinstance(text, str) else text)


def refusal(text: str | bytes, form: str, name: str = "a.yaml") -> str:
    with pytest.raises(MalformedDocument) as refused:
        getattr(document(text, name), form)
    return str(refused.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("2026-01-31", "2026-01-31"),
        ("1:30", "1:30"),
        ("24e-7", Decimal("0.0000024")),
        ("2.40", Decimal("2.40")),
        (".5", Decimal("0.5")),
        ("0o17", 15),
        ("0xff", 255),
        ("010", 10),
        ("1_000", "1_000"),
        ("-7", -7),
        ("v1.2", "v1.2"),
        ("1.2.3", "1.2.3"),
        ('"1"', "1"),
        ("!!str 1", "1"),
        ('!!int "1"', 1),
        ("!Ref name", "name"),
        (".inf", ".inf"),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(written: str, value: object) -> None:
    (found,) = document(f"k: {written}\n").yaml
    assert found == {"k": value}
    assert type(found["k"]) is type(value)
    if isinstance(value, Decimal):
        assert str(found["k"]) == str(value)


def test_there_may_be_several_documents_anchors_and_merged_mappings() -> None:
    text = "a: &x {b: 1, c: [2]}\nd: {<<: *x, b: 3}\ne: *x\nf: {<<: [*x, {g: 4}]}\n---\n---\nh\n"
    whole = {"b": 1, "c": [2]}
    assert document(text).yaml == [{"a": whole, "d": {"b": 3, "c": [2]}, "e": whole, "f": {**whole, "g": 4}}, None, "h"]


def test_json_keeps_its_numbers_whether_it_is_read_as_json_or_as_yaml() -> None:
    text = '{"price": 2.40, "n": 12345678901234567890, "off": false, "none": null}'
    value = document(text, "a.json").json
    assert value == {"price": Decimal("2.40"), "n": 12345678901234567890, "off": False, "none": None}
    assert str(value["price"]) == "2.40"
    assert document(text, "a.json").yaml == [value]
    assert document("{a: 1, b: [c, d]}\n").yaml == [{"a": 1, "b": ["c", "d"]}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_of_an_encoding_are_no_content(encoding: str) -> None:
    text = '{"name": "Assistência"}\n'
    assert document(text.encode(encoding), "a.json").json == {"name": "Assistência"}
    assert list(document(text.encode(encoding)).lines) == [text.strip()]


def test_lines_have_no_ends_and_the_last_needs_none() -> None:
    assert list(document("a\r\n\nb\u2028c\nd").lines) == ["a", "", "b\u2028c", "d"]
    assert list(document("").lines) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [\n", "a.yaml:2: this is not well-formed YAML"),
        ("a: 1\na: 2\n", "a.yaml:2: 'a' stands twice"),
        ("a: *b\n", "a.yaml:1: this is not well-formed YAML|names nothing"),
        ("a: &x\n  - *x\n", "a.yaml:2: '*x' names nothing"),
        ("a: {? [b] : c}\n", "a.yaml:1: A name is a plain word."),
        ("a: {<<: 1}\n", "a.yaml:1: '<<' takes a mapping"),
        ("[" * 200 + "]" * 200, "a.yaml:1: this is nested too deeply"),
        ("a: 1\nb: \x00\n", "a.yaml:2: this is not well-formed YAML"),
        (b"a: 1\nb: \xff\n", "a.yaml:2: its encoding is not read here"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str | bytes, told: str) -> None:
    said = refusal(text, "yaml")
    assert any(part in said for part in told.split("|"))


def test_a_short_file_does_not_stand_for_an_endless_one() -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "aliases here stand for too many" in refusal("l0: &l0 [x, x]\n" + levels, "yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a":\n', "a.json:2: this is not well-formed JSON: the document ends too early"),
        ('{"a"\n1}', "a.json:2: this is not well-formed JSON: a colon is missing here."),
        ('{"a": 1\n"b": 2}', "a.json:2: this is not well-formed JSON: a comma or a closing bracket"),
        ('["a\nb"]', "a.json:1: this is not well-formed JSON: a text holds a line end"),
        ("[1,\n]", "a.json:2: this is not well-formed JSON: "),
        ("{}\n{}", "a.json:2: this is not well-formed JSON: something follows"),
        ('["\\x"]', "a.json:1: this is not well-formed JSON: an escape here"),
        ("[NaN]", "a.json:1: a number here is none"),
        ("[" + "9" * 5000 + "]", "a.json:1: a number here is none"),
        ("[" * 100_000, "a.json:1: this is nested too deeply"),
        ("", "a.json:1: this is not well-formed JSON: the document ends too early"),
    ],
)
def test_what_is_no_json_is_told_with_its_line(text: str, told: str) -> None:
    assert told in refusal(text, "json", "a.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\{[:,]} ', max_size=4), inner, max_size=4),
    max_leaves=12,
)


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in paths(item, (*at, key)))]


@given(VALUES)
def test_json_is_read_as_its_own_library_does_and_every_value_found_on_its_line(value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    read = document(text, "a.json")
    assert read.json == value
    places = [path for path in paths(value) if path]
    # Written so, each value begins a line, in the order in which they stand.
    written = [(number, line.strip(" ,")) for number, line in enumerate(text.split("\n"), 1)]
    begun = [number for number, line in written if number > 1 and line[:1] not in "}]"]
    assert [read.line_of(path) for path in places] == begun


@given(VALUES)
def test_every_value_of_yaml_is_found_on_its_line(value: Any) -> None:
    text = yaml.safe_dump([value], allow_unicode=True)
    read = document(text)
    tree = yaml.compose(text)
    assert tree is not None

    def lines(node: yaml.Node) -> list[int]:
        if isinstance(node, yaml.SequenceNode):
            return [line for item in node.value for line in (item.start_mark.line + 1, *lines(item))]
        if isinstance(node, yaml.MappingNode):
            return [line for key, item in node.value for line in (key.start_mark.line + 1, *lines(item))]
        return []

    loaded = yaml.safe_load(text)
    if [list(map(str, path)) for path in paths(loaded)] != [list(map(str, path)) for path in paths([value])]:
        return
    assert [read.line_of((0, *path)) for path in paths([value]) if path] == lines(tree)


def test_the_line_of_what_is_not_there_is_that_of_the_nearest_part() -> None:
    read = document('{"a": 1,\n "b": [{"c": 1},\n {"d": 2}]}', "a.json")
    assert [read.line_of(path) for path in [(), ("b", 1, "x"), ("b", 9), (0, "b", 1, "d"), ("z",)]] == [1, 3, 2, 3, 1]
    assert document("a: 1\nb:\n- c\n").line_of((0, "b", 5)) == 2
    assert document("a: 1\n---\nb: 2\n").line_of((1, "b")) == 3
    assert document("a: [\n").line_of((0, "a")) in {0, 1}
