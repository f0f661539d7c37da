"""Odd values through the real service: what the gate says, what the ledger keeps, what an answer shows.

docs/reference/values.md says the same in prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import pytest

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import ASSET_BASE, OWL, RDF, RDFS, SG, XSD
from stratagraph.ontology.terms import encode
from tests.service.running import Running, started
from tests.service.sending import kept, problem, send, shown

MODEL: Final = f"{ASSET_BASE}BaseModel/odd"
MY: Final = "http://example.org/odd#"


class Type(NamedTuple):
    """Forms of a datatype: written and shown by SPARQL, None where shown as written; and forms that are none of it."""

    datatype: Iri
    good: dict[str, tuple[str, str] | None]
    bad: Sequence[str] = ()


def xsd(name: str, good: dict[str, str | None] | Sequence[str], bad: Sequence[str] = (), *, shown: str = "") -> Type:
    """Describe an XSD datatype; what is shown otherwise is so under the datatype ``shown``, else under its own."""
    forms = good if isinstance(good, dict) else dict.fromkeys(good)
    datatype = XSD.term(shown or name)
    told = {
        form: None if text is None and not shown else (form if text is None else text, datatype)
        for form, text in forms.items()
    }
    return Type(XSD.term(name), told, bad)


TYPES: Final = [
    xsd("string", ["", " a\tb\n\"'\\ ", "é\U0001f600"]),
    xsd("boolean", {"true": None, "false": None, "1": "true", "0": "false"}, ["True", "yes", ""]),
    xsd("decimal", {"2.5": None, "2.50": "2.5", "-.5": "-0.5", "1": "1"}, ["1e3", "NaN", "INF", "1,5", ""]),
    xsd("integer", {"5": None, "005": "5", "-0": "0"}, ["1.0", "NaN", "INF", "", "٣"]),
    xsd("double", {"1.5E0": "1.5", "1e3": "1000", "NaN": None, "INF": None, "-INF": None}, ["inf", "nan", "1e", ""]),
    xsd("float", {"1.5": None, "1e3": "1000", "NaN": None, "INF": None, "-INF": None}, ["Infinity", "-NaN"]),
    xsd("date", {"2026-02-28": None, "2026-01-01+00:00": "2026-01-01Z"}, ["2026-02-30", "1.1.2026", "0000-00-00"]),
    xsd("time", {"23:59:59": None, "24:00:00": "00:00:00"}, ["25:00:00", "1:00"]),
    xsd(
        "dateTime",
        {"2026-01-01T00:00:00": None, "2026-01-01T00:00:00+00:00": "2026-01-01T00:00:00Z"},
        ["2026-01-01", "2026-01-01 00:00:00", "2026-01-01T00:00:00+15:00"],
    ),
    xsd("dateTimeStamp", {"2026-01-01T00:00:00Z": None}, ["2026-01-01T00:00:00"], shown="dateTime"),
    xsd("gYear", ["2026", "-0044"], ["26"]),
    xsd("gYearMonth", ["2026-01"], ["2026-13"]),
    xsd("gMonth", ["--12"], ["--13", "12"]),
    xsd("gDay", ["---31"], ["---32"]),
    xsd("gMonthDay", ["--02-29"], ["--02-30"]),
    xsd("duration", {"P1DT2H": None, "P12M": "P1Y"}, ["P", "1D"]),
    xsd("dayTimeDuration", {"P1D": None, "PT24H": "P1D"}, ["P1M"]),
    xsd("yearMonthDuration", {"P1Y": None, "P12M": "P1Y"}, ["P1D"]),
    xsd("byte", {"127": None, "-128": None}, ["128", "x"], shown="integer"),
    xsd("short", {"32767": None}, ["32768"], shown="integer"),
    xsd("int", {"2147483647": None}, ["2147483648"], shown="integer"),
    xsd("long", {"9223372036854775807": None}, ["9223372036854775808"], shown="integer"),
    xsd("unsignedByte", {"255": None}, ["-1", "256"], shown="integer"),
    xsd("unsignedShort", {"65535": None}, ["65536"], shown="integer"),
    xsd("unsignedInt", {"4294967295": None}, ["4294967296"], shown="integer"),
    xsd("unsignedLong", ["18446744073709551615"], ["18446744073709551616"]),
    xsd("nonNegativeInteger", {"0": None}, ["-1"], shown="integer"),
    xsd("positiveInteger", {"1": None}, ["0"], shown="integer"),
    xsd("nonPositiveInteger", {"-5": None}, ["1"], shown="integer"),
    xsd("negativeInteger", {"-1": None}, ["0"], shown="integer"),
    xsd("normalizedString", ["a  b"], ["a\tb"]),
    xsd("token", ["a b"], ["a  b", " a"]),
    xsd("language", ["pt-BR"], ["pt_BR", ""]),
    xsd("Name", ["a:b"], ["1a"]),
    xsd("NCName", ["ab"], ["a:b"]),
    xsd("NMTOKEN", ["1a"], ["a b"]),
    xsd("anyURI", ["http://example.org/é", "relative", ""], ["a b", "<x>"]),
    xsd("hexBinary", ["0fB8"], ["0"]),
    xsd("base64Binary", ["YQ=="], ["YQ"]),
    Type(OWL.rational, {"1/3": None}, ["1/0", "0.5", "1/-3"]),
]
BY_NAME: Final = {of.datatype.partition("#")[2]: of for of in TYPES}

MODULE: Final = f"""@prefix my: <{MY}> .
@prefix sg: <{SG}> .
@prefix owl: <{OWL}> .
@prefix rdfs: <{RDFS}> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
""" + "".join(
    f'my:{name} a owl:DatatypeProperty ; rdfs:range <{of.datatype}> ; rdfs:label "{name}"@en , "{name}"@pt-BR ;'
    f' skos:definition "A {name}."@en , "Um {name}."@pt-BR .\n'
    for name, of in BY_NAME.items()
)


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that knows an attribute of every datatype, and one model."""
    home = tmp_path_factory.mktemp("home")
    (home / "odd.ttl").write_text(MODULE, encoding="utf-8")
    with started("serve", "--data", str(home / "data"), "--ontology", str(home / "odd.ttl"), home=home) as running:
        answer = send(running, Fact(MODEL, RDF.type, SG.BaseModel), Fact(MODEL, SG.name, Literal("odd")))
        assert answer["status"] == 201, answer
        yield running


def values(name: str, forms: Iterable[str]) -> list[Fact]:
    return [Fact(MODEL, MY + name, Literal(form, BY_NAME[name].datatype)) for form in forms]


@pytest.mark.parametrize(("name", "form"), [(name, form) for name, of in BY_NAME.items() for form in of.bad])
def test_an_ill_formed_value_is_refused(service: Running, name: str, form: str) -> None:
    refused = send(service, *values(name, [form]))
    assert problem(refused) == (422, "gate-refused")
    (finding,) = refused["findings"]
    assert (finding["path"], finding["value"]) == (MY + name, encode(Literal(form, BY_NAME[name].datatype)))


@pytest.fixture(name="answers", scope="module")
def _answers(service: Running) -> dict[Iri, set[Term]]:
    """What SPARQL shows by property, once every well-formed value is in the graph."""
    everything = [fact for name, of in BY_NAME.items() for fact in values(name, list(of.good))]
    taken = send(service, *everything)
    assert (taken["status"], taken["opened"]) == (201, len(everything)), taken
    assert send(service, *everything)["opened"] == 0
    return shown(service, MODEL)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_well_formed_value_is_shown_by_its_value(answers: dict[Iri, set[Term]], name: str) -> None:
    of = BY_NAME[name]
    assert answers[MY + name] == {
        Literal(*other) if other else Literal(form, of.datatype) for form, other in of.good.items()
    }


def test_every_value_is_kept_as_written(service: Running, answers: dict[Iri, set[Term]]) -> None:
    assert answers
    exported = kept(service, MODEL)
    for name, of in BY_NAME.items():
        assert exported[MY + name] == {Literal(form, of.datatype) for form in of.good}
