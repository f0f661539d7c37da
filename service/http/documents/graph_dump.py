"""What is told of the answer that is the whole graph, or a part of it."""

from __future__ import annotations

from typing import Any, Final

from stratagraph.service.http.documents.media import texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.views.dump import OFFERED

_TOLD: Final = (
    "Every triple, and every named graph where the format has them; in GraphML and CSV what is stated of the estate; "
    "in a bill of materials (CycloneDX) its systems, models, data and tools"
)
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": texts(OFFERED), "description": _TOLD},
    **problems(404, 406, 409, 503),
}
