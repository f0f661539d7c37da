"""Random stories with a real Neo4j behind a proxy, that is cut off, stopped, started and wiped."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.namespaces import RDF, RDFS, SG, local_name
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.mapping.graph_names import Names
from stratagraph.service.views.projector import State
from tests.neo4j_server import target_of, wipe
from tests.proxy import Proxy
from tests.service.happenings import Happening, Step
from tests.service.naive_ledger import TOKENS, Figures, Picture, about_nodes
from tests.service.neo4j.reading import Reader, query
from tests.service.random_history import RandomHistory
from tests.service.worlds import EX

PATIENCE = 120.0
"""Seconds until a view is taken never to come; a bound, not a measurement."""
UNDECLARED = (RDFS.label, EX.wires)
STANDS = "MATCH (w:Watermark) RETURN w.sequence AS sequence, w.batchHash AS hash, w.ontologyHash AS ontology"
NAMES = ("count", "sum", "min", "max")


class ProjectedHistory(RandomHistory):
    """A history whose engine also projects into Neo4j."""

    def __init__(self, folder: Path, server: LocalNeo4j, proxy: Proxy) -> None:
        self.server, self.proxy = server, proxy
        self.cut = self.stopped = False
        target = target_of(server)
        super().__init__(folder, neo4j_url=f"bolt://127.0.0.1:{proxy.port}", neo4j_password=SecretStr(target.password))

    def take(self, step: Step) -> None:
        """Let a step happen; outages happen to the server or to the way there."""
        if step is Happening.CUT:
            self.proxy.cut()
            self.cut = True
        elif step is Happening.RESTORE:
            self.proxy.restore()
            self.cut = False
        elif step is Happening.STOP:
            self.server.down()
            self.stopped = True
        elif step is Happening.START:
            self.proxy.aim(self.server.up().port)
            self.stopped = False
        elif step is Happening.WIPE:
            wipe(target_of(self.server))
        else:
            super().take(step)

    def check(self) -> Picture:
        """Compare what Neo4j says as well, where it can be reached."""
        expected = super().check()
        if self.cut or self.stopped:
            return expected
        self._catch_up()
        ties: dict[Fact, frozenset[str]] = {}
        for fact, those in expected.sources.items():
            if isinstance(fact.object, str) and fact.predicate != RDF.type:
                written = self._written(fact)
                ties[written] = ties.get(written, frozenset()) | those
        facts = frozenset(f for f in expected.facts if isinstance(f.object, Literal) or f.predicate == RDF.type)
        assert self.by_cypher() == replace(expected, facts=facts, sources=ties)
        weights = {(self._written(fact), metric): value for (fact, metric), value in self.naive.weights().items()}
        assert self.weights() == weights
        return expected

    def _written(self, fact: Fact) -> Fact:
        """What is stated, in the direction in which it is written."""
        start, relation, end = Names(self.engine.model).directions.written(fact)
        return Fact(start, relation, end)

    def _catch_up(self) -> None:
        """Wait until the database says that it stands at the ledger's head."""
        deadline = time.monotonic() + PATIENCE
        head = self.engine.ledger.head()
        wanted = (head.sequence, head.batch_hash, self.engine.model.hash)
        while [tuple(row) for row in query(target_of(self.server), STANDS)] != [wanted]:
            assert time.monotonic() < deadline, self.engine.neo4j.status()
            with self.engine.neo4j._wake:
                self.engine.neo4j._wake.notify()
            time.sleep(0.05)
        while self.engine.neo4j.status().state is not State.CURRENT:
            assert time.monotonic() < deadline, self.engine.neo4j.status()
            time.sleep(0.02)

    def weights(self) -> dict[tuple[Fact, Iri], float]:
        """The newest calls and tokens that relationships carry."""
        types = Reader(self.engine.model, UNDECLARED).types
        names = {local_name(metric): metric for metric in (SG.calls, *TOKENS)}
        rows = query(target_of(self.server), "MATCH (s)-[r]->(o) RETURN s.iri, type(r), o.iri, properties(r)")
        return {
            (Fact(start, types[name], end), names[key]): value
            for start, name, end, properties in rows
            for key, value in properties.items()
            if key in names
        }

    def by_cypher(self) -> Picture:
        """What the database says."""
        graph = Reader(self.engine.model, UNDECLARED).read(target_of(self.server))
        return Picture(
            facts=about_nodes(graph.facts),
            sources={Fact(*written): frozenset(sources) for written, (sources, *_) in graph.claims.items()},
            edges=graph.edges,
            newest=_newest(graph.facts),
        )


def _newest(facts: Iterable[Fact]) -> dict[tuple[Iri, Iri], Figures]:
    nodes: dict[Iri, dict[Iri, Any]] = defaultdict(dict)
    for fact in facts:
        value = fact.object.value if isinstance(fact.object, Literal) else fact.object
        nodes[fact.subject][fact.predicate] = value
    found: dict[tuple[Iri, Iri], Figures] = {}
    for about in nodes.values():
        if SG.observedOn in about:
            count, *rest = (about[SG.term(name)] for name in NAMES)
            total, least, most = map(float, rest)
            found[about[SG.observedOn], about[SG.metric]] = (int(count), total, least, most)
    return found
