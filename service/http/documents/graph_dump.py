"""What is told of the answer that is the whole graph."""

from __future__ import annotations

from typing import Any, Final

from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.views.dump import FORMATS

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": texts(FORMATS), "description": "Every triple, and every named graph"},
    **problems(406, 503),
}
