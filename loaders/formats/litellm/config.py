"""Configurations of the LiteLLM proxy, and its answers to ``/model/info``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.litellm.deployments import read_deployment
from stratagraph.loaders.formats.litellm.groups import Groups
from stratagraph.loaders.formats.litellm.includes import Sections, included, read_sections
from stratagraph.loaders.formats.litellm.litellm_names import load_names
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

GATEWAY: Final = "litellm"
"""The name that the proxy gives itself in telemetry."""
DEPLOYMENTS: Final = "model_list"
ANSWERED: Final = "data"
SETTINGS: Final = ("router_settings", "litellm_settings")
"""Where the proxy looks for fallbacks and aliases; what the first one has, the second one does not change."""


class LiteLLM:
    """The proxy's configuration: a file with its includes, or what a running proxy answers."""

    kind: ClassVar[Kind] = Kind.LITELLM

    def recognises(self, document: Document) -> bool:
        """Tell by the list of deployments, or by settings that only the proxy has."""
        values = document.values
        root = values[0] if len(values) == 1 else None
        if not isinstance(root, Mapping):
            return False
        names = load_names()
        return (
            _are_deployments(root.get(DEPLOYMENTS))
            or _are_deployments(root.get(ANSWERED))
            or not names.own.isdisjoint(root)
            or (bool(included(root)) and names.marks.issuperset(root))
        )

    def includes(self, document: Document) -> list[str]:
        """Return the files that a configuration includes."""
        return included(document.values[0]) if self.recognises(document) else []

    def read(self, document: Document, description: Description) -> None:
        """State the proxy, the models and servers behind it, its groups, guardrails and tools, and their prices."""
        found = read_sections(document, description)
        gateway = description.asset(SG.Gateway, GATEWAY, at=(0,))
        groups = Groups(description, gateway, GATEWAY)
        addresses = _addresses(found)
        for entry in found.each(DEPLOYMENTS):
            groups.take(read_deployment(entry, addresses))
        for entry in found.each(ANSWERED):
            groups.take(read_deployment(entry, addresses, answered=True))
        settings = [section for name in SETTINGS if (section := found.last(name)) is not None]
        # All other names first: a fallback may speak of a group by any of them.
        for section in settings:
            groups.rename(section)
        groups.fall_back(settings)
        _components(found, gateway)
        for root in found.roots:
            root.rest(load_names().ignored)


def _addresses(found: Sections) -> dict[str, str]:
    """Return the address that goes with each credential, which several deployments may share."""
    return {
        credential.text("credential_name"): credential.fields("credential_values").text("api_base")
        for credential in found.each("credential_list")
    }


def _components(found: Sections, gateway: Iri) -> None:
    """State what else stands in the proxy: tools that it offers, guardrails, stores that it searches."""
    servers = found.last("mcp_servers")
    for name, server in servers.named() if servers is not None else ():
        tool = server.description.asset(SG.Tool, name, at=server.at)
        server.description.state(gateway, SG.mayUseTool, tool, server.at)
    for guardrail in found.each("guardrails"):
        if name := guardrail.text("guardrail_name"):
            iri = guardrail.description.asset(SG.Guardrail, name, GATEWAY, at=guardrail.at)
            guardrail.description.state(iri, SG.partOf, gateway, guardrail.at)
    for store in found.each("vector_store_registry"):
        if name := store.text("vector_store_name"):
            iri = store.description.asset(SG.VectorStore, name, at=store.at)
            store.description.state(gateway, SG.retrievesFrom, iri, store.at)


def _are_deployments(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, Mapping) and "model_name" in entry and "litellm_params" in entry for entry in value)
    )


FORMAT: Final = LiteLLM()
