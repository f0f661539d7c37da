"""The command line without a service: the same answers, from the data themselves."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, clean_environment

ESTATE = """
assets:
- kind: LLMSystem
  name: helpdesk
- kind: Agent
  name: support
  partOf: helpdesk
  usesModel: [gpt-5]
- kind: BaseModel
  name: gpt-5
"""


@pytest.fixture(name="environment")
def _environment(tmp_path: Path, opened: Opened) -> Mapping[str, str]:
    """A user's environment, with a data folder that was opened before."""
    opened(tmp_path / "home" / DATA)
    return clean_environment(tmp_path / "home")


@pytest.fixture(name="estate")
def _estate(tmp_path: Path) -> Path:
    """A small inventory."""
    file = tmp_path / "estate.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    return file


def test_files_are_loaded_and_their_impact_is_found(environment: Mapping[str, str], estate: Path) -> None:
    loaded = run("load", str(estate), environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    assert "Committed 1 file as sequence 2" in loaded.stdout
    found = run("impact", "gpt-5", "--format", "csv", environment=environment)
    assert {row["label"] for row in csv.DictReader(io.StringIO(found.stdout))} == {"support", "helpdesk"}


def test_loading_again_changes_nothing_and_a_shorter_file_closes(environment: Mapping[str, str], estate: Path) -> None:
    run("load", str(estate), environment=environment)
    again = run("load", str(estate), environment=environment)
    assert "nothing changed" in again.stdout
    estate.write_text(ESTATE.replace("  usesModel: [gpt-5]\n", ""), encoding="utf-8")
    partial = run("load", "--partial", str(estate), environment=environment)
    assert "nothing changed" in partial.stdout
    whole = run("load", str(estate), environment=environment)
    assert "0 changed, 0 closed; 0 relations opened, 1 closed" in whole.stdout


def test_how_the_last_run_went_is_in_the_graph(environment: Mapping[str, str], estate: Path) -> None:
    ask = f"""SELECT ?run ?complete WHERE {{
        ?scope sg:scopeName "{estate.name}" ; sg:source "files" ; sg:lastRun ?run ; sg:lastRunComplete ?complete }}"""
    told = []
    for options in ((), ("--partial",), ()):
        assert run("load", *options, "--source", "files", str(estate), environment=environment).returncode == 0
        (row,) = csv.DictReader(
            io.StringIO(run("query", "-", "--format", "csv", environment=environment, stdin=ask).stdout)
        )
        told.append(row)
    assert [row["complete"] for row in told] == ["true", "false", "true"]
    assert len({row["run"] for row in told}) == 3


def test_going_back_to_an_older_file_is_a_change(environment: Mapping[str, str], estate: Path) -> None:
    run("load", str(estate), environment=environment)
    estate.write_text(
        ESTATE.replace("gpt-5]", "gpt-5, other]") + "- kind: BaseModel\n  name: other\n", encoding="utf-8"
    )
    run("load", str(estate), environment=environment)
    estate.write_text(ESTATE, encoding="utf-8")
    back = run("load", str(estate), environment=environment)
    assert "1 closed; 0 relations opened, 1 closed" in back.stdout, back.stdout + back.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "assets:\n- kind: Agnet\n  name: x\n", ["a.yaml:2", "Agnet", "Did you mean Agent"]),
        ("a.yaml", "assets:\n- kind: Agent\n  name: x\n  usesModel: {kind: Law, name: y}\n", ["a.yaml:4"]),
        ("a.yaml", "assets:\n- kind: Agent\n  name: x\n  dependsOn: {kind: Tool, name: y}\n", ["a.yaml:4", "shape:"]),
        ("a.ttl", "@prefix sg: <https://w3id.org/stratagraph/ns#> .\n<urn:x> a sg:Agnet .\n", ["a.ttl:2", "shape:"]),
        (
            "a.ttl",
            """\
            @prefix sg: <https://w3id.org/stratagraph/ns#> .
            <urn:prompt> a sg:Prompt ; sg:name "prompt" .
            <urn:agent> a sg:Agent ; sg:name "agent" ;
                sg:usesModel <urn:prompt> .
            """,
            ["a.ttl:4", "usesModel", "shape:"],
        ),
        ("a.ttl", "<urn:x> <urn:y> ;;;\n", ["a.ttl:1"]),
        ("a.txt", "hello", ["a.txt", "--kind"]),
    ],
)
def test_a_bad_file_is_refused_in_one_paragraph(
    environment: Mapping[str, str], tmp_path: Path, name: str, text: str, said: list[str]
) -> None:
    file = tmp_path / name
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    done = run("load", str(file), environment=environment)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert [part for part in said if part not in done.stderr] == []
    sequence = run("query", "-", environment=environment, stdin="SELECT ?s WHERE { ?s a sg:Agent }")
    assert sequence.stdout.strip().splitlines() == ["?s"]


def test_one_bad_file_of_several_refuses_all(environment: Mapping[str, str], estate: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("assets:\n- kind: Agent\n  name: y\n  dependsOn: {kind: Tool, name: nothing}\n", encoding="utf-8")
    assert run("load", str(estate), str(bad), environment=environment).returncode == 2
    assert run("impact", "gpt-5", environment=environment).returncode == 2


def test_an_empty_file_is_an_empty_batch(environment: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "empty.ttl"
    file.touch()
    assert run("load", str(file), environment=environment).returncode == 0


def test_an_unknown_asset_is_an_error_with_suggestions(environment: Mapping[str, str], estate: Path) -> None:
    run("load", str(estate), environment=environment)
    done = run("impact", "suport", environment=environment)
    assert done.returncode == 2
    assert "support" in done.stderr


def test_an_audit_without_targets_is_not_a_pass(environment: Mapping[str, str]) -> None:
    done = run("audit", "--format", "json", environment=environment)
    audit = json.loads(done.stdout)
    assert {verdict["outcome"] for verdict in audit["verdicts"]} == {"not_applicable"}
    assert (audit["exit"], done.returncode) == (2, 2)
    assert run("audit", "--allow-empty", environment=environment).returncode == 0


def test_an_audit_with_missing_evidence_exits_1(environment: Mapping[str, str], estate: Path) -> None:
    run("load", str(estate), environment=environment)
    done = run("audit", environment=environment)
    assert done.returncode == 1
    assert run("audit", "--framework", "none", environment=environment).returncode == 2


def test_validation_reports_and_exits_as_documented(environment: Mapping[str, str], tmp_path: Path) -> None:
    shapes = tmp_path / "shapes.ttl"
    shapes.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "<urn:s> a sh:NodeShape ; sh:targetNode <urn:x> ; sh:property [ sh:path <urn:p> ; sh:minCount 1 ] .\n",
        encoding="utf-8",
    )
    data = tmp_path / "data.ttl"
    data.write_text("<urn:x> <urn:q> 1 .\n", encoding="utf-8")
    arguments = ("validate", "--data", str(data), "--shapes", str(shapes), "--format", "json")
    failed = run(*arguments, environment=environment)
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["conforms"] is False
    data.write_text("<urn:x> <urn:p> 1 .\n", encoding="utf-8")
    assert run(*arguments, environment=environment).returncode == 0
    data.write_text("<urn:x> <urn:p>", encoding="utf-8")
    assert run(*arguments, environment=environment).returncode == 2


def test_a_validation_warns_of_what_had_no_effect(environment: Mapping[str, str], tmp_path: Path) -> None:
    shapes, data = tmp_path / "shapes.ttl", tmp_path / "data.ttl"
    shapes.write_text(
        "@prefix sh: <http://www.w3.org/ns/shacl#> .\n"
        "<urn:s> a sh:NodeShape ; sh:targetClass <urn:Nowhere> ; sh:minCounts 1 .\n",
        encoding="utf-8",
    )
    data.write_text("<urn:x> <urn:q> 1 .\n", encoding="utf-8")
    done = run("validate", "--data", str(data), "--shapes", str(shapes), environment=environment)
    assert done.returncode == 0
    warnings = done.stderr.splitlines()
    assert [line.startswith("warning: urn:s: ") for line in warnings] == [True, True]
    assert "sh:minCount" in warnings[0]
    assert "urn:Nowhere" in warnings[1]


@pytest.mark.parametrize("wrong", ["missing.ttl", "."])
def test_a_validation_of_no_file_could_not_run(environment: Mapping[str, str], tmp_path: Path, wrong: str) -> None:
    path = str(tmp_path / wrong)
    done = run("validate", "--data", path, "--shapes", path, environment=environment)
    assert done.returncode == 2
    assert path in done.stderr


def test_the_ledger_is_exported_and_rebuilt_identically(
    environment: Mapping[str, str], estate: Path, tmp_path: Path
) -> None:
    run("load", str(estate), environment=environment)
    export = tmp_path / "export.jsonl"
    head = tmp_path / "head.json"
    assert run("ledger", "export", "--out", str(export), environment=environment).returncode == 0
    assert run("ledger", "head", "--out", str(head), environment=environment).returncode == 0
    copy = str(tmp_path / "copy")
    Path(copy).mkdir()
    key = "ledger.sqlite.key"  # an export holds everything but the key: whoever has it could sign another history
    (Path(copy) / key).write_bytes((tmp_path / "home" / "stratagraph" / key).read_bytes())
    (Path(copy) / key).chmod(0o600)
    assert run("ledger", "import", str(export), "--data", copy, environment=environment).returncode == 0
    verified = run("ledger", "verify", "--head", str(head), "--data", copy, environment=environment)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert run("impact", "gpt-5", "--data", copy, environment=environment).returncode == 0


def test_a_query_that_the_engine_refuses_is_an_error_in_words(environment: Mapping[str, str]) -> None:
    done = run("query", "-", environment=environment, stdin="SELECT WHERE")
    assert done.returncode == 2
    assert "stratagraph:" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_where_nobody_answers_is_said(environment: Mapping[str, str]) -> None:
    done = run("impact", "x", environment={**environment, "STRATAGRAPH_URL": "http://127.0.0.1:9"})
    assert done.returncode == 2
    assert "127.0.0.1:9" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("audit", "--on", "2026-13-01"), "'2026-13-01' is no date"),
        (("audit", "--on", "01/12/2026"), "'01/12/2026' is no date"),
        (("audit", "--format", "pdf"), "'pdf' is not one of"),
        (("token", "add", "ana", "--role", "boss"), "'boss' is not one of"),
    ],
)
def test_a_value_that_an_option_does_not_take_is_told_in_plain_words(
    environment: Mapping[str, str], arguments: tuple[str, ...], told: str
) -> None:
    done = run(*arguments, environment={**environment, "COLUMNS": "300"})
    assert done.returncode == 2
    assert told in done.stderr
    assert "Value error" not in done.stderr
    assert "%Y" not in done.stderr


def test_a_ledger_of_one_batch_is_told_so(environment: Mapping[str, str]) -> None:
    assert "The chain of 1 batch is sound" in run("ledger", "verify", environment=environment).stdout


def test_a_module_that_cannot_be_read_is_placed_once(environment: Mapping[str, str], tmp_path: Path) -> None:
    module = tmp_path / "broken.ttl"
    module.write_text("my:X a owl:Class .", encoding="utf-8")
    done = run("ontology", "check", "--no-dl", "--ontology", str(module), environment=environment)
    assert done.returncode == 1
    assert done.stdout.count("broken.ttl:1") == 1
    assert "broken.ttl:1:1: " in done.stdout


def test_a_form_of_a_class_without_a_definition_ends_its_title_with_the_name(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    module = tmp_path / "voice.ttl"
    module.write_text(
        "@prefix my: <https://example.org/ontology#> . @prefix sg: <https://w3id.org/stratagraph/ns#> .\n"
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        'my:VoiceAgent a owl:Class ; rdfs:subClassOf sg:Agent ; rdfs:label "Voice agent"@en .',
        encoding="utf-8",
    )
    form = run("template", "VoiceAgent", "--ontology", str(module), environment=environment).stdout
    assert form.splitlines()[0] == "## Voice agent (https://example.org/ontology#VoiceAgent)"
