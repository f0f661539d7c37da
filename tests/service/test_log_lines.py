"""The log: one line of bounded length for each message, whatever it repeats."""

from __future__ import annotations

import io
import logging

import pytest

from stratagraph.service.log_lines import LONGEST, LineFormatter


def logged(message: str, *values: object, error: Exception | None = None) -> list[str]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter("%(levelname)s %(name)s: %(message)s"))
    record = logging.LogRecord("x", logging.WARNING, "f", 1, message, values, None)
    if error is not None:
        record.exc_info = (type(error), error, None)
    handler.emit(record)
    return stream.getvalue().removesuffix("\n").split("\n")


@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[2J", "\x00", "\x85", "\u2028"])
def test_what_a_client_sent_writes_no_line_of_its_own(sign: str) -> None:
    (line,) = logged("GET %s failed", f"/a{sign}WARNING x: all is well")
    assert line.startswith("WARNING x: GET /a\\")
    assert line.isprintable()


def test_a_message_of_a_megabyte_is_cut_and_says_so() -> None:
    (line,) = logged("%s", "é" * 1_000_000)
    assert len(line) < LONGEST + 100
    assert line.endswith("(1,000,000 characters)")


def test_a_traceback_keeps_its_lines_and_none_of_them_is_long() -> None:
    lines = logged("failed", error=ValueError("first\n" + "x" * 1_000_000))
    assert lines[:2] == ["WARNING x: failed", "ValueError: first"]
    assert all(len(line) < LONGEST + 100 for line in lines)
