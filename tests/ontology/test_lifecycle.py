"""The life cycle (document 001): three groups, their practices, and the problems that these solve."""

from __future__ import annotations

import pytest

from tests.ontology.reference import instances, names, pointing, words


@pytest.mark.parametrize(
    ("group", "number", "practices"),
    [("DataManagementGroup", "1", 2), ("ModelLifecycleGroup", "2", 3), ("MonitoringGroup", "3", 4)],
)
def test_each_group_has_the_practices_of_its_section(group: str, number: str, practices: int) -> None:
    assert words(group, "groupNumber") == {number}
    assert len(pointing("practiceOf", group)) == practices


def test_each_problem_is_solved_by_a_practice_of_the_life_cycle() -> None:
    problems = instances("LifecycleProblem")
    assert len(problems) == 4
    practices = {one for group in instances("LifecycleGroup") for one in pointing("practiceOf", group)}
    for problem in problems:
        assert names(problem, "solvedBy")
        assert names(problem, "solvedBy") <= practices
