"""``stratagraph token``: who may use a service that asks for access tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stratagraph.service.cli.options import Config, Data, errors_in_words, write
from stratagraph.service.cli.tongue import note, tell
from stratagraph.service.http.access_tokens import Role, TokenFile
from stratagraph.service.settings import load_settings

app = typer.Typer(help="Access tokens: who may read, ingest or administer.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Whose token it is, for example grafana or ana.")]


def _file(data: Path | None, config: Path | None, *, new: bool = False) -> TokenFile:
    """Return the file of the tokens; in a folder that holds neither tokens nor a ledger only a new one can be meant."""
    settings = load_settings(config, data=data)
    if not new and not settings.tokens.exists():
        settings.need_ledger()
    return TokenFile(settings.tokens)


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option("--role", help="What it allows; each role includes those before it.")],
    data: Data = None,
    config: Config = None,
) -> None:
    """Make a token and print it, once; a running service takes it at once.

    From the first token on, the service asks everybody for one.
    """
    with errors_in_words():
        file = _file(data, config, new=True)
        secret = file.add(name, role)
    note(f"The token {name} may {role.value}; only its hash is kept, in {file.path}.")
    # Alone on standard output, so that a script can take it from there.
    write(secret)


@app.command("list")
def list_(data: Data = None, config: Config = None) -> None:
    """List the tokens: name, role and when each was made."""
    with errors_in_words():
        tokens = _file(data, config).tokens()
    if not tokens:
        note("There is no token. Make one with 'stratagraph token add NAME --role read'.")
    for token in tokens:
        write(f"{token.name}\t{token.role.value}\t{token.created.isoformat(timespec='seconds')}")


@app.command()
def revoke(name: Name, data: Data = None, config: Config = None) -> None:
    """Make a token useless; a running service refuses it at once."""
    with errors_in_words():
        _file(data, config).revoke(name)
    tell(f"Revoked {name}.")
