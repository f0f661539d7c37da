"""One deployment of a proxy: a name for callers, the model behind it, and who serves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.litellm.litellm_names import Route, load_names
from stratagraph.loaders.formats.litellm.price_map import state_prices
from stratagraph.loaders.formats.litellm.rates import Rates
from stratagraph.loaders.formats.secrets import is_reference, public_url
from stratagraph.loaders.genai.meanings import load_meanings
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import SG

EMBEDDING: Final = "embedding"
_VERSION: Final = "/v1"
ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A name of the proxy, and what answers to it: no model where the name is a pattern."""

    group: str
    at: Path
    model: Iri | None = None
    provider: Iri | None = None
    pattern: str = ""
    """The models that a pattern stands for."""


def read_deployment(entry: Fields, addresses: Mapping[str, str], *, answered: bool = False) -> Deployment:
    """State the model of a deployment, who sells or serves it, and the prices that are set for it.

    ``addresses`` are those of credentials.
    ``answered``: the entry is of a running proxy, which writes 0 for a price that it does not know.

    Raises:
        MalformedDocument: it names no group or no model.
    """
    description, params, info = entry.description, entry.fields("litellm_params"), entry.fields("model_info")
    group, model = entry.text("model_name"), params.text("model")
    if not group:
        description.fault(entry.at, "a deployment needs a 'model_name': the name that callers ask for.")
    if not model:
        description.fault(entry.at, f"the deployment '{group}' needs a model: state litellm_params.model.")
    names = load_names()
    route = names.route(params.text("custom_llm_provider") or names.prefix(model))
    base = params.text("api_base") or params.text("base_url")
    base = base or addresses.get(params.text("litellm_credential_name"), "")
    server = _server(route, base)
    provider = "" if server else route.provider
    at = params.place("model")
    if ANY in model or ANY in group:
        seller = description.asset(SG.Provider, provider, at=at) if provider else None
        return Deployment(group, entry.at, provider=seller, pattern=model)
    if route.prefix in names.no_models:
        return Deployment(group, entry.at)
    # An Azure deployment has a name of its own; the model behind it is what people and prices know.
    name = info.text("base_model") or params.text("base_model") or _priced_as(route, info, answered=answered) or model
    _, bare = names.split(name)
    kind = SG.EncoderModel if info.text("mode") == EMBEDDING else SG.BaseModel
    iri = description.model(bare, kind=kind, provider=provider or None, at=at)
    if name != model:
        description.state(iri, SG.alsoKnownAs, load_meanings().model(names.split(model)[1]).name, at)
    description.state(iri, SG.contextWindowTokens, info.whole("max_input_tokens"), info.at)
    if server:
        description.state(iri, SG.implementedIn, description.asset(SG.ModelServer, server, at=at), at)
    _prices(entry, params, info, _priced(route.prefix, bare), answered=answered)
    return Deployment(group, entry.at, iri)


def _priced_as(route: Route, info: Fields, *, answered: bool) -> str:
    """Return the model that a running proxy found behind the name of an Azure deployment: what it has prices of."""
    key = info.text("key") if answered and route.prefix in load_names().named_by_users else ""
    return key if "/" in key else ""


def _server(route: Route, base: str) -> str:
    """Return the address of a server of one's own, its engine where only that is known, "" where a provider answers."""
    if not base or is_reference(base) or "://" not in base:
        return route.engine
    url = public_url(base).rstrip("/").removesuffix(_VERSION).rstrip("/")
    names = load_names()
    host = urlsplit(url).hostname or ""
    public = any(host == known or host.endswith(f".{known}") for known in names.public_hosts)
    return url if route.engine or (route.prefix in names.compatible and not public) else ""


def _priced(prefix: str, bare: str) -> str:
    """Return a model's name as prices have it: the same model costs something else at another provider."""
    named = load_meanings().model(bare)
    return f"{prefix}/{named.name}" if prefix and named.name else named.name or bare


def _prices(entry: Fields, params: Fields, info: Fields, model: str, *, answered: bool) -> None:
    """State the prices that stand in a deployment: what ``model_info`` says counts before ``litellm_params``."""
    told = {**params.values, **info.values}
    if answered:
        told = {name: value for name, value in told.items() if value}
    rates = Rates.of(told)
    for fields in (params, info):
        for name in Rates.of(fields.values).understood:
            fields.raw(name)
    state_prices(
        entry.description,
        model,
        rates,
        source=f"litellm: {entry.text('model_name')}",
        at=info.at if info.values else entry.at,
    )
