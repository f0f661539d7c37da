"""Advice from what the ontology knows: which architecture suits, how mature an organisation is, what may be asked."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries import decision, names
from stratagraph.queries.cards import Cards
from stratagraph.queries.competency import CompetencyQuestion, load_questions
from stratagraph.queries.decision import HeldCriterion, Indication
from stratagraph.queries.maturity import StageMaturity, maturity, weakest
from stratagraph.queries.store_protocols import TripleStore
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.advice import GuideAnswer, MaturityAnswer, QuestionAsked, QuestionList
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.sequence import answered_at

MOST_NEEDS = 100
LONGEST_NEED = 200


class UnknownQuestion(StratagraphError, slug="unknown-question", status=404):
    """A number that no competency question has."""

    text = "There is no competency question {number}. 'stratagraph questions list' lists them, from {first} to {last}."

    number: int
    first: int
    last: int


def router(engine: Engine) -> APIRouter:
    """Return the routes below /api that advise."""
    routes = APIRouter(prefix="/api", tags=["advice"])
    _add_guide(routes, engine)
    _add_maturity(routes, engine)
    _add_questions(routes)
    return routes


def _add_guide(routes: APIRouter, engine: Engine) -> None:
    """Add the decision guide, asked with needs or about a use case of the graph."""
    model = engine.model

    @routes.get(
        "/decision-guide",
        summary="Which architectures suit a use case, and why",
        responses={200: {"model": GuideAnswer}, **problems(400, 404, 409, 503)},
    )
    def guide(
        need: Annotated[
            list[Annotated[str, Query(max_length=LONGEST_NEED)]] | None,
            Query(max_length=MOST_NEEDS, description="NAME=VALUE, or NAME for what is true; as often as needed."),
        ] = None,
        use_case: Annotated[
            str | None, Query(alias="useCase", min_length=1, description="A use case of the graph, by name or IRI.")
        ] = None,
        all: Annotated[  # noqa: A002  the parameter's public name
            bool, Query(description="Also techniques, components and model families, and what is ruled out.")
        ] = False,
        lang: Language = "en",
    ) -> dict[str, Any]:
        with engine.reading() as snapshot:
            answered_at(snapshot.sequence)
            store = snapshot.triples
            known = decision.known_needs(store, model, lang)
            iri = _use_case(store, model, use_case, engine.settings.base) if use_case else None
            shown: tuple[Indication, ...] = ()
            if iri is not None:
                found = decision.options_of(store, iri)
                shown = found if all else decision.architectures(found)
            elif need:
                described = decision.read_needs(known, need)
                shown = decision.options(store, described) if all else decision.indicated(store, described)
        return {
            "useCase": iri,
            "options": [_option(option, model, lang) for option in shown],
            "needs": [{"name": each.name, "label": each.label, "values": list(each.values)} for each in known],
        }


def _use_case(store: TripleStore, model: OntologyModel, text: str, base: str) -> str:
    """Return the use case that a text names; they need no name, and most are told by their IRI alone."""
    for iri in names.spelled(model, text):
        if names.is_iri(iri) and store.ask("ASK { ?case a sg:UseCase }", {"case": iri}):
            return iri
    return names.resolve_name(store, model, text, base)


def _option(option: Indication, model: OntologyModel, lang: str) -> dict[str, Any]:
    return {
        "iri": option.option,
        "label": model.label(option.option, lang.lower()),
        "architecture": option.architecture,
        "ruledOut": bool(option.objections),
        "reasons": [_criterion(reason, lang) for reason in option.reasons],
        "objections": [_criterion(reason, lang) for reason in option.objections],
    }


def _criterion(reason: HeldCriterion, lang: str) -> dict[str, str]:
    return {"iri": reason.criterion, "text": reason.texts.get(lang.lower()) or reason.texts.get("en", "")}


def _add_maturity(routes: APIRouter, engine: Engine) -> None:
    """Add where an organisation stands at each macro-stage."""
    model = engine.model

    @routes.get(
        "/maturity",
        summary="How mature an organisation is at each macro-stage, and what is missing",
        responses={200: {"model": MaturityAnswer}, **problems(400, 404, 409, 503)},
    )
    def of_organization(
        organization: Annotated[str, Query(min_length=1, description="Name, label, CURIE or IRI of an organisation.")],
        lang: Language = "en",
    ) -> dict[str, Any]:
        with engine.reading() as snapshot:
            answered_at(snapshot.sequence)
            iri = names.resolve_name(snapshot.triples, model, organization, engine.settings.base)
            stages = maturity(snapshot.triples, iri)
            label = _label(snapshot.triples, model, iri, lang)
        held = weakest(stages)
        return {
            "organization": iri,
            "label": label,
            "weakest": held.stage if held else None,
            "stages": [_stage(stage, model, lang) for stage in stages],
        }


def _label(store: TripleStore, model: OntologyModel, iri: str, lang: str) -> str:
    cards = Cards(store, model)
    cards.fetch((iri,))
    return cards[iri].label(lang)


def _stage(stage: StageMaturity, model: OntologyModel, lang: str) -> dict[str, Any]:
    tag = lang.lower()
    return {
        "iri": stage.stage,
        "label": model.label(stage.stage, tag),
        "position": stage.position,
        "questions": round(stage.questions, 4),
        "deliverables": round(stage.deliverables, 4),
        "criteria": round(stage.criteria, 4),
        "level": stage.level,
        "levelLabel": model.label(stage.level, tag),
        "rank": stage.rank,
        "gaps": [{"iri": gap, "label": model.label(gap, tag)} for gap in stage.gaps],
    }


def _add_questions(routes: APIRouter) -> None:
    """Add the competency questions; their queries are for /sparql, where a query has a deadline."""

    @routes.get(
        "/questions",
        summary="The competency questions, each with the SPARQL query that answers it",
        responses={200: {"model": QuestionList}, **problems(400)},
    )
    def questions(lang: Language = "en") -> dict[str, Any]:
        return {"questions": [_question(question, lang) for question in _questions()]}

    @routes.get(
        "/questions/{number}",
        summary="One competency question with its query",
        responses={200: {"model": QuestionAsked}, **problems(400, 404)},
    )
    def question(
        number: Annotated[int, Path(ge=0, le=10_000, description="Its number.")], lang: Language = "en"
    ) -> dict[str, Any]:
        known = _questions()
        for found in known:
            if found.number == number:
                return _question(found, lang)
        raise UnknownQuestion(number=number, first=known[0].number, last=known[-1].number)


@cache
def _questions() -> tuple[CompetencyQuestion, ...]:
    return load_questions()


def _question(question: CompetencyQuestion, lang: str) -> dict[str, Any]:
    return {
        "number": question.number,
        "name": question.name,
        "question": question.wording[lang.lower()],
        "source": question.source,
        "query": question.query,
    }
