"""Mappings of one's own: what in them names nothing is told with its line, and what was perhaps meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.mapping_reader import Finding, read_mapping
from stratagraph.loaders.formats.prometheus.shipped import check_mapping, mappings, shipped
from tests.core import MODEL
from tests.loaders.formats.prometheus.told import facts, last, scraped, totals

GOOD = """\
mapping: shop
prefixes: [shop_]
things:
  model: {class: sg:BaseModel, key: {sg:name: {labels: [llm], as: model}}}
  system: {class: LLMSystem, key: {sg:name: {labels: ["@target"]}}}
links:
  use: {from: system, by: sg:usesModel, to: model}
figures:
  - names: [shop_llm_milliseconds]
    shape: histogram
    on: [model, use]
    tells: [{metric: sg:callLatency, unit: ms}, {metric: sg:calls, of: number}]
  - {names: [shop_llm_cost], shape: counter, on: [model], tells: [{metric: sg:callCost, unit: BRL}]}
ignored: ["shop_cart_*"]
"""


def findings(text: str) -> tuple[Finding, ...]:
    return read_mapping(Document("shop.yaml", text.encode()), MODEL)[1]


def test_a_good_mapping_has_no_findings() -> None:
    assert findings(GOOD) == ()


@pytest.mark.parametrize("table", shipped(MODEL), ids=lambda table: table.name)
def test_the_mappings_that_ship_have_none(table: object) -> None:
    name = table.name  # type: ignore[attr-defined]
    folder = Path(__file__).parents[4] / "loaders/formats/prometheus/mappings"
    assert check_mapping(folder / f"{name}.yaml", MODEL) == ()


@pytest.mark.parametrize(
    ("good", "bad", "line", "reason"),
    [
        ("sg:callLatency", "sg:callLatencies", 12, "'sg:callLatencies' is no metric. Known: sg:callLatency"),
        ("sg:callLatency", "latency", 12, "is no metric"),
        ("unit: ms", "unit: msec", 12, "'msec' is no unit of 'sg:callLatency', which is in s. Known: "),
        ("unit: BRL", "unit: reais", 13, "currency by its ISO 4217 code"),
        (", unit: BRL", "", 13, "currency by its ISO 4217 code"),
        ("sg:BaseModel", "sg:BaseModle", 4, "'sg:BaseModle' is no class. Known: sg:BaseModel"),
        ("sg:BaseModel", "sg:Asset", 4, "'sg:Asset' has no key"),
        ("{sg:name: {labels: [llm], as: model}}", "{sg:nome: [llm]}", 4, "'sg:nome' is no part of its key"),
        ("[llm]", "['model name']", 4, "'model name' names no asset"),
        ("[llm]", "[le]", 4, "'le' names no asset"),
        ("as: model", "as: modle", 4, "'modle' is none of: name, model, provider"),
        ("labels: [llm], as: model", "as: model", 4, "a value comes from labels"),
        ("sg:usesModel", "sg:useModel", 7, "'sg:useModel' is no relation. Known: "),
        ("to: model", "to: modle", 7, "nothing here is called 'modle'. Known: model"),
        ("from: system", "from: model", 7, "'sg:usesModel' takes no 'sg:BaseModel' here"),
        ("shape: histogram", "shape: histogramm", 10, "'histogramm' is none of: counter, gauge, histogram"),
        ("on: [model, use]", "on: [model, usage]", 11, "nothing here is called 'usage'. Known: use"),
        ("of: number", "of: numbers", 12, "'numbers' is none of: values, number"),
        (
            "tells: [{metric: sg:callCost",
            "tell: [{metric: sg:callCost",
            13,
            "there is no field 'tell' here. Known: tells",
        ),
        ("unit: BRL", "unit: BRL, of: number", 13, "only a histogram or a summary"),
        ("unit: BRL", "unit: BRL, value: many", 13, "write a number"),
        ("[shop_llm_cost]", "['shop llm cost']", 13, "is no name of a family"),
        ("things:\n", "thing:\n", 3, "there is no field 'thing' here. Known: things"),
        ("mapping: shop\n", "", 1, "a mapping says its name"),
        ("shape: counter, ", "shape: counter, parts: {total: shop_x}, ", 13, ""),
        (
            "shape: counter, ",
            "shape: counter, parts: {buckets: shop_x}, ",
            13,
            "'buckets' is no part of what is a counter",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(good: str, bad: str, line: int, reason: str) -> None:
    assert GOOD.count(good) >= 1
    found = findings(GOOD.replace(good, bad, 1))
    if reason:
        assert any(each.line == line and reason in each.reason for each in found), found
    else:
        assert not found


@pytest.mark.parametrize("text", ["", "[]", "a", "3", "mapping: [1]\nfigures: {a: b}\nthings: 3\nlinks: [x]\n"])
def test_what_is_no_mapping_is_told(text: str) -> None:
    assert findings(text)


def test_what_is_no_yaml_is_told() -> None:
    with pytest.raises(MalformedDocument):
        findings("mapping: [\n")


def test_all_mistakes_are_told_at_once_by_line() -> None:
    found = findings(GOOD.replace("sg:BaseModel", "sg:X").replace("unit: ms", "unit: y").replace("BRL", "z"))
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert len({each.line for each in found}) >= 3


def test_a_mapping_of_ones_own_is_read_before_those_that_ship() -> None:
    own = mappings(MODEL, [Document("shop.yaml", GOOD.encode())])

    def told(number: int) -> str:
        labels = 'llm="openai/gpt-5"'
        return (
            "# TYPE shop_llm_milliseconds histogram\n"
            f'shop_llm_milliseconds_bucket{{{labels},le="+Inf"}} {number}\n'
            f"shop_llm_milliseconds_count{{{labels}}} {number}\nshop_llm_milliseconds_sum{{{labels}}} {number * 250}\n"
            f"# TYPE shop_llm_cost counter\nshop_llm_cost_total{{{labels}}} {number / 100}\nshop_cart_size 3\n"
        )

    _, taken = scraped(told(1), told(5), name="https://shop.example/metrics", using=own)
    assert totals(taken)["gpt-5", "callLatency"] == 1
    assert totals(taken)["gpt-5", "calls"] == 4
    assert totals(taken)["gpt-5", "callCost"] == pytest.approx(0.04)
    assert {last(fact.subject) for fact in facts(taken)} == {"gpt-5", "shop.example"}
    assert not taken.unread


def test_ones_own_word_about_a_family_counts() -> None:
    text = GOOD.replace("shop_llm_milliseconds", '"vllm:e2e_request_latency_seconds"').replace("unit: ms", "unit: s")
    own = mappings(MODEL, [Document("own.yaml", text.encode())])
    line = 'vllm:e2e_request_latency_seconds_count{llm="mine",model_name="theirs"}'
    _, taken = scraped(f"{line} 1\n", f"{line} 3\n", using=own)
    assert totals(taken)["mine", "calls"] == 2
    assert not any(subject == "theirs" for subject, _ in totals(taken))


def test_a_mapping_with_a_mistake_is_not_used() -> None:
    with pytest.raises(MalformedDocument, match=r"shop.yaml:12: .*callLatencies"):
        mappings(MODEL, [Document("shop.yaml", GOOD.replace("callLatency", "callLatencies").encode())])
