"""Orchestration (documents 000 and 004): what the sources say is there, and its figures agree with each other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stratagraph.ontology.namespaces import DCT, SG
from tests.ontology.reference import GRAPH, MODEL, instances, names, number, pointing, words

CURRENCIES_AND_UNITS = {"EUR", "EUR/mo", "EUR/h", "EUR/a", "%", "wk", "mo", "h/wk", "{person}.d"}
WEEKS = 52


@pytest.mark.parametrize(
    ("cls", "count"),
    [
        ("OrchestrationComponent", 6),
        ("OrchestrationStrategy", 4),
        ("TaskRoute", 4),
        ("OrchestrationBenefit", 13),
        ("OrchestrationDriver", 4),
        ("CostBand", 3),
        ("ImplementationTier", 3),
        ("OrchestrationIndicator", 5),
        ("OrchestrationRisk", 4),
        ("OrchestrationTrend", 4),
        ("WorkflowStep", 13),
        ("Workflow", 3),
        ("IntegrationPoint", 15),
        ("ReferenceModel", 15),
        ("ModelStrength", 7),
        ("OrchestrationUse", 17),
    ],
)
def test_as_many_as_the_source_names(cls: str, count: int) -> None:
    assert len(instances(cls)) == count


def test_each_strategy_says_when_and_by_what_it_chooses() -> None:
    strategies = instances("OrchestrationStrategy")
    assert {words(one, "complexityRank").pop() for one in strategies} == {"1", "2", "3", "4"}
    assert all(names(one, "weighs") <= instances("SelectionFactor") and names(one, "weighs") for one in strategies)
    assert len(names("DynamicRouting", "weighs")) == 5
    assert all(len(words(one, "whenToUse")) == 2 for one in strategies)


def test_sensitive_data_stays_in_europe() -> None:
    for route in instances("SensitivityRoute"):
        if words(route, "sensitivity") == {"high"}:
            assert words(route, "allowedRegion") == {"EU"}
            assert words(route, "namedProvider") == {"Aleph Alpha", "Microsoft Azure OpenAI Europe"}


def test_the_cost_split_is_80_15_5_and_its_bands_join() -> None:
    bands = ["CheapBand", "MidBand", "PremiumBand"]
    assert [number(band, "requestShare") for band in bands] == [Decimal("0.80"), Decimal("0.15"), Decimal("0.05")]
    assert [number(band, "rangeLow") for band in bands[1:]] == [number(band, "rangeHigh") for band in bands[:-1]]
    assert {unit for band in bands for unit in words(band, "rangeUnit")} == {"USD/(10*3.{token})"}


def test_every_figure_has_both_ends_a_unit_and_its_source() -> None:
    for figure in instances("ReferenceFigure"):
        assert 0 < number(figure, "rangeLow") <= number(figure, "rangeHigh")
        assert words(figure, "rangeUnit") <= CURRENCIES_AND_UNITS
        assert (GRAPH.value(SG.term(figure), DCT.bibliographicCitation) or "").startswith("Document 004, ")


def test_the_example_saves_46800_euro_a_year() -> None:
    hours, rate = number("ExampleHoursFigure", "rangeLow"), number("ExampleRateFigure", "rangeLow")
    assert hours * rate * WEEKS == number("ExampleSavingFigure", "rangeLow") == Decimal(46800)
    assert number("ExampleInvestmentFigure", "rangeLow") == Decimal(30000)


@pytest.mark.parametrize("end", ["rangeLow", "rangeHigh"])
def test_the_running_costs_add_up_to_the_total_that_the_source_gives(end: str) -> None:
    parts = sum(number(f"{part}CostFigure", end) for part in ("Api", "Hosting", "Support"))
    assert parts == number("RunningCostFigure", end)


def test_tiers_cost_more_from_simple_to_enterprise() -> None:
    costs = [number(f"{tier}CostFigure", "rangeLow") for tier in ("Simple", "Intermediate", "Enterprise")]
    assert costs == [5000, 20000, 75000]


def test_every_risk_is_lessened_and_every_challenge_has_practices() -> None:
    assert all(names(risk, "mitigatedBy") for risk in instances("OrchestrationRisk"))
    assert all(len(pointing("practiceOf", one)) >= 3 for one in instances("OrchestrationChallenge"))


def test_every_tool_is_in_a_category_and_every_category_has_tools() -> None:
    used = {category for tool in instances("ReferenceTool") for category in names(tool, "inCategory")}
    assert used == instances("ToolCategory")
    assert pointing("inCategory", "EnterprisePlatform") == {"ToolAzureOpenAI", "ToolAWSBedrock", "ToolGoogleVertexAI"}


def test_what_only_the_polish_source_says_has_polish_labels_and_definitions() -> None:
    polish = {
        subject
        for subject, source in GRAPH.pairs(DCT.bibliographicCitation)
        if getattr(source, "value", "").startswith("Document 004, ") and GRAPH.iris(subject, SG.figureOf)
    }
    assert polish
    for iri in polish | {SG.term(one) for one in instances("OrchestrationStrategy") | instances("OrchestrationRisk")}:
        assert MODEL.labels[iri].get("pl"), iri
        assert MODEL.definitions[iri].get("pl"), iri
