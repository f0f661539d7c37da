"""JSON as commands write it: what any reader reads back, with letters that people can read."""

from __future__ import annotations

import ast
import json

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.json_text import json_text
from tests.conftest import FOLDERS, ROOT

WRITERS = {"ontology/json_text.py", "service/http/access_tokens.py"}
"""Who writes indented JSON: the one for all answers, and a file that is ours alone."""

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(documents)
def test_whatever_is_written_is_read_back(document: object) -> None:
    assert json.loads(json_text(document)) == document


def test_letters_stand_as_they_are_and_what_no_text_holds_as_an_escape() -> None:
    assert json_text({"rótulo": "Ação"}) == '{\n  "rótulo": "Ação"\n}'
    for odd in (2**70, "\ud800"):
        written = json_text({"odd": odd})
        assert json.loads(written) == {"odd": odd}
        written.encode()


def test_no_other_place_writes_indented_json() -> None:
    """The standard library takes thirty times as long, which shows in lists of thousands."""
    found = {
        file.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and "dumps" in ast.unparse(node.func)
        and any(
            (each.arg == "indent" and ast.unparse(each.value) != "None") or "OPT_INDENT" in ast.unparse(each.value)
            for each in node.keywords
        )
    }
    assert found == WRITERS
