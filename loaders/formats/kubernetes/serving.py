"""Services of KServe: which server answers with which models, and how many copies of it there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.fields import Fields, below
from stratagraph.loaders.formats.kubernetes.cluster import Cluster, selected
from stratagraph.loaders.formats.kubernetes.cluster_names import load_names
from stratagraph.loaders.formats.kubernetes.containers import PodTold, ServedModel, read_container, read_pod
from stratagraph.loaders.formats.kubernetes.objects import KubernetesObject, mapping, qualified
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

SERVICE = "InferenceService"
LLM_SERVICE = "LLMInferenceService"
LLM_CONFIG = "LLMInferenceServiceConfig"
TRAINED_MODEL = "TrainedModel"
RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")
GROUPS = frozenset({"serving.kserve.io", "serving.kubeflow.org"})


def is_serving(told: KubernetesObject) -> bool:
    """Whether an object is a service of KServe."""
    return told.group in GROUPS and told.kind in load_names().versions


def read_serving(told: KubernetesObject, cluster: Cluster) -> None:
    """State a service of KServe.

    Raises:
        MalformedDocument: it is of a version that is not known here.
    """
    known = load_names().versions[told.kind]
    if told.version not in known:
        reason = f"{told.kind} of version '{told.version}' is not known here; known are {', '.join(known)}."
        cluster.description.fault((*told.at, "apiVersion"), reason)
    fields = Fields(cluster.description, told.values, told.at)
    if told.kind == TRAINED_MODEL:
        _trained_model(told, fields.fields("spec"), cluster)
        fields.rest(load_names().ignored[told.kind])
        return
    server = cluster.description.asset(SG.ModelServer, told.key, at=told.at)
    cluster.belongs(server, told)
    spec = fields.fields("spec")
    if told.kind == LLM_SERVICE:
        whole = _with_bases(told, spec, cluster)
        _llm_service(told, whole, server, cluster)
        if whole is not spec:
            whole.rest(below(load_names().ignored[told.kind], "spec") or {})
            spec.leave()
    else:
        # The first versions had a predictor for each side of a canary release.
        old = [spec.fields(side) for side in ("default", "canary") if side in spec]
        for part in old or [spec]:
            _service(told, part, server, cluster)
    fields.rest(load_names().ignored[told.kind])


def _service(told: KubernetesObject, spec: Fields, server: Iri, cluster: Cluster) -> None:
    predictor = spec.fields("predictor")
    state = cluster.description.state
    state(server, SG.minimumReplicas, predictor.whole("minReplicas"), predictor.place("minReplicas"))
    state(server, SG.maximumReplicas, predictor.whole("maxReplicas"), predictor.place("maxReplicas"))
    pod = read_pod({**predictor.values, "containers": predictor.raw("containers")})
    predictor.raw("nodeSelector")
    addresses: list[str] = [uri for entry in predictor.each("storageUris") if (uri := entry.text("uri"))]
    for name in ("model", *load_names().frameworks):
        if name not in predictor:
            continue
        model = predictor.fields(name)
        addresses += _addresses(model)
        read_container({part: model.raw(part) for part in ("image", "command", "args", "resources")}, pod)
        _runtime(told, model.text("runtime"), cluster, pod)
        form = model.fields("modelFormat").text("name") or (name if name != "model" else "")
        named = pod.models
        served = next((one.served for one in named if one.served), (told.name,))
        pod.models = [ServedModel(uri, served) for uri in addresses or [one.name for one in named]]
        for one in pod.models:
            if iri := cluster.model(one, SG.BaseModel, model.at):
                state(iri, SG.modelFormat, form, model.at)
    if addresses and not pod.models:
        pod.models = [ServedModel(uri, (told.name,)) for uri in addresses]
    _run(predictor.values, server, cluster, pod, predictor.at)
    for name in ("transformer", "explainer"):
        for image in read_pod(mapping(spec.raw(name))).images:
            state(server, SG.containerImage, image, spec.place(name))


def _trained_model(told: KubernetesObject, spec: Fields, cluster: Cluster) -> None:
    """State a model that a service of several models has taken in."""
    model, service = spec.fields("model"), spec.text("inferenceService")
    one = ServedModel(model.text("storageUri"), (told.name,))
    if (iri := cluster.model(one, SG.BaseModel, model.at)) is None:
        return
    cluster.description.state(iri, SG.modelFormat, model.text("framework"), model.at)
    if service:
        server = cluster.description.asset(SG.ModelServer, qualified(told.namespace, service), at=spec.at)
        cluster.description.state(iri, SG.implementedIn, server, spec.place("inferenceService"))


def _runtime(told: KubernetesObject, name: str, cluster: Cluster, pod: PodTold) -> None:
    """Add what the runtime of a service says, where the document has it and the service says nothing of its own."""
    for kind, key in zip(RUNTIMES, (qualified(told.namespace, name), name), strict=True):
        if name and (runtime := cluster.find(kind, key)):
            read = read_pod(runtime.within(["spec"]))
            pod.images = pod.images or read.images
            pod.accelerator, pod.count = (pod.accelerator, pod.count) if pod.count else (read.accelerator, read.count)
            return


def _with_bases(told: KubernetesObject, spec: Fields, cluster: Cluster) -> Fields:
    """Return a service with what its bases add; of those that are not in the document the object in the cluster knows.

    What stands further down in the list of bases counts before what stands above, and the service before all of them.
    """
    values: Mapping[str, Any] = {}
    for base in spec.each("baseRefs"):
        name = base.text("name")
        found = cluster.find(LLM_CONFIG, qualified(told.namespace, name)) or cluster.find(LLM_CONFIG, name)
        if found is None:
            cluster.description.remark("hidden-fields", base.at, service=told.key, base=name)
        else:
            values = _merged(values, found.within(["spec"]))
    own = {name: value for name, value in spec.values.items() if name != "baseRefs"}
    return Fields(spec.description, _merged(values, own), spec.at) if values else spec


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return two mappings as one, those within them too."""
    inner = {
        name: _merged(under[name], value)
        for name, value in over.items()
        if isinstance(value, Mapping) and isinstance(under.get(name), Mapping)
    }
    return {**under, **over, **inner}


def _addresses(model: Fields) -> list[str]:
    """Return where a model lies: at an address, or at a path of a store that the cluster knows by a key."""
    storage = model.fields("storage")
    key, path = storage.text("key"), storage.text("path")
    address = model.text("storageUri") or model.text("modelUri")
    found = [address] if address else []
    if path and "://" in path:
        found.append(path)
    elif path:
        found.append(f"storage://{key}/{path.lstrip('/')}" if key else path)
    return found


def _llm_service(told: KubernetesObject, spec: Fields, server: Iri, cluster: Cluster) -> None:
    state = cluster.description.state
    state(server, SG.replicas, spec.whole("replicas"), spec.place("replicas"))
    scaling, prefill = spec.fields("scaling"), spec.fields("prefill")
    state(server, SG.minimumReplicas, scaling.whole("minReplicas"), scaling.at)
    state(server, SG.maximumReplicas, scaling.whole("maxReplicas"), scaling.at)
    state(server, SG.prefillReplicas, prefill.whole("replicas"), prefill.at)
    prefill.leave()
    model = spec.fields("model")
    name, uri = model.text("name"), model.text("uri")
    base = [ServedModel(uri, (name or told.name,))] if uri or name else []
    adapters = [
        ServedModel(adapter.text("uri"), tuple(filter(None, [adapter.text("name")])))
        for adapter in model.fields("lora").each("adapters")
    ]
    pod = read_pod(mapping(spec.values.get("template")))
    for part in (mapping(mapping(spec.values.get("prefill")).get("template")), mapping(spec.values.get("worker"))):
        pod.images.update(read_pod(part).images)
    pod.models, pod.adapters = base, [*adapters, *pod.adapters]
    _run(mapping(spec.values.get("template")), server, cluster, pod, model.at if model.values else spec.at)


def _run(pod: Mapping[str, Any], server: Iri, cluster: Cluster, read: PodTold, at: Path) -> None:
    cluster.placed(server, selected(pod), at)
    cluster.runs(server, read, at)
    cluster.hosts(server, read.models, read.adapters, at)
