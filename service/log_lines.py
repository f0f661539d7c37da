"""The lines of the log: one for each message, of bounded length, whatever a message repeats of a client's."""

from __future__ import annotations

import logging
from typing import Final

from stratagraph.ontology.errors import in_short

LONGEST: Final = 2000
"""Characters of a message, and of each line of a traceback."""
_CONTROLS: Final = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""What would end a line, or move a terminal's cursor: an address may hold it, and so write lines of its own."""


class LineFormatter(logging.Formatter):
    """Writes each message on one line of bounded length."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the base's name
        """Return the line of a record, without its traceback."""
        record.message = in_short(record.message, LONGEST).translate(_CONTROLS)
        return super().formatMessage(record)

    def formatException(self, ei: logging._SysExcInfoType) -> str:  # noqa: N802  the base's name
        """Return a traceback, whose last line may repeat what a client sent."""
        return "\n".join(in_short(line, LONGEST) for line in super().formatException(ei).split("\n"))
