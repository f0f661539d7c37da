"""The worked examples of document 003's appendices 4 to 6: counted against the source."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.ontology.reference import instances, names, number, pointing, words

STEPS = {"ToolUsePipeline": 3, "FinancialReportPipeline": 4, "MarketDataPipeline": 3, "VectorisationPipeline": 4}
FEATURES = {"BlackBoxExample": 8, "AgentsExample": 3, "RAGExample": 3, "FineTuningExample": 0, "AgentsMCPExample": 0}
STATES = {"ProductionExample": 2, "TestedExample": 1, "PlannedExample": 2}
STACK_STAGES = 6


def test_five_examples_each_show_an_architecture_of_their_own() -> None:
    assert instances("WorkedExample") == set(FEATURES)
    shown = {example: names(example, "showsArchitecture") for example in FEATURES}
    assert all(len(architectures) == 1 for architectures in shown.values())
    assert len(set.union(*shown.values())) == len(FEATURES)


@pytest.mark.parametrize(("example", "count"), FEATURES.items())
def test_an_example_has_the_features_of_the_source(example: str, count: int) -> None:
    assert len(pointing("featureOf", example)) == count


@pytest.mark.parametrize(("state", "count"), STATES.items())
def test_only_what_the_source_deployed_is_in_production(state: str, count: int) -> None:
    assert len(pointing("reachedState", state)) == count


@pytest.mark.parametrize(("pipeline", "count"), STEPS.items())
def test_the_steps_of_a_pipeline_are_numbered_without_a_gap(pipeline: str, count: int) -> None:
    steps = pointing("stepOfPipeline", pipeline)
    assert sorted(number(step, "stepNumber") for step in steps) == list(range(1, count + 1))


def test_every_step_belongs_to_one_pipeline() -> None:
    assert {len(names(step, "stepOfPipeline")) for step in instances("ExamplePipelineStep")} == {1}
    assert len(instances("ExamplePipelineStep")) == sum(STEPS.values())


def test_two_choices_are_fixed_and_the_threshold_is_that_of_the_source() -> None:
    assert names("ObjectStorageChoice", "builtWith") == {"ToolGoogleCloudStorage"}
    assert names("ServerlessModelsChoice", "builtWith") == {"ToolVLLM", "ToolCloudRun"}
    assert instances("FixedChoice") == {"ObjectStorageChoice", "ServerlessModelsChoice"}
    assert number("SimilarityThresholdFeature", "similarityThreshold") == Decimal("0.7")


def test_four_columns_of_the_stack_serve_every_macro_stage() -> None:
    assert len(instances("StackColumn")) == len(instances("StackGroup")) == 4
    assert {frozenset(names(column, "stackForStage")) for column in instances("StackColumn")} == {
        frozenset(instances("MacroStage"))
    }
    assert len(instances("MacroStage")) == STACK_STAGES


def test_the_platform_has_its_pages_functions_and_six_technologies_of_its_front_end() -> None:
    assert len(instances("PlatformPart")) == 12
    assert len(names("PlatformFrontEndPart", "builtWith")) == 6


def test_every_tool_stands_in_one_category() -> None:
    assert {len(names(tool, "inCategory")) for tool in instances("ReferenceTool")} == {1}


def test_features_that_are_controls_name_kinds_that_exist() -> None:
    shown = {kind for feature in instances("ExampleFeature") for kind in names(feature, "showsControl")}
    assert shown <= instances("ControlKind")
    assert words("RegexMaskingFeature", "similarityThreshold") == set()
