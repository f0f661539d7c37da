"""Results of evaluations that cards and bills of materials tell: a run, its figures, and what they are figures of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.core_yaml import Path
    from stratagraph.loaders.formats.description import Description
    from stratagraph.ontology.facts import Iri


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The value of a metric, perhaps of a part of the cases only."""

    metric: str
    value: Decimal
    part: str = ""
    at: Path = ()


def state_figures(description: Description, model: Iri, figures: Iterable[Figure], version: str | None = None) -> None:
    """State what was found of a model, as one run without a date: cards keep the newest only."""
    # By its key, so that all cards of a model tell of the same run.
    name = unquote(model.rpartition("/")[2])
    run = ""
    for figure in figures:
        if not run:
            run = description.asset(SG.EvaluationRun, f"{name}: card", at=figure.at)
            description.state(run, SG.evaluatedAsset, model, at=figure.at)
            description.state(run, SG.evaluatedVersion, version, at=figure.at)
        title = f"{name}: {figure.metric} ({figure.part})" if figure.part else f"{name}: {figure.metric}"
        result = description.asset(SG.EvaluationResult, title, at=figure.at)
        metric = description.asset(SG.Metric, figure.metric, at=figure.at)
        description.state(result, SG.ofMetric, metric, at=figure.at)
        description.state(result, SG.score, figure.value, at=figure.at)
        description.state(result, SG.ofPart, figure.part, at=figure.at)
        description.state(run, SG.hasResult, result, at=figure.at)
