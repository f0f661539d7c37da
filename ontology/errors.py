"""The one family of errors: named for what went wrong, carrying data, saying what to do next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import ClassVar, Final, dataclass_transform

from stratagraph.ontology.sentences import say

MOST_FINDINGS: Final = 20
"""Findings that an error lists in full. Whoever corrects them learns of the others the next time; an answer with every
one of a hundred thousand is of use to nobody, and takes more memory than the request did."""
LONGEST_TERM: Final = 4096
"""Characters of a value that a finding repeats: as much as an IRI may have."""
_BEFORE_STOP: Final = re.compile(r"\{(\w+)\}\.")
"""A place that a full stop follows."""


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
@dataclass(kw_only=True)
class StratagraphError(Exception):
    """Base of every error that Stratagraph raises on purpose.

    ``class RunConflict(StratagraphError, slug="run-conflict", status=409)`` declares one: ``slug`` is the stable last
    part of the problem type over HTTP, ``status`` the HTTP status, that of the base where it is left out. The class is
    a dataclass without a decorator; its fields are the error's data, given by keyword. ``text`` is a format string over
    the fields that says what went wrong and what to do next.
    """

    slug: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "Something went wrong."
    longest: ClassVar[int] = 1000
    """Characters of one field that the text repeats; a value of a megabyte says no more by being there whole."""

    def __init_subclass__(cls, *, slug: str, status: int | None = None) -> None:
        """Make the subclass a dataclass under its slug."""
        super().__init_subclass__()
        cls.slug = slug  # asked of each subclass: clients tell errors apart by it, so it must not be inherited
        if status is not None:
            cls.status = status
        dataclass(kw_only=True)(cls)

    def __str__(self) -> str:
        """Say what went wrong, and what to do next."""
        return self.filled()

    def filled(self, **more: object) -> str:
        """Fill ``text`` with the error's fields, the long ones cut, and more; a sentence in it ends only once."""
        values = {
            name: in_short(value, self.longest) if isinstance(value, str) else value
            for name, value in self.data().items()
        } | more
        for name in _BEFORE_STOP.findall(self.text):
            if isinstance(value := values.get(name), str) and not value.endswith(".."):
                values[name] = value.removesuffix(".")
        return self.text.format(**values)

    def said(self, language: str) -> str:
        """Return the error's text in a language."""
        return say(str(self), language)

    def __post_init__(self) -> None:
        """Give the base class its arguments, so that the error prints like any other."""
        super().__init__(*self.data().values())

    def __reduce__(self) -> tuple[Callable[..., StratagraphError], tuple[object, ...]]:
        """Say how the error is made again in another process: exceptions do it by position, ours take names."""
        return _again, (type(self), self.data())

    def data(self) -> dict[str, object]:
        """Return the error's fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text; nothing, unless a subclass has more to tell."""
        return {}


def _again(cls: type[StratagraphError], data: dict[str, object]) -> StratagraphError:
    return cls(**data)


def in_short(text: str, longest: int) -> str:
    """Return the text as a message can show it: cut where it is long, and saying so."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"


def unlisted(count: int) -> dict[str, object]:
    """Return how many findings there are and how many of them are not listed; nothing where all are."""
    return {"count": count, "more": count - MOST_FINDINGS} if count > MOST_FINDINGS else {}
