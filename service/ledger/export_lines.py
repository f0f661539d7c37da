"""The lines of an export: which there are, and what each must hold before anything is made of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from stratagraph.ontology.facts import Method
from stratagraph.ontology.terms import MalformedTerm, decode, encode
from stratagraph.service.ledger.chain import FORMAT
from stratagraph.service.ledger.intake import is_text
from stratagraph.service.ledger.interning import is_storable

LARGEST: Final = 2**63 - 1
"""What both databases hold in a number's column."""
LATEST: Final = 253_402_300_799_999_999
"""The last microsecond of the year 9999: what comes later is no time that can be written."""
COMPANIONS: Final = {"ledger": frozenset({"format"}), "head": frozenset({"sha256"})}
"""What may stand beside the one thing that a line tells."""


class MalformedLine(Exception):
    """A line that no export has; says what is wrong with it."""


def _text(text: str) -> str:
    if not is_text(text):
        raise ValueError("it holds characters that cannot be stored")
    return text


def _name(text: str) -> str:
    if not text:
        raise ValueError("it is empty")
    return _text(text)


def _term(text: str) -> str:
    try:
        term = decode(text)
    except MalformedTerm:
        raise ValueError("it is no term in N-Triples") from None
    # A hash covers the text: two writings of one term would be two facts.
    if not is_storable(term) or encode(term) != text:
        raise ValueError("it is no term that a ledger writes")
    return _text(text)


def _hexadecimal(length: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) != 2 * length or set(text) - set("0123456789abcdef"):
            raise ValueError(f"it is not {length} bytes in hexadecimal")
        return text

    return check


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None
    return text


def _method(text: str) -> str:
    if text not in {method.value for method in Method}:
        raise ValueError("it is no method of the ledger")
    return text


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
Term = Annotated[str, AfterValidator(_term)]
Salt = Annotated[str, AfterValidator(_hexadecimal(16))]
Digest = Annotated[str, AfterValidator(_hexadecimal(32))]
Sketch = Annotated[str, AfterValidator(_base64)]
Number = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
# From the year 1 on, the first that Python's calendar has.
Time = Annotated[int, Field(ge=-62_135_596_800_000_000, le=LATEST)]


class HeaderLine(BaseModel):
    """A batch, as the line that begins it tells of it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sequence: Number
    time: Time
    kind: Name
    source: Name
    run: Name
    method: Annotated[str, AfterValidator(_method)]
    silence: Annotated[int, Field(ge=-LARGEST, le=LARGEST)] | None
    ontology: Text
    note: Text
    salt: Salt | None
    content: Digest
    hash: Digest
    scopes: list[tuple[Text, bool, Count, Count]]


FORMS: Final[Mapping[str, Any]] = {
    "ledger": Name,
    "batch": HeaderLine,
    "open": tuple[Text, Term, Term, Term, Salt],
    "erased": tuple[Text, Digest],
    "close": Number,
    "observe": tuple[Term, Term, Text, Time, Time, Count, float, float, float, Sketch, bool],
    "dropped": Digest,
    "head": dict[str, str | int | None],
    "format": int,
    "sha256": Digest,
}
"""What each thing that a line may tell looks like."""


def read_line(line: bytes) -> tuple[str, Any, dict[str, Any]]:
    """Return what a line tells, its value, and what stands beside it.

    Raises:
        MalformedLine: no export has such a line.
    """
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise MalformedLine(f"it is no JSON: {error}") from None
    if not isinstance(told, dict):
        raise MalformedLine("it is no JSON object")
    kinds = [kind for kind in FORMS if kind in told and kind not in ("format", "sha256")]
    if len(kinds) != 1 or not told.keys() <= {kinds[0]} | COMPANIONS.get(kinds[0], frozenset()):
        raise MalformedLine("it tells of nothing that an export tells of")
    kind = kinds[0]
    checked = {name: _checked(name, value) for name, value in told.items()}
    if kind == "ledger" and checked.get("format") != FORMAT:
        raise MalformedLine(f"its format is {checked.get('format')}, and this version reads format {FORMAT}")
    return kind, checked.pop(kind), checked


def _checked(kind: str, value: Any) -> Any:
    try:
        # JSON has no tuples: where the form is one, its list is taken for it, and nothing else is converted.
        return _form(kind).validate_python(_as_tuples(kind, value), strict=True)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, (kind, *fault["loc"])))
        raise MalformedLine(f"in {where}: {fault['msg'].removeprefix('Value error, ')}") from None


def _as_tuples(kind: str, value: Any) -> Any:
    if kind in ("open", "erased", "observe") and isinstance(value, list):
        return tuple(value)
    if kind == "batch" and isinstance(value, dict) and isinstance(value.get("scopes"), list):
        return value | {"scopes": [tuple(each) if isinstance(each, list) else each for each in value["scopes"]]}
    return value


# Making a form takes far longer than checking a value against it.
@cache
def _form(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(FORMS[kind])
