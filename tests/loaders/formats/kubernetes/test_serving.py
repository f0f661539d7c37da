"""Services of KServe that refer to other objects: runtimes, bases, services that take in several models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loaders.formats.described import Described, described

SERVER = "Infrastructure/desk%2Fanswers"
CLASSIFIER = {"modelFormat": {"name": "vllm"}, "runtime": "fast", "storageUri": "hf://casa/sorter"}


def load(*objects: dict[str, Any]) -> Described:
    return described(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), "objects.json")


def kserve(kind: str, name: str, spec: dict[str, Any], version: str = "v1alpha1", namespace: str = "desk") -> Any:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": f"serving.kserve.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def runtime(kind: str, namespace: str, image: str) -> Any:
    resources = {"requests": {"amd.com/gpu": "2"}}
    containers = [{"name": "kserve-container", "image": image, "args": ["--model=/mnt/models"], "resources": resources}]
    return kserve(kind, "fast", {"containers": containers}, namespace=namespace)


def service(**more: object) -> Any:
    return kserve("InferenceService", "answers", {"predictor": {"model": {**CLASSIFIER, **more}}}, "v1beta1")


@pytest.mark.parametrize("kind", ["ServingRuntime", "ClusterServingRuntime"])
def test_a_service_runs_what_its_runtime_says(kind: str) -> None:
    namespace = "desk" if kind == "ServingRuntime" else ""
    read = load(service(), runtime(kind, namespace, "registry.example.org/fast:1"))
    assert read.of(SERVER, "containerImage") == ["registry.example.org/fast:1"]
    assert (read.of(SERVER, "accelerator"), read.of(SERVER, "acceleratorCount")) == (["amd.com/gpu"], ["2"])
    assert read.relations == {("BaseModel/casa%2Fsorter", "implementedIn", SERVER)}
    assert read.unread == {}


def test_what_a_service_says_itself_goes_before_its_runtime() -> None:
    asked = service(image="registry.example.org/own:2", resources={"limits": {"nvidia.com/gpu": 1}})
    read = load(asked, runtime("ServingRuntime", "desk", "registry.example.org/fast:1"))
    assert read.of(SERVER, "containerImage") == ["registry.example.org/own:2"]
    assert (read.of(SERVER, "accelerator"), read.of(SERVER, "acceleratorCount")) == (["nvidia.com/gpu"], ["1"])


def test_a_runtime_of_another_namespace_is_another_one() -> None:
    read = load(service(), runtime("ServingRuntime", "other", "registry.example.org/fast:1"))
    assert read.of(SERVER, "containerImage") == []


def test_models_that_a_service_takes_in_later() -> None:
    model = {"framework": "lightgbm", "storageUri": "s3://shelf/urgency", "memory": "2Gi", "shoe": 1}
    read = load(
        kserve("InferenceService", "answers", {"predictor": {"minReplicas": 2, "triton": {}}}, "v1beta1"),
        kserve("TrainedModel", "urgency", {"inferenceService": "answers", "model": model}),
    )
    urgency = "BaseModel/s3%3A%2F%2Fshelf%2Furgency"
    assert read.relations == {(urgency, "implementedIn", SERVER)}
    assert (read.of(urgency, "modelFormat"), read.of(urgency, "alsoKnownAs")) == (["lightgbm"], ["urgency"])
    assert read.unread == {"items[].spec.model.shoe": 1}


def test_a_base_that_is_not_there_is_told() -> None:
    spec = {"baseRefs": [{"name": "common"}], "model": {"uri": "hf://casa/sorter"}}
    (remark,) = load(kserve("LLMInferenceService", "answers", spec)).loaded.remarks
    assert "desk/answers takes fields from 'common'" in remark.texts["en"]


def test_a_base_in_the_same_file_adds_what_the_service_leaves_out() -> None:
    spec = {"baseRefs": [{"name": "common"}, {"name": "large"}], "model": {"uri": "hf://casa/sorter"}, "replicas": 2}
    bases = [
        kserve("LLMInferenceServiceConfig", "common", {"replicas": 9, "prefill": {"replicas": 1}, "shoe": 1}),
        kserve("LLMInferenceServiceConfig", "large", {"model": {"name": "sorter-large", "uri": "hf://casa/none"}}),
    ]
    read = load(*bases, kserve("LLMInferenceService", "answers", spec))
    assert (read.of(SERVER, "replicas"), read.of(SERVER, "prefillReplicas")) == (["2"], ["1"])
    assert read.relations == {("BaseModel/casa%2Fsorter", "implementedIn", SERVER)}
    assert read.of("BaseModel/casa%2Fsorter", "alsoKnownAs") == ["sorter-large"]
    assert read.unread == {"items[].spec.shoe": 1}
    assert not read.loaded.remarks


def test_images_of_all_parts_of_a_service_are_its() -> None:
    part = {"containers": [{"name": "main", "image": "registry.example.org/prefill:1"}]}
    spec = {
        "model": {"uri": "hf://casa/sorter"},
        "prefill": {"replicas": 2, "template": part},
        "template": {"containers": [{"name": "main", "image": "registry.example.org/decode:1"}]},
        "worker": {"containers": [{"name": "main", "image": "registry.example.org/worker:1"}]},
    }
    read = load(kserve("LLMInferenceService", "answers", spec, "v1alpha2"))
    assert read.of(SERVER, "containerImage") == [
        f"registry.example.org/{name}:1" for name in ("decode", "prefill", "worker")
    ]
