"""What a client learns of its batch, and what the loader and the gate would like to see mended in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from stratagraph.ontology.errors import MOST_FINDINGS

if TYPE_CHECKING:
    from stratagraph.loaders.origins import Loaded
    from stratagraph.service.engine.committer import Committed
    from stratagraph.service.ledger.repeating import Repeated

MOST_UNREAD: Final = 200
"""Kinds of fields that were not understood which an answer lists."""
UNREAD: Final[dict[str, Any]] = {
    "assets": None,
    "relations": None,
    "dangling": [],
    "danglingCount": None,
    "partial": True,
    "partialReason": "The batch is committed; what it means in the graph could not be read just now.",
}
"""Stands for what could not be read of a batch that is committed."""


def receipt(committed: Committed) -> dict[str, Any]:
    """Return what a client learns of its batch."""
    receipt = committed.receipt
    kinds = Counter(finding.shape for finding in committed.warnings)
    return {
        "sequence": receipt.sequence,
        "hash": receipt.batch_hash,
        "time": receipt.time.isoformat(),
        "duplicate": receipt.duplicate,
        "opened": len(receipt.change.opened),
        "closed": len(receipt.change.closed),
        "observations": len(receipt.change.observations),
        "warnings": [finding.document() for finding in committed.most_telling()],
        "warningCount": len(committed.warnings),
        "warningKinds": dict(kinds),
    }


def repetition_receipt(repeated: Repeated) -> dict[str, Any]:
    """Return what a client learns of a run that says what an earlier one said; its warnings are only counted."""
    noted = repeated.noted
    nothing = {"opened": 0, "changed": 0, "closed": 0}
    return {
        "sequence": repeated.receipt.sequence,
        "hash": repeated.receipt.batch_hash,
        "time": repeated.receipt.time.isoformat(),
        "repeats": repeated.sequence,
        "duplicate": False,
        "opened": 0,
        "closed": 0,
        "observations": 0,
        "warnings": [],
        "warningCount": noted.warnings,
        "warningKinds": {},
        "notUnderstood": [],
        "notUnderstoodCount": noted.unread,
        "assets": nothing,
        "relations": {"opened": 0, "closed": 0},
        "dangling": [],
        "danglingCount": 0,
        "dryRun": False,
    }


def remarked(answer: dict[str, Any], loaded: Loaded) -> dict[str, Any]:
    """Return a batch's answer with what is odd about its files, and what of them was not understood."""
    told, found = loaded.remarks, answer["warnings"]
    room = max(MOST_FINDINGS - len(found), MOST_FINDINGS // 2)  # neither crowds the other out
    warnings = [*(remark.document() for remark in told[:room]), *found]
    return answer | {
        "warnings": warnings[:MOST_FINDINGS],
        "warningCount": len(told) + answer["warningCount"],
        "notUnderstood": [unread.document() for unread in loaded.unread[:MOST_UNREAD]],
        "notUnderstoodKinds": len(loaded.unread),
        "notUnderstoodCount": sum(unread.count for unread in loaded.unread),
    }
