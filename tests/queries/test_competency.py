"""Every competency question is answered as its author expected, and for the reason given.

docs/reference/competency-questions.md lists them; run this file as a module to write it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import SG
from stratagraph.queries.competency import (
    CompetencyQuestion,
    MalformedQuestion,
    load_questions,
    read_question,
)
from tests.opened import Opened
from tests.queries.competency_answers import answer, in_order
from tests.queries.competency_world import World, world

QUESTIONS = load_questions()
ENOUGH = 60
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "competency-questions.md"
HEAD = """# Competency questions

What the ontology must be able to answer, with the example estates and the sample telemetry loaded. Each question is a
file `queries/competency/NN-name.rq`, which `stratagraph query` takes as it is. A test asks every one of them, compares
with the expected answer that was written by hand from the source, and takes one triple away to see the answer change.

Generated from those files; `python -m tests.queries.test_competency` writes it anew, and a test compares.

The query stands under a header of comment lines: `# question-en:` and `# question-pt:`, `# source:`, one `# expected:`
per row (values separated by tabs, IRIs as CURIEs; no line for an empty answer), and `# mutation:` with a stated triple
whose loss changes the answer.

| number | question | pergunta | source |
|---|---|---|---|
"""


def page() -> str:
    return HEAD + "".join(
        f"| [{q.number:02}](../../queries/competency/{q.number:02}-{q.name}.rq) | {_plain(q.wording['en'])} "
        f"| {_plain(q.wording['pt-br'])} | {_plain(q.source)} |\n"
        for q in QUESTIONS
    )


def _plain(text: str) -> str:
    return text.replace("|", "\\|")


@pytest.fixture(name="graph", scope="session")
def _graph(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[World]:
    with world(furnished(tmp_path_factory.mktemp("competency"))) as graph:
        yield graph


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question.number:02}-{question.name}")
def test_the_answer_is_the_expected_one_and_depends_on_the_mutated_triple(
    question: CompetencyQuestion, graph: World
) -> None:
    expected = in_order(question.expected)
    assert answer(graph.triples, question) == expected
    with graph.without(question.mutation):
        assert answer(graph.triples, question) != expected
    assert answer(graph.triples, question) == expected


def test_numbers_and_names_are_given_once() -> None:
    assert len({question.number for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)


def test_there_are_enough_questions() -> None:
    assert len(QUESTIONS) >= ENOUGH


def test_the_page_lists_the_questions_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == page()


HEADER = """# question-en: Which level is first?
# question-pt: Qual nível é o primeiro?
# source: 003, section 1
# expected: sg:L1\t1
# mutation: sg:L1 sg:levelNumber 1
PREFIX x: <https://example.org/>
# expected: not the header's
SELECT ?level ?number { ?level sg:levelNumber ?number FILTER (?number = 1) }
"""


def test_a_question_is_read_from_its_header(tmp_path: Path) -> None:
    file = tmp_path / "07-first-level.rq"
    file.write_text(HEADER, encoding="utf-8")
    question = read_question(file)
    assert (question.number, question.name) == (7, "first-level")
    assert question.wording == {"en": "Which level is first?", "pt-br": "Qual nível é o primeiro?"}
    assert question.expected == (("sg:L1", "1"),)
    assert (question.mutation.subject, question.mutation.predicate) == (SG.L1, SG.levelNumber)


def test_a_question_is_answered_and_its_mutation_felt(tmp_path: Path, graph: World) -> None:
    file = tmp_path / "07-first-level.rq"
    file.write_text(HEADER, encoding="utf-8")
    question = read_question(file)
    assert answer(graph.triples, question) == question.expected
    with graph.without(question.mutation):
        assert answer(graph.triples, question) == ()


def test_a_mutation_takes_what_follows_from_it_along(graph: World) -> None:
    rows = graph.triples.select("SELECT ?s ?o { GRAPH ?claims { ?s sg:usesModel ?o } }")
    fact = next(
        found for row in rows if graph.engine.deriver.claims(found := Fact(str(row["s"]), SG.usesModel, str(row["o"])))
    )
    inverse = f"ASK {{ <{fact.object}> sg:modelUsedBy <{fact.subject}> }}"
    assert graph.triples.ask(inverse)
    with graph.without(fact):
        assert not graph.triples.ask(inverse)
    assert graph.triples.ask(inverse)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("# question-pt: ", "# pergunta: ", "question-pt"),
        ("# source: 003, section 1", "# source: ", "source"),
        ("sg:L1 sg:levelNumber 1\n", "sg:L1 sg:levelNumber\n", "no triple"),
        ("sg:L1 sg:levelNumber 1\n", "sg:L1 sg:levelNumber 1, 2\n", "2 triples"),
    ],
)
def test_a_question_that_lacks_something_is_refused_by_name(tmp_path: Path, old: str, new: str, reason: str) -> None:
    file = tmp_path / "07-first-level.rq"
    file.write_text(HEADER.replace(old, new), encoding="utf-8")
    with pytest.raises(MalformedQuestion, match=f"07-first-level.rq: .*{reason}"):
        read_question(file)


def test_a_file_without_a_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "first-level.rq").write_text(HEADER, encoding="utf-8")
    with pytest.raises(MalformedQuestion, match=r"07-some-words\.rq"):
        load_questions(tmp_path)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
