"""Figures as plain data."""

from __future__ import annotations

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.figures_document import figures_document
from tests.queries.test_figures import observed


def test_the_document_carries_unit_window_source_and_basis_and_leaves_out_what_is_unknown() -> None:
    document = figures_document([observed(SG.calls, 1.0)], load_model(), lambda metric: f"<{metric}>")
    (figure,) = document["figures"]
    assert figure["notation"] == "calls"
    assert figure["window"] == {"start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:01:00Z"}
    assert (figure["unit"], figure["sources"], figure["basis"]) == ("{call}", ["otlp"], "measured")
    empty = figures_document([observed(SG.calls)], load_model(), str)["figures"][0]
    assert not {"mean", "min", "max", "p50", "p95", "p99"} & set(empty)
