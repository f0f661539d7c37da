"""Manifests of Kubernetes, lists of objects, and what ``kubectl get -o json`` writes."""

from __future__ import annotations

from typing import ClassVar, Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.kubernetes.cluster import Cluster
from stratagraph.loaders.formats.kubernetes.cluster_names import load_names
from stratagraph.loaders.formats.kubernetes.objects import TEMPLATE, KubernetesObject, is_object, objects
from stratagraph.loaders.formats.kubernetes.serving import is_serving, read_serving
from stratagraph.loaders.formats.kubernetes.workloads import is_workload, read_node, read_scaler, read_workload
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind

NAMESPACE: Final = "Namespace"
NODE: Final = "Node"
_HELM: Final = "this is a template of Helm and no manifest yet; write it out with 'helm template' and load that."


class Kubernetes:
    """Objects of Kubernetes in YAML or JSON, in one or several documents."""

    kind: ClassVar[Kind] = Kind.KUBERNETES

    def recognises(self, document: Document) -> bool:
        """Tell by kind, version and metadata of each object; a template of Helm by its beginning."""
        try:
            values = [value for value in document.yaml if value is not None]
        except MalformedDocument:
            return (
                TEMPLATE in document.text
                and "\napiVersion:" in f"\n{document.text}"
                and "backstage.io/" not in document.text
            )
        entries = values[0] if len(values) == 1 and isinstance(values[0], list) else values
        return bool(entries) and all(map(is_object, entries))

    def read(self, document: Document, description: Description) -> None:
        """State servers, workloads, machines and what they have to do with each other.

        Raises:
            MalformedDocument: a template, or an object without a name or of an unknown version.
        """
        try:
            found = list(objects(document))
        except MalformedDocument as error:
            if TEMPLATE not in document.text:
                raise
            raise MalformedDocument(file=document.name, line=error.line, reason=_HELM) from None
        cluster = Cluster(description, found)
        for told in found:
            if told.kind not in load_names().no_assets or is_workload(told):
                _check(told, description)
                _state(told, cluster)


def _state(told: KubernetesObject, cluster: Cluster) -> None:
    """State one object, by what it is."""
    if is_serving(told):
        read_serving(told, cluster)
    elif is_workload(told):
        read_workload(told, cluster)
    elif told.kind in load_names().scalers:
        read_scaler(told, cluster)
    elif told.kind == NODE:
        read_node(told, cluster)
    elif told.kind != NAMESPACE:
        cluster.description.unread(f"kind: {told.kind}")


def _check(told: KubernetesObject, description: Description) -> None:
    if not told.kind or not told.version:
        description.fault(told.at, "an object of Kubernetes needs 'apiVersion' and 'kind'.")
    if not told.name:
        description.fault((*told.at, "metadata"), f"this {told.kind} has no name: state metadata.name.")
    if TEMPLATE in told.name or TEMPLATE in told.namespace:
        description.fault((*told.at, "metadata"), _HELM)


FORMAT: Final = Kubernetes()
