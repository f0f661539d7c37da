"""Names of files within their source: the same file is known again, and what is gone is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.folders import read_paths
from stratagraph.loaders.kinds import UnknownContent
from stratagraph.loaders.scopes import BadScope, SameScope, ScopePlan, plan

Make = Callable[..., Path]


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    def make(folder: str, *names: str) -> Path:
        for name in names:
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"# {folder} {name}", encoding="utf-8")
        return tmp_path / folder

    return make


def planned(*paths: Path, known: dict[str, int] | None = None, **options: Any) -> ScopePlan:
    return plan(read_paths(paths), known or {}, **options)


def names(found: ScopePlan) -> list[str]:
    return sorted(file.scope for file in found.files)


def known(*scopes: str) -> dict[str, int]:
    return dict.fromkeys(scopes, 3)


def test_a_folder_names_its_files_alike_wherever_it_lies(make: Make, tmp_path: Path) -> None:
    folder = make("checkout-1", "a.yaml", "sub/b.ttl")
    shutil.copytree(folder, tmp_path / "checkout-2")
    assert names(planned(folder)) == names(planned(tmp_path / "checkout-2")) == ["a.yaml", "sub/b.ttl"]


def test_what_a_folder_no_longer_holds_is_gone(make: Make) -> None:
    folder = make("folder", "a.yaml", "sub/b.ttl")
    found = planned(folder, known=known("a.yaml", "old.yaml", "sub/old.TTL", "other/c.json"))
    assert found.gone == ("old.yaml", "other/c.json", "sub/old.TTL")


def test_what_says_nothing_any_more_is_not_gone_again(make: Make) -> None:
    assert planned(make("folder", "a.yaml"), known={"old.yaml": 0}).gone == ()


@pytest.mark.parametrize("scope", ["stdin", "cluster-1", "upload", "registry/models", "/elsewhere/old.yaml"])
def test_what_no_folder_said_is_not_gone(make: Make, scope: str) -> None:
    assert planned(make("folder", "a.yaml"), known=known(scope)).gone == ()


def test_a_file_alone_makes_nothing_gone(make: Make) -> None:
    folder = make("folder", "a.yaml", "b.yaml")
    assert planned(folder / "a.yaml", folder / "b.yaml", known=known("a.yaml", "old.yaml")).gone == ()


@pytest.mark.parametrize(
    ("scopes", "name"),
    [
        ([], "a.yaml"),
        (["a.yaml"], "a.yaml"),
        (["sub/a.yaml"], "sub/a.yaml"),
        (["a.yaml", "sub/a.yaml", "deep/sub/a.yaml"], "deep/sub/a.yaml"),
        (["ub/a.yaml", "other/a.yaml", "/sub/a.yaml"], "a.yaml"),
    ],
)
def test_a_file_alone_is_known_again_by_the_end_of_its_path(make: Make, scopes: list[str], name: str) -> None:
    file = make("folder", "deep/sub/a.yaml") / "deep" / "sub" / "a.yaml"
    assert names(planned(file, known=known(*scopes))) == [name]


def test_a_scope_names_one_file_or_what_several_are_below(make: Make) -> None:
    folder = make("folder", "a.yaml", "sub/b.yaml")
    assert names(planned(folder / "a.yaml", scope="mine")) == ["mine"]
    assert names(planned(folder / "a.yaml", folder / "sub" / "b.yaml", scope="mine")) == ["mine/a.yaml", "mine/b.yaml"]
    assert names(planned(folder, scope="mine/")) == ["mine/a.yaml", "mine/sub/b.yaml"]


def test_folders_of_different_scopes_leave_each_other_alone(make: Make) -> None:
    first, second = make("one", "a.yaml"), make("two", "a.yaml")
    scopes = known("one/a.yaml", "one/old.yaml", "two/a.yaml", "two/old.yaml", "a.yaml", "old.yaml")
    marked = scopes | {"one/": 0, "two/": 0}
    assert planned(first, known=marked, scope="one").gone == ("one/old.yaml",)
    assert planned(second, known=marked, scope="two").gone == ("two/old.yaml",)
    assert planned(first, known=marked).gone == ("old.yaml",)
    assert planned(first, known=scopes, scope="one").enumerated == ("one/",)


def test_a_scope_within_a_scope_is_its_own(make: Make) -> None:
    scopes = known("a/b/x.yaml", "a/x.yaml", "a/y.yaml") | {"a/": 0, "a/b/": 0}
    assert planned(make("one", "y.yaml"), known=scopes, scope="a").gone == ("a/x.yaml",)


def test_a_sub_folder_loaded_under_its_own_path_is_still_part_of_the_whole(make: Make) -> None:
    folder = make("folder", "sub/a.yaml", "sub/b.yaml")
    scopes = known("sub/a.yaml", "sub/b.yaml", "sub/old.yaml") | {"sub/": 0}
    assert planned(folder / "sub", known=scopes, scope="sub").gone == ("sub/old.yaml",)
    assert planned(folder, known=scopes).gone == ("sub/old.yaml",)


def test_two_files_of_one_name_are_refused(make: Make) -> None:
    first, second = make("one", "a.yaml"), make("two", "a.yaml")
    for paths in ((first, second), (first / "a.yaml", second / "a.yaml"), (first, second / "a.yaml")):
        with pytest.raises(SameScope) as refused:
            planned(*paths)
        assert {refused.value.first, refused.value.second} == {str(first / "a.yaml"), str(second / "a.yaml")}
        assert "--scope" in str(refused.value)


def test_several_folders_are_one_whole(make: Make) -> None:
    found = planned(make("one", "a.yaml"), make("two", "b.yaml"), known=known("a.yaml", "b.yaml", "c.yaml"))
    assert (names(found), found.gone) == (["a.yaml", "b.yaml"], ("c.yaml",))


def test_scopes_of_the_version_that_named_files_by_their_place_are_replaced(make: Make) -> None:
    folder = make("folder", "a.yaml", "sub/b.yaml")
    old = known(str(folder / "a.yaml"), str(folder / "sub" / "b.yaml"), str(folder / "gone.yaml"), "/other/a.yaml")
    found = planned(folder, known=old)
    assert names(found) == ["a.yaml", "sub/b.yaml"]
    assert found.replaced == {"a.yaml": str(folder / "a.yaml"), "sub/b.yaml": str(folder / "sub" / "b.yaml")}
    assert found.gone == (str(folder / "gone.yaml"),)
    alone = planned(folder / "a.yaml", known=old)
    assert (names(alone), alone.replaced, alone.gone) == (["a.yaml"], {"a.yaml": str(folder / "a.yaml")}, ())


@pytest.mark.parametrize("scope", ["", " ", "/", "a//b"])
def test_a_scope_that_names_nothing_is_refused(make: Make, scope: str) -> None:
    with pytest.raises(BadScope, match="plain name"):
        planned(make("folder", "a.yaml"), scope=scope)


def test_a_file_that_said_something_and_is_of_no_known_kind_any_more_is_refused_not_gone(make: Make) -> None:
    folder = make("folder", "a.yaml")
    (folder / "b.yaml").write_text("asset:\n- {kind: Agent, name: a}\n", encoding="utf-8")
    assert names(planned(folder)) == ["a.yaml"]
    with pytest.raises(UnknownContent, match=r"b\.yaml"):
        planned(folder, known=known("a.yaml", "b.yaml"))
