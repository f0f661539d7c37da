from __future__ import annotations

import pytest

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.record import ErrorClass, RecordKind

TABLE = load_aliases()


def test_no_content_key_is_read() -> None:
    named = {alias.key for names in TABLE.attributes.values() for alias in names if alias.key in TABLE.content}
    # Names below a content prefix that are names, not content.
    assert named == {"gen_ai.prompt.name", "gen_ai.prompt.version", "llm.prompt_template.version"}


def test_a_name_belongs_to_one_concept() -> None:
    seen = [(alias.key, alias.path) for names in TABLE.attributes.values() for alias in names]
    assert len(seen) == len(set(seen))


def test_every_kind_and_error_class_can_be_reached() -> None:
    assert set(TABLE.kinds.values()) == set(RecordKind)
    assert {kind for kind, _ in TABLE.errors} == set(ErrorClass) - {ErrorClass.OTHER}


@pytest.mark.parametrize("value", ["completion", "embeddings", "execute_tool", "invoke_agent", "llm", "retriever"])
def test_kinds_are_lower_case(value: str) -> None:
    assert value in TABLE.kinds
