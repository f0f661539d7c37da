"""The file of access tokens: hashes only, private, followed when it changes, never trusted when others can write it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from stratagraph.service.http.access_tokens import (
    BadTokenName,
    Role,
    TokenExists,
    TokenFile,
    TokensUnusable,
    UnknownToken,
)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "new" / "tokens.json")


def test_a_token_is_known_by_its_hash_alone(file: TokenFile) -> None:
    secret = file.add("ana", Role.INGEST)
    assert secret not in file.path.read_text("utf-8")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    holder = file.holder(secret)
    assert holder is not None
    assert (holder.name, holder.role) == ("ana", Role.INGEST)
    assert holder.digest not in repr(holder)


@pytest.mark.parametrize("wrong", ["", "sgt_", "sgt_x", "\udcff", "é"])
def test_another_secret_is_nobody(file: TokenFile, wrong: str) -> None:
    secret = file.add("ana", Role.READ)
    assert file.holder(wrong) is None
    assert file.holder(secret + "x") is None
    assert file.holder(secret[:-1]) is None


def test_a_change_by_another_process_is_seen(file: TokenFile) -> None:
    service, command = TokenFile(file.path), file
    assert not service.exists()
    secret = command.add("ana", Role.READ)
    assert service.holder(secret) is not None
    other = command.add("ben", Role.READ)
    command.revoke("ana")
    assert service.holder(secret) is None
    assert service.holder(other) is not None
    assert [token.name for token in service.tokens()] == ["ben"]


def test_without_its_last_token_the_file_still_asks_for_one(file: TokenFile) -> None:
    file.add("ana", Role.READ)
    file.revoke("ana")
    assert file.exists()
    assert file.tokens() == ()


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", "a/b", "x" * 65, "ação", "a\n"])
def test_a_name_that_could_confuse_is_refused(file: TokenFile, name: str) -> None:
    with pytest.raises(BadTokenName):
        file.add(name, Role.READ)


def test_names_are_unique_and_unknown_ones_named(file: TokenFile) -> None:
    file.add("ana", Role.READ)
    with pytest.raises(TokenExists):
        file.add("ana", Role.ADMIN)
    with pytest.raises(UnknownToken):
        file.revoke("ben")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"tokens": [{}]}',
        "\x00",
        json.dumps({"tokens": [{"name": "a", "role": "king", "created": "2026-01-01", "sha256": "0" * 64}]}),
        json.dumps({"tokens": [{"name": "a", "role": "read", "created": "2026-01-01", "sha256": "abcd"}]}),
    ],
)
def test_a_file_that_is_no_list_of_tokens_is_refused(file: TokenFile, text: str) -> None:
    file.path.parent.mkdir()
    file.path.write_text(text, "utf-8")
    file.path.chmod(0o600)
    with pytest.raises(TokensUnusable):
        file.holder("x")


def test_a_file_that_others_may_write_is_refused(file: TokenFile) -> None:
    secret = file.add("ana", Role.READ)
    file.path.chmod(0o620)
    with pytest.raises(TokensUnusable, match="chmod 600"):
        file.holder(secret)
    file.path.chmod(0o640)
    assert file.holder(secret) is not None


@pytest.mark.parametrize(
    ("has", "needs", "enough"),
    [(has, needs, rank >= at) for rank, has in enumerate(Role) for at, needs in enumerate(Role)],
)
def test_each_role_includes_those_before_it(*, has: Role, needs: Role, enough: bool) -> None:
    assert has.includes(needs) is enough
