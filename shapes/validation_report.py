"""Validation results and the W3C validation report, as Turtle and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.json_text import json_text
from stratagraph.ontology.namespaces import PREFIXES, RDF, SH, SKOLEM_BASE, XSD
from stratagraph.shapes.notice import Notice
from stratagraph.shapes.paths import Alternative, Inverse, Path, Predicate, Repeated, Sequence

_MARKS = {"*": SH.zeroOrMorePath, "+": SH.oneOrMorePath, "?": SH.zeroOrOnePath}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One validation result: which shape and component found which value of which node at fault."""

    focus: Term
    path: Path | None
    value: Term | None
    component: Iri
    shape: Iri
    severity: Iri
    messages: tuple[Literal, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The outcome of a validation; ``conforms`` is false as soon as there is any result, as SHACL says."""

    results: tuple[Result, ...]
    notices: tuple[Notice, ...] = ()
    """What had no effect; a report is no worse for it."""

    @property
    def conforms(self) -> bool:
        return not self.results

    def to_turtle(self) -> str:
        """Write the report in the vocabulary of SHACL, as Turtle."""
        written = ox.serialize(_Writer(self).triples(), format=ox.RdfFormat.TURTLE, prefixes=dict(PREFIXES))
        return written.decode() if written else ""  # no file was given to write to, so there is a text

    def to_json(self) -> str:
        """Write the report as one JSON object, with ``warnings`` where there are any.

        Terms are written as in Turtle, paths as in SPARQL.
        """
        document: dict[str, object] = {
            "conforms": self.conforms,
            "results": [_as_json(result) for result in self.results],
        }
        if self.notices:
            document["warnings"] = [notice.as_json() for notice in self.notices]
        return json_text(document)


def _as_json(result: Result) -> dict[str, object]:
    return {
        "focusNode": str(_node(result.focus)),
        "resultPath": None if result.path is None else str(result.path),
        "value": None if result.value is None else str(_node(result.value)),
        "sourceConstraintComponent": result.component,
        "sourceShape": str(_node(result.shape)),
        "resultSeverity": result.severity,
        "resultMessage": {message.language: message.value for message in result.messages},
    }


def _node(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    if isinstance(term, Literal):
        if term.language:
            return ox.Literal(term.value, language=term.language)
        return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))
    if is_blank(term):
        return ox.BlankNode("b" + term.removeprefix(SKOLEM_BASE).replace("-", "_"))
    return ox.NamedNode(term)


class _Writer:
    """Turns one report into triples."""

    def __init__(self, report: ValidationReport) -> None:
        self._report = report

    def triples(self) -> Iterator[ox.Triple]:
        report = ox.BlankNode()
        yield _triple(report, RDF.type, SH.ValidationReport)
        yield _triple(report, SH.conforms, Literal(str(self._report.conforms).lower(), XSD.boolean))
        for result in self._report.results:
            node = ox.BlankNode()
            yield ox.Triple(report, ox.NamedNode(SH.result), node)
            yield from self._result(node, result)

    def _result(self, node: ox.BlankNode, result: Result) -> Iterator[ox.Triple]:
        yield _triple(node, RDF.type, SH.ValidationResult)
        yield _triple(node, SH.focusNode, result.focus)
        yield _triple(node, SH.resultSeverity, result.severity)
        yield _triple(node, SH.sourceConstraintComponent, result.component)
        yield _triple(node, SH.sourceShape, result.shape)
        if result.value is not None:
            yield _triple(node, SH.value, result.value)
        for message in result.messages:
            yield _triple(node, SH.resultMessage, message)
        if result.path is not None:
            head, triples = _path(result.path)
            yield ox.Triple(node, ox.NamedNode(SH.resultPath), head)
            yield from triples


def _triple(subject: ox.BlankNode, predicate: Iri, target: Term) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(predicate), _node(target))


def _path(path: Path) -> tuple[ox.NamedNode | ox.BlankNode, list[ox.Triple]]:
    """Return the node that stands for a path, with the triples that describe it."""
    match path:
        case Predicate(iri):
            return ox.NamedNode(iri), []
        case Sequence(paths):
            return _list(paths)
        case Alternative(paths):
            return _wrapped(SH.alternativePath, *_list(paths))
        case Inverse(inner):
            return _wrapped(SH.inversePath, *_path(inner))
        case Repeated(inner, mark):
            return _wrapped(_MARKS[mark], *_path(inner))
    raise TypeError(path)


def _wrapped(
    predicate: Iri, inner: ox.NamedNode | ox.BlankNode, triples: list[ox.Triple]
) -> tuple[ox.BlankNode, list[ox.Triple]]:
    node = ox.BlankNode()
    return node, [ox.Triple(node, ox.NamedNode(predicate), inner), *triples]


def _list(paths: tuple[Path, ...]) -> tuple[ox.NamedNode | ox.BlankNode, list[ox.Triple]]:
    head: ox.NamedNode | ox.BlankNode = ox.NamedNode(RDF.nil)
    triples: list[ox.Triple] = []
    for path in reversed(paths):
        member, described = _path(path)
        node = ox.BlankNode()
        triples += [ox.Triple(node, ox.NamedNode(RDF.first), member), ox.Triple(node, ox.NamedNode(RDF.rest), head)]
        triples += described
        head = node
    return head, triples
