"""The program: ``stratagraph``."""

from __future__ import annotations

import sys
import warnings

import typer

from stratagraph import __version__
from stratagraph.service.cli import audit, docs, impact, ledger, load, neo4j, ontology, query, serve, token, validate

app = typer.Typer(
    name="stratagraph",
    help="A knowledge graph and ontology service for LLM operations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(serve.demo)
app.command("serve")(serve.serve)
app.command("load")(load.load)
app.command("impact")(impact.impact)
app.command("audit")(audit.audit)
app.command("validate")(validate.validate)
app.command("query")(query.query)
app.command("docs")(docs.docs)
app.add_typer(ontology.app, name="ontology")
app.add_typer(ledger.app, name="ledger")
app.add_typer(neo4j.app, name="neo4j")
app.add_typer(token.app, name="token")


def _version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"stratagraph {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    """Read the options that stand before a command."""


def main() -> None:
    """Run the command line."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's deprecations are for developers, not for users of a command
    app()
