#!/usr/bin/env bash
# A command of Typer runs in a copy of Click that Typer brings along: Click's own get_current_context() finds no context in it.
# With silent=True, as a library that is used by commands and without them asks, nothing says so: the option that the caller
# gave seems not to be there. Only typer.Context, taken as a parameter, has it. Fails when the behaviour is another one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "typer==0.29.2" "click==8.5.1"
"$folder/venv/bin/python" - <<'PY'
import importlib.metadata as metadata

import click
import typer

print("typer", metadata.version("typer"), "click", metadata.version("click"))
seen = {}
app = typer.Typer()


@app.command()
def speak(own: typer.Context, lang: str = "en") -> None:
    context = click.get_current_context(silent=True)
    seen.update(own=own.params, click=context and context.params)


app(["--lang", "pt-BR"], standalone_mode=False)
print("typer.Context has:", seen["own"])
print("click.get_current_context(silent=True) has:", seen["click"])
raise SystemExit(0 if seen["own"] == {"lang": "pt-BR"} and seen["click"] is None else "the behaviour has changed")
PY
