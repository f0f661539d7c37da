"""Results of evaluations on cards of the hub: which metric, on which part of which data set, and what it came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.fields import Fields, number
from stratagraph.loaders.formats.identities import dataset_name
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import RDFS, SG

UNREAD = "model-index[].results[].metrics[].value"


@dataclass(frozen=True, slots=True)
class _Measured:
    """A metric of a result; ``details`` tell it from others of the same metric on the same data."""

    run: Iri
    kind: str
    on: str
    metric: Fields
    details: tuple[str, ...]


def state_results(
    description: Description, model: Iri, repository: str, entries: Iterable[tuple[str, list[Fields]]]
) -> None:
    """State what a repository's own results say; an entry's name only tells its results from another entry's."""
    alike: dict[tuple[str, str], list[_Measured]] = defaultdict(list)
    for name, results in entries:
        for result in results:
            for one in _measured(description, model, repository, result, name):
                alike[one.kind, one.on].append(one)
    for group in alike.values():
        for one, detail in zip(group, _told_apart(group), strict=True):
            _state(description, repository, one, detail)


def _measured(description: Description, model: Iri, repository: str, result: Fields, entry: str) -> Iterable[_Measured]:
    """Yield the metrics of one result, and state the run that they are of."""
    dataset, at = result.fields("dataset"), result.at
    name, label = dataset_name(dataset.text("type")), dataset.text("name")
    part = "/".join(filter(None, (dataset.text("config"), dataset.text("split"))))
    on = " ".join(filter(None, (name or label, part)))
    run = description.asset(SG.EvaluationRun, f"{repository}: {on}" if on else f"{repository}: {at[-1]}", at=at)
    description.state(run, SG.evaluatedAsset, model, at)
    if name or label:
        measured = description.asset(SG.Dataset, name or label, at=dataset.at)
        description.state(run, SG.evaluatedWith, measured, dataset.at)
    task = result.fields("task")
    for metric in result.each("metrics"):
        kind = metric.text("type") or metric.text("name")
        if not kind:
            continue
        metric.raw("type")
        details = (
            metric.text("name"),
            _written(metric.raw("config")),
            _written(metric.raw("args")),
            _written(dataset.raw("args")),
            dataset.text("revision"),
            task.text("type"),
            entry,
        )
        yield _Measured(run, kind, on, metric, details)


def _told_apart(group: list[_Measured]) -> list[str]:
    """Return what tells several of a metric on the same data from each other; of what nothing does, its number."""
    if len(group) == 1:
        return [""]
    differing = [
        place for place, told in enumerate(zip(*(one.details for one in group), strict=True)) if len(set(told)) > 1
    ]
    named = [", ".join(filter(None, (one.details[place] for place in differing))) for one in group]
    seen: dict[str, int] = {}
    found: list[str] = []
    for name in named:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} #{seen[name]}".strip())
    return found


def _state(description: Description, repository: str, one: _Measured, detail: str) -> None:
    """State a figure. One with a unit is no number: '91.2 %' and 0.912 may be the same, and only its author knows."""
    metric, on = one.metric, "; ".join(filter(None, (one.on, detail)))
    title = f"{repository}: {one.kind} ({on})" if on else f"{repository}: {one.kind}"
    outcome = description.asset(SG.EvaluationResult, title, at=metric.at)
    description.state(one.run, SG.hasResult, outcome, metric.at)
    kind = description.asset(SG.QualityMetric, one.kind, at=metric.at)
    description.state(outcome, SG.ofMetric, kind, metric.at)
    value = metric.raw("value")
    if (figure := number(value)) is not None:
        description.state(outcome, SG.score, figure, metric.place("value"))
    elif isinstance(value, str):
        description.state(outcome, RDFS.label, f"{one.kind} {value}", metric.place("value"))
    elif value is not None:
        description.unread(UNREAD)


def _written(value: Any) -> str:
    """Return settings as a text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {inner}" for name, inner in value.items() if isinstance(inner, (str, int)))
    return value.strip() if isinstance(value, str) else ""
