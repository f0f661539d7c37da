"""The command line beats a file, a file beats the environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stratagraph.service.settings import (
    BadSetting,
    Settings,
    UnknownSetting,
    default_data_folder,
    load_settings,
    unknown_variables,
)
from tests.service.running import clean_environment, run


def test_environment_gives_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_PORT", "9001")
    assert load_settings().port == 9001


@pytest.mark.parametrize("variable", ["STRATAGRAPH_ALLOWED_HOSTS", "stratagraph_allowed_hosts"])
def test_a_list_is_written_as_json(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, '["graph.example.org", "kg"]')
    assert load_settings().allowed_hosts == ("graph.example.org", "kg")


@pytest.mark.parametrize("text", ["graph.example.org", "", "[1", '{"a": 1}', "[1]"])
def test_a_variable_that_holds_no_list_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_ALLOWED_HOSTS", text)
    with pytest.raises(BadSetting, match=r"allowed_hosts.*STRATAGRAPH_ALLOWED_HOSTS"):
        load_settings()


@pytest.mark.parametrize(
    "origin", ["*", "null", "yasgui.org", "https://yasgui.org/", "https://*.org", "https://a b", ""]
)
def test_what_is_no_origin_is_refused_by_name(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_ALLOWED_ORIGINS", json.dumps(["https://yasgui.org", origin]))
    with pytest.raises(BadSetting, match=r"allowed_origins.*scheme://host.*STRATAGRAPH_ALLOWED_ORIGINS"):
        load_settings()


@pytest.mark.parametrize(
    "origin", ["https://yasgui.org", "http://localhost:8888", "http://[::1]:80", "vscode-webview://1a"]
)
def test_an_origin_is_taken_as_it_is_written(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_ALLOWED_ORIGINS", json.dumps([origin]))
    assert load_settings().allowed_origins == (origin,)


def test_a_bad_variable_is_named_though_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_PORT", "much")
    config = tmp_path / "settings.yaml"
    config.write_text("base: https://example.org/b/\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="STRATAGRAPH_PORT"):
        load_settings(config)


def test_file_beats_environment_and_command_line_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_PORT", "9001")
    monkeypatch.setenv("STRATAGRAPH_BASE", "https://example.org/a/")
    config = tmp_path / "settings.yaml"
    config.write_text("port: 9002\nbase: https://example.org/b/\n", encoding="utf-8")
    settings = load_settings(config, port=9003)
    assert (settings.port, settings.base) == (9003, "https://example.org/b/")


@pytest.mark.parametrize(
    ("text", "named"),
    [("port: much\n", "port"), ("prot: 1\n", "prot"), ("- port\n", "--config"), ("port: [\n", "--config")],
)
def test_bad_file_is_refused_naming_the_setting(tmp_path: Path, text: str, named: str) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(BadSetting) as refused:
        load_settings(config)
    assert refused.value.name == named
    assert str(config) in str(refused.value)


def test_bad_variable_is_refused_naming_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_PORT", "99999")
    with pytest.raises(BadSetting, match="STRATAGRAPH_PORT"):
        load_settings()


UNKNOWN = [
    ("STRATAGRAPH_PRT", "1", "STRATAGRAPH_PORT"),
    ("STRATAGRAPH_DATADIR", "/x", "STRATAGRAPH_DATA"),
    ("stratagraph_tokens", "x", "STRATAGRAPH_TOKEN"),
    ("STRATAGRAPH_NEO4J_URI", "bolt://x", "STRATAGRAPH_NEO4J_URL"),
    ("STRATAGRAPH_QUERY_SECOND", "", "STRATAGRAPH_QUERY_SECONDS"),
    ("STRATAGRAPH_ZZZ", "1", "STRATAGRAPH_URL"),
    ("STRATAGRAPH_", "1", "STRATAGRAPH_"),
    ("STRATAGRAPH_WEB_PORT", "8000", "STRATAGRAPH_PORT"),
]


@pytest.mark.parametrize(("variable", "value", "nearest"), UNKNOWN, ids=[name for name, _, _ in UNKNOWN])
def test_a_variable_that_no_setting_has_is_refused_with_the_nearest(
    variable: str, value: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UnknownSetting, match=f"no setting {variable} .*{nearest}"):
        load_settings()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_has_a_variable_in_either_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(unknown_variables({f"STRATAGRAPH_{name.upper()}": "1", f"stratagraph_{name}": "1"})) == []
    assert list(unknown_variables({f"STRATAGRAPH_X{name.upper()}": "1"})) == [f"STRATAGRAPH_X{name.upper()}"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STRATAGRAPH_SERVICE_HOST", "10.0.0.1"),
        ("STRATAGRAPH_SERVICE_PORT", "8000"),
        ("STRATAGRAPH_SERVICE_PORT_HTTP", "8000"),
        ("STRATAGRAPH_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("STRATAGRAPH_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("STRATAGRAPH_WEB_SERVICE_HOST", "10.0.0.1"),
        ("STRATAGRAPH_WEB_PORT", "tcp://10.0.0.1:8000"),
        ("STRATAGRAPHS", "another program's"),
    ],
)
def test_what_kubernetes_tells_of_a_service_of_our_name_is_no_setting(variable: str, value: str) -> None:
    assert list(unknown_variables({variable: value})) == []


def test_a_command_refuses_a_mistyped_variable(tmp_path: Path) -> None:
    done = run("token", "list", environment=clean_environment(tmp_path) | {"STRATAGRAPH_PRT": "1"})
    assert done.returncode == 2
    assert "STRATAGRAPH_PRT" in done.stderr
    assert "STRATAGRAPH_PORT" in done.stderr


@pytest.mark.parametrize("language", ["fr", "xx", "english", ""])
def test_a_command_refuses_a_language_that_nothing_is_written_in(language: str, tmp_path: Path) -> None:
    done = run("ontology", "term", "Agent", "--lang", language, environment=clean_environment(tmp_path))
    assert done.returncode == 2
    assert "pt-BR" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_folder_follows_the_user_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "stratagraph"


def test_a_file_cannot_set_the_language(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("lang: pt-BR\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="STRATAGRAPH_LANG"):
        load_settings(file)


def test_properties_of_kafka_are_an_object_of_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(
        "kafka_properties:\n  session.timeout.ms: 6000\n  enable.ssl.certificate.verification: false\n"
        "  sasl.password: hidden\n",
        encoding="utf-8",
    )
    settings = load_settings(config)
    assert settings.kafka_properties == {
        "session.timeout.ms": "6000",
        "enable.ssl.certificate.verification": "false",
        "sasl.password": "hidden",
    }
    assert "hidden" not in repr(settings)
    monkeypatch.setenv("STRATAGRAPH_KAFKA_PROPERTIES", '{"security.protocol": "SSL"}')
    assert load_settings().kafka_properties == {"security.protocol": "SSL"}
    for wrong in ('{"sasl.password": "hidden"', '["hidden"]', '{"a": ["hidden"]}'):
        monkeypatch.setenv("STRATAGRAPH_KAFKA_PROPERTIES", wrong)
        with pytest.raises(BadSetting, match="kafka_properties") as told:
            load_settings()
        assert "hidden" not in str(told.value)


@pytest.mark.parametrize("name", ["kafka_metrics_topic", "kafka_logs_topic"])
def test_a_topic_of_two_signals_and_a_name_that_kafka_refuses_are_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in ("otlp_spans", "a b", "", "^otlp_.*", "x" * 250):
        monkeypatch.setenv(f"STRATAGRAPH_{name.upper()}", topic)
        with pytest.raises(BadSetting, match=name):
            load_settings()
