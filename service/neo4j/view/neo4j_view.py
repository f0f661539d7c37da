"""The Neo4j view: one writer, one database; data and watermark are written together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import neo4j

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import ChangeSet, Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG
from stratagraph.service.gc_pause import paused
from stratagraph.service.neo4j.connection import explain, open_driver
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view.ahead import ahead
from stratagraph.service.neo4j.view.cypher_texts import (
    PRESENT,
    SCHEMA,
    WATERMARK_DROP,
    WATERMARK_MOVE,
    WATERMARK_READ,
    WATERMARK_SET,
    WIPE,
    WIPE_TIES,
    Statements,
    Step,
    transactions,
)
from stratagraph.service.neo4j.view.graph_edits import GraphEdits
from stratagraph.service.neo4j.view.neo4j_names import Neo4jNames
from stratagraph.service.views.view import Watermark, follows

MAPPING_VERSION: Final = 5
"""Raised whenever the graph made of the same present changes, so that older databases are rebuilt."""
WIPE_ROWS: Final = 10_000
REBUILT_TOGETHER: Final = 8
"""Change sets of a snapshot that are written together: the more, the fewer statements."""
PART: Final = 50_000
"""Facts, claims and edges whose rows are made at once: beyond that the next are made while the last are written."""
MARK: Final = SG.term("view/watermark")
_PATIENCE: Final = 60.0
"""Seconds for which the server is given to build its indexes."""


class ViewWiped(StratagraphError, slug="neo4j-wiped", status=503):
    """The database is not as this view left it."""

    text = (
        "The database at {url} no longer stands at sequence {sequence}: it was emptied, restored, or written by another"
        " Stratagraph. It is rebuilt; give every Stratagraph a database of its own."
    )

    url: str
    sequence: int


class Neo4jView:
    """The present as a property graph. Only nodes with our marker are read or written.

    Raises:
        StratagraphError: the server can't be reached, refuses us, or is too old.
    """

    name = "neo4j"
    mapping_version = MAPPING_VERSION

    def __init__(self, target: Neo4jTarget, model: OntologyModel) -> None:
        self.target = target
        self._model = model
        self._names = Neo4jNames(model)
        self._statements = Statements(model.metrics)
        self._driver = open_driver(target)
        try:
            self._create_schema()
            self.identity = self._identify()
            self._watermark = self.refresh()
        except BaseException:
            self._driver.close()
            raise

    def watermark(self) -> Watermark | None:
        """Return how far this view had come when it last looked, or None when it is empty."""
        return self._watermark

    def refresh(self) -> Watermark | None:
        """Ask the database how far it has come."""
        with self._session() as session, explain(self.target):
            found = session.execute_read(lambda work: work.run(WATERMARK_READ, iri=MARK).single())
        mark = found["mark"] if found else {}
        try:
            self._watermark = Watermark(
                sequence=mark["sequence"],
                batch_hash=mark["batchHash"],
                ontology_hash=mark["ontologyHash"],
                mapping_version=mark["mappingVersion"],
            )
        except KeyError:
            self._watermark = None
        return self._watermark

    def apply(self, change: ChangeSet) -> None:
        """Apply the next change set; one that was applied already changes nothing.

        Raises:
            ViewOutOfStep: when one is missing in between.
            ViewWiped: the database is not as this view left it.
        """
        self.apply_all([change])

    def apply_all(self, changes: Sequence[ChangeSet]) -> None:
        """Apply change sets that follow each other, together; see ``apply``."""
        mark = self._watermark
        fresh = []
        for change in changes:
            if follows(self.name, mark, change.sequence):
                fresh.append(change)
                mark = self._mark(change)
        if mark is None or mark == self._watermark:
            return
        with self._session() as session, explain(self.target):
            edits = self._edits(fresh)
            present = self._present(session, edits.described())
            left: list[list[Step]] = []
            for work in ahead(self._work(part, present) for part in edits.parts(PART)):
                self._write_all(session, left)
                left = work
            # The last ones are written together with the watermark.
            *first, last = left
            self._write_all(session, first)
            session.execute_write(self._finish, last, mark)
        self._watermark = mark

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything of ours away and take the present in; the watermark comes last."""
        self._watermark = None
        last = None
        with self._session() as session, explain(self.target):
            self._wipe(session)
            for several, work in ahead(self._rebuilt(snapshot)):
                self._write_all(session, work)
                last = several[-1]
            if last is not None:
                mark = self._mark(last)
                session.execute_write(lambda work: work.run(WATERMARK_SET, iri=MARK, mark=_values(mark)).consume())
                self._watermark = mark

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def _rebuilt(self, snapshot: Iterable[ChangeSet]) -> Iterator[tuple[list[ChangeSet], list[list[Step]]]]:
        """Yield change sets of a snapshot with the transactions that write them."""
        remaining = iter(snapshot)
        while several := list(islice(remaining, REBUILT_TOGETHER)):
            yield several, self._work(self._edits(several, fresh=True), {})

    def _work(self, edits: GraphEdits, present: Mapping[Iri, Mapping[str, Any]]) -> list[list[Step]]:
        """Return the transactions that write edits; at least one."""
        # Rows form no cycles, but the collector would walk through all of them again and again.
        with paused(len(edits)):
            return list(transactions(self._statements.steps(edits.rows(present))))

    def _edits(self, changes: Iterable[ChangeSet], *, fresh: bool = False) -> GraphEdits:
        edits = GraphEdits(self._model, self._names, fresh=fresh)
        for change in changes:
            edits.take(change)
        return edits

    def _session(self) -> neo4j.Session:
        return self._driver.session(database=self.target.database, fetch_size=5_000)

    def _create_schema(self) -> None:
        with self._session() as session, explain(self.target):
            for statement in SCHEMA:
                session.run(neo4j.Query(statement)).consume()
            # Without its index, each row of a MERGE would be looked for among all nodes.
            session.run("CALL db.awaitIndexes($seconds)", seconds=int(_PATIENCE)).consume()

    def _identify(self) -> str:
        """Return the database's own number: an address may name it in many ways, and others by the same name."""
        with self._session() as session, explain(self.target):
            return str(session.run("CALL db.info() YIELD id RETURN id").single(strict=True)["id"])

    def _present(self, session: neo4j.Session, nodes: set[Iri]) -> Mapping[Iri, Mapping[str, Any]]:
        if not nodes:
            return {}
        rows = [{"iri": iri} for iri in sorted(nodes)]
        found = session.execute_read(lambda work: list(work.run(PRESENT, rows=rows)))
        return {record["iri"]: record["properties"] for record in found}

    def _write_all(self, session: neo4j.Session, work: Iterable[list[Step]]) -> None:
        for steps in work:
            session.execute_write(self._write, steps)

    def _write(self, work: neo4j.ManagedTransaction, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.rows:
                # Its outcome comes with the next one's or the commit's: half as many waits.
                work.run(step.cypher, step.parameters())

    def _finish(self, work: neo4j.ManagedTransaction, steps: Iterable[Step], mark: Watermark) -> None:
        """Write the last steps and move the watermark from where this view left it; elsewhere nothing is written."""
        left = self._watermark
        if left is None:
            work.run(WATERMARK_SET, iri=MARK, mark=_values(mark)).consume()
        else:
            # Moved before the steps are written: if another one wrote here meanwhile, none of them may be sent.
            moved = work.run(
                WATERMARK_MOVE, iri=MARK, sequence=left.sequence, batch_hash=left.batch_hash, mark=_values(mark)
            ).single(strict=True)["moved"]
            if not moved:
                raise ViewWiped(url=self.target.url, sequence=left.sequence)
        self._write(work, steps)

    def _wipe(self, session: neo4j.Session) -> None:
        # First of all: a wipe that stops half-way must leave no graph that looks whole.
        session.execute_write(lambda work: work.run(WATERMARK_DROP, iri=MARK).consume())
        for statement in (WIPE_TIES, WIPE):
            while session.execute_write(
                lambda work, text: work.run(text, limit=WIPE_ROWS).single(strict=True)["gone"], statement
            ):
                pass

    def _mark(self, change: ChangeSet) -> Watermark:
        return Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=MAPPING_VERSION,
        )


def _values(mark: Watermark) -> dict[str, Any]:
    return {
        "sequence": mark.sequence,
        "batchHash": mark.batch_hash,
        "ontologyHash": mark.ontology_hash,
        "mappingVersion": mark.mapping_version,
    }
