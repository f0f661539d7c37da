"""The language that a command speaks: that of its --lang, wherever it stands, else the environment's, else English."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from itertools import pairwise
from typing import Annotated, Any, Final

import typer

from stratagraph.ontology.sentences import SOURCE, say

OPTION: Final = "--lang"
TONGUE: Final = "STRATAGRAPH_LANG"
"""The variable that names the language of commands that are given none."""

_spoken: Final[ContextVar[str]] = ContextVar("spoken", default=SOURCE)


def listen(arguments: Sequence[str]) -> None:
    """Find out the language before any option is read: a mistake among them and their help are told in it."""
    given = [after for before, after in pairwise(arguments) if before == OPTION]
    given += [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{OPTION}=")]
    # The last one given counts, as with any other option.
    _spoken.set(next(filter(None, map(_known, (*given[-1:], os.environ.get(TONGUE, "")))), SOURCE))


def tongue() -> str:
    """Return the language of the command that runs."""
    return _spoken.get()


def tell(message: str) -> None:
    """Write a sentence to standard output, in the command's language."""
    typer.echo(say(message, tongue()))


def aloud() -> Callable[[str], None]:
    """Return ``tell`` for other threads, which know nothing of the command's language."""
    context = copy_context()
    # A copy each time: two threads can't be in one context at once.
    return lambda message: context.copy().run(tell, message)


def note(message: str) -> None:
    """Write a sentence to standard error, in the command's language."""
    sys.stderr.write(f"{say(message, tongue())}\n")


def _known(tag: str) -> str | None:
    if not tag or tag == SOURCE:
        return tag or None
    # Imported late: most commands are asked in no language.
    from stratagraph.queries.messages import UnknownLanguage, language

    try:
        return language(tag)
    except UnknownLanguage:
        return None


def _supported(tag: str) -> str:
    """Refuse a language that nothing is written in; an option before the command counts for it too."""
    from stratagraph.queries.messages import UnknownLanguage, language

    try:
        language(tag)
    except UnknownLanguage as error:
        raise typer.BadParameter(error.said(tongue())) from None
    return tongue()


def speaking(command: Any) -> Any:
    """Give a command the option that names its language, unless it has one: whatever it says is said in that."""
    if not any(OPTION in parameter.opts for parameter in command.params):
        alone = typer.Typer(add_completion=False)
        alone.command()(_silent)
        (option,) = typer.main.get_command(alone).params
        option.expose_value = False  # the command's function knows nothing of it
        command.params.append(option)
    return command


Language = Annotated[
    str,
    typer.Option(
        OPTION,
        callback=_supported,
        envvar=TONGUE,
        is_eager=True,
        show_envvar=False,
        show_default=False,
        help="Language of labels, reasons and messages: en or pt-BR.",
    ),
]


def _silent(lang: Language = SOURCE) -> None:
    """Have the option, and nothing to do."""
