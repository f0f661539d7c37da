"""Configurations of the LiteLLM proxy: groups are no models, what is included counts as the proxy counts it."""

from __future__ import annotations

import json

import pytest

from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import SG
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.estate import estate, samples, shared

OWN = ("litellm/config.yaml", "litellm/teams/letters.yaml")
TRUTH = ("litellm-config/config.yaml", "litellm-config/models-onprem.yaml")


def models(read: Described) -> set[str]:
    return {asset.removeprefix("BaseModel/") for asset, _ in read.assets if asset.startswith("BaseModel/")}


def falls_back(read: Described) -> set[tuple[str, str]]:
    return {(one, other) for one, relation, other in read.relations if relation == "fallsBackTo"}


def refusal(files: dict[str, str]) -> str:
    with pytest.raises(StratagraphError) as refused:
        estate(files)
    return str(refused.value)


def one_model(**params: object) -> str:
    return json.dumps({"model_list": [{"model_name": "group", "litellm_params": params}]})


def test_the_ground_truth_of_a_configuration_with_an_include() -> None:
    read = estate(shared(*TRUTH))
    assert read.kind is Kind.LITELLM
    assert models(read) == {"gpt-5-mini", "meta-llama%2FLlama-3.1-8B-Instruct", "text-embedding-3-small"}
    llama, mini = "BaseModel/meta-llama%2FLlama-3.1-8B-Instruct", "BaseModel/gpt-5-mini"
    server = "Infrastructure/http%3A%2F%2Fvllm.internal.example.org%3A8000"
    assert (server, "ModelServer") in read.assets
    assert (llama, "implementedIn", server) in read.relations
    assert {(llama, mini)} == {pair for pair in falls_back(read) if pair[0].startswith("BaseModel/")}
    assert ("Tool/stock", "Tool") in read.assets
    assert all(("SystemComponent/litellm", "usesModel", model) in read.relations for model in (llama, mini))
    assert read.of("Price/azure%2Fgpt-5-mini/USD", "inputPrice") == ["0.3"]
    assert read.of("Price/azure%2Fgpt-5-mini/USD", "outputPrice") == ["2.4"]
    assert read.unread == {}


def test_a_configuration_of_ones_own() -> None:
    read = estate(samples(*OWN))
    assert models(read) == {"claude-sonnet-5", "anthropic.claude-sonnet-5-v1%3A0", "qwen3-8b", "acme%2Fletters-7b"}
    assert read.of("BaseModel/claude-sonnet-5", "contextWindowTokens") == ["200000"]
    # A server of one's own that speaks as OpenAI does is not OpenAI; what its address holds of a password goes.
    assert (
        "BaseModel/qwen3-8b",
        "implementedIn",
        "Infrastructure/http%3A%2F%2Fgpu-1.example.org%3A8000",
    ) in read.relations
    assert not read.of("BaseModel/qwen3-8b", "providedBy")
    # Where the address is a reference, only the engine is known.
    assert ("BaseModel/acme%2Fletters-7b", "implementedIn", "Infrastructure/vllm") in read.relations
    assert ("SystemComponent/litellm", "dependsOn", "EcosystemActor/aws.bedrock") in read.relations
    assert ("SystemComponent/hide-names/litellm", "Guardrail") in read.assets
    assert ("Infrastructure/policies", "VectorStore") in read.assets
    assert read.of("SystemComponent/triage/litellm", "alsoKnownAs") == ["gpt-4"]
    assert read.unread == {"model_list[].litellm_params.mood": 1}


def test_a_fallback_by_another_name_and_one_for_all_groups() -> None:
    found = falls_back(estate(samples(*OWN)))
    assert ("SystemComponent/triage/litellm", "SystemComponent/cheap/litellm") in found
    assert ("BaseModel/claude-sonnet-5", "BaseModel/qwen3-8b") in found
    assert {one for one, other in found if other == "SystemComponent/letters/litellm"} == {
        # 'triage' has a fallback of its own, so what holds for all does not hold for it.
        f"SystemComponent/{group}/litellm"
        for group in ("cheap", "router")
    }


def test_a_price_of_zero_is_a_price_and_a_number_of_yaml_1_2_is_a_number() -> None:
    read = estate(samples(*OWN))
    assert read.of("Price/openai%2Fqwen3-8b/USD", "inputPrice") == ["0"]
    assert read.of("Price/openai%2Fqwen3-8b/USD", "outputPrice") == ["2.4"]
    assert not any(asset.startswith("Price/anthropic") for asset, _ in read.assets)


def test_no_secret_is_kept() -> None:
    told = " ".join(
        fact.object.value if isinstance(fact.object, Literal) else fact.object for fact in estate(samples(*OWN)).facts
    )
    assert not any(secret in told for secret in ("word", "MASTER", "ANTHROPIC_KEY", "CALENDAR", "postgresql"))


def test_a_secret_in_place_of_a_name_is_refused_and_not_repeated() -> None:
    key = "sk-proj-" + "a1B2c3D4" * 5
    text = refusal(
        {"config.yaml": f"model_list:\n  - model_name: {key}\n    litellm_params: {{model: openai/gpt-5}}\n"}
    )
    assert text.startswith("config.yaml:2: ")
    assert key not in text


def test_lists_are_joined_and_other_sections_replaced() -> None:
    main = (
        "include: [more.yaml]\nmodel_list: [{model_name: a, litellm_params: {model: gpt-5}}]\n"
        "router_settings: {fallbacks: [{a: [b]}]}\n"
    )
    more = "model_list: [{model_name: b, litellm_params: {model: gpt-5-mini}}]\n"
    assert ("BaseModel/gpt-5", "BaseModel/gpt-5-mini") in falls_back(estate({"main.yaml": main, "more.yaml": more}))
    assert not falls_back(estate({"main.yaml": main, "more.yaml": more + "router_settings: {num_retries: 1}\n"}))


def test_an_include_is_relative_to_its_own_file_and_read_once() -> None:
    entry = "model_list: [{{model_name: {0}, litellm_params: {{model: {0}}}}}]\n"
    files = {
        "c/main.yaml": "include: [sub/one.yaml, sub/two.yaml]\n" + entry.format("m0"),
        "c/sub/one.yaml": "include: [two.yaml, ../three.yaml]\n" + entry.format("m1"),
        "c/sub/two.yaml": entry.format("m2"),
        "c/three.yaml": entry.format("m3"),
    }
    read = estate(files)
    assert models(read) == {"m0", "m1", "m2", "m3"}
    # What an included file says is said once, by the file that includes it.
    assert [scope.name for scope in read.loaded.batch.scopes if scope.stated] == ["c/main.yaml"]


def test_an_include_in_a_circle_is_told() -> None:
    text = refusal(
        {"a.yaml": "include: [b.yaml]\nlitellm_settings: {}\n", "b.yaml": "include: [a.yaml]\nlitellm_settings: {}\n"}
    )
    assert "b.yaml:1: 'a.yaml' includes the file that includes it: a.yaml > b.yaml > a.yaml." in text


def test_an_include_that_is_not_there_is_told() -> None:
    text = refusal({"a.yaml": "model_list: []\nlitellm_settings: {}\ninclude:\n- gone.yaml\n"})
    assert text == "a.yaml:4: 'gone.yaml' is included here and is not beside this file. Load both, or mend the path."


@pytest.mark.parametrize(
    ("settings", "circle"),
    [
        ("[{a: [b]}, {b: [a]}]", "a > b > a"),
        ("[{a: [a]}]", "a > a"),
        ("[{a: [b, c]}, {c: [b, d]}, {d: [a]}]", "a > c > d > a"),
    ],
)
def test_fallbacks_in_a_circle_are_told(settings: str, circle: str) -> None:
    entries = "".join(f"- {{model_name: {name}, litellm_params: {{model: {name}}}}}\n" for name in "abcd")
    text = refusal({"c.yaml": f"model_list:\n{entries}router_settings:\n  fallbacks: {settings}\n"})
    assert text == f"c.yaml:7: 'fallbacks' go in a circle: {circle}. Take one of them out."


def test_two_kinds_of_fallback_may_lead_back() -> None:
    entries = [{"model_name": name, "litellm_params": {"model": name}} for name in "ab"]
    router = {"fallbacks": [{"a": ["b"]}], "context_window_fallbacks": [{"b": ["a"]}]}
    read = described(json.dumps({"model_list": entries, "router_settings": router}), "config.json")
    assert {("BaseModel/a", "BaseModel/b"), ("BaseModel/b", "BaseModel/a")} <= falls_back(read)


@pytest.mark.parametrize(
    ("params", "model", "provider"),
    [
        ({"model": "gpt-5"}, "gpt-5", []),
        ({"model": "azure/my-deployment"}, "my-deployment", ["EcosystemActor/azure.ai.openai"]),
        ({"model": "gpt-5", "custom_llm_provider": "azure"}, "gpt-5", ["EcosystemActor/azure.ai.openai"]),
        ({"model": "openrouter/meta-llama/llama-3"}, "meta-llama%2Fllama-3", ["EcosystemActor/openrouter"]),
        ({"model": "dashscope/qwen-max"}, "qwen-max", ["EcosystemActor/dashscope"]),
        ({"model": "huggingface/acme/model", "api_base": "https://tgi.example.org"}, "acme%2Fmodel", []),
        ({"model": "openai/gpt-5", "api_base": "https://eu.api.openai.com/v1"}, "gpt-5", ["EcosystemActor/openai"]),
        ({"model": "ollama/llama3:8b", "api_base": "http://localhost:11434"}, "llama3%3A8b", []),
    ],
)
def test_who_provides_a_model(params: dict[str, str], model: str, provider: list[str]) -> None:
    read = described(one_model(**params), "config.json")
    assert models(read) == {model}
    assert read.of(f"BaseModel/{model}", "providedBy") == provider


def test_what_a_running_proxy_answers() -> None:
    entry = {
        "model_name": "chat",
        "litellm_params": {
            "model": "azure/chat-eu",
            "api_base": "https://aoai.example.org",
            "use_in_pass_through": False,
        },
        "model_info": {
            "id": "1f",
            "base_model": "azure/gpt-5",
            "input_cost_per_token": 1.25e-6,
            "output_cost_per_token": 0,
            "key": "azure/gpt-5",
        },
    }
    pattern = {"model_name": "openai/*", "litellm_params": {"model": "openai/*"}, "model_info": {"id": "2a"}}
    read = described(json.dumps({"data": [entry, entry, pattern]}), "info.json")
    assert read.kind is Kind.LITELLM
    assert models(read) == {"gpt-5"}
    assert read.of("Price/azure%2Fgpt-5/USD", "inputPrice") == ["1.25"]
    # The proxy writes 0 for what it does not know.
    assert not read.of("Price/azure%2Fgpt-5/USD", "outputPrice")
    assert read.unread == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model_list:\n- litellm_params: {model: x}\n  model_name:\n", "c.yaml:2: a deployment needs a 'model_name'"),
        ("model_list:\n- model_name: x\n  litellm_params: {}\n", "c.yaml:2: the deployment 'x' needs a model"),
    ],
)
def test_a_deployment_that_is_none(text: str, told: str) -> None:
    assert refusal({"c.yaml": text}).startswith(told)


def test_the_only_model_of_many_groups_is_one_asset() -> None:
    entries = [{"model_name": f"g{number}", "litellm_params": {"model": "openai/gpt-5"}} for number in range(50)]
    read = described(json.dumps({"model_list": entries}), "config.json")
    assert models(read) == {"gpt-5"}
    assert sum(fact.predicate == SG.usesModel for fact in read.facts) == 51
