"""The commands, each in a module that is loaded when it is called: loading is most of a short command's time."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup

from stratagraph.ontology.sentences import SOURCE
from stratagraph.service.cli.help import USAGE, SpokenContext, complain
from stratagraph.service.cli.tongue import listen, speaking, tongue

Command = TyperCommand | TyperGroup

HELP: Final = None
"""How help and mistakes are written: plain, for the library that draws boxes loads longer than all else of a help."""

PLAIN: Final = {
    "Value error, ": "",
    "does not match the formats '%Y-%m-%d'": "is no date; write the year, month and day, as in 2026-12-31",
}
"""What the library says of a value in a programmer's words, and what is told instead."""


class LazyCommands(MutableMapping[str, Any]):
    """Commands by name; ``places`` says where each stands, as ``module:name``, a function or a group of commands."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """Return a command, loaded."""
        if name not in self._loaded:
            module, _, attribute = self._places[name].partition(":")
            self._loaded[name] = _command(name, getattr(import_module(module), attribute))
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._places.setdefault(name, "")
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def summaries(self) -> dict[str, str]:
        """Return what each command's help says, read from its module's text."""
        return {name: _summary(*place.split(":")) for name, place in self._places.items()}


class PlainCommand(TyperCommand):
    """A command whose options have one value each, unless they take several: of two, the last would win in silence."""

    context_class = SpokenContext

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; refuse a second value that would take the place of the first."""
        # The library parses once more below; this only looks for what is given twice.
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for param in given:
            if given.count(param) > 1 and not (param.multiple or getattr(param, "is_flag", False)):
                ctx.fail(f"{param.opts[-1]} is given more than once, and takes one value. Give it once.")
        return super().parse_args(ctx, args)


class PlainGroup(TyperGroup):
    """A group whose help tells of each command in a whole sentence."""

    context_class = SpokenContext

    def summaries(self) -> dict[str, str]:
        """Return the help of each command."""
        return {name: command.help or "" for name, command in self.commands.items()}

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the library calls it so
        """List the commands, each with the first paragraph of its help."""
        first = {name: " ".join(text.partition("\n\n")[0].split()) for name, text in self.summaries().items()}
        with formatter.section("Commands"):
            formatter.write_dl(list(first.items()))


class LazyGroup(PlainGroup):
    """A group that lists its commands without loading them."""

    places: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": None})
        self.commands = LazyCommands(self.places)

    def main(self, args: Sequence[str] | None = None, *given: Any, **options: Any) -> Any:
        """Find out the language, then run; what is wrong with the call is told in it."""
        listen(sys.argv[1:] if args is None else args)
        # The library tells it itself where the language is English, or where the caller wants the error.
        if tongue() == SOURCE or not options.get("standalone_mode", True):
            return super().main(args, *given, **options)
        try:
            status = super().main(args, *given, **{**options, "standalone_mode": False})
        except USAGE as error:
            status = complain(error)
        sys.exit(status)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what is wrong with its options is told in plain words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            for technical, plain in PLAIN.items():
                error.message = error.message.replace(technical, plain)
            raise

    def summaries(self) -> dict[str, str]:
        """Return what the modules say of their commands."""
        assert isinstance(self.commands, LazyCommands)
        return self.commands.summaries()


def _command(name: str, found: Any) -> Command:
    """Return the command that a function or a group of commands stands for."""
    if isinstance(found, typer.Typer):
        found.rich_markup_mode, found.info.cls = HELP, PlainGroup
        for registered in found.registered_commands:
            registered.cls = PlainCommand
        command: Any = typer.main.get_group(found)
        command.name = name
        for each in command.commands.values():
            speaking(each)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode=HELP)
        alone.command(name, cls=PlainCommand)(found)
        command = speaking(typer.main.get_command(alone))
    assert isinstance(command, Command)
    _leave_paths(command)
    return command


def _leave_paths(command: Any) -> None:
    """Have no path tried before it is opened: the code that opens it says in one sentence why it can't be."""
    for param in command.params:
        param.type_descriptor.parameter_info.readable = False
    for inner in getattr(command, "commands", {}).values():
        _leave_paths(inner)


def _summary(module: str, attribute: str) -> str:
    """Return the docstring of a function, or the help of a group, without running the module."""
    spec = find_spec(module)
    source = getattr(spec and spec.loader, "get_source", lambda _: "")(module) or ""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == attribute:
            return cleandoc(ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            for keyword in node.value.keywords:
                if keyword.arg == "help" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""
