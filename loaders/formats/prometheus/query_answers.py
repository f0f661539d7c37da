"""What the HTTP API of Prometheus answers to a query, over a range of time or at one: the same samples, with times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite, isnan
from typing import Any, Final, TypeAlias

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.exposition import Exposition, Labels, Sample
from stratagraph.loaders.formats.prometheus.families import Native
from stratagraph.loaders.formats.prometheus.mapping import MappingSet, plainly
from stratagraph.loaders.metrics.distributions import Bucket, Distribution
from stratagraph.ontology.errors import in_short

_NAME: Final = "__name__"
_SECOND: Final = 10**9
_KINDS: Final = ("matrix", "vector")
_LONGEST_QUOTE: Final = 80
_Path: TypeAlias = tuple[str | int, ...]


class Answer(Exposition):
    """What a query answered: ``natives`` are native histograms, ``warnings`` what Prometheus said beside."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.natives: list[Native] = []
        self.warnings: tuple[str, ...] = ()
        self.nameless = 0


def is_answer(value: Any) -> bool:
    """Tell whether a JSON value is what a query was answered."""
    if not isinstance(value, Mapping) or value.get("status") not in {"success", "error"}:
        return False
    if value["status"] == "error":
        return "errorType" in value
    data = value.get("data")
    return isinstance(data, Mapping) and "resultType" in data and "result" in data


def read_answer(document: Document, wanted: MappingSet) -> Answer:
    """Read the samples of an answer.

    Raises:
        MalformedDocument: it is none, it tells an error, or is of a kind that names no series.
    """
    value = document.json
    if not is_answer(value):
        raise _fault(document, (), "this is no answer of Prometheus: it has no status and data with a result")
    if value["status"] == "error":
        said = in_short(str(value.get("errorType", "")), _LONGEST_QUOTE)
        raise _fault(document, ("errorType",), f"Prometheus answered an error ('{said}'), and nothing of it counts")
    kind = value["data"]["resultType"]
    if kind not in _KINDS:
        raise _fault(document, ("data", "resultType"), f"a result is read as matrix or vector, and this is '{kind}'")
    answer = Answer()
    answer.warnings = tuple(str(one) for one in value.get("warnings") or ())
    if not isinstance(value["data"]["result"], list):
        raise _fault(document, ("data", "result"), "a result is a list of series")
    for place, series in enumerate(value["data"]["result"]):
        _read_series(document, answer, wanted, ("data", "result", place), series)
    return answer


def _read_series(document: Document, answer: Answer, wanted: MappingSet, path: _Path, series: Any) -> None:
    if not isinstance(series, Mapping) or not isinstance(series.get("metric"), Mapping):
        raise _fault(document, path, "a series has its labels in 'metric'")
    name = str(series["metric"].get(_NAME, ""))
    if not name:
        # What a function makes is a new figure, which no mapping knows.
        answer.nameless += 1
        return
    labels = tuple(sorted((str(key), str(each)) for key, each in series["metric"].items() if key != _NAME and each))
    points = [*_points(document, path, series, "values"), *_points(document, path, series, "histograms")]
    answer.series += 1
    if wanted.role_of(name) is None:
        answer.unwanted[name] += 1
        return
    for part, time, each in points:
        at = _time(document, (*path, part), time)
        if isinstance(each, Mapping):
            told = _native(document, (*path, part), each)
            answer.natives.append(Native(name, labels, told, at, 0))
        else:
            answer.samples.append(Sample(name, labels, _number(document, (*path, part), each), at, 0))


def _points(document: Document, path: _Path, series: Mapping[str, Any], many: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the points of a series: several in a matrix, one in a vector."""
    one = many.removesuffix("s")
    told = series.get(many, [series[one]] if one in series else [])
    for point in told if isinstance(told, list) else [None]:
        if not isinstance(point, list) or len(point) != 2:  # noqa: PLR2004  # a time and a value
            raise _fault(document, (*path, many), "a point is a time and a value")
        yield many, point[0], point[1]


def _time(document: Document, path: _Path, written: Any) -> int:
    if isinstance(written, bool) or not isinstance(written, int | float | Decimal) or not isfinite(written):
        raise _fault(document, path, "a time is a number of seconds")
    return round(Decimal(written) * _SECOND)


def _number(document: Document, path: _Path, written: Any) -> float:
    try:
        return float(written)
    except (TypeError, ValueError):
        raise _fault(document, path, "a value is a number, written as text") from None


def _native(document: Document, path: _Path, told: Mapping[str, Any]) -> Distribution:
    """Return the values of a native histogram: each bucket has its kind, its bounds and how many it holds."""
    number = _number(document, path, told.get("count"))
    total = _number(document, path, told.get("sum", "NaN"))
    buckets: list[tuple[Bucket, int]] = []
    for bucket in told.get("buckets") or ():
        if not isinstance(bucket, list) or len(bucket) != 4:  # noqa: PLR2004  # as above
            raise _fault(document, path, "a bucket has a kind, two bounds and a number")
        low, high, count = (_number(document, path, each) for each in bucket[1:])
        if count and high >= 0:
            buckets.append(((max(low, 0.0), high), round(count)))
    if isnan(number) or number < 0:
        raise _fault(document, path, "a histogram says how many values it has")
    whole = isfinite(total) and total >= 0
    return Distribution(round(number), total if whole else None, tuple(sorted(buckets)))


def labels_of_target(labels: Labels) -> str:
    """Return which target labels name, as Prometheus adds them; "" where they name none."""
    known = {plainly(name): value for name, value in labels if name in {"job", "instance"}}
    return " ".join(known[name] for name in ("job", "instance") if name in known)


def _fault(document: Document, path: _Path, reason: str) -> MalformedDocument:
    return MalformedDocument(file=document.name, line=document.line_of(path), reason=reason)
