"""A shortest proof is found in circles too, and is one of the fewest steps."""

from __future__ import annotations

from collections.abc import Iterable

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.reasoning.shortest import Goal, Proof, Prover, Step


def said(name: str) -> Fact:
    return Fact(name, "p", "o")


def prove(ways: dict[str, list[Step]], goal: str, *, most: int = 100) -> Proof | None:
    def steps(goal: Goal) -> Iterable[Step]:
        return ways.get(str(goal), ())

    return Prover(steps, most=most).prove(goal)


def test_the_way_with_fewer_facts_is_taken() -> None:
    ways = {
        "goal": [Step(("a", "b")), Step(("c",), (said("axiom"),))],
        "a": [Step(facts=(said("a"),))],
        "b": [Step(facts=(said("b"),))],
        "c": [Step(facts=(said("c"),))],
    }
    assert prove(ways, "goal") == Proof((said("c"),), (said("axiom"),))


def test_what_only_follows_from_itself_has_no_proof() -> None:
    ways = {"a": [Step(("b",))], "b": [Step(("a",))]}
    assert prove(ways, "a") is None


def test_a_circle_is_left_where_something_else_holds() -> None:
    ways = {"a": [Step(("b",))], "b": [Step(("a",)), Step(("c", "c"))], "c": [Step(facts=(said("c"),))]}
    assert prove(ways, "a") == Proof((said("c"),), ())


def test_it_is_given_up_where_too_much_is_involved() -> None:
    ways = {str(place): [Step((str(place + 1),))] for place in range(50)} | {"50": [Step(facts=(said("end"),))]}
    assert prove(ways, "0", most=100) is not None
    assert prove(ways, "0", most=20) is None
