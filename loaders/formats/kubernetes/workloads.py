"""Workloads: what runs, from which images, with how many accelerators, and which models it serves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from stratagraph.loaders.formats.fields import number
from stratagraph.loaders.formats.kubernetes.cluster import Cluster, selected
from stratagraph.loaders.formats.kubernetes.cluster_names import load_names
from stratagraph.loaders.formats.kubernetes.containers import PodTold, product_of, read_pod
from stratagraph.loaders.formats.kubernetes.objects import KubernetesObject, items, mapping, qualified, text
from stratagraph.ontology.namespaces import SG

_SCHEDULED: Final = re.compile(r"-\d{8}$")
"""The minute at which a CronJob began a Job, behind its own name."""
_MOST_OWNERS: Final = 8
KNATIVE: Final = "serving.knative.dev"


def is_workload(told: KubernetesObject) -> bool:
    """Whether an object runs pods; a service of Knative does, one of Kubernetes only leads to them."""
    return told.kind in load_names().workloads or (told.kind == "Service" and told.group == KNATIVE)


def read_workload(told: KubernetesObject, cluster: Cluster) -> None:
    """State a workload; what another object controls is told of as that one."""
    description, at = cluster.description, told.at
    paths = load_names().workloads.get(told.kind, [["spec", "template", "spec"]])
    pods = [(path, spec) for path in paths if (spec := told.within(path))]
    pod = PodTold()
    for path, spec in pods:
        pod = _joined(pod, read_pod(spec), times=_copies(told, path))
    for group in _worker_groups(told):
        times = _whole(group.get("replicas"))
        pod = _joined(pod, read_pod(mapping(mapping(group.get("template")).get("spec"))), 1 if times is None else times)
    asset = description.asset(SG.ModelServer if pod.serves else SG.Infrastructure, _owner(told, cluster), at=at)
    spec = mapping(told.values.get("spec"))
    if not mapping(told.metadata).get("ownerReferences"):
        description.state(asset, SG.replicas, _whole(spec.get("replicas")), (*at, "spec", "replicas"))
    cluster.belongs(asset, told)
    cluster.runs(asset, pod, at)
    cluster.hosts(asset, pod.models, pod.adapters, at)
    for path, spec in pods:
        cluster.placed(asset, selected(spec), (*at, *path))
        if node := text(spec.get("nodeName")):
            machine = description.asset(SG.Infrastructure, node, at=(*at, *path))
            description.state(asset, SG.dependsOn, machine, (*at, *path))


def read_node(told: KubernetesObject, cluster: Cluster) -> None:
    """State a machine: where it stands, and which accelerators it has."""
    description, at = cluster.description, (*told.at, "metadata")
    node = description.asset(SG.Infrastructure, told.name, at=at)
    cluster.placed(node, told.labels, at)
    capacity = told.within(["status", "capacity"]) or told.within(["status", "allocatable"])
    fitted = {
        name: count for name in capacity if load_names().is_accelerator(name) and (count := number(capacity[name]))
    }
    product = product_of(told.labels) or next(iter(fitted), "")
    description.state(node, SG.accelerator, product, at)
    if fitted:
        description.state(node, SG.acceleratorCount, int(sum(fitted.values())), (*told.at, "status"))


def read_scaler(told: KubernetesObject, cluster: Cluster) -> None:
    """State between which numbers of copies something else is scaled."""
    spec = told.within(["spec"])
    name = text(mapping(spec.get("scaleTargetRef")).get("name"))
    if not name:
        return
    target = cluster.description.asset(SG.Infrastructure, qualified(told.namespace, name), at=told.at)
    for predicate, field in zip((SG.minimumReplicas, SG.maximumReplicas), load_names().scalers[told.kind], strict=True):
        cluster.description.state(target, predicate, _whole(spec.get(field)), (*told.at, "spec", field))


def _worker_groups(told: KubernetesObject) -> Iterator[Mapping[str, Any]]:
    """Yield the groups of a Ray cluster's workers."""
    for path in (["spec", "rayClusterConfig"], ["spec"]):
        yield from items(told.within(path).get("workerGroupSpecs"))


def _copies(told: KubernetesObject, path: list[str]) -> int:
    """Return how many pods of a kind one copy of a workload has: in a group all but the leader are workers."""
    group = told.within(["spec", "leaderWorkerTemplate"])
    size = _whole(group.get("size"))
    if size is None or "workerTemplate" not in path:
        return 1
    return max(size - 1, 0) if group.get("leaderTemplate") else size


def _joined(one: PodTold, other: PodTold, times: int = 1) -> PodTold:
    """Return what two pods of a workload tell together; of the other one there are several."""
    return PodTold(
        images={**one.images, **other.images},
        accelerator=one.accelerator or other.accelerator,
        count=one.count + times * other.count,
        engine=one.engine or other.engine,
        models=[*one.models, *other.models],
        adapters=[*one.adapters, *other.adapters],
    )


def _owner(told: KubernetesObject, cluster: Cluster, steps: int = _MOST_OWNERS) -> str:
    """Return the name of what runs a pod: the names of pods, replica sets and scheduled jobs are new each time."""
    for label in load_names().served_by:
        if service := text(told.labels.get(label)):
            return qualified(told.namespace, service)
    owners = items(told.metadata.get("ownerReferences"))
    owner = next((owner for owner in owners if owner.get("controller")), owners[0] if owners else {})
    name, kind = text(owner.get("name")) or told.name, text(owner.get("kind"))
    above = cluster.find(kind, qualified(told.namespace, name)) if owners and steps else None
    if above is not None:
        return _owner(above, cluster, steps - 1)
    if kind == "ReplicaSet" or (told.kind == "ReplicaSet" and not owners):
        for label in load_names().releases:
            if release := text(told.labels.get(label)):
                name = name.removesuffix(f"-{release}")
    elif kind == "Job":
        name = _SCHEDULED.sub("", name)
    return qualified(told.namespace, name)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
