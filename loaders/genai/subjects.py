"""Assets and relations that calls show: facts from whitelisted, stable names only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, TypeAlias

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.forest import AgentRef
from stratagraph.loaders.genai.record import CallRecord, Provenance, Service
from stratagraph.loaders.genai.roster import Roster
from stratagraph.ontology.facts import Fact, Iri, Literal, Scope
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG

REQUESTED: Final = "requested"
"""Nothing but a request shows it."""
USED: Final = "used"
"""It did something."""
ANSWERED: Final = "answered"
"""It said itself what it is."""
MOST_ASSETS: Final = 2_000
"""Assets that one batch may name; the rest are one asset per class, so that junk cannot flood the graph."""
MOST_SCOPES: Final = 1_000
"""Scopes that one batch may name: a second of many exporters, each of one service with a few instrumentations. The
ledger keeps a mark per scope and claim."""
OVERFLOW: Final = "(other)"
ASSET_CLASSES: Final = (
    SG.LLMSystem,
    SG.Agent,
    SG.Tool,
    SG.MCPServer,
    SG.Guardrail,
    SG.Pipeline,
    SG.Prompt,
    SG.BaseModel,
    SG.Provider,
    SG.ModelServer,
    SG.VectorIndex,
    SG.Region,
    SG.ComputeCluster,
)
"""What telemetry names."""
_Known: TypeAlias = tuple[Iri, tuple[tuple[Iri, str], ...]]
NAMELESS: Final = "unknown_service"
"""What the conventions call a service that does not name itself."""


class Subjects:
    """Mints assets and states what they are, each fact once."""

    def __init__(self, model: OntologyModel, base: str, roster: Roster | None = None) -> None:
        """Mint IRIs of ``model``'s classes below ``base``, of those that the roster admits."""
        self._roster = Roster() if roster is None else roster
        self._model = model
        self._base = base
        self._minted: dict[_Known, Iri] = {}
        self._told: dict[tuple[str, Iri, str, Service], Iri] = {}
        self._facts: dict[str, dict[Fact, None]] = defaultdict(dict)
        self._versions: dict[Iri, tuple[int, str]] = {}
        self._versioned: dict[tuple[Iri, str], dict[str, None]] = defaultdict(dict)
        self._hushed = False
        self._scope = ""
        self._scopes: dict[tuple[Service, Provenance], str] = {}
        self._named: set[str] = set()
        self.overflow = 0
        """How many names were counted as one because there were too many."""

    def according_to(self, record: CallRecord) -> None:
        """Attribute what is stated from now on to the record's service and instrumentation."""
        told = record.service, record.provenance
        if told not in self._scopes:
            self._scopes[told] = self._scope_of(*told)
        self._scope = self._scopes[told]

    def _scope_of(self, service: Service, said: Provenance) -> str:
        """Return the scope's name, the same for all beyond the limit."""
        name = f"{service.label or NAMELESS} {said.scope}@{said.version}"
        full = name not in self._named and len(self._named) >= MOST_SCOPES
        if full or not self._roster.scope(name):
            self.overflow += 1
            return OVERFLOW
        self._named.add(name)
        return name

    def scopes(self) -> tuple[Scope, ...]:
        """Return the facts by who says so; telemetry never enumerates anything completely."""
        for iri, (_, version) in self._versions.items():
            for scope in self._versioned[iri, version]:
                self._facts[scope][Fact(iri, SG.version, Literal(version))] = None
        return tuple(
            Scope(name=name, complete=False, stated=tuple(facts)) for name, facts in sorted(self._facts.items())
        )

    def hush(self) -> None:
        """Leave unsaid what is stated from now on: it no longer holds."""
        self._hushed = True

    def system(self, service: Service) -> Iri:
        """Return the system that a service is, where it runs stated too."""
        # Every scope states it for itself: it must go on standing when another one falls silent.
        known = self._scope, SG.LLMSystem, "", service
        if known not in self._told:
            self._told[known] = self._system(service)
        return self._told[known]

    def _system(self, service: Service) -> Iri:
        """State a system and where it runs."""
        system = self._asset(
            SG.LLMSystem,
            {
                # The environment is part of the key: staging and production must not become one.
                SG.name: service.name or NAMELESS,
                SG.serviceNamespace: service.namespace,
                SG.environment: service.environment,
            },
        )
        place = self._place(service)
        if place:
            self.state(system, SG.implementedIn, place)
        return system

    def _place(self, service: Service) -> Iri:
        """Return the cluster or region that a service runs in, "" where unknown."""
        region = self._asset(SG.Region, {SG.name: service.region}) if service.region else ""
        if region and service.cloud:
            self.state(region, SG.providedBy, self.provider(service.cloud))
        if not service.cluster:
            return region
        cluster = self._asset(SG.ComputeCluster, {SG.name: service.cluster})
        if region:
            self.state(cluster, SG.locatedIn, region)
        return cluster

    def agent(self, agent: AgentRef) -> Iri:
        """Return an agent, part of the system of its service."""
        iri = self._within(SG.Agent, agent.name, agent.service)
        self.state(iri, SG.partOf, self.system(agent.service))
        return iri

    def tool(self, name: str, service: Service) -> Iri:
        """Return a tool as its service knows it."""
        return self._within(SG.Tool, name, service)

    def provided(self, tool: Iri, service: Service, server: str) -> None:
        """State that a service answers the calls of a tool, by an MCP server of that name where it has one."""
        system = self.system(service)
        if server:
            offering = self._within(SG.MCPServer, server, service)
            self.state(offering, SG.partOf, system)
            self.state(tool, SG.partOf, offering)
        else:
            self.state(tool, SG.partOf, system)

    def guardrail(self, name: str, service: Service) -> Iri:
        """Return a guardrail, part of the system of its service."""
        iri = self._within(SG.Guardrail, name, service)
        self.state(iri, SG.partOf, self.system(service))
        return iri

    def met(self, asset: Iri, seen: str) -> None:
        """State how a model or a tool was met."""
        self.state(asset, SG.seenAs, Literal(seen))

    def pipeline(self, name: str, service: Service) -> Iri:
        """Return a workflow, part of the system of its service."""
        iri = self._within(SG.Pipeline, name, service)
        self.state(iri, SG.partOf, self.system(service))
        return iri

    def prompt(self, name: str, service: Service) -> Iri:
        """Return a managed prompt."""
        return self._within(SG.Prompt, name, service)

    def model(self, name: str, seen: str) -> Iri:
        """Return a model, and how it was met."""
        # By its name alone: a model is the same one for every caller and every provider that claims it.
        iri = self._asset(SG.BaseModel, {SG.name: name})
        self.met(iri, seen)
        return iri

    def model_called(self, record: CallRecord, seen: str, answered: str) -> Iri:
        """Return the model that a call counts for; only a success says where it is from and what an alias means."""
        model = self.model(record.model, seen)
        if record.route:
            self.state(model, SG.requestRoute, Literal(record.route))
        # A misspelt name is asked for just as well, and nobody answers to it.
        if seen == REQUESTED:
            return model
        if record.provider:
            self.state(model, SG.providedBy, self.provider(record.provider))
        if record.engine:
            self.state(model, SG.implementedIn, self.server(record.engine))
        if answered and record.requested not in {"", answered}:
            self.state(self.model(record.requested, REQUESTED), SG.aliasOf, model)
        return model

    def provider(self, name: str) -> Iri:
        """Return a provider, as claimed."""
        return self._asset(SG.Provider, {SG.name: name})

    def server(self, engine: str) -> Iri:
        """Return what serves models: an engine that somebody runs, which is no party of its own."""
        return self._asset(SG.ModelServer, {SG.name: engine})

    def index(self, name: str) -> Iri:
        """Return a data source that calls retrieve from."""
        return self._asset(SG.VectorIndex, {SG.name: name})

    def version(self, iri: Iri, version: str, time: int) -> None:
        """State a version; of several, as in a rolling deployment, the one seen last."""
        if version and not self._hushed:
            # Of versions seen at one time the greater name, so that the order of the spans does not show.
            self._versions[iri] = max(self._versions.get(iri, (0, "")), (time, version))
            self._versioned[iri, version][self._scope] = None

    def state(self, subject: Iri, predicate: Iri, value: Iri | Literal) -> Fact:
        """State a fact."""
        fact = Fact(subject, predicate, value)
        if not self._hushed:
            self._facts[self._scope][fact] = None
        return fact

    def _within(self, cls: Iri, name: str, service: Service) -> Iri:
        """Return an asset whose name counts within its service."""
        known = self._scope, cls, name, service
        if known not in self._told:
            # Two services may each have an agent of one name, and staging must not become production, which is what an
            # inventory means that names no environment.
            production = service.environment.casefold() in load_aliases().production
            key = {
                SG.name: name,
                SG.serviceName: service.name or NAMELESS,
                SG.serviceNamespace: service.namespace,
                SG.environment: "" if production else service.environment,
            }
            self._told[known] = self._asset(cls, key)
        return self._told[known]

    def _asset(self, cls: Iri, key: Mapping[Iri, str]) -> Iri:
        """Return the asset of a class with that key, its type and key stated."""
        known = cls, tuple(key.items())
        if known not in self._minted and not self._named_now(known, full=len(self._minted) >= MOST_ASSETS):
            self.overflow += 1
            # One of its service, else one for all.
            known = cls, tuple({**key, SG.name: OVERFLOW}.items())
            if known not in self._minted and not self._named_now(known):
                known = cls, tuple({**dict.fromkeys(key, ""), SG.name: OVERFLOW}.items())
                self._named_now(known, always=True)
        iri = self._minted[known]
        # Again under each scope, even of an asset that was minted before: what another one says may be taken back.
        self.state(iri, RDF.type, cls)
        for predicate, value in known[1]:
            if value:
                self.state(iri, predicate, Literal(value))
        return iri

    def _named_now(self, known: _Known, *, full: bool = False, always: bool = False) -> bool:
        """Mint an asset and state its class; tell whether there is room for it."""
        if full:
            return False
        cls, key = known
        iri = mint(self._model, cls, dict(key), self._base)
        if not (always or self._roster.asset(iri)):
            return False
        if known not in self._minted:
            self._minted[known] = iri
            self.state(iri, RDF.type, cls)
        return True
