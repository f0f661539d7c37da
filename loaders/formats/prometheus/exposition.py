"""The text that an exporter answers, in Prometheus' own format and in OpenMetrics, read line by line.

Only the samples of names that are wanted are taken apart; of all others it is checked that they are samples, and how
many there are. An exposition is read as a whole or not at all: one that ends too early is refused, for what it lacks
would pass for what is gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from math import isnan
from typing import Final, NamedTuple, TypeAlias

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.ontology.errors import in_short

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values, in the order of the names; an empty value is none."""

_MILLISECOND: Final = 10**6
_SECOND: Final = 10**9
_QUOTED: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_PAIR: Final = rf"\s*+(?:[a-zA-Z_]\w*+|{_QUOTED})\s*+=\s*+{_QUOTED}\s*+"
_SAMPLE: Final = re.compile(
    rf"\s*+([a-zA-Z_:][\w:]*+)\s*+(?:\{{((?:{_PAIR}(?:,|(?=\}})))*+)\s*+\}})?\s*+"
    r"([^\s_{\"]++)(?:[ \t]++(-?[\d.]++(?:[eE][+-]?\d++)?))?[ \t]*+(?:\#[ \t]\{.*)?",
    re.ASCII,
)
"""Name, labels, value, time; what comes behind a hash is an exemplar, of which nothing is kept."""
_NAMED_WITHIN: Final = re.compile(rf"\s*+\{{\s*+({_QUOTED})\s*+(?:,|(?=\}}))(.*)", re.DOTALL)
"""A name that Prometheus 3 writes within the braces, for it has characters that names did not have before."""
_LABEL: Final = re.compile(rf"([a-zA-Z_]\w*+|{_QUOTED})\s*+=\s*+({_QUOTED})", re.ASCII)
_TYPE: Final = re.compile(rf"\#[ \t]++TYPE[ \t]++({_QUOTED}|\S++)[ \t]++(\w++)[ \t]*+")
_OPEN: Final = re.compile(
    r"^#[ \t]+(?:UNIT[ \t]|TYPE[ \t]+\S+[ \t]+(?:unknown|info|stateset|gaugehistogram)[ \t]*$)", re.MULTILINE
)
"""What only OpenMetrics has."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", '"': '"', "\\": "\\"}
_END: Final = "# EOF"
_NO_END: Final = "it is OpenMetrics and has no '# EOF' at its end: it was cut, and nothing of it counts; scrape again"
_LONGEST_QUOTE: Final = 80
_LOOKED_AT: Final = 50
"""Lines by which an exposition is told from other texts."""


class Sample(NamedTuple):
    """One value of one series; ``time`` is in Unix nanoseconds, 0 where it is not told."""

    name: str
    labels: Labels
    value: float
    time: int
    line: int


@dataclass(slots=True, kw_only=True)
class Exposition:
    """What an exporter told: the wanted samples, what each family is said to be, how many samples were not wanted."""

    samples: list[Sample] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    unwanted: Counter[str] = field(default_factory=Counter)
    series: int = 0


def read_exposition(data: bytes, file: str, wanted: Container[str], *, openmetrics: bool | None = None) -> Exposition:
    """Read an exposition; ``openmetrics`` says what it was sent as, None where that is not known.

    Raises:
        MalformedDocument: it is none, it ends too early, or tells a series twice.
    """
    return _Reader(file, wanted).read(_text(data, file), openmetrics=openmetrics)


def is_exposition(text: str) -> bool:
    """Tell whether a text is certainly one: it says the type of a family, and its first lines are samples."""
    lines = [line.rstrip("\r") for line in islice(text.split("\n", _LOOKED_AT), _LOOKED_AT) if line.strip()]
    typed = any(_TYPE.fullmatch(line) for line in lines)
    return typed and all(line.startswith("#") or _is_sample(line) for line in lines)


def is_within_braces(text: str) -> bool:
    """Tell whether a text begins with a sample that has its name within braces, and is no JSON for that."""
    return _NAMED_WITHIN.match(text) is not None


def _is_sample(line: str) -> bool:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        return _NAMED_WITHIN.match(line) is not None
    try:
        float(match[3])
    except ValueError:
        return False
    return True


class _Reader:
    """Reads the lines of one exposition."""

    def __init__(self, file: str, wanted: Container[str]) -> None:
        self._file = file
        self._wanted = wanted
        self._found = Exposition()
        self._told: dict[str, float] = {}

    def read(self, text: str, *, openmetrics: bool | None) -> Exposition:
        """Read all lines."""
        lines = text.split("\n")
        ended = self._end(lines, openmetrics=openmetrics, text=text)
        sample, wanted, unwanted, told = _SAMPLE.fullmatch, self._wanted, self._found.unwanted, self._told
        for number, line in enumerate(lines, start=1):
            if not line or line.isspace():
                continue
            if line[0] == "#":
                self._comment(line, number)
                continue
            match = sample(line)
            name, labels, written, time, key = (
                (*match.groups(), line[: match.start(3)]) if match else self._unusual(line, number)
            )
            try:
                value = float(written)
            except ValueError:
                raise self._fault(number, "what stands behind the name is no number") from None
            if time:
                key += time
            if key in told:
                self._again(key, value, number)
                continue
            told[key] = value
            if name in wanted:
                at = self._time(time, number, openmetrics=ended) if time else 0
                self._found.samples.append(Sample(name, labels_of(labels), value, at, number))
            else:
                unwanted[name] += 1
        self._found.series = len(told)
        return self._found

    def _end(self, lines: list[str], *, openmetrics: bool | None, text: str) -> bool:
        """Tell whether the text is OpenMetrics. Raises MalformedDocument where it was cut."""
        last = next((place for place in range(len(lines) - 1, -1, -1) if lines[place].strip()), -1)
        if last < 0:
            raise self._fault(1, "there is nothing here: an exporter that is alive tells at least one metric")
        if text.lstrip().startswith("<"):
            raise self._fault(1, "this is a page in HTML or XML, no exposition: does the URL end in /metrics?")
        ended = lines[last].strip() == _END
        early = next((place for place, line in enumerate(lines[:last]) if line.startswith(_END)), None)
        if early is not None:
            raise self._fault(early + 2, "something stands behind '# EOF', where OpenMetrics ends")
        if not ended and (openmetrics or _OPEN.search(text)):
            raise self._fault(last + 1, _NO_END)
        if not ended and last == len(lines) - 1:
            raise self._fault(last + 1, "its last line has no end: it was cut, and nothing of it counts; scrape again")
        return ended

    def _comment(self, line: str, number: int) -> None:
        """Note what a family is said to be."""
        match = _TYPE.fullmatch(line.rstrip("\r"))
        if match is None:
            return
        name = unquoted(match[1])
        if self._found.types.setdefault(name, match[2]) != match[2]:
            raise self._fault(number, f"'{in_short(name, _LONGEST_QUOTE)}' is said to be of two types")

    def _unusual(self, line: str, number: int) -> tuple[str, str | None, str, str | None, str]:
        """Return the parts of a sample that is not written in the old way. Raises MalformedDocument."""
        line = line.rstrip("\r")
        within = _NAMED_WITHIN.fullmatch(line)
        match = _SAMPLE.fullmatch("_{" + within[2] if within else line)
        if match is None:
            # Not quoted: what an exporter tells of its users is not repeated.
            raise self._fault(number, "this is no sample: a name, labels in braces and a number")
        name, labels, value, time = match.groups()
        key = match.string[: match.start(3)]
        return (unquoted(within[1]) if within else name), labels, value, time, within[1] + key if within else key

    def _time(self, written: str, number: int, *, openmetrics: bool) -> int:
        """Return a time in nanoseconds: OpenMetrics tells seconds, the older format milliseconds."""
        if "." in written and not openmetrics:
            raise self._fault(number, _NO_END)
        try:
            return int(Decimal(written) * (_SECOND if openmetrics else _MILLISECOND))
        except (ArithmeticError, ValueError):
            raise self._fault(number, "what stands behind the number is no time") from None

    def _again(self, key: str, value: float, number: int) -> None:
        """Refuse a series that is told twice with two values. Raises MalformedDocument."""
        before = self._told[key]
        if before == value or (isnan(before) and isnan(value)):
            return
        raise self._fault(number, "this series was told before, with another value")

    def _fault(self, line: int, reason: str) -> MalformedDocument:
        return MalformedDocument(file=self._file, line=line, reason=reason)


def _text(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MalformedDocument(file=file, line=line, reason="it is not written in UTF-8") from None


@lru_cache(maxsize=50_000)
def labels_of(written: str | None) -> Labels:
    """Return the labels that stand between braces."""
    if not written:
        return ()
    pairs = ((unquoted(name), unquoted(value)) for name, value in _LABEL.findall(written))
    return tuple(sorted((name, value) for name, value in pairs if value))


def unquoted(written: str) -> str:
    """Return what a quoted text says, another one as it is."""
    if not written.startswith('"'):
        return written
    inner = written[1:-1]
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match[1], match[0]), inner) if "\\" in inner else inner
