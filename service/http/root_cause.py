"""What may have caused that a metric of an asset is unusual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.json_text import json_bytes
from stratagraph.queries import names
from stratagraph.queries.cards import Cards
from stratagraph.queries.series import Grid
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access import asker
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.documents.root_cause import RootCauseAnswer
from stratagraph.service.http.leaving import unless_gone
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.places import Places
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.http.spans import MOST_HOURS, From, Span, Until
from stratagraph.service.views.nodes import moment
from stratagraph.service.waiting import go_on

MOST_STEPS: Final = 600
SHORTEST: Final = timedelta(minutes=1)
DEFAULT_HOURS: Final = 24
BEFORE: Final = timedelta(hours=24)
"""How long before a window something that changed is told of."""
WINDOW_HOURS: Final = 1

NormalHours = Annotated[
    int, Query(ge=1, le=MOST_HOURS, description="How many hours before the window tell what is usual: 24.")
]


def router(engine: Engine, places: Places) -> APIRouter:
    """Return the route below /api that ranks causes."""
    routes = APIRouter(prefix="/api", tags=["graph"])

    @routes.get(
        "/root-cause",
        summary="What may have caused that a metric of an asset is unusual, with the evidence",
        response_class=Response,
        responses={200: {"model": RootCauseAnswer}, **problems(400, 404, 409, 503)},
    )
    async def root_cause(
        request: Request,
        asset: Annotated[str, Query(min_length=1, description="Name, label, CURIE or IRI of an asset.")],
        metric: Annotated[str, Query(min_length=1, description="Metric, for example latency or errors.")],
        begin: From = None,
        until: Until = None,
        normal: NormalHours = DEFAULT_HOURS,
        lang: Language = "en",
    ) -> Response:
        def work() -> Response:
            span = Span.read(
                begin=begin,
                until=until,
                hours=None if begin is not None else WINDOW_HOURS,
                step=None,
                now=datetime.now(UTC),
            )
            answer = _answer(engine, asset, metric, span, timedelta(hours=normal), lang)
            return Response(json_bytes(answer), media_type="application/json")

        return await unless_gone(request, places.run(asker(request), work))

    return routes


def _answer(engine: Engine, asset: str, metric: str, span: Span, normal: timedelta, lang: str) -> dict[str, Any]:
    # Their library of numbers loads slowly, and only this question needs it.
    from stratagraph.queries.rootcause.causes_document import Asked, CausesWriter, changes_before
    from stratagraph.queries.rootcause.estate import causes_in_estate

    since = span.start - normal
    grid = Grid.over(since, span.end, _step(span.end - since))
    with engine.reading() as snapshot:
        answered_at(snapshot.sequence)
        iri = names.resolve_name(snapshot.triples, engine.model, asset, engine.settings.base)
        asked = Asked(
            asset=iri, metric=names.resolve_metric(engine.model, metric), window=(span.start, span.end), since=since
        )
        adjacency = engine.adjacency.at(snapshot.sequence) or engine.adjacency.snapshot()

        def observed(name: Iri, start: datetime, end: datetime) -> Any:
            go_on()
            return engine.observations_about(snapshot, name, start, end)

        found = causes_in_estate(
            adjacency, observed, engine.model, target=(iri, asked.metric), grid=grid, window=asked.window
        )
        cards = Cards(snapshot.triples, engine.model)
        cards.fetch({iri, *found.assets})
        after, before = moment(span.start - BEFORE), moment(span.end)
        answer = CausesWriter(engine.model, cards, lang).document(
            asked, found, lambda name: changes_before(snapshot.triples, name, after, before)
        )
    return {"sequence": snapshot.sequence, **answer}


def _step(whole: timedelta) -> timedelta:
    """Return the shortest step of whole minutes that cuts a time into no more than so many."""
    return SHORTEST * max(1, -(-whole // (SHORTEST * MOST_STEPS)))
