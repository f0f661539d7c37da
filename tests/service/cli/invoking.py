"""Commands run in the test's own process: the same program, without a second's start-up each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from typer.testing import CliRunner

from stratagraph.service.app import app


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, environment: Mapping[str, str], stdin: str | None = None) -> Done:
    """Run one command to its end; an exception that escapes it is the test's failure."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, env=dict(environment), catch_exceptions=False)
    return Done(result.exit_code, result.stdout, result.stderr)
