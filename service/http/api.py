"""The API's questions: assets, search, levels and impact."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.sentences import say
from stratagraph.queries import catalog, names
from stratagraph.queries.asset import asset as describe_asset
from stratagraph.queries.audit.verdicts import Audit
from stratagraph.queries.impact.impact import DEFAULT_DEPTH, MAX_DEPTH, Direction, impact
from stratagraph.queries.impact.impact_document import impact_document
from stratagraph.queries.impact.obligations import resolve_start
from stratagraph.queries.impact.render import rendered
from stratagraph.queries.impact.render.graphml import graphml
from stratagraph.queries.impact.render.node_link import node_link
from stratagraph.service.auditing.desk import AuditDesk
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access import asker
from stratagraph.service.http.documents.graph import AssetDescription, AssetPage, Level, SearchResults
from stratagraph.service.http.documents.impact import ImpactAnswer
from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.graphs import AsOf, Graphs
from stratagraph.service.http.health_state import health_of
from stratagraph.service.http.inferred import add_reasons
from stratagraph.service.http.leaving import unless_gone
from stratagraph.service.http.parameters import Language
from stratagraph.service.http.places import Places
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.views.snapshots import Snapshot
from stratagraph.service.waiting import go_on

AssetName = Annotated[str, Query(min_length=1, description="Name, label, CURIE or IRI of an asset.")]

MAX_PAGE = 1000
MOST_ATTEMPTS: Final = 3
"""How often an asset's page is begun anew because a commit came in between; beyond that it says what it lacks."""
LATER: Final = (
    "The graph is changing: which assets may be this one, and why something was inferred, is told when it stands still."
)


class ImpactForm(StrEnum):
    """How an impact is written."""

    JSON = "json"
    TABLE = "table"
    CSV = "csv"
    MERMAID = "mermaid"
    GRAPHML = "graphml"
    NODELINK = "nodelink"


MEDIA_TYPES = {
    ImpactForm.JSON: "application/json",
    ImpactForm.TABLE: "text/plain; charset=utf-8",
    ImpactForm.CSV: "text/csv; charset=utf-8",
    ImpactForm.MERMAID: "text/vnd.mermaid; charset=utf-8",
    ImpactForm.GRAPHML: "application/graphml+xml; charset=utf-8",
    ImpactForm.NODELINK: "application/vnd.stratagraph.node-link+json",
}


_GRAPHS: Final = {ImpactForm.GRAPHML: graphml, ImpactForm.NODELINK: node_link}


def router(engine: Engine, graphs: Graphs, desk: AuditDesk, places: Places) -> APIRouter:
    """Return the routes below /api that read the graph."""
    routes = APIRouter(prefix="/api", tags=["graph"])
    _add_catalog(routes, engine, graphs, desk)
    _add_names(routes, engine, graphs)
    _add_impact(routes, engine, graphs, places)
    return routes


def _add_catalog(routes: APIRouter, engine: Engine, graphs: Graphs, desk: AuditDesk) -> None:
    """Add what there is: the levels and the assets on them."""
    model = engine.model

    @routes.get(
        "/levels",
        summary="The twelve levels with asset counts and the worst verdict",
        responses={200: {"model": list[Level]}, **problems(400, 503)},
    )
    async def levels(lang: Language = "en") -> list[dict[str, Any]]:
        # Evaluating takes seconds: what is shown is the last audit, which says its sequence, and a newer one is begun.
        last = desk.last()
        sequence, shown = await to_thread.run_sync(lambda: _levels(graphs, model, last, lang))
        coming = (last is None or last.sequence != sequence) and desk.renew()
        told = {"audit": _told(last, sequence), "auditComing": coming}
        return [level | told for level in shown]

    @routes.get(
        "/assets",
        summary="Assets, page by page",
        responses={200: {"model": AssetPage}, **problems(400, 404, 409, 503)},
    )
    def assets(
        level: Annotated[str | None, Query(description="L1 to L12, or transversal.")] = None,
        kind: Annotated[str | None, Query(description="Class, as a CURIE or IRI.")] = None,
        state: Annotated[
            list[str] | None,
            Query(description="Only of this health: normal, degraded, anomalous or silent; repeatable."),
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Most assets of one answer.")] = 200,
        after: Annotated[str, Query(description="'next' of the page before.")] = "",
        lang: Language = "en",
    ) -> dict[str, Any]:
        wanted = names.resolve_level(model, level) if level else None
        with graphs(None) as graph:
            return catalog.assets(
                graph.triples,
                model,
                level=wanted,
                transversal=level is not None and wanted is None,
                cls=names.resolve_class(model, kind) if kind else None,
                states=[names.resolve_health(model, each) for each in state or ()],
                limit=limit,
                after=after,
                language=lang,
            )


def _add_names(routes: APIRouter, engine: Engine, graphs: Graphs) -> None:
    """Add what people ask by name: one asset, and the search for one."""
    model = engine.model

    @routes.get(
        "/assets/{name:path}",
        summary="Everything about one asset or obligation, with who says so",
        responses={200: {"model": AssetDescription}, **problems(400, 404, 409, 503)},
    )
    def asset(name: str, lang: Language = "en") -> dict[str, Any]:
        return _described(engine, name, lang)

    @routes.get(
        "/search",
        summary="Assets and obligations by name or label; case and accents are ignored",
        responses={200: {"model": SearchResults}, **problems(400, 503)},
    )
    def search(
        q: Annotated[str, Query(description="Part of a name or label.")],
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Most assets of one answer.")] = 20,
        lang: Language = "en",
    ) -> dict[str, Any]:
        with graphs(None) as graph:
            return names.search(graph.triples, model, q, limit=limit, language=lang)


def _add_impact(routes: APIRouter, engine: Engine, graphs: Graphs, places: Places) -> None:
    """Add what a change touches."""

    @routes.get(
        "/impact",
        summary="What a change of an asset touches, with paths and reasons",
        response_class=Response,
        responses={
            200: {"model": ImpactAnswer, "content": texts(MEDIA_TYPES.values())},
            **problems(400, 404, 409, 410, 503),
        },
    )
    async def impact_of(
        request: Request,
        asset: Annotated[str, Query(min_length=1, description="Asset or obligation: name, label, CURIE or IRI.")],
        change: Annotated[str | None, Query(description="Kind of change, for example quantisation.")] = None,
        direction: Annotated[Direction, Query(description="down: what it touches; up: what touches it; or both.")] = (
            Direction.DOWN
        ),
        aspect: Annotated[str | None, Query(description="Only this aspect, for example privacy.")] = None,
        mode: Annotated[
            str | None, Query(description="Only paths that begin in this mode: requirement, effect or load.")
        ] = None,
        depth: Annotated[int, Query(ge=1, le=MAX_DEPTH, description="Most hops.")] = DEFAULT_DEPTH,
        as_of: AsOf = None,
        format: Annotated[  # noqa: A002  the parameter's public name
            ImpactForm, Query(description="How the answer is written.")
        ] = ImpactForm.JSON,
        lang: Language = "en",
    ) -> Response:
        def work() -> Response:
            with graphs(as_of) as graph:
                go_on()
                answer = impact(
                    graph.adjacency,
                    graph.triples,
                    graph.model,
                    resolve_start(graph.triples, graph.model, asset, engine.settings.base),
                    change=names.resolve_change(graph.model, change) if change else None,
                    direction=direction,
                    aspect=names.resolve_aspect(graph.model, aspect) if aspect else None,
                    mode=names.resolve_mode(graph.model, mode) if mode else None,
                    depth=depth,
                )
            go_on()
            if format in _GRAPHS:
                content = _GRAPHS[format](answer, graph.model, lang).encode()
            else:
                content = rendered(impact_document(answer, graph.model, lang) | graph.remark(lang), format.value)
            return Response(content, media_type=MEDIA_TYPES[format], headers=dict(graph.headers))

        return await unless_gone(request, places.run(asker(request), work))


def _levels(graphs: Graphs, model: OntologyModel, audit: Audit | None, lang: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the levels with the verdicts of an audit, and the sequence at which their assets were counted."""
    verdicts = ((each.level, each.outcome.value) for each in audit.verdicts if each.target) if audit else ()
    with graphs(None) as graph:
        return graph.triples.sequence, catalog.levels(graph.triples, model, verdicts, language=lang)


def _told(audit: Audit | None, sequence: int) -> dict[str, Any] | None:
    """Say of which audit verdicts are."""
    if audit is None:
        return None
    return {
        "sequence": audit.sequence,
        "time": audit.time.isoformat(),
        "current": audit.sequence == sequence,
    }


def _described(engine: Engine, name: str, lang: str) -> dict[str, Any]:
    """Return everything about one asset, all of it of one sequence."""
    for attempt in range(1, MOST_ATTEMPTS + 1):
        with engine.reading() as snapshot:
            iri = _in_path(snapshot, name, engine.settings.base)
            # Before all else is read: what may be the same asset is known of the newest sequence only, and the sooner
            # it is asked for, the less is done again where a commit has come in between.
            near = engine.near_misses(snapshot, iri, lang)
            if near is None and attempt < MOST_ATTEMPTS:
                continue
            document = describe_asset(snapshot.triples, engine.model, iri, language=lang)
            document["health"] = health_of(engine, snapshot, iri, lang) if document["observations"] else None
            explained = add_reasons(engine, snapshot, document, lang)
            if not explained and attempt < MOST_ATTEMPTS:
                continue
            answered_at(snapshot.sequence)
            whole = near is not None and explained
            cut = {} if whole else {"partial": True, "partialReason": say(LATER, lang)}
            return document | {"nearMisses": near or []} | cut
    raise AssertionError  # the last attempt returns


def _in_path(snapshot: Snapshot, name: str, base: Iri) -> Iri:
    """Return what a path names; an IRI pasted there has lost its percent-encoding to the server."""
    try:
        return resolve_start(snapshot.triples, snapshot.model, name, base)
    except names.UnknownName as unknown:
        encoded = quote(name, safe=":/#?&=+,;@!$'()*~")
        if encoded == name:
            raise
        try:
            return resolve_start(snapshot.triples, snapshot.model, encoded, base)
        except names.UnknownName:
            # What was asked for is quoted, with what is near it, not what was tried besides.
            raise unknown from None
