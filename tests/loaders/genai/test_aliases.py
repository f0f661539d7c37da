"""The tables that say who says what: each name has one meaning, and every entry can be reached."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
import yaml

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.emitters import load_emitters
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.record import ErrorClass, RecordKind

TABLE = load_aliases()
EMITTERS = load_emitters()
MEANINGS = load_meanings()


def test_no_content_key_is_read_but_names_and_verdicts() -> None:
    named = {alias.key for names in TABLE.attributes.values() for alias in names if alias.key in TABLE.content}
    # Names below a content prefix that are names, not content.
    version = {"gen_ai.prompt.version", "llm.prompt_template.version"}
    assert named == {"gen_ai.prompt.name", "gen_ai.completion.0.finish_reason", *version}
    assert {mark.key for mark in TABLE.verdicts if mark.key in TABLE.content} == {"output.value"}


def test_a_name_belongs_to_one_concept() -> None:
    seen = [(alias.key, alias.path) for names in TABLE.attributes.values() for alias in names]
    doubled = {one for one in seen if seen.count(one) > 1}
    assert doubled == {("mcp.method.name", ())}


def test_every_kind_and_error_class_can_be_reached() -> None:
    own = {kind for _, emitter in EMITTERS.by_scope for kind in emitter.kinds.values()}
    assert set(MEANINGS.kinds.values()) | own == set(RecordKind)
    assert {known.kind for known in MEANINGS.errors} == set(ErrorClass) - {ErrorClass.OTHER}


@pytest.mark.parametrize("value", ["completion", "embeddings", "execute_tool", "invoke_agent", "llm", "retriever"])
def test_kinds_are_lower_case(value: str) -> None:
    assert value in MEANINGS.kinds
    assert all(word == word.casefold() for _, emitter in EMITTERS.by_scope for word in emitter.kinds)


def test_a_more_general_scope_does_not_hide_a_closer_one() -> None:
    starts = [start for start, _ in EMITTERS.by_scope]
    hidden = [
        start
        for place, start in enumerate(starts)
        if any(start.startswith(before) for before in starts[:place] if not before.startswith("="))
    ]
    assert hidden == []


def test_every_concept_of_an_emitter_is_one_of_the_table() -> None:
    known = {*TABLE.attributes, "first_token_ms", "component"}
    told = {concept for _, emitter in (*EMITTERS.by_scope, *EMITTERS.by_name) for concept in emitter.attributes}
    assert told <= known


@pytest.mark.parametrize("name", ["aliases", "emitters", "meanings"])
def test_the_tables_have_a_version_and_no_key_that_yaml_takes_for_a_truth_value(name: str) -> None:
    data = yaml.safe_load((files("stratagraph.loaders.genai") / f"{name}.yaml").read_text("utf-8"))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", data["version"])
    assert all(isinstance(key, str) for key in keys(data))


def keys(data: object) -> list[object]:
    """Return every key in a document."""
    if isinstance(data, dict):
        return [*data, *(key for value in data.values() for key in keys(value))]
    return [key for value in data for key in keys(value)] if isinstance(data, list) else []
