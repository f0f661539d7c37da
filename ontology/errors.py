"""The one family of errors: named for what went wrong, carrying data, saying what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import ClassVar, Final

from stratagraph.ontology.sentences import say

_BEFORE_STOP: Final = re.compile(r"\{(\w+)\}\.")
"""A place that a full stop follows."""


@dataclass(kw_only=True)
class StratagraphError(Exception):
    """Base of every error that Stratagraph raises on purpose.

    A subclass is a dataclass whose fields are the error's data. It sets ``slug``, the stable last part of the
    problem type over HTTP, ``status``, the HTTP status, and ``text``, a format string over its fields that says
    what went wrong and what to do next.
    """

    slug: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    text: ClassVar[str] = "Something went wrong."
    longest: ClassVar[int] = 1000
    """Characters of one field that the text repeats; a value of a megabyte says no more by being there whole."""

    def __str__(self) -> str:
        """Fill ``text`` with the error's fields, the long ones cut; what is a sentence itself ends only once."""
        values = {
            name: in_short(value, self.longest) if isinstance(value, str) else value
            for name, value in self.data().items()
        }
        for name in _BEFORE_STOP.findall(self.text):
            if isinstance(value := values.get(name), str) and not value.endswith(".."):
                values[name] = value.removesuffix(".")
        return self.text.format(**values)

    def said(self, language: str) -> str:
        """Return the error's text in a language."""
        return say(str(self), language)

    def __post_init__(self) -> None:
        """Give the base class its arguments, so that the error pickles and prints like any other."""
        super().__init__(*self.data().values())

    def data(self) -> dict[str, object]:
        """Return the error's fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text; nothing, unless a subclass has more to tell."""
        return {}


def in_short(text: str, longest: int) -> str:
    """Return the text as a message can show it: cut where it is long, and saying so."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"
