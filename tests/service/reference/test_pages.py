"""The browsable reference: complete, bilingual, whole in its links, and at home without a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.service.app import app
from stratagraph.service.reference.pages import anchor
from stratagraph.service.reference.texts import texts
from tests.ontology.test_modules import terms

MODEL = load_model()
VOID = {"meta", "link", "br", "img", "rect"}


class Page(HTMLParser):
    """What a page links to, which anchors it has, and whether its tags match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.headings: list[int] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "svg":
            assert values["aria-label"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(name="pages", scope="module")
def _pages(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The pages as the command writes them, by their paths."""
    folder = tmp_path_factory.mktemp("docs") / "reference"
    result = CliRunner().invoke(app, ["docs", "--out", str(folder)])
    assert result.exit_code == 0, result.output
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert f"Wrote {sum(file.suffix == '.html' for file in files)} pages" in result.output
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8") for file in files}


@pytest.fixture(name="parsed", scope="module")
def _parsed(pages: Mapping[str, str]) -> Mapping[str, Page]:
    return {name: Page(text) for name, text in pages.items() if name.endswith(".html")}


@pytest.mark.parametrize("tag", ["en", "pt-br"])
def test_every_term_appears_with_both_labels_and_definitions(pages: Mapping[str, str], tag: str) -> None:
    articles: dict[str, str] = {}
    for name, text in pages.items():
        if name.startswith(f"{tag}/branch-"):
            for article in re.findall(r'<article id="([^"]+)">(.*?)</article>', text, re.DOTALL):
                articles[article[0]] = unescape(article[1])
    ours = [iri for iri in terms() if iri.startswith(SG)]
    assert len(ours) > 250
    for iri in ours:
        article = articles[anchor(iri)]
        for wanted in (*MODEL.labels[iri].values(), *MODEL.definitions[iri].values()):
            assert wanted in article, iri


def test_every_link_leads_to_something_that_is_there(pages: Mapping[str, str], parsed: Mapping[str, Page]) -> None:
    for name, page in parsed.items():
        for link in page.links:
            path, _, fragment = link.partition("#")
            target = str(Path(name).parent / path) if path else name
            target = re.sub(r"[^/]+/\.\./", "", target)
            assert target in pages, f"{name}: {link}"
            assert not fragment or unquote(fragment) in parsed[target].ids, f"{name}: {link}"


def test_nothing_is_fetched_from_elsewhere_and_nothing_runs(
    pages: Mapping[str, str], parsed: Mapping[str, Page]
) -> None:
    assert all(not re.match(r"[a-z]+:|//", link) for page in parsed.values() for link in page.links)
    assert all(page.tags.isdisjoint({"script", "iframe", "img"}) for page in parsed.values())
    assert "url(" not in pages["style.css"]
    assert "@import" not in pages["style.css"]


def test_every_page_is_well_formed_and_accessible(pages: Mapping[str, str], parsed: Mapping[str, Page]) -> None:
    for name, page in parsed.items():
        assert page.open == [], name
        assert len(set(page.ids)) == len(page.ids), name
        assert {"html", "main", "title"} <= page.tags, name
        assert page.headings[0] == 1, name
        language = "pt-BR" if name.startswith("pt-br/") else "en"
        assert f'<html lang="{language}">' in pages[name]


@pytest.mark.parametrize("tag", ["en", "pt-br"])
def test_the_overview_shows_the_twelve_levels_in_order(pages: Mapping[str, str], tag: str) -> None:
    drawn = re.findall(r'class="notation">(L\d+)</tspan> <tspan dx="8">([^<]+)<', pages[f"{tag}/index.html"])
    assert dict(drawn) == {level.notation: MODEL.label(level.iri, tag) for level in MODEL.levels}
    rows = re.findall(r'class="level" x="250" y="(\d+)"', pages[f"{tag}/index.html"])
    assert len(set(rows)) == 12


def test_both_languages_have_the_same_words() -> None:
    assert set(texts("en")) == set(texts("pt-BR"))
    assert all(texts("pt-BR").values())


def test_each_language_has_a_page_to_begin_at(pages: Mapping[str, str]) -> None:
    assert {"index.html", "en/index.html", "pt-br/index.html"} <= pages.keys()


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("taken")
    result = CliRunner().invoke(app, ["docs", "--out", str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "--out" in result.output
