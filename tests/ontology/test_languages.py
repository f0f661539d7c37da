"""The look-up of texts by language: RFC 4647, then the nearest that there is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.languages import text_in

TAGS = st.sampled_from(["", "en", "en-gb", "pt", "pt-br", "pt-pt", "fr", "zh-hant", "zh-hant-tw", "de-x-office"])


@pytest.mark.parametrize(
    ("tags", "lang", "chosen"),
    [
        (["en", "pt-br"], "pt-BR", "pt-br"),
        (["en", "pt"], "pt-BR", "pt"),
        (["en", "pt", "pt-br"], "pt-BR", "pt-br"),
        (["en-gb", "pt"], "en", "en-gb"),
        (["en-gb", "pt-br"], "en-US", "en-gb"),
        (["pt-pt", "en"], "pt-BR", "pt-pt"),
        (["en", "fr"], "pt-BR", "en"),
        (["en-gb", "fr"], "pt-BR", "en-gb"),
        (["", "fr"], "en", ""),
        (["fr"], "en", "fr"),
        (["zh", "zh-hant"], "zh-Hant-TW", "zh-hant"),
        (["de", "en"], "de-x-office", "de"),
        ([], "en", None),
    ],
)
def test_the_nearest_text_is_chosen(tags: list[str], lang: str, chosen: str | None) -> None:
    assert text_in({tag: tag for tag in tags}, lang) == chosen


@given(tags=st.sets(TAGS, min_size=1), lang=TAGS.filter(bool))
def test_whoever_asks_gets_his_language_where_it_is_and_something_always(tags: set[str], lang: str) -> None:
    chosen = text_in({tag: tag for tag in tags}, lang)
    assert chosen in tags
    same = {tag for tag in tags if tag.partition("-")[0] == lang.partition("-")[0]}
    assert chosen in (same or tags)
    if lang in tags:
        assert chosen == lang
