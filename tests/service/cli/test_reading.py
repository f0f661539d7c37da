"""``search``, ``list`` and ``show``: what there is, and everything about one asset, over the example estates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment


@pytest.fixture(name="environment", scope="module")
def _environment(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Mapping[str, str]]:
    """A user's environment in which a service with the example estates runs: no command opens the data anew."""
    home = tmp_path_factory.mktemp("home")
    with Engine(Settings(data=furnished(home / DATA), port=0)) as engine, served(engine) as server:
        yield {**clean_environment(home), "STRATAGRAPH_URL": server.url}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lgpd-33", "LGPD-33"),
        ("LGPD 33", "LGPD-33"),
        ("mecanismo de transferencia", "LGPD-33"),
        ("LGPD", "LGPD_BR"),
        ("banco aureo", "Banco Áureo"),
    ],
)
def test_a_search_finds_assets_and_obligations(environment: Mapping[str, str], text: str, first: str) -> None:
    found = run("search", text, "--format", "json", "--limit", "3", environment=environment)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["results"][0]["name"] == first


def test_a_search_without_result_says_so(environment: Mapping[str, str]) -> None:
    found = run("search", "zzzz", "--lang", "pt-BR", environment=environment)
    assert (found.returncode, found.stdout) == (1, "")
    assert "Nada tem “zzzz”" in found.stderr


def test_what_is_unknown_is_quoted_as_it_was_written(environment: Mapping[str, str]) -> None:
    shown = run("show", "Ação de um só", environment=environment)
    assert shown.returncode == 2
    assert "no asset named 'Ação de um só'" in shown.stderr


def test_a_list_is_of_a_class_and_a_level(environment: Mapping[str, str]) -> None:
    listed = run("list", "--kind", "Law", "--level", "L12", "--lang", "pt-BR", environment=environment)
    head, rule, *rows = listed.stdout.splitlines()
    assert head.split() == ["Nível", "Ativo", "Classe", "Nome"]
    assert set(rule) <= {"─", " "}
    assert any(row.endswith("LGPD_BR") for row in rows)
    assert all(row.startswith("L12") for row in rows)
    assert run("list", "--kind", "Law", "--level", "L1", environment=environment).stdout == ""
    refused = run("list", "--level", "L99", environment=environment)
    assert refused.returncode == 2
    assert "Did you mean: L9" in refused.stderr


def test_a_cut_list_says_so(environment: Mapping[str, str]) -> None:
    listed = run("list", "--limit", "2", environment=environment)
    assert len(listed.stdout.splitlines()) == 4
    assert "There are more" in listed.stderr


def test_an_asset_is_shown_with_its_verdicts_and_who_says_so(environment: Mapping[str, str]) -> None:
    shown = json.loads(run("show", "LGPD_BR", "--format", "json", environment=environment).stdout)
    assert shown["name"] == "LGPD_BR"
    audit = json.loads(run("audit", "--format", "json", environment=environment).stdout)
    target = next(v["target"] for v in audit["verdicts"] if v["outcome"] == "fail" and v["target"])
    system = json.loads(run("show", target, "--format", "json", environment=environment).stdout)
    expected = {(v["rule"], v["outcome"]) for v in audit["verdicts"] if v["target"] == target}
    assert {(v["rule"], v["outcome"]) for v in system["verdicts"]} == expected
    assert system["verdicts"][0]["outcome"] == "fail"
    assert system["verdicts"][0]["remediation"]
    table = run("show", target, "--lang", "pt-BR", environment=environment).stdout
    assert "Vereditos (" in table
    assert "falha" in table
    assert "(declarado em inventário, " in table


def test_an_obligation_is_shown_in_the_readers_language(environment: Mapping[str, str]) -> None:
    shown = run("show", "LGPD-33", "--lang", "pt-BR", environment=environment).stdout
    assert "Mecanismo de transferência internacional" in shown
    assert "O dado sai do Brasil" in shown
    assert "Data leaves Brazil" not in shown


def test_an_unknown_name_points_to_the_search(environment: Mapping[str, str]) -> None:
    for command in ("show", "impact"):
        refused = run(command, "qqqqqqqq", environment=environment)
        assert refused.returncode == 2
        assert "stratagraph search" in refused.stderr


@pytest.mark.parametrize(
    ("form", "query", "right"),
    [
        ("table", "SELECT ?law { ?law sg:name 'LGPD_BR' }", True),
        ("table", "ASK { ?law sg:name 'LGPD_BR' }", True),
        ("table", "CONSTRUCT WHERE { ?law sg:name 'LGPD_BR' }", True),
        ("turtle", "CONSTRUCT WHERE { ?law sg:name 'LGPD_BR' }", True),
        ("csv", "CONSTRUCT WHERE { ?law sg:name 'LGPD_BR' }", False),
        ("turtle", "SELECT ?law { ?law sg:name 'LGPD_BR' }", False),
        ("jsonld", "ASK { ?law sg:name 'LGPD_BR' }", False),
    ],
)
def test_a_query_is_an_argument_and_its_form_is_kept_or_refused(
    environment: Mapping[str, str], form: str, query: str, right: bool
) -> None:
    answer = run("query", query, "--format", form, environment=environment)
    assert (answer.returncode == 0) is right, answer.stderr
    if right:
        assert answer.stdout
    else:
        assert "--format" in answer.stderr
        assert "Accept" not in answer.stderr


def test_a_table_names_things_shortly(environment: Mapping[str, str]) -> None:
    query = "SELECT ?law ?label { ?law sg:name 'LGPD_BR' ; rdfs:label ?label FILTER(LANG(?label) = 'en') }"
    head, _, row = run("query", query, "--format", "table", environment=environment).stdout.splitlines()
    assert head.split() == ["law", "label"]
    assert row.startswith("asset:")
    assert row.endswith("@en")


def test_cypher_forms_that_do_not_exist_are_refused(environment: Mapping[str, str]) -> None:
    refused = run("query", "MATCH (n) RETURN n", "--cypher", "--format", "turtle", environment=environment)
    assert refused.returncode == 2
    assert "table, json, csv, tsv" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "qqqqqqqq"),
        ("impact", "qqqqqqqq"),
        ("list", "--level", "L99"),
        ("query", "SELEKT"),
        ("query", ""),
        ("query", " "),
        ("query", "SELECT * { ?s a nope:y }"),
        ("query", "ASK { ?s ?p ?o }", "--format", "turtle"),
        ("query", "MATCH (n) RETURN n", "--cypher", "--format", "xml"),
        ("load", "no-such-file.yaml"),
        ("audit", "--framework", "qqqq"),
        ("withdraw", "--source", "nobody"),
        ("validate", "--data", "no-such-file.ttl", "--shapes", "no-such-file.ttl"),
        ("template", "Agnt"),
        ("ontology", "term", "Agnt"),
        ("ontology", "check", "--ontology", "no-such-folder"),
    ],
)
def test_an_error_is_in_the_language_of_the_environment(
    environment: Mapping[str, str], arguments: tuple[str, ...]
) -> None:
    english = run(*arguments, environment=environment).stderr
    portuguese = run(*arguments, environment={**environment, "STRATAGRAPH_LANG": "pt-BR"})
    assert portuguese.returncode == 2
    asked = run(*arguments, "--lang", "pt-BR", environment={**environment, "STRATAGRAPH_LANG": "en"})
    assert asked.stderr == portuguese.stderr
    assert run(*arguments, environment=environment).stderr == english, "it is English again"
    assert portuguese.stderr != english
    told = re.sub(r"'[^']*'|--[\w-]+|/\S+|stratagraph [\w ]+", "", portuguese.stderr)
    assert re.findall(r"\b(the|is|are|there|not|cannot|of|with|and|or|it|has|have|give|choose|search)\b", told) == []
