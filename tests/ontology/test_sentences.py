"""Every message of ours has its Brazilian Portuguese, and a filled sentence is recognised by its template."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.sentences import NUMBERS, TOPICS, TRANSLATED, catalogue, say
from stratagraph.shapes.errors import MalformedShape
from stratagraph.shapes.packs import InvalidRule
from tests.conftest import FOLDERS, ROOT

PLACE = re.compile(r"\{(\w+)(?:!r)?(?::[^{}]*)?\}")
ENGLISH = re.compile(
    r"\b(the|is|are|was|were|there|with|without|this|that|not|no such|cannot|can't|could|should|give|send|choose|of|"
    r"from|to be|must|only|and|or|an|its|has|have|any|it|which|who|than)\b",
    re.IGNORECASE,
)
"""Words that nearly every English sentence has one of, and no Portuguese one."""
QUOTED = re.compile(r"'[^']*'|\{[^{}]*\}|\"[^\"]*\"|--[\w-]+|[A-Z_]{4,}|https?:\S+|/\S+|pip install \S+")


def errors(base: type[StratagraphError] = StratagraphError) -> Iterator[type[StratagraphError]]:
    """Every class of errors, once all modules are loaded."""
    for folder in FOLDERS:
        package = importlib.import_module(f"stratagraph.{folder}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    waiting = [base]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith("stratagraph."):
            yield cls


def test_every_error_has_its_portuguese() -> None:
    known = catalogue("pt-BR")
    found = list(errors())
    assert {cls.__module__.split(".")[1] for cls in found} == set(FOLDERS)
    missing = sorted(f"{cls.__name__}: {cls.text}" for cls in found if cls.text not in {"{detail}", *known})
    assert missing == [], "add them to ontology/texts/sentences.pt-br.json"


def test_no_sentence_stands_in_two_files() -> None:
    held = [
        set(json.loads((ROOT / "ontology" / "texts" / f"{topic}.pt-br.json").read_text("utf-8"))) for topic in TOPICS
    ]
    assert len(set().union(*held)) == sum(map(len, held))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_of_its_template(language: str) -> None:
    for template, translation in catalogue(language).items():
        # A translation may leave a number of the system's out, and never name a place that is not filled.
        assert set(PLACE.findall(translation)) <= set(PLACE.findall(template)), template


def test_no_english_is_left_in_a_portuguese_sentence() -> None:
    left = {text: found for text in catalogue("pt-BR").values() if (found := ENGLISH.findall(QUOTED.sub("", text)))}
    assert left == {}


@pytest.mark.parametrize(
    "path",
    sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.en.json")),
    ids=lambda path: path.name,
)
def test_every_file_of_texts_has_the_same_keys_in_portuguese(path: Path) -> None:
    other = path.with_name(path.name.replace(".en.", ".pt-br."))
    english, portuguese = (json.loads(each.read_text("utf-8")) for each in (path, other))
    assert set(english) == set(portuguese)


def test_a_sentence_within_a_sentence_ends_once_and_is_said_in_portuguese() -> None:
    inner = MalformedShape(construct="it has no sh:path", shape="urn:x")
    outer = InvalidRule(file="r.ttl:3", reason=str(inner))
    assert str(outer).count("..") == 0
    for part in (str(inner).removesuffix("."), "Correct the rule file and start again."):
        assert part in str(outer)
    said = outer.said("pt-BR")
    assert said == f"r.ttl:3: {inner.said('pt-BR')} Corrija o arquivo de regra e reinicie."


def test_a_filled_sentence_is_said_in_portuguese() -> None:
    asked = "There is no asset named 'x. y'. Did you mean: a, b?"
    assert say(asked, "pt-BR") == "Não há ativo com o nome 'x. y'. Você quis dizer: a, b?"
    assert say(asked, "en") == asked
    assert say("No source is called 'asset'. There are: a.", "pt-BR") == "Nenhuma fonte se chama 'asset'. Existem: a."
    assert say("No catalogue knows this.", "pt-BR") == "No catalogue knows this."


LONG = sorted(t for t in catalogue("pt-BR") if "!r" not in t and PLACE.search(t) and len(t) > 60)


@given(st.sampled_from(LONG), st.data())
def test_any_filling_is_recognised(template: str, data: st.DataObject) -> None:
    plain, digits = (
        st.text("abcdefgxyz0123456789", min_size=1, max_size=12),
        st.from_regex("[1-9][0-9]{0,5}", fullmatch=True),
    )
    values = {name: data.draw(digits if name in NUMBERS else plain) for name in PLACE.findall(template)}
    told = say(PLACE.sub(lambda place: values[place[1]], template), "pt-BR")
    assert told == PLACE.sub(lambda place: values[place[1]], catalogue("pt-BR")[template])


ARTICLE = {
    "en": re.compile(r"\ban? [“'\"]?\{", re.IGNORECASE),
    "pt-br": re.compile(r"\buma? [“'\"]?\{", re.IGNORECASE),
}
"""An indefinite article before a place: a label begins with any sound, and is of either gender."""


def texts_of(language: str) -> Iterator[tuple[str, str]]:
    """Every message that is kept in a file, in a language."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob(f"*.{language}.json"):
            for text in json.loads(path.read_text("utf-8")).values():
                if isinstance(text, str):
                    yield path.relative_to(ROOT).as_posix(), text


@pytest.mark.parametrize("language", ARTICLE)
def test_no_article_is_glued_to_a_label(language: str) -> None:
    glued = [found for found in texts_of(language) if ARTICLE[language].search(found[1])]
    assert glued == []
