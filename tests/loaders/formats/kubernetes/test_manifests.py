"""Clusters: what serves which model, from manifests, from lists, and from what the API answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Literal
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.estate import estate, samples, shared

SAMPLE = "kubernetes/estate.yaml"


def pod(*args: str, image: str = "vllm/vllm-openai:v0.11.0", command: list[str] | None = None, **more: object) -> str:
    container = {"name": "main", "image": image, "args": list(args), "command": command or [], **more}
    spec = {"containers": [container]}
    return manifest("Deployment", {"template": {"spec": spec}}, version="apps/v1")


def manifest(kind: str, spec: dict[str, Any], *, version: str, **metadata: object) -> str:
    return json.dumps(
        {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "n", **metadata}, "spec": spec}
    )


def served(read: Described) -> set[str]:
    return {one.removeprefix("BaseModel/") for one, relation, _ in read.relations if relation == "implementedIn"}


def load(text: str) -> Described:
    return described(text, "objects.json")


def refusal(text: str, name: str = "objects.yaml") -> str:
    with pytest.raises(MalformedDocument) as refused:
        described(text, name)
    return str(refused.value)


def test_the_ground_truth_of_kserve() -> None:
    read = estate(shared("kserve/chat.yaml"))
    assert read.kind is Kind.KUBERNETES
    chat, reranker = "Infrastructure/llm-prod%2Fchat", "Infrastructure/llm-prod%2Freranker"
    base, letters = "BaseModel/modelforge%2Fbase-8b", "BaseModel/s3%3A%2F%2Fmodels.example.org%2Fletters-lora"
    lora, pvc = "BaseModel/ipe%2Fclaims-lora", "BaseModel/pvc%3A%2F%2Fmodels%2Freranker-base"
    assert read.assets == {
        (chat, "ModelServer"),
        (reranker, "ModelServer"),
        (base, "BaseModel"),
        (lora, "FineTunedModel"),
        (letters, "FineTunedModel"),
        (pvc, "BaseModel"),
        ("LLMSystem/helpdesk", "LLMSystem"),
    }
    assert read.relations == {
        (base, "implementedIn", chat),
        (lora, "implementedIn", chat),
        (letters, "implementedIn", chat),
        (lora, "derivedFrom", base),
        (letters, "derivedFrom", base),
        (pvc, "implementedIn", reranker),
        (chat, "partOf", "LLMSystem/helpdesk"),
    }
    assert [read.of(chat, name) for name in ("replicas", "prefillReplicas", "acceleratorCount")] == [
        ["3"],
        ["1"],
        ["2"],
    ]
    assert [read.of(reranker, name) for name in ("minimumReplicas", "maximumReplicas")] == [["1"], ["4"]]
    assert read.of(lora, "alsoKnownAs") == ["claims-adapter"]
    assert read.of(pvc, "modelFormat") == ["huggingface"]
    assert read.unread == {}


def test_an_estate_of_workloads() -> None:
    read = estate(samples(SAMPLE))
    writer, generator, nightly = (
        f"Infrastructure/{name}" for name in ("letters%2Fwriter", "tools%2Fgenerator", "tools%2Fnightly")
    )
    assert {(writer, "ModelServer"), (generator, "ModelServer"), (nightly, "Infrastructure")} <= read.assets
    assert served(read) == {"acme%2Fletters-7b", "acme%2Fformal-lora", "kind", "acme%2Fbase-8b"}
    assert read.of("BaseModel/acme%2Fletters-7b", "alsoKnownAs") == ["letters", "letters-v2"]
    assert {
        ("BaseModel/kind", "derivedFrom", "BaseModel/acme%2Fletters-7b"),
        (writer, "partOf", "LLMSystem/letter-writer"),
    } <= read.relations
    assert {
        (writer, "locatedIn", "Infrastructure/sa-east-1"),
        (generator, "partOf", "LLMSystem/helpdesk"),
    } <= read.relations
    assert (read.of(writer, "accelerator"), read.of(writer, "acceleratorCount")) == (["NVIDIA-L40S"], ["2"])
    assert (read.of(generator, "accelerator"), read.of(generator, "acceleratorCount")) == (["amd.com/gpu"], ["4"])
    assert read.of(writer, "containerImage") == ["registry.example.org/fetch:3", "vllm/vllm-openai:v0.11.0"]
    assert not any(relation == "partOf" for one, relation, _ in read.relations if one == nightly)
    assert read.unread == {"kind: Carousel": 1}


def test_no_secret_and_no_environment_is_kept() -> None:
    facts = estate(samples(SAMPLE)).facts
    told = " ".join(fact.object.value if isinstance(fact.object, Literal) else fact.object for fact in facts)
    assert not any(word in told for word in ("hf_this", "HF_TOKEN", "keys", "abc"))


@pytest.mark.parametrize(
    ("text", "models"),
    [
        (pod("--model=acme/a"), {"acme%2Fa"}),
        (pod("serve", "acme/a", "--port", "8000", command=["vllm"]), {"acme%2Fa"}),
        (pod(command=["python3", "-m", "vllm.entrypoints.openai.api_server", "--model", "acme/a"]), {"acme%2Fa"}),
        (pod(command=["bash", "-lc", "set -e\nvllm serve 'acme/a' \\\n  --tensor-parallel-size 2"]), {"acme%2Fa"}),
        (pod("--model", "/models/a", "--served_model_name", "a-chat"), {"a-chat"}),
        (pod("--model", "$(MODEL)"), set()),
        (pod("--model", "/models/a"), set()),
        (pod("--model-path", "acme/a", image="lmsysorg/sglang:latest"), {"acme%2Fa"}),
        (pod("-hf", "acme/a-GGUF:Q4", "--alias", "a", image="ghcr.io/ggml-org/llama.cpp:server"), {"acme%2Fa-GGUF"}),
        (pod(image="nvcr.io/nim/acme/a:1.8"), {"acme%2Fa"}),
        (pod("--model", "acme/a", image="registry.example.org/report:1"), set()),
        (pod("--model", "acme/a", image="vllm/vllm-router:1"), set()),
        (pod("--model-id", "hf://acme/a", image="ghcr.io/huggingface/text-embeddings-inference:1"), {"acme%2Fa"}),
    ],
)
def test_which_model_arguments_name(text: str, models: set[str]) -> None:
    assert served(load(text)) == models


@pytest.mark.parametrize(
    ("resource", "count"),
    [
        *(
            (name, 1)
            for name in (
                "nvidia.com/gpu",
                "nvidia.com/mig-1g.5gb",
                "amd.com/gpu",
                "gpu.intel.com/i915",
                "gpu.intel.com/xe",
            )
        ),
        *(
            (name, 1)
            for name in (
                "habana.ai/gaudi",
                "aws.amazon.com/neuroncore",
                "google.com/tpu",
                "huawei.com/Ascend910",
                "qualcomm.com/qaic",
            )
        ),
        *(
            (name, 0)
            for name in (
                "cpu",
                "memory",
                "ephemeral-storage",
                "gpu.intel.com/memory.max",
                "gpu.intel.com/i915_monitoring",
                "rdma/ib",
            )
        ),
    ],
)
def test_accelerators_of_all_makers_are_counted(resource: str, count: int) -> None:
    read = load(pod("--model", "a", resources={"limits": {resource: "1"}}))
    assert read.of("Infrastructure/n%2Fx", "acceleratorCount") == ([str(count)] if count else [])


@pytest.mark.parametrize(
    ("predictor", "model"),
    [
        ({"model": {"modelFormat": {"name": "onnx"}, "storageUri": "s3://b/m"}}, "s3%3A%2F%2Fb%2Fm"),
        (
            {"model": {"modelFormat": {"name": "onnx"}, "storage": {"key": "store", "path": "m/1"}}},
            "storage%3A%2F%2Fstore%2Fm%2F1",
        ),
        ({"sklearn": {"storageUri": "gs://b/m"}}, "gs%3A%2F%2Fb%2Fm"),
        ({"storageUris": [{"uri": "hf://acme/a", "mountPath": "/mnt"}]}, "acme%2Fa"),
        (
            {"model": {"modelFormat": {"name": "huggingface"}, "args": ["--model_name=a", "--model_id=acme/a"]}},
            "acme%2Fa",
        ),
        ({"containers": [{"name": "c", "image": "vllm/vllm-openai", "args": ["--model", "acme/a"]}]}, "acme%2Fa"),
    ],
)
def test_where_an_inference_service_has_its_model(predictor: dict[str, Any], model: str) -> None:
    read = load(manifest("InferenceService", {"predictor": predictor}, version="serving.kserve.io/v1beta1"))
    assert served(read) == {model}
    assert read.unread == {}


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_every_version_of_an_llm_inference_service(version: str) -> None:
    spec = {"model": {"uri": "hf://acme/a"}, "replicas": 0, "shoe": 1}
    read = load(manifest("LLMInferenceService", spec, version=f"serving.kserve.io/{version}"))
    assert read.of("BaseModel/acme%2Fa", "alsoKnownAs") == ["x"]
    assert read.of("Infrastructure/n%2Fx", "replicas") == ["0"]
    assert read.unread == {"spec.shoe": 1}


def test_a_version_that_is_not_known_is_told() -> None:
    text = manifest("InferenceService", {}, version="serving.kserve.io/v9")
    assert "InferenceService of version 'v9' is not known here; known are v1beta1, v1alpha2." in refusal(text)


def test_a_list_of_the_api_leaves_out_what_its_entries_are() -> None:
    service = {
        "metadata": {"name": "x", "namespace": "n"},
        "spec": {"predictor": {"sklearn": {"storageUri": "s3://b/m"}}},
    }
    of_kind = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceServiceList",
        "metadata": {},
        "items": [service],
    }
    assert served(load(json.dumps(of_kind))) == {"s3%3A%2F%2Fb%2Fm"}
    mixed = {"apiVersion": "v1", "kind": "List", "items": [json.loads(pod("--model", "a")), of_kind]}
    assert served(load(json.dumps(mixed))) == {"a", "s3%3A%2F%2Fb%2Fm"}


def test_a_pod_is_told_of_as_what_runs_it() -> None:
    owner = [{"kind": "ReplicaSet", "name": "x-5d9c8b7f6d", "controller": True}]
    labels = {"pod-template-hash": "5d9c8b7f6d"}
    spec = {"nodeName": "node-1", "containers": [{"name": "c", "image": "vllm/vllm-openai", "args": ["--model", "a"]}]}
    pods = [
        json.loads(
            manifest("Pod", spec, version="v1", name=f"x-5d9c8b7f6d-{end}", ownerReferences=owner, labels=labels)
        )
        for end in ("aaaaa", "bbbbb")
    ]
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": "node-1",
            "labels": {"topology.kubernetes.io/region": "eu-1", "nvidia.com/gpu.product": "H200"},
        },
        "status": {"capacity": {"nvidia.com/gpu": "8", "cpu": "96"}},
    }
    read = load(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*pods, node]}))
    assert {asset for asset, _ in read.assets if asset.startswith("Infrastructure/")} == {
        "Infrastructure/n%2Fx",
        "Infrastructure/node-1",
        "Infrastructure/eu-1",
    }
    assert {
        ("Infrastructure/n%2Fx", "dependsOn", "Infrastructure/node-1"),
        ("Infrastructure/node-1", "locatedIn", "Infrastructure/eu-1"),
    } <= read.relations
    assert (read.of("Infrastructure/node-1", "accelerator"), read.of("Infrastructure/node-1", "acceleratorCount")) == (
        ["H200"],
        ["8"],
    )


def test_an_object_without_a_namespace_has_its_name_alone() -> None:
    assert ("Infrastructure/x", "ModelServer") in load(
        pod("--model", "a").replace('"namespace": "n"', '"annotations": {}')
    ).assets


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\nspec: {}\n",
        "{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n{{- end }}\n",
        'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: "{{ .Release.Name }}"\nspec: {}\n',
    ],
)
def test_a_template_of_helm_is_told(text: str) -> None:
    assert "write it out with 'helm template'" in refusal(text)


def test_an_object_without_a_name_is_told_with_its_line() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {}\nspec: {}\n"
    text = pod.replace("{}", "{name: a}", 1) + "---\n" + pod
    assert refusal(text) == "objects.yaml:8: this Pod has no name: state metadata.name."
