from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import ChangeSet, Fact, Literal, Observation, Term
from stratagraph.ontology.identity import observation_iri
from stratagraph.ontology.namespaces import RDF, SG, XSD
from stratagraph.ontology.rules import compile_rules
from stratagraph.ontology.sketches import encode, sketch_of
from stratagraph.ontology.terms import from_ox, to_ox
from stratagraph.service.deriver import Deriver
from stratagraph.service.views import triples
from stratagraph.service.views.books import OWN, told
from stratagraph.service.views.edits import Edits
from stratagraph.service.views.lexical import stored, stored_term
from stratagraph.service.views.nodes import observation_facts, scope_facts, source_facts, statement_facts
from stratagraph.service.views.quad_edits import QuadEdits
from stratagraph.service.views.triples import TriplesView
from stratagraph.service.views.view import ViewOutOfStep, Watermark
from tests.service.views.node_facts import Quad, claim_quads, influence_quads, quad
from tests.service.worlds import EX, NODES, START, Event, History, Mirror, events, world

A, B = NODES[:2]
FIVE, PADDED = Literal("5", XSD.integer), Literal("005", XSD.integer)


def everything(view: TriplesView) -> set[Quad]:
    """Every quad but those of the store's own books."""
    return {
        (getattr(q.graph_name, "value", ""), Fact(str(from_ox(q.subject)), q.predicate.value, from_ox(q.object)))
        for q in told(view.store)
    }


def expected(mirror: Mirror) -> set[Quad]:
    quads = {quad(fact) for fact in mirror.facts}
    for fact, claims in mirror.claims.items():
        quads.update(claim_quads(fact, claims))
    for edge in mirror.edges.values():
        quads.update(influence_quads(edge, world()))
    for seen in mirror.newest.values():
        quads.update(map(quad, observation_facts(seen)))
    for fact in mirror.measured:
        quads.update(map(quad, statement_facts(fact)))
    for seen_in in mirror.sightings.values():
        quads.update(map(quad, (*scope_facts(seen_in), *source_facts(seen_in.source))))
    return quads


def scopes(history: History) -> set[Quad]:
    """What stays when every claim is closed: when the scopes were seen, and the sources."""
    seen = history.sightings.values()
    return {quad(fact) for each in seen for fact in (*scope_facts(each), *source_facts(each.source))}


def changes(happened: list[list[Event]]) -> Iterator[tuple[ChangeSet, Mirror]]:
    deriver, history, mirror = Deriver(world(), compile_rules(world())), History(), Mirror()
    for step in happened:
        change = deriver.apply(history.step(step))
        mirror.apply(change)
        yield change, mirror


def view_of(*happened: list[Event]) -> TriplesView:
    view = TriplesView(None, world())
    for change, _ in changes(list(happened)):
        view.apply(change)
    return view


def says(value: Term) -> Fact:
    return Fact(A, EX.says, value)


@settings(max_examples=100, deadline=None)
@given(events)
def test_the_store_holds_exactly_the_present(happened: list[list[Event]]) -> None:
    view = TriplesView(None, world())
    for change, mirror in changes(happened):
        view.apply(change)
        view.apply(change)
        assert everything(view) == expected(mirror)
        assert view.sequence == change.sequence


@pytest.fixture(name="tiny")
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write in steps what is usually written at once."""
    for size in ("PART", "TRANSACTION", "BULK", "BULK_TEXTS"):
        monkeypatch.setattr(triples, size, 2)


@pytest.mark.usefixtures("tiny")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events)
def test_a_large_change_is_written_in_steps_to_the_same_end(happened: list[list[Event]]) -> None:
    view = TriplesView(None, world())
    for change, mirror in changes(happened):
        view.apply(change)
        assert everything(view) == expected(mirror)


@settings(max_examples=30, deadline=None)
@given(events)
def test_a_rebuilt_store_equals_the_incremental_one(happened: list[list[Event]]) -> None:
    deriver, history = Deriver(world(), compile_rules(world())), History()
    view, rebuilt = TriplesView(None, world()), TriplesView(None, world())
    for step in happened:
        view.apply(deriver.apply(history.step(step)))
    rebuilt.rebuild(deriver.snapshot(size=4))
    assert everything(rebuilt) == everything(view)
    assert rebuilt.watermark() == view.watermark()
    # What is known of writings must be the same too: close everything and nothing may be left.
    rest = history.step([(False, source, fact) for fact, source in history.open])
    change = deriver.apply(rest)
    rebuilt.apply(change)
    assert everything(rebuilt) == scopes(history)


def test_closing_one_writing_leaves_the_other() -> None:
    both: list[Event] = [(True, "a", says(FIVE)), (True, "a", says(PADDED))]
    assert view_of(both, [(False, "a", says(PADDED))]).ask(f"ASK {{ <{A}> ?p 5 }}")
    assert view_of(both, [(False, "a", says(FIVE))]).ask(f"ASK {{ <{A}> ?p 5 }}")
    assert not view_of(both, [(False, "a", says(FIVE)), (False, "a", says(PADDED))]).ask(f"ASK {{ <{A}> ?p 5 }}")


def test_writings_are_remembered_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    steps: list[list[Event]] = [
        [(True, "a", says(FIVE)), (True, "a", says(PADDED))],
        [(False, "a", says(PADDED))],
        [(False, "a", says(FIVE))],
    ]
    answers = []
    for change, _ in changes(steps):
        view = TriplesView(tmp_path / "store", world())
        view.apply(change)
        answers.append(view.ask(f"ASK {{ <{A}> ?p 5 }}"))
        view.close()
    assert answers == [True, True, False]


def _cut(folder: Path) -> None:
    next(folder.glob("MANIFEST-*")).write_bytes(b"cut")


def _remove(folder: Path) -> None:
    next(folder.glob("MANIFEST-*")).unlink()


def _end_early(folder: Path) -> None:
    (folder / "CURRENT").write_bytes(b"MANI")


def _replace(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("no store", encoding="utf-8")


@pytest.mark.parametrize("damage", [_cut, _remove, _end_early, _replace])
def test_a_damaged_store_is_begun_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    ((change, _),) = changes([[(True, "a", says(FIVE))]])
    view = TriplesView(tmp_path / "store", world())
    view.apply(change)
    view.close()
    damage(tmp_path / "store")
    view = TriplesView(tmp_path / "store", world())
    assert view.watermark() is None
    assert not everything(view)
    view.apply(change)
    assert view.ask(f"ASK {{ <{A}> ?p 5 }}")
    view.close()


def test_a_store_that_somebody_else_holds_is_left_alone(tmp_path: Path) -> None:
    ((change, _),) = changes([[(True, "a", says(FIVE))]])
    view = TriplesView(tmp_path / "store", world())
    view.apply(change)
    with pytest.raises(OSError, match="lock"):
        TriplesView(tmp_path / "store", world())
    assert view.ask(f"ASK {{ <{A}> ?p 5 }}")
    view.close()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_comes_and_goes_whole(text: str) -> None:
    view = TriplesView(None, world())
    ((change, _),) = changes([[(True, "a", says(Literal(text)))]])
    before = everything(view)
    view.apply(replace(change, sightings=()))
    assert (EX.says, Literal(text)) in list(view.facts_about(A))
    (fact,) = change.added
    view.apply(ChangeSet(sequence=2, time=START, batch_hash="", removed=(fact,), claims_changed=((fact, ()),)))
    assert everything(view) == before


def test_a_crash_between_transactions_leaves_the_old_watermark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triples, "TRANSACTION", 3)
    (first, _), (second, mirror) = changes(
        [[(True, "a", Fact(A, EX.partOf, B))], [(True, "a", Fact(A, EX.near, B)), (False, "a", Fact(A, EX.partOf, B))]]
    )
    view = TriplesView(tmp_path / "store", world())
    view.apply(first)
    with monkeypatch.context() as patch:
        patch.setattr(triples, "mark_lines", None)  # the process ends before the last transaction
        with pytest.raises(TypeError):
            view.apply(second)
    view.close()
    view = TriplesView(tmp_path / "store", world())
    assert view.sequence == 1
    view.apply(second)
    assert view.sequence == 2
    # A graph too that the first attempt emptied, and of which the second takes nothing out any more.
    assert everything(view) == expected(mirror)
    view.close()


@pytest.mark.parametrize(("bulk", "transaction"), [(3, 1_000), (1_000, 3)], ids=["in the middle", "at the end"])
def test_a_writing_that_a_crash_left_half_way_still_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bulk: int, transaction: int
) -> None:
    """The triple stands already when its change is applied again, and is no writing of its own for that."""
    monkeypatch.setattr(triples, "TRANSACTION", transaction)
    monkeypatch.setattr(triples, "BULK", bulk)
    near = [(True, "a", Fact(A, EX.near, node)) for node in NODES]
    (first, _), (second, _), (third, mirror) = changes(
        [near[:1], [(True, "a", says(PADDED)), *near[1:]], [(False, "a", says(PADDED))]]
    )
    view = TriplesView(tmp_path / "store", world())
    view.apply(first)
    with monkeypatch.context() as patch:
        patch.setattr(triples, "mark_lines", None)
        with pytest.raises(TypeError):
            view.apply(second)
    view.close()
    view = TriplesView(tmp_path / "store", world())
    view.apply(second)
    view.apply(third)
    assert not view.ask(f"ASK {{ <{A}> ?p 5 }}")
    assert everything(view) == expected(mirror)
    view.close()


def test_a_missing_sequence_is_refused() -> None:
    with pytest.raises(ViewOutOfStep):
        TriplesView(None, world()).apply(ChangeSet(sequence=2, time=START, batch_hash=""))


def test_a_checkpoint_stays_as_it_was(tmp_path: Path) -> None:
    (first, _), (second, _) = changes([[(True, "a", says(FIVE))], [(False, "a", says(FIVE))]])
    view = TriplesView(tmp_path / "store", world())
    view.apply(first)
    view.checkpoint(tmp_path / "copy")
    view.apply(second)
    copy = TriplesView(tmp_path / "copy", world())
    assert copy.sequence == 1
    assert copy.ask(f"ASK {{ <{A}> ?p 5 }}")
    copy.close()
    view.close()


def loaded(folder: Path) -> TriplesView:
    """Return a view of which all was loaded in bulk, in several steps."""
    view = TriplesView(folder, world())
    for change, _ in changes([[(True, "a", says(Literal(f"{n} {m}"))) for m in range(40)] for n in range(6)]):
        view.apply(change)
        view.flush()
    return view


@pytest.mark.usefixtures("tiny")
def test_what_was_loaded_in_bulk_is_put_in_order_once(tmp_path: Path) -> None:
    view = loaded(tmp_path / "store")
    before, files = everything(view), len(list((tmp_path / "store").glob("*.sst")))
    assert view.compact()
    assert everything(view) == before
    assert len(list((tmp_path / "store").glob("*.sst"))) < files
    assert not view.compact(), "nothing was loaded since"
    view.close()


@pytest.mark.usefixtures("tiny")
def test_what_one_process_loads_another_one_puts_in_order_and_a_third_leaves(tmp_path: Path) -> None:
    loading = loaded(tmp_path / "store")
    before, watermark = everything(loading), loading.watermark()
    loading.close()
    second = TriplesView(tmp_path / "store", world())
    assert second.compact()
    assert (everything(second), second.watermark()) == (before, watermark)
    second.close()
    third = TriplesView(tmp_path / "store", world())
    assert (third.compact(), third.watermark()) == (False, watermark)
    third.close()


@pytest.mark.usefixtures("tiny")
def test_a_store_that_does_not_tell_what_was_loaded_is_put_in_order(tmp_path: Path) -> None:
    loaded(tmp_path / "store").close()
    store = ox.Store(str(tmp_path / "store"))
    mark = ox.NamedNode(SG.term("view/looseTexts"))
    for told_so in list(store.quads_for_pattern(None, mark, None, None)):
        store.remove(told_so)
    del store
    view = TriplesView(tmp_path / "store", world())
    assert view.compact()
    view.close()


@pytest.mark.usefixtures("tiny")
def test_what_is_loaded_behind_the_order_counts_anew(tmp_path: Path) -> None:
    view = loaded(tmp_path / "store")
    assert view.compact()
    sequence = view.sequence
    (change, _), *_ = changes([[(True, "b", says(Literal(f"more {m}"))) for m in range(40)]])
    view.apply(replace(change, sequence=sequence + 1))
    assert view.compact()
    view.close()


def test_nothing_speaks_of_the_graph_of_books() -> None:
    view = view_of([(True, "a", says(PADDED))])
    described = {row["g"] for row in view.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } ?g ?q ?x }")}
    others = {row["g"] for row in view.select("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")} - described
    assert len(described) == 1
    assert others == {graph.value for graph in OWN}


def test_bindings_are_filled_in() -> None:
    view = view_of([(True, "a", Fact(A, EX.near, B))])
    rows = view.select("SELECT ?x ?y ?z { ?x <https://example.org/near> ?y OPTIONAL { ?y sg:callCost ?z } }", {"x": A})
    assert rows == [{"x": A, "y": B, "z": None}]
    assert not view.ask("ASK { ?x <https://example.org/rules> ?y }", {"x": A})


def test_a_triple_stands_in_the_graph_of_its_claims() -> None:
    fact = Fact(A, EX.near, B)
    view = view_of([(True, "a", fact)], [(True, "b", fact)])
    rows = view.select(
        "SELECT ?source ?first { GRAPH ?claims { ?s ?p ?o } ?claims sg:source ?source ; sg:firstSeen ?first }"
    )
    assert {(row["source"], row["first"]) for row in rows} == {
        (Literal(source), Literal("2026-01-01T00:01:00Z", XSD.dateTime)) for source in "ab"
    }


def test_a_graph_that_lost_its_last_triple_is_described_no_more() -> None:
    fact = Fact(A, EX.near, B)
    view = view_of([(True, "a", fact)], [(True, "b", fact)], [(False, "a", fact)], [(False, "b", fact)])
    assert not view.ask("ASK { ?claims a sg:ClaimSet }")


def test_writings_of_one_triple_keep_their_own_claims() -> None:
    view = view_of([(True, "a", says(FIVE)), (True, "b", says(PADDED))])
    sources = "SELECT DISTINCT ?source { GRAPH ?claims { ?s ?p 5 } ?claims sg:source ?source }"
    assert {row["source"] for row in view.select(sources)} == {Literal("a"), Literal("b")}
    view = view_of([(True, "a", says(FIVE)), (True, "b", says(PADDED))], [(False, "a", says(FIVE))])
    assert {row["source"] for row in view.select(sources)} == {Literal("b")}


def test_a_scope_that_is_seen_again_moves_its_claims_last_seen() -> None:
    fact = Fact(A, EX.near, B)
    view = view_of([(True, "a", fact)], [(True, "b", fact)], [(True, "a", fact)])
    rows = view.select(
        "SELECT ?source ?seen { GRAPH ?claims { ?s ?p ?o }"
        " ?claims sg:seenIn [ sg:source ?source ; sg:lastSeen ?seen ] }"
    )
    assert {(row["source"], row["seen"]) for row in rows} == {
        (Literal("a"), Literal("2026-01-01T00:03:00Z", XSD.dateTime)),
        (Literal("b"), Literal("2026-01-01T00:02:00Z", XSD.dateTime)),
    }


def test_pieces_of_one_minute_add_up_and_name_their_source() -> None:
    deriver, history, view = Deriver(world(), compile_rules(world())), History(), TriplesView(None, world())
    for value in (1.0, 3.0):
        view.apply(deriver.apply(history.step([], [replace(observation(3, value), source="otel")])))
    about = dict(view.facts_about(observation_iri(A, SG.callLatency)))
    assert about[SG.sum] == Literal("4", XSD.double)
    assert about[SG.max] == Literal("3", XSD.double)
    assert about[SG.source] == Literal("otel")


def test_an_influence_is_a_graph_of_pairs_that_names_what_it_follows_from() -> None:
    fact = Fact(A, EX.usesFast, B)
    view = view_of([(True, "a", fact), *((True, "a", Fact(node, RDF.type, EX.Thing)) for node in (A, B))])
    assert view.ask(
        "ASK { GRAPH ?i { ?x sg:affects ?y } ?i sg:strengthLatency 0.9 ; sg:measuredLatency false ;"
        " sg:againstRelation ?p . GRAPH ?claims { ?y ?p ?x } ?claims sg:source 'a' }",
        {"x": B, "y": A, "p": EX.usesFast},
    )
    assert view.ask("ASK { ?x sg:affectsLatency ?y . ?x sg:affects ?y . ?y sg:affectedBy ?x }", {"x": B, "y": A})


def test_pairs_of_one_influence_share_a_graph() -> None:
    things = [(True, "a", Fact(node, RDF.type, EX.Thing)) for node in NODES]
    view = view_of([*things, *((True, "a", Fact(node, EX.partOf, A)) for node in NODES[1:])])
    rows = view.select("SELECT ?i (COUNT(*) AS ?pairs) { GRAPH ?i { ?x sg:affects ?y } ?i a sg:Influence } GROUP BY ?i")
    assert [getattr(row["pairs"], "value", "") for row in rows] == ["4"]


def observation(minute: int, *values: float) -> Observation:
    return Observation(
        subject=A,
        metric=SG.callLatency,
        unit="s",
        start=START + timedelta(minutes=minute),
        end=START + timedelta(minutes=minute + 1),
        count=len(values),
        total=sum(values),
        minimum=min(values),
        maximum=max(values),
        sketch=encode(sketch_of(values)),
    )


def test_the_newest_observation_stands_whatever_comes_late() -> None:
    deriver, history, view = Deriver(world(), compile_rules(world())), History(), TriplesView(None, world())
    for minute in (3, 5, 4):
        view.apply(deriver.apply(history.step([], [observation(minute, 1.0 * minute, 2.0 * minute)])))
    about = dict(view.facts_about(observation_iri(A, SG.callLatency)))
    assert about[SG.windowStart] == Literal("2026-01-01T00:05:00Z", XSD.dateTime)
    # Of two values in the middle the larger one.
    assert float(getattr(about[SG.p50], "value", "nan")) == pytest.approx(10, rel=0.01)
    assert about[SG.mean] == Literal("7.5", XSD.double)
    assert len(everything(view)) == 14


def test_an_empty_sketch_gives_no_quantiles() -> None:
    facts = {fact.predicate for fact in observation_facts(replace(observation(1, 2.0), sketch=b""))}
    assert not facts & {SG.p50, SG.p95}


@pytest.mark.parametrize(("value", "text"), [(float("inf"), "INF"), (float("-inf"), "-INF"), (float("nan"), "NaN")])
def test_numbers_without_end_are_kept(value: float, text: str) -> None:
    seen = replace(observation(1, 2.0), total=value, sketch=b"")
    assert Literal(text, XSD.double) in [fact.object for fact in observation_facts(seen)]


def test_what_the_store_makes_of_a_literal_is_what_it_answers() -> None:
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode(A), ox.NamedNode(EX.says), ox.Literal("005", datatype=ox.NamedNode(XSD.integer))))
    assert stored(says(PADDED)) == says(FIVE)
    assert [quad.object.value for quad in store] == ["5"]


HALFWAY = 687365607138579.25
"""Half way between two decimals that are as short as any that tell it apart."""


@example(HALFWAY)
@example(-0.0)
@example(1e22)
@example(5e-324)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 2**60).map(lambda whole: whole / 2**20))
def test_figures_stand_as_the_store_writes_them(number: float) -> None:
    for literal in (Literal(repr(number), XSD.double), Literal(str(int(number)), XSD.integer)):
        store = ox.Store()
        store.add(ox.Quad(ox.NamedNode(A), ox.NamedNode(EX.says), to_ox(literal)))
        assert [stored_term(literal)] == [from_ox(quad.object) for quad in store]


def test_what_is_remembered_of_an_observation_goes_with_a_write_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    deriver, history, view = Deriver(world(), compile_rules(world())), History(), TriplesView(None, world())
    first, second, third = (deriver.apply(history.step([], [observation(3, 1.0 * number)])) for number in (1, 2, 5))
    view.apply(first)
    with monkeypatch.context() as patch:
        patch.setattr(triples, "mark_lines", None)
        with pytest.raises(TypeError):
            view.apply(second)
    view.apply(second)
    view.apply(third)
    about = dict(view.facts_about(observation_iri(A, SG.callLatency)))
    assert (about[SG.sum], about[SG.max]) == (Literal("8", XSD.double), Literal("5", XSD.double))
    assert len(everything(view)) == 14


def test_only_what_changed_of_an_observation_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    deriver, history, view = Deriver(world(), compile_rules(world())), History(), TriplesView(None, world())
    view.apply(deriver.apply(history.step([], [observation(3, 2.0)])))
    monkeypatch.setattr(QuadEdits, "_there", None)  # nobody asks the store for what was written last
    written: list[tuple[int, int]] = []
    write = TriplesView._write

    def told(self: TriplesView, edits: Edits, watermark: Watermark) -> None:
        written.append((len(edits.quads.removed[""]), len(edits.quads)))
        write(self, edits, watermark)

    monkeypatch.setattr(TriplesView, "_write", told)
    view.apply(deriver.apply(history.step([], [observation(3, 2.0)])))
    # The count and the sum, once as they were and once as they are.
    assert written == [(2, 4)]
