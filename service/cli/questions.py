"""``stratagraph questions``: the competency questions, and what the graph answers to one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.service.cli.answers import sparql_table
from stratagraph.service.cli.cards import Format, Listed
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.options import AsOf, Config, Data, Ontology, Out, errors_in_words, tell_past, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.client import Absent
from stratagraph.service.settings import load_settings

app = typer.Typer(help="The competency questions: what the ontology can answer.", no_args_is_help=True)

RESULTS: Final = "application/sparql-results+json"


class AnswerForm(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    QUERY = "query"


@app.command("list")
def list_(
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
) -> None:
    """List the questions with their numbers."""
    with errors_in_words():
        settings = load_settings(config, data=data)
        with connect(settings, Absent.PRETEND) as client:
            answer = client.request("GET", "/api/questions", params={"lang": lang}).json()
    if form is Format.JSON:
        write(json_text(answer), out)
        return
    texts = messages("advice", lang)
    rows = [[str(each["number"]), each["question"]] for each in answer["questions"]]
    write(grid([texts["number"], texts["question"]], rows, width=terminal_width()), out)


@app.command()
def ask(
    number: Annotated[int, typer.Argument(min=0, help="The question's number, as 'questions list' tells it.")],
    form: Annotated[
        AnswerForm, typer.Option("--format", help="table, json (SPARQL's results), or query: the query itself.")
    ] = AnswerForm.TABLE,
    as_of: AsOf = None,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Ask one question of the graph."""
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        # The query itself is no matter of a graph.
        with connect(settings, Absent.PRETEND if form is AnswerForm.QUERY else Absent.REFUSE) as client:
            question: dict[str, Any] = client.request("GET", f"/api/questions/{number}", params={"lang": lang}).json()
            if form is AnswerForm.QUERY:
                write(question["query"], out)
                return
            # By the door of every query: it has a deadline there, and a process of its own.
            answer = client.request(
                "POST",
                "/sparql",
                content=question["query"].encode(),
                params={"as-of": as_of},
                headers={"Content-Type": "application/sparql-query", "Accept": RESULTS},
            )
            if form is AnswerForm.JSON:
                write(answer.text, out)
            else:
                table = grid(*sparql_table(answer.json()), width=terminal_width())
                write(f"{question['question']}\n\n{table}", out)
            tell_past(answer.headers)
