"""A log that tells a problem once, however often it is met: what is tried again and again must not fill the log."""

from __future__ import annotations

import logging
from traceback import clear_frames

from stratagraph.ontology.errors import StratagraphError


class LoggedOnce:
    """Tells an error when it is another one than the last."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._problem = ""

    def error(self, error: Exception, message: str, *values: object) -> None:
        """Log an error with its traceback, unless it is the one told last; then let go of what its frames hold."""
        problem = f"{type(error).__name__}: {error}"
        if problem != self._problem:
            if isinstance(error, StratagraphError):
                self._log.error(f"{message}: %s", *values, error)  # it speaks for itself
            else:
                self._log.error(message, *values, exc_info=error)
        self._problem = problem
        # A handler that keeps the record, as some do, would keep open what its frames have open.
        clear_frames(error.__traceback__)

    def settle(self) -> bool:
        """Note that all is well; return whether it was not."""
        before, self._problem = self._problem, ""
        return bool(before)
