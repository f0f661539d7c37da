"""The program: ``stratagraph``."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Mapping
from typing import ClassVar, Final

import typer

from stratagraph import __version__
from stratagraph.ontology.sentences import SOURCE
from stratagraph.service.cli.ending import run
from stratagraph.service.cli.group import HELP, LazyGroup
from stratagraph.service.cli.tongue import Language
from stratagraph.service.gc_pause import FEW_COLLECTIONS

CLI: Final = "stratagraph.service.cli"


class Program(LazyGroup):
    """Every command, and where it stands."""

    places: ClassVar[Mapping[str, str]] = {
        "demo": f"{CLI}.serve:demo",
        "serve": f"{CLI}.serve:serve",
        "load": f"{CLI}.load:load",
        "source": f"{CLI}.source:app",
        "withdraw": f"{CLI}.withdraw:withdraw",
        "search": f"{CLI}.search:search",
        "list": f"{CLI}.listing:listing",
        "show": f"{CLI}.show:show",
        "impact": f"{CLI}.impact:impact",
        "root-cause": f"{CLI}.root_cause:root_cause",
        "audit": f"{CLI}.audit:audit",
        "guide": f"{CLI}.guide:guide",
        "maturity": f"{CLI}.maturity:maturity",
        "questions": f"{CLI}.questions:app",
        "validate": f"{CLI}.validate:validate",
        "query": f"{CLI}.query:query",
        "schema": f"{CLI}.schema:schema",
        "export": f"{CLI}.export:export",
        "docs": f"{CLI}.docs:docs",
        "suggest": f"{CLI}.suggest:suggest",
        "findings": f"{CLI}.suggest:findings",
        "template": f"{CLI}.template:template",
        "ontology": f"{CLI}.ontology:app",
        "ledger": f"{CLI}.ledger:app",
        "neo4j": f"{CLI}.neo4j:app",
        "token": f"{CLI}.token:app",
    }


app = typer.Typer(
    name="stratagraph",
    cls=Program,
    help="A knowledge graph and ontology service for LLM operations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=HELP,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"stratagraph {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
    lang: Language = SOURCE,
) -> None:
    """Read the options that stand before a command."""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(FEW_COLLECTIONS)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's deprecations are for developers, not for users of a command
    run(app)
