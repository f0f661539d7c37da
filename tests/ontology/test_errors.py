"""An error is declared by a class statement, and carries its data wherever it goes."""

from __future__ import annotations

import pickle
from collections import defaultdict
from dataclasses import fields, is_dataclass

import pytest

from stratagraph.ontology.errors import StratagraphError
from tests.ontology.test_sentences import errors


class Torn(StratagraphError, slug="torn", status=418):
    """A page that is torn."""

    text = "Page {page} of {book!r} is torn. Print it again."

    page: int
    book: str = "the log"


class Burnt(Torn, slug="burnt"):
    """A page that is burnt as well."""

    text = "Page {page} is burnt since {when}. Print it again."

    when: str


def test_a_declaration_makes_a_dataclass_that_takes_its_data_by_name() -> None:
    error = Torn(page=3)
    assert is_dataclass(Torn)
    assert (error.slug, error.status, error.data()) == ("torn", 418, {"page": 3, "book": "the log"})
    assert str(error) == "Page 3 of 'the log' is torn. Print it again."
    with pytest.raises(TypeError, match="positional"):
        Torn(3)  # type: ignore[call-arg]


def test_a_subclass_has_its_bases_status_and_fields_but_no_slug_of_theirs() -> None:
    error = Burnt(page=3, when="noon")
    assert (error.slug, error.status) == ("burnt", 418)
    assert list(error.data()) == ["page", "book", "when"]
    assert (Torn.slug, StratagraphError.slug) == ("torn", "error")
    with pytest.raises(TypeError, match="slug"):
        type("Nameless", (Torn,), {})


@pytest.mark.parametrize("error", [Torn(page=1, book="x"), Burnt(page=1, when="noon")])
def test_an_error_comes_whole_out_of_another_process(error: StratagraphError) -> None:
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  written here
    assert again == error
    assert (type(again), str(again), again.args) == (type(error), str(error), error.args)


def test_a_slug_means_one_thing_to_a_client() -> None:
    """Errors that are one thing to a client may share a slug, such as a body too large for this route or that."""
    statuses = defaultdict(set)
    for cls in errors():
        statuses[cls.slug].add(cls.status)
        assert {"slug", "status", "text"}.isdisjoint(field.name for field in fields(cls))
    assert {slug: found for slug, found in statuses.items() if len(found) > 1} == {}
