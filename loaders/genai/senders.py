"""Who sends telemetry, and which of its libraries tells."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from stratagraph.loaders.genai import attribute_values
from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.loaders.genai.record import Provenance, Service
from stratagraph.loaders.genai.sampling import Declared, weight_of

_LONGEST_KEPT: Final = 10_000
"""Bytes of a resource, and characters of a scope, that are remembered as sent: they come with every request."""


def sender_of(resource: Resource, declared: Declared) -> tuple[Service, float]:
    """Return who sends, and how many spans each stands for that does not say so itself."""
    sent = resource.SerializeToString()
    service, weight = _known_sender(sent) if len(sent) <= _LONGEST_KEPT else _read_sender(resource)
    return service, max(weight, declared.weight(service))


@lru_cache(maxsize=1_000)
def _known_sender(sent: bytes) -> tuple[Service, float]:
    return _read_sender(Resource.FromString(sent))


def _read_sender(resource: Resource) -> tuple[Service, float]:
    return service_of(resource), weight_of("", {item.key: item.value for item in resource.attributes})


def service_of(resource: Resource) -> Service:
    """Return the emitter's stable identity; a value that is not text is no part of it."""
    table = load_aliases()
    found = {item.key: item.value.string_value for item in resource.attributes}
    parts: dict[str, str] = {}
    nothing = load_meanings().nothing
    for concept, names in table.resource.items():
        sent = (attribute_values.identity(found.get(name, "")) for name in names)
        parts[concept] = next((value for value in sent if not nothing(value)), "")
    # An exporter's own version is none of the service.
    if found.get("telemetry.sdk.name") in table.own_version:
        parts["version"] = ""
    return Service(**parts)


def provenance_of(sent: ScopeSpans | ScopeLogs) -> Provenance:
    """Return which instrumentation said so."""
    told = sent.scope.name, sent.scope.version, sent.schema_url
    return _known_provenance(*told) if sum(map(len, told)) <= _LONGEST_KEPT else _read_provenance(*told)


def _read_provenance(*told: str) -> Provenance:
    return Provenance(*map(attribute_values.identity, told))


_known_provenance = lru_cache(maxsize=1_000)(_read_provenance)
