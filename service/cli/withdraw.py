"""``stratagraph withdraw``: take back what a source says."""

from __future__ import annotations

from typing import Annotated

import typer

from stratagraph.service.cli.account import Account, AccountForm, Listed
from stratagraph.service.cli.options import Config, Data, DryRun, Ontology, Source, errors_in_words
from stratagraph.service.cli.reaching import connect
from stratagraph.service.settings import load_settings


def withdraw(
    source: Source,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Only this scope and what is below it; may be given several times."),
    ] = None,
    dry_run: DryRun = False,
    form: Listed = AccountForm.TEXT,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Close everything that a source says, or what it says in some scopes; statements of other sources stay."""
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            answer = client.withdraw(source, scope or [], dry_run=dry_run)
    Account(answer=answer, source=source).tell(form, gone=answer["scopes"])
