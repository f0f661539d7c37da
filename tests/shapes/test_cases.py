"""Inputs that were judged or read wrongly once, with their right reports, as the fixtures' README tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.namespaces import RDF, SH
from stratagraph.shapes.notice import NoticeKind
from stratagraph.shapes.validate import validate

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "2026-11-27"
EX = "http://example.org/"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this checkout, at ../shared/cases"),
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("s1-owl-class-target", [("alpha", SH.MinCountConstraintComponent)]),
        ("s2-zone-far-apart", []),
        ("s3-year-past-9999", [("crate", SH.MinInclusiveConstraintComponent)]),
        ("s4-gyear-bound", [("c", SH.MinInclusiveConstraintComponent)]),
        ("s5-unicode-category", [("q", SH.PatternConstraintComponent)]),
        ("s6-term-of-no-meaning", [("d", SH.MinCountConstraintComponent)]),
    ],
)
def test_shapes(name: str, found: list[tuple[str, Iri]]) -> None:
    folder = CASES / "shacl"
    report = validate([folder / f"{name}.data.ttl"], [folder / f"{name}.shapes.ttl"])
    assert [(str(result.focus).removeprefix(EX), result.component) for result in report.results] == found
    assert report.conforms is not bool(found)
    told = [(notice.kind, notice.message.startswith("sh:shape is")) for notice in report.notices]
    assert told == ([(NoticeKind.UNKNOWN_TERM, True)] if name.startswith("s6-") else [])


XML = RDF.XMLLiteral


@pytest.mark.parametrize(
    ("name", "focus", "value"),
    [
        ("r1-text-in-pieces", EX + "a", Literal("before <inside> after")),
        ("r2-empty-xml-base", "#a", Literal("1")),
        ("r3-doctype-in-comment", EX + "a", Literal("text")),
        ("r4-other-parse-type", EX + "a", Literal("<b>1</b>", XML)),
        ("r5-xml-literal-with-namespace", EX + "a", Literal('<p xmlns="http://www.w3.org/1999/xhtml">hello</p>', XML)),
        ("r6-langstring-with-lang", EX + "a", Literal("Words", language="en")),
    ],
)
def test_rdf_xml(name: str, focus: Iri, value: Term) -> None:
    file = CASES / "rdf" / f"{name}.rdf"
    report = validate([file], [CASES / "rdf" / "any.shapes.ttl"])
    own = file.resolve().as_uri() + focus if focus.startswith("#") else focus
    assert [(result.focus, result.value) for result in report.results] == [(own, value)]
