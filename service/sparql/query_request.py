"""What is asked of the pool of SPARQL workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stratagraph.service.sparql.formats import GRAPHS, RESULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRequest:
    """One query and how its answer shall look.

    ``results_type`` and ``graph_type`` are the media types for SELECT and ASK, and for CONSTRUCT and DESCRIBE; None:
    no format of that form is acceptable. A dataset that is not None replaces what the query says with FROM.
    ``as_of``: a sequence or time of the past. ``client`` is whoever shares one fair part of the workers. ``whole``:
    hold the answer back until it is complete.
    """

    text: str
    results_type: str | None = next(iter(RESULTS))
    graph_type: str | None = next(iter(GRAPHS))
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    client: str = ""
    at_least: int | None = None
    as_of: int | datetime | None = None
    whole: bool = False
