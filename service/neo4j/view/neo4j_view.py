"""The Neo4j view: one writer, one database; data and watermark are written together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import neo4j

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import ChangeSet
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, STATEMENT_BASE
from stratagraph.service.gc_pause import paused
from stratagraph.service.neo4j.connection import explain, open_driver
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import Names
from stratagraph.service.neo4j.mapping.version import mapping_version
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import cypher_texts as texts
from stratagraph.service.neo4j.view.ahead import ahead
from stratagraph.service.neo4j.view.deferred import Deferred
from stratagraph.service.neo4j.view.differences import CHANGED, Differences, changed_things
from stratagraph.service.neo4j.view.graph_check import NAMED, GraphCheck
from stratagraph.service.neo4j.view.graph_edits import GraphEdits
from stratagraph.service.neo4j.view.graph_rows import GraphRows, Needs, bare
from stratagraph.service.neo4j.view.graph_writer import Counts, Places, Sender
from stratagraph.service.neo4j.view.lookups import Lookups
from stratagraph.service.neo4j.view.node_rows import Standing
from stratagraph.service.neo4j.view.price_ties import PriceTies
from stratagraph.service.neo4j.view.steps import Step, transactions
from stratagraph.service.views.view import Watermark, follows

REBUILT_TOGETHER: Final = 8
"""Change sets of a snapshot that are written together: the more, the fewer statements."""
PART: Final = 50_000
"""Facts, claims and edges whose rows are made at once."""
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

    def __init__(
        self, target: Neo4jTarget, model: OntologyModel, *, ontology_terms: bool = True, shared: bool = False
    ) -> None:
        self.target = target
        self.remark = ""
        """What differs from what this view wrote."""
        self._noted = False
        self.mapping_version = mapping_version(ontology_terms=ontology_terms)
        self._differences = Differences(self.mapping_version, shared)
        self._model = model
        names = Names(model)
        self._labels = Labels(model, names, terms=ontology_terms)
        self._rows = GraphRows(model, names, self._labels)
        self._lookups = Lookups(self._labels)
        self._check = GraphCheck(self._rows, self._lookups)
        self._prices = PriceTies(names)
        self._driver = open_driver(target)
        try:
            self.identity = self._identify()
            self._watermark = self.refresh()
            self._create_schema()
        except BaseException:
            self._driver.close()
            raise

    def watermark(self) -> Watermark | None:
        """Return how far this view had come when it last looked, or None when it is empty."""
        return self._watermark

    def refresh(self) -> Watermark | None:
        """Ask the database how far it has come."""
        with self._session() as session, explain(self.target, writes=True):
            mark, self.remark = session.execute_read(self._look)
        self._noted = CHANGED in mark
        self._rows.otherwise = set(mark.get("statedOtherwise", ()))
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

    def _look(self, work: neo4j.ManagedTransaction) -> tuple[Mapping[str, Any], str]:
        found = work.run(texts.WATERMARK_READ, iri=MARK).single()
        if found is None:
            return {}, ""
        mark = found["mark"]
        return mark, self._differences.said(work, mark, found["nodes"], found["relationships"]).text

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
        with self._session() as session, explain(self.target, writes=True):
            self._write(session, self._edits(fresh), mark)
        self._watermark = mark

    def rebuild(self, snapshot: Iterable[ChangeSet]) -> None:
        """Throw everything of ours away and take the present in; the watermark comes last."""
        self._watermark = None
        with self._session() as session, explain(self.target, writes=True), Deferred() as deferred:
            self._wipe(session)
            sender, counts, last = Sender(Places()), Counts(), None
            late = GraphEdits()
            for several, steps in ahead(self._rebuilt(snapshot, late)):
                last = several[-1]
                counts.add(self._send(session, sender, [*steps[0], *deferred.sort(steps[1], sender.places.numbers)]))
            for waiting in deferred.release():
                counts.add(self._send(session, sender, bare(self._rows, waiting, sender.places.numbers)))
                counts.add(self._send(session, sender, waiting))
            if last is None:
                return
            mark = self._mark(last)
            self._write(session, late, mark, counts, all_prices=True)
            self._watermark = mark

    def compare(self, present: ChangeSet) -> None:
        """Compare a part of the present, as of the watermark, with what stands there; note what differs."""
        with self._session() as session, explain(self.target, writes=True):
            found = list(islice(self._check.differences(session, self._edits([present])), NAMED))
            if found and not self._noted:
                note = {CHANGED: found}
                session.execute_write(lambda work: work.run(texts.WATERMARK_NOTE, iri=MARK, note=note).consume())
                self.remark, self._noted = changed_things(found), True

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    # Writing ---------------------------------------------------------------------------------------------------------

    def _write(
        self,
        session: neo4j.Session,
        edits: GraphEdits,
        mark: Watermark,
        counts: Counts | None = None,
        *,
        all_prices: bool = False,
    ) -> None:
        """Write edits to a database where something may stand, the last of them together with the watermark."""
        needs = self._rows.needs(edits)
        sender = Sender(Places())
        standing = self._standing(session, needs, edits, sender.places)
        ties = self._lookups.ties(session, needs, sender.places)
        self._rows.otherwise |= self._rows.stated_otherwise(needs)
        left: list[list[Step]] = [[]]
        loose: set[str] = set()
        counts = counts or Counts()
        for part in edits.parts(PART):
            with paused(len(part)):
                work = self._rows.steps(part, standing, ties, fresh=False)
                creating = list(transactions(work.creating()))
                doing = list(transactions(work.doing()))
            standing.update((iri, Standing("", row.labels, row.properties)) for iri, row in work.made.items())
            if any(map(self._labels.is_vocabulary, work.made)):
                self._lookups.forget()
            for steps in left[:-1]:
                self._send_counted(session, sender, steps, counts)
            loose |= work.loose
            left = _joined([left[-1], *creating, *doing])
        # At the very end, when it is certain what each node has lost.
        left = _joined([*left, [Step(texts.ORPHANS, [{"n": iri} for iri in sorted(loose)])]])
        *first, final = left
        for steps in first:
            self._send_counted(session, sender, steps, counts)
        if all_prices or self._prices.touched(edits):
            final += [Step(statement, [{}]) for statement in self._prices.statements]
        session.execute_write(self._finish, sender, final, mark, counts)

    def _standing(self, session: neo4j.Session, needs: Needs, edits: GraphEdits, places: Places) -> dict[str, Standing]:
        # First the statements that observations are about: they say which relationships these are.
        statements = self._lookups.standing(session, Needs(edits.statements()), places)
        for known in statements.values():
            needs.nodes |= {known.properties[end] for end in ("subject", "object") if end in known.properties}
        return self._lookups.standing(session, needs, places) | statements

    def _send_counted(self, session: neo4j.Session, sender: Sender, steps: list[Step], counts: Counts) -> None:
        """Send steps in a transaction of their own; where the graph has a watermark already, it learns the counts."""

        def send(work: neo4j.ManagedTransaction) -> Counts:
            more = sender.send(work, steps)
            if self._watermark is not None:
                work.run(texts.COUNTED, iri=MARK, nodes=more.nodes, relationships=more.relationships).consume()
            return more

        more = session.execute_write(send)
        if self._watermark is None:
            counts.add(more)

    def _send(self, session: neo4j.Session, sender: Sender, steps: Iterable[Step]) -> Counts:
        counts = Counts()
        for some in transactions(steps):
            if some:
                counts.add(session.execute_write(sender.send, some))
        return counts

    def _finish(
        self, work: neo4j.ManagedTransaction, sender: Sender, steps: Iterable[Step], mark: Watermark, counts: Counts
    ) -> None:
        """Write the last steps and move the watermark from where this view left it; elsewhere nothing is written."""
        left = self._watermark
        values = _values(mark) | {"statedOtherwise": sorted(self._rows.otherwise)}
        if left is not None:
            # Moved before the steps are written: if another one wrote here meanwhile, none of them may be sent.
            moved = work.run(
                texts.WATERMARK_MOVE, iri=MARK, sequence=left.sequence, batch_hash=left.batch_hash, mark=values
            ).single(strict=True)["moved"]
            if not moved:
                raise ViewWiped(url=self.target.url, sequence=left.sequence)
        more = sender.send(work, steps)
        if left is None:
            more.add(counts)
            values |= {"nodes": more.nodes + 1, "relationships": more.relationships, "label": "watermark"}
            work.run(texts.WATERMARK_SET, iri=MARK, mark=values).consume()
        else:
            work.run(texts.COUNTED, iri=MARK, nodes=more.nodes, relationships=more.relationships).consume()

    def _rebuilt(
        self, snapshot: Iterable[ChangeSet], late: GraphEdits
    ) -> Iterator[tuple[list[ChangeSet], tuple[list[Step], list[Step]]]]:
        """Yield change sets of a snapshot with what writes them; what has to come last is added to ``late``."""
        remaining = iter(snapshot)
        while several := list(islice(remaining, REBUILT_TOGETHER)):
            edits = self._edits(several)
            self._set_apart(edits, late)
            # Rows form no cycles, but the collector would walk through all of them again and again.
            with paused(len(edits)):
                work = self._rows.steps(edits, {}, {}, fresh=True)
                steps = work.creating(), work.doing()
            yield several, steps

    def _set_apart(self, edits: GraphEdits, late: GraphEdits) -> None:
        """Move to ``late`` what speaks of relationships that must be there first."""
        _, careful = self._rows.ties.split(edits.claims, set())
        if careful:
            apart = {fact: claims for fact, claims in edits.claims.items() if self._rows.ties.tie(fact) in careful}
            late.claims.update(apart)
            edits.claims = {fact: claims for fact, claims in edits.claims.items() if fact not in apart}
        late.measured.update(edits.measured)
        edits.measured = {}
        on_statements = {key: seen for key, seen in edits.observations.items() if key[0].startswith(STATEMENT_BASE)}
        if on_statements:
            late.observations.update(on_statements)
            edits.observations = {key: seen for key, seen in edits.observations.items() if key not in on_statements}

    def _edits(self, changes: Iterable[ChangeSet]) -> GraphEdits:
        edits = GraphEdits()
        for change in changes:
            edits.take(change, self._labels.is_hidden)
        return edits

    # The database ----------------------------------------------------------------------------------------------------

    def _session(self) -> neo4j.Session:
        return self._driver.session(database=self.target.database, fetch_size=5_000)

    def _create_schema(self) -> None:
        with self._session() as session, explain(self.target, writes=True):
            for statement in texts.CONSTRAINTS:
                session.run(neo4j.Query(statement)).consume()
            labels = sorted({*texts.KEYED, *self._labels.of_vocabulary()} - {"Watermark"})
            found = session.run(neo4j.Query(texts.FULL_TEXT_LABELS)).single()
            # A change of the schema makes the server plan every statement anew.
            if found is None or set(found["labelsOrTypes"]) != set(labels):
                session.run(texts.FULL_TEXT_DROP).consume()
                session.run(neo4j.Query(texts.full_text(labels))).consume()
            # Without its index, each row would be looked for among all nodes.
            session.run("CALL db.awaitIndexes($seconds)", seconds=int(_PATIENCE)).consume()

    def _identify(self) -> str:
        """Return the database's own number: an address may name it in many ways, and others by the same name."""
        with self._session() as session, explain(self.target, writes=True):
            return str(session.run("CALL db.info() YIELD id RETURN id").single(strict=True)["id"])

    def _wipe(self, session: neo4j.Session) -> None:
        # First of all: a wipe that stops half-way must leave no graph that looks whole.
        session.execute_write(lambda work: work.run(texts.WATERMARK_DROP, iri=MARK).consume())
        for statement in (*texts.WIPES, texts.OLD_CONSTRAINTS):
            session.run(neo4j.Query(statement)).consume()
        self._lookups.forget()
        self._rows.otherwise = set()

    def _mark(self, change: ChangeSet) -> Watermark:
        return Watermark(
            sequence=change.sequence,
            batch_hash=change.batch_hash,
            ontology_hash=self._model.hash,
            mapping_version=self.mapping_version,
        )


def _joined(work: list[list[Step]]) -> list[list[Step]]:
    """Let short transactions that follow each other be one."""
    return list(transactions(step for steps in work for step in steps))


def _values(mark: Watermark) -> dict[str, Any]:
    return {
        "sequence": mark.sequence,
        "batchHash": mark.batch_hash,
        "ontologyHash": mark.ontology_hash,
        "mappingVersion": mark.mapping_version,
    }
