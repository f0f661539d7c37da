"""Results of evaluations that cards and bills of materials tell: a run, its figures, and what they are figures of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

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


def evaluation_of(description: Description, model: Iri, at: Path) -> Iri:
    """Return the run that a card tells of, without a date: by the model's key, so that all cards tell of the same."""
    run = description.asset(SG.EvaluationRun, f"{unquote(model.rpartition('/')[2])}: card", at=at)
    description.state(run, SG.evaluatedAsset, model, at=at)
    return run


def state_figures(description: Description, model: Iri, figures: Iterable[Figure], version: str | None = None) -> None:
    """State what was found of a model, as one run without a date: cards keep the newest only."""
    name = unquote(model.rpartition("/")[2])
    run = ""
    values: dict[str, Decimal] = {}
    for figure in figures:
        if not run:
            run = evaluation_of(description, model, figure.at)
            description.state(run, SG.evaluatedVersion, version, at=figure.at)
        title = _title(f"{name}: {figure.metric}", figure, values)
        result = description.asset(SG.EvaluationResult, title, at=figure.at)
        metric = description.asset(SG.Metric, figure.metric, at=figure.at)
        description.state(result, SG.ofMetric, metric, at=figure.at)
        description.state(result, SG.score, figure.value, at=figure.at)
        description.state(result, SG.ofPart, figure.part, at=figure.at)
        description.state(run, SG.hasResult, result, at=figure.at)


def _title(name: str, figure: Figure, values: dict[str, Decimal]) -> str:
    """Return what a figure is called; another one of the same metric on the same part is another figure."""
    bare = f"{name} ({figure.part})" if figure.part else name
    title, number = bare, 1
    while values.setdefault(title, figure.value) != figure.value:
        number += 1
        title = f"{bare} #{number}"
    return title
