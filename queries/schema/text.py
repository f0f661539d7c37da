"""The schema as a page of text, for the prompt of a language model: as much as fits, the most useful first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from stratagraph.ontology.namespaces import ONTOLOGY_IRI
from stratagraph.queries.messages import messages

Document = dict[str, Any]
Texts = Mapping[str, str]

BUDGET: Final = 8_000
"""Characters of the page: what a prompt has room for."""


class _Room(NamedTuple):
    """What there is room for: definitions of a length, of every kind or of each family only, values, and terms."""

    length: int
    every_kind: bool
    values: bool
    terms: bool


_LONG, _SHORT = (200, 120, 90, 70, 60, 50, 42), (60, 50, 42, 36, 30, 25, 20)
_ROOMS: Final = (
    *(_Room(length, every_kind=True, values=True, terms=True) for length in _LONG),
    *(_Room(length, every_kind=False, values=True, terms=True) for length in _SHORT),
    *(_Room(length, every_kind=False, values=True, terms=False) for length in (*_SHORT, 16)),
    *(_Room(length, every_kind=False, values=False, terms=False) for length in (*_SHORT, 16, 0)),
)
"""Tried in turn until the page fits."""
_MARKS: Final = {"number": "#", "integer": "#", "boolean": "?", "time": "@", "date": "@"}
_BASIS: Final = {("declared",): "", ("seen",): "(s)", ("declared", "seen"): "(ds)", (): ""}
_PREFIX: Final = "sg:"
_SAID: Final = ("sg", "rdfs")
"""Prefixes of which the head speaks."""
_DECLARED: Final = f"PREFIX {_PREFIX} <{ONTOLOGY_IRI}>\n"


def schema_text(document: Document, budget: int = BUDGET) -> str:
    """Return the page, with definitions and values cut as far as the budget makes necessary; what is cut is said."""
    texts = messages("schema", document["lang"])
    page = ""
    for room in _ROOMS:
        page = "\n".join(_lines(document, texts, room)) + "\n"
        if len(page) < budget:
            return page
    return page  # so many kinds need more: none of them is left out


def _lines(document: Document, texts: Texts, room: _Room) -> Iterator[str]:
    language = document["language"]
    yield texts["head"].format(count=document["assets"], sequence=document["sequence"])
    yield texts[f"{language}-head"]
    yield from (f"PREFIX {name}: <{base}>" for name, base in document["prefixes"].items() if name not in _SAID)
    if told := _cut(document, texts, room):
        yield told
    yield ""
    yield texts["kinds"]
    yield from _kinds(document, room)
    yield ""
    yield texts[f"{language}-relations"]
    families = {kind["name"]: kind["family"] for kind in document["kinds"]}
    yield from (_relation(each, families, told=room.terms) for each in document["relations"])
    if document["paths"]:
        yield texts["paths"].format(paths="; ".join(document["paths"]))
    if document["metrics"]:
        yield ""
        yield texts[f"{language}-metrics"]
        yield from _metrics(document["metrics"], families, room.length)
    yield ""
    yield texts["notes"]
    yield from (f"- {note}" for note in document["notes"])
    yield ""
    yield texts["queries"]
    for query in document["queries"]:
        yield f"# {query['question']}"
        yield query["query"].removeprefix(_DECLARED)


def _cut(document: Document, texts: Texts, room: _Room) -> str:
    """Say what is left out, or cut."""
    if not room.length or not room.values:
        missing = [key for key, there in (("definitions", room.length), ("values", room.values)) if not there]
        return texts["left-out"].format(what=", ".join(texts[f"left-out-{key}"] for key in missing))
    cut = (
        not room.every_kind
        or not room.terms
        or any(len(kind["definition"]) > room.length for kind in document["kinds"])
    )
    return texts["shortened"] if cut else ""


def _kinds(document: Document, room: _Room) -> Iterator[str]:
    """Yield each family in a line, with what is said of its things, and the kinds below it."""
    for family, members in groupby(document["kinds"], key=lambda kind: kind["family"]):
        kinds = list(members)
        own = next((kind for kind in kinds if kind["name"] == family), None)
        below = [kind for kind in kinds if kind is not own]
        count = f" {own['count']}" if own else ""
        head = f"{kinds[0]['level'] or '-'} {_short(family)}{count}"
        told = " ".join(_properties(kinds, values=room.values))
        properties = f" {{{told}}}" if told else ""
        meaning = _meaning(kinds[0]["familyDefinition"], room.length)
        if room.every_kind or not below:
            yield f"{head}{meaning}{properties}"
            yield from (f"  {_short(k['name'])} {k['count']}{_meaning(k['definition'], room.length)}" for k in below)
        else:
            names = ", ".join(f"{_short(kind['name'])} {kind['count']}" for kind in below)
            yield f"{head} ({names}){meaning}{properties}"


def _properties(kinds: Iterable[Document], *, values: bool) -> Iterator[str]:
    found: dict[str, Document] = {}
    told: dict[str, dict[str, None]] = {}
    for kind in kinds:
        for each in kind["properties"]:
            if not each["everywhere"]:
                found.setdefault(each["name"], each)
                told.setdefault(each["name"], {}).update(dict.fromkeys(each["values"]))
    for name, each in sorted(found.items()):
        mark = _MARKS.get(each["type"], "") + ("*" if each["several"] else "")
        unit = _plain(each["unit"] or "1")
        # A name such as latencySloMs tells its unit.
        unit = "" if unit == "1" or unit.rpartition(" ")[2] in name.lower() else f"[{unit}]"
        some = f"({'|'.join([*told[name]][:3])})" if values and told[name] else ""
        yield f"{_short(name)}{mark}{unit}{some}"


def _relation(relation: Document, families: Mapping[str, str], *, told: bool) -> str:
    starts = _families((each["from"] for each in relation["ends"]), families)
    ends = _families((each["to"] for each in relation["ends"]), families)
    basis = _BASIS[tuple(relation["basis"])]
    terms = dict.fromkeys(_short(term) for each in relation["ends"] for term in each["values"])
    some = f" [{'|'.join([*terms][:1])}]" if told and terms else ""
    return f"{_short(relation['name'])}{basis}: {starts} > {ends}{some}"


def _metrics(metrics: Iterable[Document], families: Mapping[str, str], length: int) -> Iterator[str]:
    """Yield the metrics of the same things in one line."""
    together: dict[str, list[str]] = {}
    for each in metrics:
        key = f"(r.{each['key']})" if each["key"] else ""
        told = f"{_short(each['name'])}{key}[{_plain(each['unit'] or '1')}]{_meaning(each['definition'], length)}"
        together.setdefault(_families(each["on"], families), []).append(told)
    yield from (f"{on} > {'; '.join(told)}" for on, told in together.items())


def _families(names: Iterable[str], families: Mapping[str, str]) -> str:
    return " ".join(sorted({_short(families.get(name, name)) for name in names}))


def _meaning(definition: str, length: int) -> str:
    """Return a definition of at most so many characters, cut between words."""
    text = definition.removesuffix(".")
    if len(text) > length:
        text = text[: length + 1].rpartition(" ")[0].rstrip(" ,;:")
        text = f"{text}…" if text else ""
    return f": {text}" if text else ""


def _plain(unit: str) -> str:
    return unit.replace("{", "").replace("}", "").replace("(10*6.token)", "Mtoken")


def _short(name: str) -> str:
    """Return a name without the prefix that the page names once."""
    return name.removeprefix(_PREFIX)
