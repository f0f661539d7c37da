"""Workloads: what runs, from which images, with how many accelerators, and which models it serves."""

from __future__ import annotations

from typing import Any, Final

from stratagraph.loaders.formats.fields import number
from stratagraph.loaders.formats.kubernetes.cluster import Cluster, selected
from stratagraph.loaders.formats.kubernetes.cluster_names import load_names
from stratagraph.loaders.formats.kubernetes.containers import PodTold, product_of, read_pod
from stratagraph.loaders.formats.kubernetes.objects import KubernetesObject, items, mapping, qualified, text
from stratagraph.ontology.namespaces import SG

_HASH: Final = "pod-template-hash"
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
    for _, spec in pods:
        read = read_pod(spec)
        pod = _joined(pod, read)
    for group in items(told.within(["spec", "rayClusterConfig"]).get("workerGroupSpecs")) + items(
        told.within(["spec"]).get("workerGroupSpecs")
    ):
        pod = _joined(pod, read_pod(mapping(mapping(group.get("template")).get("spec"))))
    asset = description.asset(SG.ModelServer if pod.serves else SG.Infrastructure, _owner(told), at=at)
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


def _joined(one: PodTold, other: PodTold) -> PodTold:
    """Return what two pods of a workload tell together."""
    return PodTold(
        images={**one.images, **other.images},
        accelerator=one.accelerator or other.accelerator,
        count=one.count + other.count,
        engine=one.engine or other.engine,
        models=[*one.models, *other.models],
        adapters=[*one.adapters, *other.adapters],
    )


def _owner(told: KubernetesObject) -> str:
    """Return the name of what runs a pod: the names of pods and of replica sets are new with each release."""
    for label in load_names().served_by:
        if service := text(told.labels.get(label)):
            return qualified(told.namespace, service)
    owners = items(told.metadata.get("ownerReferences"))
    owner = next((owner for owner in owners if owner.get("controller")), owners[0] if owners else {})
    name = text(owner.get("name")) or told.name
    release = text(told.labels.get(_HASH))
    of_set = owner.get("kind") == "ReplicaSet" or (told.kind == "ReplicaSet" and not owners)
    return qualified(told.namespace, name.removesuffix(f"-{release}") if release and of_set else name)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
