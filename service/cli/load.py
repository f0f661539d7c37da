"""``stratagraph load``: files into the graph, as one batch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from stratagraph.loaders import files
from stratagraph.loaders.origins import Loaded, Place
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.terms import decode
from stratagraph.service.cli.options import Config, Data, Ontology, errors_in_words, fail, write
from stratagraph.service.client import Refused, connect
from stratagraph.service.in_force import ontology_of
from stratagraph.service.settings import Settings, load_settings


def load(
    paths: Annotated[list[Path], typer.Argument(help="Turtle, RDF/XML, JSON-LD, N-Triples or YAML files, or folders.")],
    kind: Annotated[str, typer.Option("--kind", help="auto, rdf or yaml.")] = files.AUTO,
    source: Annotated[str, typer.Option("--source", help="Who says so: the name that the facts carry.")] = "files",
    partial: Annotated[
        bool, typer.Option("--partial", help="The files are not everything: close nothing that they no longer say.")
    ] = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Load files into the graph as one batch: all of it is committed, or nothing.

    Loading a changed file again closes what it no longer says.
    """
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        contents = files.fetch(paths)
        with connect(settings) as client:
            # Names mean what they mean where the batch goes: a running service has modules of its own in force.
            model = client.ontology()
            tell_unused(settings, model)
            loaded = files.transform(
                contents, model=model, base=settings.base, source=source, kind=kind, complete=not partial
            )
            try:
                answer = client.commit(loaded.batch)
            except Refused as refusal:
                fail(explain(refusal, loaded))
    report(answer, loaded)


def tell_unused(settings: Settings, model: OntologyModel) -> None:
    """Say on standard error that modules given here are not in force in the service that takes the batch."""
    if settings.ontology is None:
        return
    wanted = ontology_of(settings, reason=False).model.modules.keys()
    if missing := sorted(wanted - model.modules.keys()):
        sys.stderr.write(
            f"note: {', '.join(missing)} is not in force in the service that takes this; "
            f"start it with 'stratagraph serve --ontology {settings.ontology}'.\n"
        )


def explain(refusal: Refused, loaded: Loaded) -> str:
    """Return one paragraph that names file, line and the shape violated."""
    findings = refusal.problem.get("findings", [])
    if not findings:
        return str(refusal)
    first = findings[0]
    others = len(findings) - 1
    more = f" {others} more finding{'s' if others > 1 else ''} in this batch." if others else ""
    return f"{_sentence(first, loaded)}.{more} Nothing of this batch was committed."


def _sentence(finding: dict[str, Any], loaded: Loaded) -> str:
    place = locate(finding, loaded)
    return f"{place}: {finding['text']}" if place else str(finding["text"])


def locate(finding: dict[str, Any], loaded: Loaded) -> Place | None:
    """Find the file and line of the statement that a finding is about."""
    triple = finding.get("fact")
    fact = Fact(_iri(triple[0]), _iri(triple[1]), decode(triple[2])) if triple else None
    return loaded.origins.find(fact, _iri(finding["focus"]))


def _iri(text: str) -> str:
    return str(decode(text))


def report(answer: dict[str, Any], loaded: Loaded) -> None:
    """Say what the batch changed, and what its author should still document."""
    if answer["duplicate"]:
        write("This run is already in the ledger; nothing changed.")
        return
    count = len(loaded.batch.scopes)
    write(
        f"Committed {count} file{'s' if count != 1 else ''} as sequence {answer['sequence']}: "
        f"{answer['opened']} facts opened, {answer['closed']} closed."
    )
    for remark in loaded.remarks:
        write(f"warning: {remark.place}: {remark.texts['en']}")
    for warning in answer["warnings"][:WARNINGS_SHOWN]:
        write(f"warning: {_sentence(warning, loaded)}")
    hidden = len(answer["warnings"]) - WARNINGS_SHOWN
    if hidden > 0:
        write(f"... and {hidden} more warnings about missing documentation.")


WARNINGS_SHOWN = 10
