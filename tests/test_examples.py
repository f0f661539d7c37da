"""Every example in the documents is run: inventories load, modules are accepted, commands and addresses exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import rdflib.plugins.sparql
import yaml

from stratagraph.loaders.formats.prometheus.shipped import check_mapping
from stratagraph.loaders.inventory import read_inventory
from stratagraph.ontology.extension.extension import load_extended
from stratagraph.ontology.facts import Batch, Fact, Method, Scope
from stratagraph.ontology.model import OntologyModel, load_model
from stratagraph.ontology.namespaces import ASSET_BASE, PREFIXES
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.service.settings import Settings
from stratagraph.shapes.gate import Gate
from tests.conftest import ROOT
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment
from tests.test_documentation import COMMANDS, DOCS, routes

PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md"]
ON_THE_DEMO = {"first-graph.md"}
"""Pages whose examples say that the demo's estates are there."""


@dataclass(frozen=True)
class Example:
    """A block of code on a page."""

    page: Path
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        """Name it for a test's report."""
        return f"{self.page.name}-{self.number}"


def examples(*languages: str) -> list[Example]:
    """Return the blocks in some languages."""
    found = []
    for page in PAGES:
        blocks = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        found += [Example(page, number, name, text) for number, (name, text) in enumerate(blocks) if name in languages]
    return found


INVENTORIES = [example for example in examples("yaml") if "assets:" in example.text]


@lru_cache(maxsize=1)
def core_gate() -> Gate:
    return Gate(load_model())


@lru_cache(maxsize=1)
def demo() -> tuple[Fact, ...]:
    """The facts of the demo's estates."""
    files = sorted((ROOT / "ontology" / "estates").glob("*.ttl"))
    return tuple(
        fact for file in files for fact in parse_rdf(file.read_bytes(), "turtle", ASSET_BASE, file.name, salt=file.name)
    )


@pytest.fixture(name="model")
def _model(request: pytest.FixtureRequest, tmp_path: Path) -> OntologyModel:
    """The ontology that an example's page has built up: the core, and the page's own module."""
    example: Example = request.getfixturevalue("example")
    modules = [other for other in examples("turtle") if other.page == example.page]
    if not modules:
        return load_model()
    folder = tmp_path / "my-modules"
    folder.mkdir()
    for module in modules:
        (folder / f"m{module.number}.ttl").write_text(module.text, encoding="utf-8")
    return load_extended(folder, reason=False).model


@pytest.mark.parametrize("example", INVENTORIES, ids=str)
def test_an_inventory_loads_on_an_empty_graph(example: Example, model: OntologyModel) -> None:
    facts = tuple(read_inventory(example.text.encode(), str(example), model=model, base=ASSET_BASE).facts)
    assert facts
    scope = Scope(name="s", complete=True, stated=facts)
    gate = core_gate() if model is load_model() else Gate(model)
    before = demo() if example.page.name in ON_THE_DEMO else ()
    batch = Batch(source="s", run="r", method=Method.DECLARED, scopes=(scope,))
    report = gate.check(batch, lambda subjects: [fact for fact in before if fact.subject in set(subjects)])
    assert [finding.text() for finding in report.violations] == []


def test_there_are_inventories_on_the_pages_about_them() -> None:
    pages = {example.page.name for example in INVENTORIES}
    assert {"inventory.md", "extend-the-ontology.md", "first-graph.md"} <= pages


def test_the_references_own_examples_load_by_command(tmp_path: Path, opened: Opened) -> None:
    opened(tmp_path / "home" / DATA)
    folder = tmp_path / "estate"
    folder.mkdir()
    for example in INVENTORIES:
        if example.page.name == "inventory.md":
            (folder / f"{example.number}.yaml").write_text(example.text, encoding="utf-8")
    environment = clean_environment(tmp_path / "home")
    done = run("load", str(folder), environment=environment)
    assert done.returncode == 0, done.stderr
    shown = run("impact", "gpt-5-mini", "--format", "csv", environment=environment)
    assert "helpdesk" in shown.stdout or "Help desk" in shown.stdout


def test_other_yaml_is_a_mapping_of_prometheus_or_a_file_of_settings(tmp_path: Path) -> None:
    for example in examples("yaml"):
        if "mapping" in (read := yaml.safe_load(example.text)):
            file = tmp_path / "mapping.yaml"
            file.write_text(example.text, encoding="utf-8")
            assert check_mapping(file, load_model()) == (), example
        elif example not in INVENTORIES:
            assert set(read) <= set(Settings.model_fields), example


# What a rule says is judged in tests/shapes/test_rule_of_the_guide.py.
@pytest.mark.parametrize("example", [it for it in examples("turtle") if " a sg:Rule " not in it.text], ids=str)
def test_a_module_is_accepted(example: Example, tmp_path: Path) -> None:
    file = tmp_path / "module.ttl"
    file.write_text(example.text, encoding="utf-8")
    (module,) = load_extended(file, reason=False).report.modules
    assert module.accepted
    assert [finding.sentence() for finding in module.findings] == []


@pytest.mark.parametrize("example", examples("json"), ids=str)
def test_json_is_well_formed(example: Example) -> None:
    json.loads(example.text)


def lines() -> Iterator[tuple[str, str]]:
    """Yield every command line of a shell block with its page; a line that goes on is one."""
    for example in examples("sh", "console"):
        for line in example.text.replace("\\\n", " ").splitlines():
            yield example.page.name, line.strip().removeprefix("$ ")


def words_of(line: str) -> list[str]:
    """Return the words of one command, without what the shell does with it."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []  # goes on over several lines
    ends = [at for at, word in enumerate(words) if word in {"|", ">", "<<<", "<", "&&"}]
    return words[: ends[0]] if ends else words


def command_of(words: list[str]) -> tuple[str, list[str]]:
    """Return the command that words call, and its arguments."""
    known = dict(COMMANDS)
    for length in (2, 1):
        if (name := " ".join(words[:length])) in known:
            return name, words[length:]
    raise AssertionError(f"there is no command 'stratagraph {' '.join(words[:2])}'")


RUN = sorted(
    {
        (page, " ".join(map(shlex.quote, words[1:])))
        for page, line in lines()
        if (words := words_of(line)) and words[0].rpartition("/")[2] == "stratagraph" and words[1:]
    }
)
SPANS = sorted(
    {
        (page.name, span)
        for page in PAGES
        for span in re.findall(
            r"`stratagraph ([a-z][^`\n]*)`", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        )
    }
)


@pytest.mark.parametrize(("page", "line"), RUN)
def test_a_command_in_a_block_is_one_that_the_program_takes(
    page: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, arguments = command_of(shlex.split(line))
    monkeypatch.chdir(tmp_path)
    command = dict(COMMANDS)[name]
    arguments = [re.sub(r"\$\w+", ".", word) for word in arguments]  # variables stand for folders that are there
    with command.make_context(name, arguments):
        pass


@pytest.mark.parametrize(("page", "span"), SPANS)
def test_a_command_in_the_text_exists_with_its_options(page: str, span: str) -> None:
    words = [word for word in re.split(r"[\s\[\]|]+", span) if word]
    groups = {name.partition(" ")[0] for name, _ in COMMANDS if " " in name}
    if len(words) == 1 and words[0] in groups:
        return
    if all(word in {name for name, _ in COMMANDS} for word in words) and len(words) > 2:
        return  # a list of commands
    name, arguments = command_of(words)
    options = {option for parameter in dict(COMMANDS)[name].params for option in parameter.opts} | {"--help"}
    assert {word for word in arguments if word.startswith("--")} <= options


def test_every_address_that_is_asked_for_is_a_route(tmp_path: Path, opened: Opened) -> None:
    known = routes(opened(tmp_path))
    plain = {(method, path) for method, path in known} | {("GET", "/sparql"), ("POST", "/sparql"), ("POST", "/cypher")}
    asked = []
    for page, line in lines():
        if found := re.search(r"curl (.*?)['\"]?(https?://127\.0\.0\.1:8000[^\s'\"]*)", line):
            posts = "-X POST" in line or re.search(r" (-d|--data|--data-binary) ", line)
            asked.append((page, "POST" if posts else "GET", urlsplit(found[2]).path))
    assert asked
    assert [one for one in asked if one[1:] not in plain] == []


def queries() -> list[str]:
    """Return every SPARQL query in the examples."""
    found = [example.text for example in examples("sparql")]
    for _, line in lines():
        found += re.findall(r"(?:query=|<<< ')((?:SELECT|ASK|CONSTRUCT|DESCRIBE)[^']*)'", line)
    return found


def test_every_query_can_be_read() -> None:
    assert queries()
    for query in queries():
        rdflib.plugins.sparql.prepareQuery(query, initNs=PREFIXES)
