"""What the service says is in the language that was asked for: no English word in a Portuguese answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.http.tongue import preferred

if TYPE_CHECKING:
    from tests.service.http.conftest import Site

ENGLISH = re.compile(
    r"\b(the|is|are|was|were|there|with|without|this|that|not|cannot|can't|could|should|give|send|choose|of|from|must|only|"
    r"and|or|an|its|has|have|any|it|which|than|asset|assets|level|privacy|declared|measured|down|yes|unknown|failing|input)\b",
    re.IGNORECASE,
)
QUOTED = re.compile(
    r"\b\w+:\S+|'[^']*'|“[^”]*”|\"[^\"]*\"|--[\w-]+|/\S+|https?:\S+|\bstratagraph [\w ]+|[A-Z_]{4,}|"
    r"(?:Você quis dizer|Envie um destes|Conhecidos sem declaração|Escolha um destes|Os valores são|sua chave é)[: ].*"
)
"""Names, and lists of them, which are the same in every language."""

REFUSED = [
    ("/api/assets/qqqqqq", 404),
    ("/api/assets?level=L99", 404),
    ("/api/assets?kind=qqqq", 404),
    ("/api/assets?limit=0", 422),
    ("/api/assets?limit=abc", 422),
    ("/api/nothing", 404),
    ("/api/impact?asset=LGPD_BR&depht=3", 422),
    ("/api/impact?asset=LGPD_BR&depth=99", 422),
    ("/api/impact?asset=LGPD_BR&direction=sideways", 422),
    ("/api/impact?asset=LGPD_BR&depth=1&depth=2", 422),
    ("/api/impact?asset=LGPD_BR&change=qqqq", 404),
    ("/api/impact", 422),
    ("/api/impact?asset=LGPD_BR&asOf=yesterday", 400),
    ("/api/impact?asset=LGPD_BR&asOf=999999", 400),
    ("/api/compliance/audit?on=2026-02-30", 422),
    ("/api/compliance/audit?framework=qqqq", 404),
    ("/api/metrics?asset=LGPD_BR&step=7x", 422),
    ("/api/metrics?asset=LGPD_BR&step=1m&from=2020-01-01", 422),
    ("/api/metrics?asset=LGPD_BR&from=yesterday", 422),
    ("/api/metrics?asset=LGPD_BR&from=2026-02-01&hours=2", 422),
    ("/api/metrics?asset=LGPD_BR&hours=0", 422),
    ("/sparql?query=SELEKT", 400),
    ("/sparql?query=SELECT%20*%20%7B%20?s%20a%20nope:y%20%7D", 400),
    ("/sparql?query=", 400),
]


@pytest.mark.parametrize(("path", "status"), REFUSED)
def test_a_refusal_is_in_portuguese(site: Site, path: str, status: int) -> None:
    answer = site.get(path, headers={"Accept-Language": "pt-BR,pt;q=0.9,en;q=0.5"})
    problem = answer.json() if "json" in answer.headers["Content-Type"] else {"title": "", "detail": answer.text}
    told = f"{problem['title']}: {problem['detail']}"
    assert ENGLISH.findall(QUOTED.sub("", told)) == [], told
    assert answer.status_code // 100 == status // 100
    assert told != site.get(path).text


ASSET = "assets:\n- kind: Agent\n  name: x\n"
INVENTORIES = [
    "- a\n",
    "assets: 3\n",
    "asset: []\n",
    "assets: [\n",
    "a: b: c\n",
    "assets:\n\t- x\n",
    "assets:\n- kind: Agent\n",
    "assets:\n- kind: Agnt\n  name: x\n",
    "assets:\n- name: x\n",
    "assets:\n- kind: my:Agent\n  name: x\n",
    "assets:\n- kind: Agent\n  iri: q q\n",
    "assets:\n- &a {kind: Agent, name: x}\n- *a\n",
    "prefixes: {1a: x}\nassets: []\n",
    "prefixes: {sg: 'https://other/'}\nassets: []\n",
    ASSET.rstrip("\n"),
    f"{ASSET}  usesModl: y\n",
    f"{ASSET}  usesModel: nobody\n",
    f"{ASSET}  riskClass: High\n",
    f"{ASSET}  name: y\n",
    f"{ASSET}  purpose:\n",
    f"{ASSET}  label: {{xx_yy: a}}\n",
    f"{ASSET}  partOf: {{kind: LLMSystem, name: z, purpose: q}}\n",
    f"{ASSET}  usesModl: y\n  usesTol: z\n  purpose:\n",
]
SENT = [
    *(("/api/batches?dryRun=true", "application/yaml", text) for text in INVENTORIES),
    ("/api/batches", "text/turtle", "@prefix x: <http://x/> .\nx:a x:b"),
    ("/api/batches", "text/turtle", "<a> <b> .\n"),
    ("/api/batches", "text/turtle", "x:a x:b x:c .\n"),
    ("/api/batches", "application/rdf+xml", "<a>"),
    ("/api/batches", "application/ld+json", "{"),
    ("/api/batches", "application/pdf", "q"),
    ("/api/batches", "application/json", "{"),
    ("/api/batches", "application/json", "{}"),
    ("/api/batches", "application/json", '{"source":"","run":"x","method":"declared"}'),
    ("/api/batches", "application/json", '{"source":"a","run":"x","method":"guessed"}'),
    ("/api/batches", "application/json", '{"source":"stratagraph:core","run":"x","method":"declared"}'),
    ("/v1/traces", "application/json", "{"),
    ("/v1/traces", "application/json", '{"resourceSpans":3}'),
    ("/v1/traces", "application/json", '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}'),
    ("/v1/traces", "application/json", '{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"X"}]}]}]}'),
    ("/v1/traces", "text/plain", "x"),
    ("/v1/metrics", "application/json", '{"resourceMetrics":3}'),
    ("/v1/logs", "application/json", '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"X"}]}]}]}'),
    (
        "/v1/logs",
        "application/json",
        '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"gen_ai.choice","spanId":"ab","timeUnixNano":"1"}]}]}]}',
    ),
    ("/cypher", "application/json", "{}"),
    ("/cypher", "application/json", '{"query":"RETURN 1"}'),
    ("/sparql", "application/sparql-query", "INSERT DATA {}"),
    ("/sparql", "application/sparql-query", "SELECT * { SERVICE <http://q> {} }"),
    ("/sparql", "application/sparql-query", "SELECT * { ?s ?p ?o "),
    ("/sparql", "text/plain", "q"),
]


@pytest.mark.parametrize(("path", "media", "body"), SENT)
def test_what_is_wrong_with_a_body_is_told_in_portuguese(site: Site, path: str, media: str, body: str) -> None:
    headers = {"Accept-Language": "pt-BR", "Content-Type": media}
    answer = site.send("POST", path, content=body, headers=headers)
    document = answer.json() if "json" in answer.headers["Content-Type"] else {"detail": answer.text}
    told = list(sentences(document))
    assert told
    assert [(text, found) for text in told if (found := ENGLISH.findall(QUOTED.sub("", text)))] == []


def sentences(document: Any, name: str = "") -> Iterator[str]:
    """All that an answer says in words, whatever its protocol calls that; messages are in every language."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from () if key == "messages" else sentences(value, key)
    elif isinstance(document, list):
        for each in document:
            yield from sentences(each, name)
    elif name in {"title", "detail", "reason", "text", "what", "message", "errorMessage"}:
        yield document


def test_the_parameter_beats_the_header(site: Site) -> None:
    english = site.get("/api/assets/qqqqqq?lang=en", headers={"Accept-Language": "pt-BR"}).json()["detail"]
    assert english.startswith("There is no asset")
    assert site.get("/api/assets/qqqqqq?lang=pt").json()["detail"].startswith("Não há ativo")


def test_an_impact_in_portuguese_has_no_english_word(site: Site) -> None:
    params = {"asset": "LGPD_BR", "format": "table", "lang": "pt-BR", "aspect": "privacy"}
    lines = site.get("/api/impact", params=params).text.splitlines()
    assert "direção: o que ele toca;" in lines[1]
    own = [line for line in lines if re.search(r"\d saltos?  ", line)]
    assert own
    for line in own:
        strengths = re.split(r"\d saltos? +", line)[1]
        assert ENGLISH.findall(strengths) == []
        assert re.fullmatch(r"([\w ]+ [\d,]+(, )?)+", strengths), strengths


def test_the_audit_report_in_portuguese_has_no_english_word(site: Site) -> None:
    page = site.get("/api/compliance/audit", params={"format": "html", "lang": "pt-BR"}).text
    own = page[page.index('<section class="language" id="text-pt-BR"') :]
    own = re.sub(r"<pre>.*?</pre>|<td[^>]*>Stratagraph.*?</td>", "", own, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", own)
    assert not re.search(
        r"\d{4}-\d\d-\d\dT|\+00:00|\b(true|false)\b|Internal policy|Log redaction|Latency objective", text
    )
    assert {"Política interna", "Mascaramento de logs"} <= set(
        re.findall("Política interna|Mascaramento de logs", text)
    )
    headings = re.findall(r"<(?:h[1-3]|th|summary|li)[^>]*>(.*?)</", own)
    assert [(each, found) for each in headings if (found := ENGLISH.findall(QUOTED.sub("", each)))] == []


def test_codes_and_units_are_told_in_words(site: Site) -> None:
    duty = site.get("/api/assets/LGPD-33", params={"lang": "pt-BR"}).json()
    told = {one["property"].rpartition("#")[2]: one["valueLabel"] for one in duty["attributes"]}
    assert (told["ruleSeverity"], told["ruleLegalStatus"], told["dutyRole"]) == ("crítica", "em vigor", "operador")
    assert {"definição", "citação"} <= {one["label"] for one in duty["attributes"]}
    platform = site.get("/api/assets/Plataforma_LLMOps_Ask4Me", params={"lang": "pt-BR"}).json()
    assert {"rótulo", "nome"} <= {one["label"] for one in platform["attributes"]}
    (framework,) = duty["relations"]["out"]
    page = site.get(f"/ontology/pages/pt-br/term/{framework['term']}")
    assert page.status_code == 303
    assert re.fullmatch(r"/ontology/pages/pt-br/branch-[\w-]+\.html#FrameworkLGPD", page.headers["Location"])
    assert site.get("/ontology/pages/pt-br/term/sg:Nothing").status_code == 404
    figures = site.get("/api/metrics", params={"asset": "Plataforma_LLMOps_Ask4Me", "lang": "pt-BR"}).json()
    units = {one["unit"]: one["unitLabel"] for one in (*figures["figures"], *figures["derived"])}
    assert units.items() >= {("{token}", "tokens"), ("{call}", "chamadas"), ("USD/{call}", "USD por chamada")}
    assert not any("{" in label for label in units.values())


@given(
    st.lists(
        st.tuples(st.sampled_from(["en", "pt-BR", "fr", "*"]), st.integers(0, 10)), max_size=5, unique_by=lambda p: p[0]
    )
)
def test_preferences_are_ordered_by_weight(given_tags: list[tuple[str, int]]) -> None:
    header = ", ".join(f"{tag};q={weight / 10}" for tag, weight in given_tags)
    expected = [tag for tag, weight in sorted(given_tags, key=lambda pair: -pair[1]) if weight]
    assert preferred(header) == expected
    assert preferred(header + ";q=x,,;") is not None
