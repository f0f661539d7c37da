"""What is stated of the things of a cluster, whichever object tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.kubernetes.cluster_names import load_names
from stratagraph.loaders.formats.kubernetes.containers import PodTold, ServedModel
from stratagraph.loaders.formats.kubernetes.objects import KubernetesObject, items, mapping, text
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"


class Cluster:
    """Describes what one document tells of a cluster; ``found`` are its objects."""

    def __init__(self, description: Description, found: Iterable[KubernetesObject]) -> None:
        """Look up which namespaces are said to be parts of a system, and what objects may refer to."""
        self.description = description
        known = list(found)
        self._systems = {one.name: system for one in known if one.kind == "Namespace" and (system := _system(one))}
        self._objects = {(one.kind, one.key): one for one in known}

    def find(self, kind: str, key: str) -> KubernetesObject | None:
        """Return another object of the document, None where it is not in it."""
        return self._objects.get((kind, key))

    def belongs(self, asset: Iri, told: KubernetesObject) -> None:
        """State the system that an object is part of, where a label of it or of its namespace says so."""
        system = _system(told) or self._systems.get(told.namespace, "")
        if system:
            at = (*told.at, "metadata")
            self.description.state(asset, SG.partOf, self.description.asset(SG.LLMSystem, system, at=at), at)

    def placed(self, asset: Iri, labels: Mapping[str, object], at: Path) -> None:
        """State the region that labels or a selector name."""
        region = next((text(labels[label]) for label in load_names().regions if text(labels.get(label))), "")
        if region:
            self.description.state(asset, SG.region, region, at)
            self.description.state(asset, SG.locatedIn, self.description.asset(SG.Region, region, at=at), at)

    def runs(self, asset: Iri, told: PodTold, at: Path) -> None:
        """State what a pod is made of and asks for."""
        for image in told.images:
            self.description.state(asset, SG.containerImage, image, at)
        if told.count:
            self.description.state(asset, SG.accelerator, told.accelerator, at)
            self.description.state(asset, SG.acceleratorCount, told.count, at)

    def hosts(self, server: Iri, models: Iterable[ServedModel], adapters: Iterable[ServedModel], at: Path) -> None:
        """State the models that a server answers with, and what its adapters are adapters of."""
        hosted = [base for model in models if (base := self.model(model, SG.BaseModel, at))]
        bases = list(hosted)
        for adapter in adapters:
            if tuned := self.model(adapter, SG.FineTunedModel, at):
                hosted.append(tuned)
                for base in bases:
                    self.description.state(tuned, SG.derivedFrom, base, at)
        for model in hosted:
            self.description.state(model, SG.implementedIn, server, at)

    def model(self, told: ServedModel, kind: Iri, at: Path) -> Iri | None:
        """Return a model by its address, else by the name that its server has for it; None where it has neither."""
        first = next(iter(told.served), "")
        if not told.name and not first:
            return None
        model = self.description.model(first or None, kind=kind, repository=told.name or None, at=at)
        for name in told.served[1:]:
            self.description.state(model, SG.alsoKnownAs, name, at)
        return model


def _system(told: KubernetesObject) -> str:
    """Return the system that a label names; controllers write their own kind there."""
    named = text(told.labels.get(load_names().part_of))
    return "" if named in load_names().no_systems else named


def selected(spec: Mapping[str, object]) -> Mapping[str, object]:
    """Return the labels of machines that a pod has to run on: a selector's, and required ones of a single value."""
    affinity = mapping(mapping(spec.get("affinity")).get("nodeAffinity"))
    terms = items(mapping(affinity.get(_REQUIRED)).get("nodeSelectorTerms"))
    # Of several terms one is enough.
    told = items(terms[0].get("matchExpressions")) if len(terms) == 1 else []
    only = {
        text(each.get("key")): values[0]
        for each in told
        if each.get("operator") == "In" and isinstance(values := each.get("values"), list) and len(values) == 1
    }
    return {**only, **mapping(spec.get("nodeSelector"))}
