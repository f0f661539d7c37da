"""The audit as JSON, CSV and HTML."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from stratagraph.ontology.facts import Fact, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDF, RDFS, SG, XSD
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.duties import duties
from stratagraph.queries.audit.report import SEPARATOR, labelled, to_csv, to_document
from stratagraph.queries.audit.report_html import _Words, to_html
from stratagraph.queries.audit.seal import Seal
from stratagraph.queries.audit.verdicts import Audit, VerdictReason
from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.queries.outcome import Outcome
from stratagraph.shapes.packs import load_rules
from stratagraph.shapes.rule import Bilingual
from tests.shapes.rules.estate import Estate
from tests.shapes.rules.fixtures import BASE, KINDS, facts_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NASTY = '=HYPERLINK("http://x")<script>alert(1)</script>&"\''
TRUE = Literal("true", XSD.boolean)
NASTY_IRI = "https://example.org/a%20b/ção?x=1&y='2'#frag"


def _facts() -> list[Fact]:
    """Put every fixture of a rule into one estate, and an asset with an odd name and address."""
    facts = [
        Fact(f"{fact.subject}/{kind}", fact.predicate, _apart(fact.object, kind))
        for kind in KINDS
        for fact in facts_of("LGPD-07", kind)
    ]
    odd = [Fact(NASTY_IRI, RDF.type, SG.LLMSystem), Fact(NASTY_IRI, SG.name, Literal(NASTY))]
    return [*facts, *odd]


def _apart(term: Term, kind: str) -> Term:
    return f"{term}/{kind}" if isinstance(term, str) and term.startswith(BASE) else term


@pytest.fixture(name="audit", scope="module")
def _audit() -> Audit:
    return evaluate(Estate(_facts()), load_model(), load_rules(), on=NOW.date(), now=NOW)


class _Page(HTMLParser):
    """Collects what the tests look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_well_formed_and_self_contained(audit: Audit) -> None:
    page = _Page(to_html(audit, load_model()))
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not any({"src", "href"} & attrs.keys() for _, attrs in page.tags)


def test_the_page_holds_both_languages_and_shows_the_one_asked_for(audit: Audit) -> None:
    page = _Page(to_html(audit, load_model(), lang="pt-BR"))
    sections = [attrs["lang"] for tag, attrs in page.tags if tag == "section"]
    checked = [attrs["id"] for tag, attrs in page.tags if tag == "input" and "checked" in attrs]
    assert sections == ["en", "pt-BR"]
    assert checked == ["show-pt-BR"]
    assert "Auditoria de conformidade" in page.text
    assert "Compliance audit" in page.text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_sums_by_level_begin_with_the_highest(tag: str) -> None:
    model = load_model()
    system = [Fact("http://x/s", RDF.type, SG.LLMSystem), Fact("http://x/s", SG.processesPersonalData, TRUE)]
    agent = [Fact("http://x/a", RDF.type, SG.Agent), Fact("http://x/a", SG.processesPersonalData, TRUE)]
    audit = evaluate(Estate([*system, *agent]), model, load_rules(), on=NOW.date(), now=NOW)
    number = {level.notation: level.number for level in model.levels}
    shown = [line.label for line in _Words(audit, model, tag).by_level()]
    levels = [number[label] for label in shown if label in number]
    assert len(levels) > 1
    assert levels == sorted(levels, reverse=True)


def test_names_and_addresses_are_escaped(audit: Audit) -> None:
    html = to_html(audit, load_model())
    assert "<script" not in html
    page = _Page(html)
    assert NASTY in page.text
    assert NASTY_IRI in page.text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_page_says_what_it_cannot_say(audit: Audit, tag: str) -> None:
    page = _Page(to_html(audit, load_model()))
    assert messages("compliance", tag)["disclaimer"] in page.text
    assert "%" in page.text
    assert "compliant with" not in page.text.lower()
    assert "em conformidade com a lei" not in page.text.lower()


def test_the_page_shows_the_evidence_with_its_source_and_time(audit: Audit) -> None:
    text = _Page(to_html(audit, load_model())).text
    assert "register" in text
    assert "2026-11-20 08:00 UTC" in text
    assert "20/11/2026 08:00 UTC" in text
    assert "T08:00" not in text


def test_the_json_counts_what_it_lists(audit: Audit) -> None:
    document = json.loads(json.dumps(to_document(audit, load_model())))
    listed = [verdict["outcome"] for verdict in document["verdicts"]]
    assert document["coverage"]["outcomes"] == {outcome.value: listed.count(outcome.value) for outcome in Outcome}
    assert document["coverage"]["verdicts"] == len(listed)
    assert document["sequence"] == 7


def test_the_json_names_source_method_and_time_of_each_stated_fact(audit: Audit) -> None:
    document = json.loads(json.dumps(to_document(audit, load_model())))
    stated = [e for v in document["verdicts"] for e in v["evidence"] if e["origin"] == "stated"]
    assert stated
    assert all(e["sources"] == ["register"] and e["methods"] == ["declared"] and e["lastSeen"] for e in stated)


def test_the_csv_has_a_row_per_verdict_and_no_formula(audit: Audit) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(audit, load_model()))))
    assert len(rows) == len(audit.verdicts)
    assert {row["target"] for row in rows} >= {NASTY_IRI}
    assert not any(value.startswith("=") for row in rows for value in row.values())


@pytest.mark.parametrize(("lang", "remark"), [("en", "# Fill in"), ("pt-BR", "# Preencha")])
def test_the_csv_offers_what_to_state_in_the_language_asked_for(audit: Audit, lang: str, remark: str) -> None:
    rows = csv.DictReader(io.StringIO(to_csv(audit, load_model(), lang=lang)))
    offered = [row["to_state"] for row in rows if row["to_state"]]
    assert offered
    assert all(text.startswith(remark) for text in offered)


FRAMEWORKS = {"LGPD": {SG.FrameworkLGPD}, "EU AI Act": {SG.FrameworkEUAIAct}}
MISSING = {"en": "missing: ", "pt_br": "falta: "}


@pytest.mark.parametrize("tag", MISSING)
def test_the_csv_marks_what_is_missing_and_separates_reasons(audit: Audit, tag: str) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(audit, load_model()))))
    lacking = 0
    for row, verdict in zip(rows, audit.verdicts, strict=True):
        entries = row[f"reasons_{tag}"].split(SEPARATOR)
        assert len(entries) == len(verdict.reasons) == len(row["reason_codes"].split())
        for entry, reason in zip(entries, verdict.reasons, strict=True):
            missing = reason.code == "evidence-missing"
            assert entry.startswith(MISSING[tag]) == missing
            assert reason.text.text(tag.replace("_", "-")).removesuffix(".").replace(";", ",") in entry
            lacking += missing
    assert lacking > 0


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_warning_is_called_one(tag: str) -> None:
    doubtful = VerdictReason(code="warning", text=Bilingual(texts={"en": "Two bases.", "pt-br": "Duas bases."}))
    assert labelled(doubtful, tag) == {"en": "warning: Two bases.", "pt-BR": "aviso: Duas bases."}[tag]


@pytest.mark.parametrize("code", ["LGPD", "EU AI Act"])
def test_every_format_says_how_much_of_a_framework_is_checked(audit: Audit, code: str) -> None:
    model = load_model()
    wanted = {f.subject for f in model.triples if f.predicate == SG.obligationOf and str(f.object) in FRAMEWORKS[code]}
    checked = {rule.obligation for rule in load_rules() if rule.framework == code}
    numbers = [len(wanted), len(checked), len(wanted) - len(checked)]
    assert min(numbers) > 0
    document = json.loads(json.dumps(to_document(audit, model)))
    (told,) = [each for each in document["coverage"]["frameworks"] if each["framework"] == code]
    assert [told["obligations"], told["checked"], told["notChecked"]] == numbers
    assert not checked & set(told["unchecked"])
    rows = [row for row in csv.DictReader(io.StringIO(to_csv(audit, model))) if row["framework"] == code]
    cells = ("framework_obligations", "framework_checked", "framework_not_checked")
    assert {tuple(int(row[cell]) for cell in cells) for row in rows} == {tuple(numbers)}
    cells_shown = "".join(f'<td class="number" data-column="[^"]+">{number}</td>' for number in numbers)
    assert re.search(f'<th scope="row">{code}</th>{cells_shown}', to_html(audit, model))


def test_an_audit_of_one_framework_covers_that_one(audit: Audit) -> None:
    one = evaluate(Estate(_facts()), load_model(), load_rules(), on=NOW.date(), framework="lgpd", now=NOW)
    assert [each.framework for each in duties(one, load_model())] == ["LGPD"]
    assert len(duties(audit, load_model())) > 2


SEAL = Seal(
    ledger="1b4e28ba",
    sequence=7,
    batch_hash="ab" * 32,
    time=None,
    public_key="cd" * 32,
    signature="ef" * 64,
    version="9.8.7",
)


def test_every_format_is_tied_to_the_ledger(audit: Audit) -> None:
    model = load_model()
    told = [SEAL.ledger, SEAL.batch_hash, SEAL.fingerprint, SEAL.version]
    html, text = to_html(audit, model, seal=SEAL), json.dumps(to_document(audit, model, SEAL))
    for part in told:
        assert part in html
        assert part in text
    rows = csv.DictReader(io.StringIO(to_csv(audit, model, SEAL)))
    cells = ("ledger", "head_hash", "key_fingerprint", "product")
    assert {tuple(row[cell] for cell in cells) for row in rows} == {tuple(told)}
    assert hashlib.sha256(bytes.fromhex(SEAL.public_key)).hexdigest() == SEAL.fingerprint


def test_the_page_calls_assets_by_their_labels_and_has_a_main_landmark() -> None:
    target = f"{BASE}a%C3%A7%C3%A3o"
    facts = [
        Fact(target, RDF.type, SG.LLMSystem),
        Fact(target, SG.name, Literal("key_of_it")),
        Fact(target, RDFS.label, Literal("Help desk", RDF.langString, "en")),
        Fact(target, RDFS.label, Literal("Central de ajuda", RDF.langString, "pt-BR")),
        Fact(target, SG.personalData, Literal("true", XSD.boolean)),
    ]
    audit = evaluate(Estate(facts), load_model(), load_rules(), on=NOW.date(), framework="LGPD", now=NOW)
    page = _Page(to_html(audit, load_model()))
    assert [tag for tag, _ in page.tags].count("main") == 1
    assert "Security measures: Help desk" in page.text
    assert "Medidas de segurança: Central de ajuda" in page.text
    cells = [attrs for tag, attrs in page.tags if tag == "td" and "data-column" in attrs]
    assert cells
    assert f"{BASE}ação" in page.text


def test_both_languages_have_the_same_texts() -> None:
    english, portuguese = (messages("compliance", tag) for tag in LANGUAGES)
    assert english.keys() == portuguese.keys()
