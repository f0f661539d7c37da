"""What a change costs follows the change and not the estate: counted in lines that run, not in seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from stratagraph.ontology.facts import Fact, LedgerChange, Literal
from stratagraph.ontology.model import OntologyModel, extend
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, XSD, Namespace
from stratagraph.ontology.rules import compile_rules
from stratagraph.service import deriver as room
from stratagraph.service.deriver import Deriver
from tests.core import MODEL
from tests.service.deriver.random_modules import Writer
from tests.service.worlds import Event, History

MY: Final = Namespace("https://example.org/ontology#")
EX: Final = Namespace("https://example.org/estate/")
ROOM: Final = str(Path(room.__file__).parent)
SMALL, LARGE = 100, 1_000
MOST: Final = 1.5
"""How much more work a change may be among ten times as many assets; what goes with the estate would be ten times."""
YES: Final = Literal("true", XSD.boolean)


def defining() -> OntologyModel:
    """Classes that are defined by values, by neighbours and by each other, in a circle too."""
    writer = Writer()
    for cls in (MY.Personal, MY.Careful, MY.Reached, MY.Trusted):
        writer.say(cls, RDF.type, OWL.Class)
    personal = (OWL.hasValue, SG.personalData, YES)
    careful = (OWL.intersectionOf, (MY.Personal, (OWL.someValuesFrom, SG.usesModel, MY.Trusted)))
    writer.axiom(OWL.equivalentClass, MY.Personal, (OWL.intersectionOf, (SG.LLMSystem, personal)))
    writer.axiom(OWL.equivalentClass, MY.Careful, careful)
    # Reached goes round among a few systems that are near each other.
    writer.say(MY.near, RDF.type, OWL.ObjectProperty)
    writer.axiom(RDFS.subClassOf, MY.Careful, (OWL.allValuesFrom, MY.near, MY.Reached))
    writer.axiom(RDFS.subClassOf, (OWL.someValuesFrom, MY.near, MY.Reached), MY.Reached)
    return extend(MODEL, {"defining.ttl": tuple(writer.facts)})


def system(place: int) -> list[Fact]:
    """One of many systems: its model serves a tenth of all, its gateway serves all."""
    iri = EX.term(f"system{place}")
    return [
        Fact(iri, RDF.type, SG.LLMSystem),
        Fact(iri, SG.name, Literal(f"system {place}")),
        Fact(iri, SG.purpose, Literal("anything")),
        Fact(iri, SG.personalData, Literal("true" if place % 2 else "false", XSD.boolean)),
        Fact(iri, SG.usesModel, EX.term(f"model{place % 10}")),
        Fact(iri, SG.dependsOn, EX.gateway),
        Fact(iri, MY.near, EX.term(f"system{place - 1 if place % 5 else place + 4}")),
    ]


def estate(size: int) -> list[Fact]:
    models = [EX.term(f"model{place}") for place in range(10)]
    return [
        Fact(EX.gateway, RDF.type, SG.Gateway),
        *(Fact(model, RDF.type, SG.BaseModel) for model in models),
        Fact(models[0], RDF.type, MY.Trusted),
        *(fact for place in range(1, size) for fact in system(place)),
    ]


def counted(work: Callable[[], object]) -> int:
    """The lines of the deriver that run: each turn of a loop counts, whatever it calls."""
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if not frame.f_code.co_filename.startswith(ROOM):
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


CHANGES: Final[dict[str, list[Event]]] = {
    "a system comes": [(True, "a", fact) for fact in (*system(5_000), *system(5_001)[:3])],
    "it goes again": [(False, "a", fact) for fact in (*system(5_000), *system(5_001)[:3])],
    "a system becomes a member and others stop": [
        (True, "a", Fact(EX.system10, SG.personalData, YES)),
        (True, "a", Fact(EX.system20, SG.personalData, YES)),
        (True, "a", Fact(EX.system21, SG.usesModel, EX.model0)),
        (False, "a", Fact(EX.system31, SG.personalData, YES)),
        (False, "a", Fact(EX.system33, SG.personalData, YES)),
        (False, "a", Fact(EX.system20, SG.usesModel, EX.model0)),
        (False, "a", Fact(EX.system20, SG.dependsOn, EX.gateway)),
        (True, "a", Fact(EX.system20, MY.near, EX.system40)),
        (False, "a", Fact(EX.system30, MY.near, EX.system34)),
        (True, "a", Fact(EX.system30, MY.near, EX.system12)),
    ],
    "two are stated to be one": [(True, "a", Fact(EX.system50, SG.sameAssetAs, EX.system51))],
    "they part": [(False, "a", Fact(EX.system50, SG.sameAssetAs, EX.system51))],
}


def works(model: OntologyModel, size: int) -> Iterator[int]:
    deriver, history = Deriver(model, compile_rules(model)), History()
    deriver.apply(history.step([(True, "a", fact) for fact in estate(size)]))
    for events in CHANGES.values():
        change: LedgerChange = history.step(events)
        yield counted(lambda change=change: deriver.apply(change))  # type: ignore[misc]  # bound now


@pytest.mark.parametrize("defined", [False, True], ids=["core", "defined classes"])
def test_ten_facts_are_the_same_work_in_a_small_estate_and_in_a_large_one(defined: bool) -> None:
    model = defining() if defined else MODEL
    small, large = (
        dict(zip(CHANGES, works(model, SMALL), strict=True)),
        dict(zip(CHANGES, works(model, LARGE), strict=True)),
    )
    assert min(small.values()) > 100, "nothing was counted"
    assert {name: round(large[name] / small[name], 1) for name in CHANGES if large[name] > MOST * small[name]} == {}


def test_a_walk_through_the_estate_would_be_seen() -> None:
    deriver, history = Deriver(MODEL, compile_rules(MODEL)), History()
    deriver.apply(history.step([(True, "a", fact) for fact in estate(20)]))
    whole = counted(lambda: list(deriver.snapshot()))
    deriver.apply(history.step([(True, "a", fact) for place in range(1_000, 1_200) for fact in system(place)]))
    assert counted(lambda: list(deriver.snapshot())) > MOST * whole
