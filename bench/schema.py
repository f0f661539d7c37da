"""``make bench-schema``: what ``/api/schema`` costs, as JSON lines.

Usage: schema.py [ASSETS]        default 20,000
Processor time of one process: counting a whole estate in the deriver's arrays, which is done once for a sequence at
most and behind who asks; writing the page; and an answer as it is nearly always given, of an outline that is known.
The baseline is what it takes to take the same facts in.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime

import estate
from measure import cpu_seconds, peak_mib, report

from stratagraph.ontology.facts import Claim, Fact, Method
from stratagraph.ontology.model import CORE_SOURCE, load_model
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.syntax.parsing import RdfSyntax, parse_rdf
from stratagraph.queries.schema.naming import Language
from stratagraph.service.deriver import Deriver
from stratagraph.service.engine.outlining import Outlining
from stratagraph.service.http.schema import SchemaForm, Schemas

ASSETS = 20_000
ANSWERS = 100
UNIT = "ms of processor time"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = load_model()


def main() -> None:
    """Measure one estate."""
    assets = int(sys.argv[1]) if len(sys.argv) > 1 else ASSETS
    deriver = Deriver(MODEL, compile_rules(MODEL))
    claims = list(_claims(assets))
    taken = 1e3 * cpu_seconds(lambda: deriver.restore(claims, sequence=1, time=NOW, batch_hash="bench"))
    outlining = Outlining(MODEL, lambda: deriver, nullcontext)
    counted = 1e3 * cpu_seconds(outlining.newest)
    outline = outlining.newest()
    report("count the estate", counted, baseline=taken, unit=UNIT, assets=assets, facts=len(deriver))
    for language in Language:
        schemas = Schemas(MODEL)
        written = 1e3 * cpu_seconds(lambda: schemas.answer(outline, language, SchemaForm.TEXT, "en", ()))  # noqa: B023
        report(f"write the page, {language}", written, baseline=taken, unit=UNIT, assets=assets)
        begun = time.process_time()
        for _ in range(ANSWERS):
            schemas.answer(outlining.newest(), language, SchemaForm.TEXT, "en", ())
        known = 1e3 * (time.process_time() - begun) / ANSWERS
        report(f"answer again, {language}", known, baseline=taken, unit=UNIT, assets=assets, goal="under 50 ms")
    report("memory", peak_mib(), unit="MiB", assets=assets)


def _claims(assets: int) -> Iterator[Claim]:
    for fact in MODEL.triples:
        yield _claim(fact, CORE_SOURCE)
    for document in estate.documents(assets):
        for fact in parse_rdf(document, RdfSyntax.NTRIPLES, "", "estate.nt", salt=""):
            yield _claim(fact, "bench")


def _claim(fact: Fact, source: str) -> Claim:
    return Claim(
        fact=fact, source=source, scope="", run="1", method=Method.DECLARED, first_seen=NOW, last_seen=NOW, opened_at=1
    )


if __name__ == "__main__":
    main()
