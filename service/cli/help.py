"""Help and mistakes of the command line in the reader's language: what the library writes, sentence by sentence."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import typer

from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.cli.tongue import tongue

# The library gives this class out under no name of its own.
USAGE: Final[type[Exception]] = typer.BadParameter.__base__ or Exception
"""What the library raises when a command is called in a way that it does not take."""
_EXTRA: Final = re.compile(r"(?P<text>.*?)(?:\s*\[(?P<extra>[^\[\]]*(?:\[[^\]]*\])?)\])?", re.DOTALL)
"""The help of an option, and what the library adds about its default and range."""
_HELP_ASKED: Final = "NoArgsIsHelpError"
"""The library's name of a group called without a command, which is answered with its help."""
_KINDS: Final = re.compile(r"\b[A-Z]{4,}\b")
"""Names of kinds of values, such as TEXT."""


class SpokenContext(typer.Context):
    """A command's context, whose help and usage are written in the command's language."""

    def make_formatter(self) -> Any:
        """Return what help is written with."""
        plain = super().make_formatter()
        return plain if tongue() == SOURCE else SpokenFormatter(plain)


class SpokenFormatter:
    """The library's formatter, given every text in the command's language."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain

    def __getattr__(self, name: str) -> Any:
        """Leave all else to the library."""
        return getattr(self._plain, name)

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write how a command is called."""
        told = " ".join(map(_spoken, args.split(" ")))
        self._plain.write_usage(prog, told, f"{_spoken(prefix or 'Usage:')} ")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        self._plain.write_text(paragraphs(text))

    def write_dl(self, rows: Sequence[tuple[str, str]], **layout: Any) -> None:
        """Write options or commands, each with what it is for."""
        self._plain.write_dl(
            [(_KINDS.sub(lambda kind: _spoken(kind[0]), name), _told(text)) for name, text in rows], **layout
        )

    def section(self, name: str) -> AbstractContextManager[None]:
        """Begin a section."""
        section: AbstractContextManager[None] = self._plain.section(_spoken(name))
        return section


def paragraphs(text: str) -> str:
    """Return paragraphs in the command's language; how their lines were broken does not matter."""
    return "\n\n".join(_spoken(" ".join(paragraph.split())) for paragraph in text.split("\n\n"))


def complain(error: Any) -> int:
    """Say what is wrong with how a command was called, in its language; return the exit status."""
    context, told = error.ctx, error.format_message()
    if type(error).__name__ != _HELP_ASKED:
        told = f"{_spoken('Error')}: {_spoken(told)}"
        if context is not None:
            called = f"{context.command_path} {context.help_option_names[0]}"
            hint = _spoken(f"Try '{called}' for help.")
            told = f"{context.get_usage()}\n{hint}\n\n{told}"
    sys.stderr.write(f"{told}\n")
    return int(error.exit_code)


def _told(text: str) -> str:
    found = _EXTRA.fullmatch(text)
    assert found  # the pattern takes any text
    extra = "; ".join(map(_spoken, found["extra"].split("; "))) if found["extra"] else ""
    return f"{paragraphs(found['text'])}  [{extra}]" if extra else paragraphs(text)


def _spoken(text: str) -> str:
    return say(text, tongue())
