"""Workloads by what they are: who owns a pod, how many accelerators a copy has, where it must run."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loaders.formats.described import Described, described

X = "Infrastructure/n%2Fx"


def load(*objects: dict[str, Any]) -> Described:
    return described(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), "objects.json")


def thing(kind: str, name: str, spec: dict[str, Any], owner: tuple[str, str] | None = None, **labels: str) -> Any:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    metadata = {"name": name, "namespace": "n", "ownerReferences": owners, "labels": labels}
    return {"apiVersion": "example.org/v1", "kind": kind, "metadata": metadata, "spec": spec}


def pod(*args: str, image: str = "vllm/vllm-openai:v0.11.0", gpus: int = 0, **more: object) -> dict[str, Any]:
    resources = {"limits": {"nvidia.com/gpu": gpus}} if gpus else {}
    return {"containers": [{"name": "c", "image": image, "args": list(args), "resources": resources, **more}]}


def deployment(spec: dict[str, Any]) -> Any:
    return thing("Deployment", "x", {"template": {"spec": spec}})


def infrastructure(read: Described) -> set[str]:
    return {asset for asset, _ in read.assets if asset.startswith("Infrastructure/")}


JOB = {"template": {"spec": pod(image="registry.example.org/judge:1")}}
OWNED = {
    "a job of a schedule": [
        thing("CronJob", "x", {"jobTemplate": {"spec": JOB}}),
        thing("Job", "x-29400301", JOB, ("CronJob", "x")),
    ],
    "a pod of a job of a schedule": [
        thing("Job", "x-29400301", JOB, ("CronJob", "x")),
        thing("Pod", "x-29400301-abcde", pod(), ("Job", "x-29400301")),
    ],
    "the pod alone": [thing("Pod", "x-29400301-abcde", pod(), ("Job", "x-29400301"))],
    "a pod of a rollout": [
        thing("Pod", "x-6d9-a", pod(), ("ReplicaSet", "x-6d9"), **{"rollouts-pod-template-hash": "6d9"})
    ],
    "a replica set of a rollout": [thing("ReplicaSet", "x-6d9", {"template": {"spec": pod()}}, ("Rollout", "x"))],
    "a pod of a replica set that is there": [
        thing("ReplicaSet", "x-6d9", {"template": {"spec": pod()}}, ("Deployment", "x")),
        thing("Pod", "x-6d9-a", pod(), ("ReplicaSet", "x-6d9")),
    ],
    "a pod of a group": [
        thing("Pod", "x-0-1", pod(), ("StatefulSet", "x-0"), **{"leaderworkerset.sigs.k8s.io/name": "x"})
    ],
    "the deployment of a service": [
        thing("Deployment", "x-kserve", {"template": {"spec": pod()}}, ("LLMInferenceService", "x"))
    ],
}


@pytest.mark.parametrize("objects", OWNED.values(), ids=list(OWNED))
def test_what_others_run_is_told_of_as_them(objects: list[Any]) -> None:
    assert infrastructure(load(*objects)) == {X}


def test_owners_in_a_ring_have_an_end() -> None:
    assert infrastructure(load(thing("Job", "x", JOB, ("Job", "x")))) == {X}


def test_the_kind_that_a_controller_writes_is_no_system() -> None:
    labels = {"app.kubernetes.io/part-of": "llminferenceservice"}
    read = load(thing("Deployment", "x", {"template": {"spec": pod()}}, None, **labels))
    assert not any(cls == "LLMSystem" for _, cls in read.assets)


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ({"size": 4, "leaderTemplate": {"spec": pod(gpus=8)}, "workerTemplate": {"spec": pod(gpus=8)}}, "32"),
        ({"size": 4, "workerTemplate": {"spec": pod(gpus=8)}}, "32"),
        ({"leaderTemplate": {"spec": pod(gpus=1)}, "workerTemplate": {"spec": pod(gpus=2)}}, "3"),
    ],
)
def test_accelerators_of_a_group(spec: dict[str, Any], count: str) -> None:
    read = load(thing("LeaderWorkerSet", "x", {"leaderWorkerTemplate": spec}))
    assert read.of(X, "acceleratorCount") == [count]


def test_accelerators_of_a_cluster_of_ray() -> None:
    groups = [{"replicas": 3, "template": {"spec": pod(gpus=2)}}, {"template": {"spec": pod(gpus=1)}}]
    read = load(thing("RayCluster", "x", {"headGroupSpec": {"template": {"spec": pod()}}, "workerGroupSpecs": groups}))
    assert read.of(X, "acceleratorCount") == ["7"]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("HorizontalPodAutoscaler", {"minReplicas": 2, "maxReplicas": 6}),
        ("ScaledObject", {"minReplicaCount": 2, "maxReplicaCount": 6}),
    ],
)
def test_who_scales_a_workload(kind: str, spec: dict[str, Any]) -> None:
    scaled = thing(kind, "scaler", {"scaleTargetRef": {"kind": "Deployment", "name": "x"}, **spec})
    read = load(deployment(pod("--model", "casa/a")), scaled)
    assert [read.of(X, name) for name in ("minimumReplicas", "maximumReplicas")] == [["2"], ["6"]]
    assert (X, "ModelServer") in read.assets
    assert (X, "Infrastructure") not in read.assets


def region(*values: str, terms: int = 1, operator: str = "In") -> dict[str, Any]:
    told = [{"key": "topology.kubernetes.io/region", "operator": operator, "values": list(values)}]
    required = {"nodeSelectorTerms": [{"matchExpressions": told}] * terms}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (region("sa-1"), ["sa-1"]),
        (region("sa-1", "eu-1"), []),
        (region("sa-1", terms=2), []),
        (region("sa-1", operator="NotIn"), []),
        (region("sa-1") | {"nodeSelector": {"topology.kubernetes.io/region": "us-1"}}, ["us-1"]),
    ],
)
def test_a_region_that_a_pod_must_run_in(spec: dict[str, Any], found: list[str]) -> None:
    assert load(deployment(pod("--model", "casa/a") | spec)).of(X, "region") == found


TGI = "ghcr.io/huggingface/text-generation-inference:3.3"


@pytest.mark.parametrize(
    ("spec", "models"),
    [
        (pod(image=TGI, env=[{"name": "MODEL_ID", "value": "casa/a"}]), {"casa%2Fa"}),
        (pod("--model-id", "casa/b", image=TGI, env=[{"name": "MODEL_ID", "value": "casa/a"}]), {"casa%2Fb"}),
        (pod("--model", "$(NAME)", env=[{"name": "NAME", "value": "casa/a"}]), {"casa%2Fa"}),
        (pod("--model", "$(NAME)", env=[{"name": "NAME", "valueFrom": {"secretKeyRef": {"name": "a"}}}]), set()),
        (pod("--model", "$(NAME)", env=[{"name": "NAME", "value": "hf_" + "aB3" * 11}]), set()),
        (pod(image="registry.example.org/shop:1", env=[{"name": "MODEL_ID", "value": "casa/a"}]), set()),
        (pod(image=TGI, env=[{"name": "MODEL_ID", "value": "/data/a"}]), set()),
    ],
)
def test_models_that_variables_name(spec: dict[str, Any], models: set[str]) -> None:
    read = load(deployment(spec))
    assert {
        one.removeprefix("BaseModel/") for one, relation, _ in read.relations if relation == "implementedIn"
    } == models


@pytest.mark.parametrize(
    ("written", "adapter", "known"),
    [
        (["--lora-modules", "tax=casa/tax-lora"], "casa%2Ftax-lora", ["tax"]),
        (["--lora-modules", '{"name": "tax", "path": "casa/tax-lora"}'], "casa%2Ftax-lora", ["tax"]),
        (["--lora-modules", '{"name": "tax", "path": "/loras/tax"}'], "tax", []),
        (["--lora-paths", "tax=casa/tax-lora"], "casa%2Ftax-lora", ["tax"]),
        (["--lora-adapters", "casa/tax-lora,own=/data/own"], "casa%2Ftax-lora", []),
    ],
)
def test_adapters_however_an_engine_takes_them(written: list[str], adapter: str, known: list[str]) -> None:
    read = load(deployment(pod("--model", "casa/base", *written)))
    assert (f"BaseModel/{adapter}", "derivedFrom", "BaseModel/casa%2Fbase") in read.relations
    assert read.of(f"BaseModel/{adapter}", "alsoKnownAs") == known
