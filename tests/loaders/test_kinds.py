"""Kinds of files: what their names end in, and how they are named."""

from __future__ import annotations

import pytest

from stratagraph.loaders.kinds import AUTO, SUFFIXES, Kind, UnknownKind, is_read, kind_named


def test_every_end_of_a_name_is_that_of_a_kind_and_the_other_way_round() -> None:
    assert {suffix for kind in Kind for suffix in kind.suffixes} == set(SUFFIXES)


@pytest.mark.parametrize("name", ["a", ".yaml", "yaml", "a.yaml.bak", "a.py"])
def test_another_name_is_not_looked_into(name: str) -> None:
    assert not is_read(name, None)


@pytest.mark.parametrize(("name", "kind"), [("a.TTL", Kind.RDF), ("a.Yml", Kind.YAML), ("a.Csv", Kind.CSV)])
def test_a_name_in_any_case_is_looked_into_for_its_kind(name: str, kind: Kind) -> None:
    assert is_read(name, None)
    assert is_read(name, kind)
    assert not is_read(name, Kind.A2A)


@pytest.mark.parametrize("name", ["excel", "", "RDF/XML", "yml"])
def test_a_kind_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownKind, match="rdf, yaml, csv"):
        kind_named(name)


def test_auto_leaves_it_to_the_names() -> None:
    assert kind_named(AUTO) is None
    assert kind_named("yaml") is Kind.YAML
