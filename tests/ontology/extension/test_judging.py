"""The reasoner's judgement, whatever becomes of the reasoner: with a judge that stumbles and runs out of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from stratagraph.ontology.extension import kept_verdicts
from stratagraph.ontology.extension.extension import load_extended
from stratagraph.ontology.extension.extension_files import Module, find_modules
from stratagraph.ontology.extension.findings import ModuleSeverity
from stratagraph.ontology.extension.judging import judge
from stratagraph.ontology.extension.kept_verdicts import Verdicts
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import OWL, RDF
from stratagraph.ontology.reasoning import dl
from stratagraph.ontology.reasoning.dl import DLReport, ReasonerFailed
from stratagraph.ontology.reasoning.explanation import explain
from tests.ontology.extension.extending import LABELS, MY, extended

NO_TIME = ReasonerFailed(reason="no end after 2.8 seconds")


def module(name: str) -> Module:
    return Module(name=name, facts=(Fact(f"{MY}{name}", RDF.type, OWL.Class),), text="", prefixes={})


class Reasoner:
    """Stands in for HermiT: answers by the names that it is asked about, and may fail from some question on."""

    def __init__(self, answers: Mapping[str, DLReport | ReasonerFailed], gives_up_after: int | None = None) -> None:
        self.answers = answers
        self.gives_up_after = gives_up_after
        self.asked = 0

    def check(self, facts: Iterable[Fact], *, deadline: float = 0) -> DLReport:
        self.asked += 1
        if self.gives_up_after is not None and self.asked > self.gives_up_after:
            raise NO_TIME
        about = {fact.subject.removeprefix(MY) for fact in facts}
        for name, answer in self.answers.items():
            if name in about:
                if isinstance(answer, ReasonerFailed):
                    raise answer
                return answer
        return DLReport(consistent=True)


CONTRADICTION = DLReport(consistent=False)
EMPTY = DLReport(consistent=True, unsatisfiable=(f"{MY}bad",))


@pytest.mark.parametrize("objection", [CONTRADICTION, EMPTY])
@pytest.mark.parametrize("gives_up_after", [2, 3, 4, None])
@pytest.mark.parametrize("explain_for", [0, 120])
def test_an_objection_stands_whatever_happens_after_it(
    monkeypatch: pytest.MonkeyPatch, objection: DLReport, gives_up_after: int | None, explain_for: float
) -> None:
    monkeypatch.setattr(dl, "check", Reasoner({"bad": objection}, gives_up_after).check)
    found = judge((), [module("bad"), module("good")], explain_for)
    assert found.refused == {"bad"}
    [objected] = found.findings["bad"]
    assert objected.severity is ModuleSeverity.REFUSED
    assert bool(objected.axioms) or objected.sought == explain_for
    if not objected.axioms and explain_for:
        assert "no explanation was found within 120 seconds" in objected.sentence()


@pytest.mark.parametrize("names", [["odd"], ["good", "odd", "better"], ["odd", "good"], ["odd", "bad", "good"]])
def test_what_the_reasoner_stumbles_over_does_not_keep_others_from_being_judged(
    monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    reasoner = Reasoner({"odd": ReasonerFailed(reason="xsd:date"), "bad": CONTRADICTION})
    monkeypatch.setattr(dl, "check", reasoner.check)
    found = judge((), [module(name) for name in names])
    assert found.missing == "reasoner-failed"
    assert found.refused == {"bad"} & set(names)
    assert [finding.rule for finding in found.findings["odd"]] == ["unjudged"]
    assert found.findings.keys() == {"odd", "bad"} & set(names)


def test_what_is_known_of_an_explanation_is_kept_when_the_judge_gives_up() -> None:
    stated = [Fact(f"{MY}{name}", RDF.type, f"{MY}C") for name in "abcdefgh"]
    asked = 0

    def judge_of_a_and_b(facts: Iterable[Fact]) -> bool:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise NO_TIME
        return not {f"{MY}a", f"{MY}b"} <= {fact.subject for fact in facts}

    found = explain(stated, judge=judge_of_a_and_b)
    assert found is not None
    assert not found.minimal
    assert set(stated[:2]) <= set(found.axioms)


GOOD = f"my:Voice a owl:Class ; rdfs:subClassOf sg:Agent ; {LABELS} ."
BAD = f"my:bad a owl:Class ; rdfs:subClassOf sg:Agent ; {LABELS} ."


@pytest.mark.parametrize("answer", [DLReport(consistent=True), EMPTY, ReasonerFailed(reason="xsd:date")])
def test_a_verdict_is_kept_and_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: DLReport | ReasonerFailed
) -> None:
    reasoner = Reasoner({"bad": answer})
    monkeypatch.setattr(dl, "check", reasoner.check)
    kept = Verdicts(tmp_path / "kept")
    (tmp_path / "m").mkdir()
    first = extended(tmp_path / "m", reason=True, verdicts=kept, bad=BAD, good=GOOD)
    asked = reasoner.asked
    again = load_extended(tmp_path / "m", verdicts=kept)
    assert reasoner.asked == asked > 0
    assert again.report.kept
    assert again.report.document() == first.report.document()
    assert (again.model.hash, set(again.model.modules)) == (first.model.hash, set(first.model.modules))
    by_rules = load_extended(tmp_path / "m", reason=False, verdicts=kept)
    assert by_rules.model.hash == first.model.hash


def test_whatever_was_judged_decides_the_key(tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_text("# one", encoding="utf-8")
    keys = [kept_verdicts.key_of("core", find_modules(tmp_path), reason=True)]
    keys.append(kept_verdicts.key_of("other core", find_modules(tmp_path), reason=True))
    keys.append(kept_verdicts.key_of("core", find_modules(tmp_path), reason=False))
    (tmp_path / "a.ttl").write_text("# two", encoding="utf-8")
    keys.append(kept_verdicts.key_of("core", find_modules(tmp_path), reason=True))
    (tmp_path / "b.owl").write_text("", encoding="utf-8")
    keys.append(kept_verdicts.key_of("core", find_modules(tmp_path), reason=True))
    assert len(set(keys)) == len(keys)


def test_java_that_is_missing_leaves_no_verdict_and_a_broken_one_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(facts: Iterable[Fact], *, deadline: float = 0) -> DLReport:
        raise dl.ReasonerJavaMissing

    monkeypatch.setattr(dl, "check", missing)
    kept = Verdicts(tmp_path / "kept")
    (tmp_path / "m").mkdir()
    assert not extended(tmp_path / "m", reason=True, verdicts=kept, good=GOOD).report.dl_checked
    assert not (tmp_path / "kept").exists()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "k.json").write_text("{", encoding="utf-8")
    assert kept.find("k") is None
