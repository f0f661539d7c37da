"""A history of jobs and data sets as statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.openlineage.job_history import Facet, History, Key, Thing
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def describe(history: History, description: Description, names: Mapping[str, Any]) -> None:
    """State what the events tell together."""
    _Lineage(history, description, names).describe()


class _Lineage:
    """States each thing once, when all that was told of it is known."""

    def __init__(self, history: History, description: Description, names: Mapping[str, Any]) -> None:
        self._history = history
        self._description = description
        self._models = frozenset(names["models"])
        self._registries = tuple(names["registries"])
        self._evaluating = frozenset(names["evaluating"])
        self._made = {key for job in history.jobs.values() for key in job.outputs}

    def describe(self) -> None:
        """State the data sets and models, then the jobs between them."""
        iris = {key: self._dataset(key, told) for key, told in self._history.datasets.items()}
        jobs = {key: self._job(key, told) for key, told in self._history.jobs.items()}
        for key, told in self._history.jobs.items():
            self._flow(key, told, jobs, iris)

    def _is_model(self, key: Key) -> bool:
        told = self._history.datasets.get(key)
        return told is not None and told.known(Facet.TYPE) in self._models

    def _dataset(self, key: Key, told: Thing) -> Iri:
        """State a data set, or the model that it is."""
        state, at = self._description.state, told.at
        iri = self._dataset_iri(key, told, model=self._is_model(key))
        state(iri, SG.version, told.known(Facet.VERSION), at)
        state(iri, SG.purpose, told.known(Facet.ABOUT), at)
        for owner in told.owners[1]:
            state(iri, SG.responsible, owner, at)
        for other in told.others:
            # Two names of one thing, by who reads and who writes it.
            known = self._history.datasets.get(other)
            same = self._dataset_iri(other, known or told, model=self._is_model(key))
            state(iri, SG.sameAssetAs, same if same != iri else None, at)
        return iri

    def _dataset_iri(self, key: Key, told: Thing, *, model: bool) -> Iri:
        return self._model(key, told) if model else self._description.asset(SG.Dataset, _place(key), at=told.at)

    def _model(self, key: Key, told: Thing) -> Iri:
        namespace, name = key
        # What a job of ours made is trained further or anew; of others only that they are models is known.
        kind = SG.FineTunedModel if key in self._made else SG.BaseModel
        if namespace.startswith(self._registries):
            return self._description.model(name, kind=kind, at=told.at)
        return self._description.model(repository=_place(key), kind=kind, at=told.at)

    def _job(self, key: Key, told: Thing) -> Iri:
        """State a job: a pipeline, of training where it made a model, of evaluation where it is called so."""
        namespace, name = key
        kind = SG.Pipeline
        if any(map(self._is_model, told.outputs)):
            kind = SG.TrainingPipeline
        elif self._evaluates(key, told):
            kind = SG.EvaluationPipeline
        iri = self._description.asset(kind, name, None, namespace, at=told.at)
        self._description.state(iri, SG.purpose, told.known(Facet.ABOUT), told.at)
        for owner in told.owners[1]:
            self._description.state(iri, SG.responsible, owner, told.at)
        return iri

    def _evaluates(self, key: Key, told: Thing) -> bool:
        words = {word.lower() for word in _WORDS.findall(key[1])}
        return not self._evaluating.isdisjoint(words) and any(map(self._is_model, told.inputs))

    def _flow(self, key: Key, told: Thing, jobs: Mapping[Key, Iri], iris: Mapping[Key, Iri]) -> None:
        """State what a job used and made; the models that it made were trained with its data."""
        state, job = self._description.state, jobs[key]
        for parent in told.others:
            state(job, SG.partOf, jobs[parent], told.at)
        evaluates = self._evaluates(key, told)
        for used, at in told.inputs.items():
            if not self._is_model(used):
                state(job, SG.dependsOn, iris[used], at)
            else:
                state(job, SG.evaluates if evaluates else SG.usesModel, iris[used], at)
        for made, at in told.outputs.items():
            state(job, SG.produces, iris[made], at)
            if not self._is_model(made):
                continue
            for used in told.inputs:
                if used != made:
                    relation = SG.derivedFrom if self._is_model(used) else SG.trainedWith
                    state(iris[made], relation, iris[used], at)


def _place(key: Key) -> str:
    """Return namespace and name as one address."""
    namespace, name = key
    return f"{namespace.rstrip('/')}/{name.lstrip('/')}"
