"""The command line beats a file, a file beats the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.service.settings import BadSetting, default_data_folder, load_settings


def test_environment_gives_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_PORT", "9001")
    assert load_settings().port == 9001


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


def test_data_folder_follows_the_user_directories(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_data_folder() == tmp_path / "stratagraph"
