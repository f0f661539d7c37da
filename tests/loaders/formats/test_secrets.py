"""What is a secret where a name belongs, what only points to one, and what is neither. Every token here is invented."""

from __future__ import annotations

import pytest

from stratagraph.loaders.formats.secrets import (
    has_token,
    is_person,
    is_reference,
    is_secret,
    public_url,
    without_addresses,
    without_secrets,
)
from stratagraph.ontology.errors import StratagraphError
from tests.loaders.formats.described import described

# Put together here, so that nobody's scanner takes this file for a leak.
DRAWN = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ2c"
SECRETS = (
    "sk-" + DRAWN,
    "sk-proj-" + DRAWN,
    "sk-ant-api03-" + DRAWN + "-x_" + DRAWN,
    "ghp_" + DRAWN + "Ab12",
    "hf_" + DRAWN,
    "AKIA" + "ABCDEFGH12345678",
    "xoxb-" + "123456789012-" + DRAWN,
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + DRAWN,
    "Bearer " + DRAWN,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "postgres://app:" + "hunter22@db.example.org/graph",
    "https://x.example.org?api_key=" + DRAWN,
    "AccountKey=" + DRAWN,
    DRAWN + "9Kd2",  # no known shape
)
NAMES = (
    "jina-reranker-v2-base-multilingual",
    "xai.grok-4.20-0309-non-reasoning",
    "pplx-embed-context-v1-0.6b",
    "gpt-4o-2024-08-06",
    "meta-llama/Llama-3.1-8B-Instruct",
    "Meta-Llama-3.1-405B-Instruct-GPTQ-INT4-Q4_K_M",
    "anthropic.claude-3-5-sonnet-20241022-v2:0",
    "ft:gpt-4o-mini-2024-07-18:example-org:claims:9aBcDeFg",
    "sk-learn-pipeline-service-for-claims",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "0190b5c2-7f7e-7bd1-9c1a-2f1f0c3a4d5e",
    "basic-authentication-service",
    "internationalisationandlocalisation",
    "registry.example.org/team/vllm-openai:v0.11.0",
    "https://models.example.org/v1?deployment=blue",
    "Assistente de sinistros (ação)",
    "TextGenerationInferenceServer2Deployment",
    "claims_weekly.finetune_and_evaluate_2026",
    "https://:@example.org",
)
REFERENCES = (
    "os.environ/OPENAI_API_KEY",
    "${OPENAI_API_KEY}",
    "$OPENAI_API_KEY",
    "${{ secrets.KEY }}",
    "{{ .Values.key }}",
    "$(KEY)",
    "env:KEY",
    "vault:secret/data/llm#key",
)


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_known(text: str) -> None:
    assert is_secret(text)
    assert is_secret(f"name {text}")


@pytest.mark.parametrize("text", [*NAMES, *REFERENCES])
def test_a_name_or_a_reference_is_no_secret(text: str) -> None:
    assert not is_secret(text)
    assert not has_token(text)


@pytest.mark.parametrize("text", REFERENCES)
def test_a_reference_is_known(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", [*NAMES, *SECRETS])
def test_what_is_written_out_is_no_reference(text: str) -> None:
    assert not is_reference(text)


def test_a_password_that_is_a_reference_is_none() -> None:
    assert not is_secret("postgres://app:${PASSWORD}@db.example.org/graph")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:word@x.example.org:8000/v1?token=1#here", "https://x.example.org:8000/v1"),
        ("http://vllm.internal:8000", "http://vllm.internal:8000"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("vllm.internal:8000/v1?x=1", "vllm.internal:8000/v1"),
        ("http://[broken", ""),
    ],
)
def test_of_a_url_only_the_place_is_kept(url: str, kept: str) -> None:
    assert public_url(url) == kept


def test_addresses_of_persons_are_known_and_left_out() -> None:
    assert is_person("ana.souza@example.org")
    assert is_person("mailto:ana@example.org")
    assert not is_person("team:claims-ml")
    assert not is_person("modelforge/base@sha256:abc")
    assert without_addresses("Ask ana@example.org, or the desk.") == "Ask ..., or the desk."


KEY = "sk-proj-" + DRAWN
DEPLOYED = "model_list:\n- model_name: a\n  litellm_params: {model: openai/gpt-4o%s}\n"
SERVICE = "apiVersion: serving.kserve.io/%s\nkind: %s\nmetadata: {name: a}\nspec: {}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.yaml", f"model_list:\n- model_name: {KEY}\n  litellm_params: {{api_key: x}}\n"),
        ("c.yaml", DEPLOYED % "" + f"litellm_settings: {{fallbacks: [{{{KEY}: [a]}}, {{a: [{KEY}]}}]}}\n"),
        ("c.yaml", DEPLOYED % f", {KEY}: 1"),
        ("c.yaml", f"include: [{KEY}.yaml]\nmodel_list: []\n"),
        ("k.yaml", SERVICE % (KEY, "InferenceService")),
        ("k.yaml", SERVICE % ("v1beta1", "InferenceService") + "---\n" + SERVICE % ("v1beta1", KEY)),
        ("b.json", f'{{"bomFormat": "CycloneDX", "specVersion": "{KEY}"}}'),
        ("s.json", f'{{"spdxVersion": "{KEY}"}}'),
        ("t.csv", f"Agent,{KEY}\na,b\n"),
        ("t.csv", f"BaseModel,contextWindowTokens\na,{KEY}\n"),
        ("t.csv", f"BaseModel,label@en\na,{KEY}\n"),
        ("t.csv", f"LLMSystem,dependsOn\na,{KEY}\n"),
        ("t.csv", f"LLMSystem,usesModel BaseModel\na,{KEY}\n"),
        ("t.csv", f"LLMSystem,usesModel\na,https://u:{KEY}@x.example/m\n"),
        ("o.ndjson", f'{{"eventTime": "2026-01-01T00:00:00Z", "job": {{"namespace": "n", "name": "a"}}, "{KEY}": 1}}'),
        ("m.json", f'{{"request": {{"path": "/api/2.0/mlflow/x"}}, "status": 403, "body": {{"error_code": "{KEY}"}}}}'),
        ("p.json", f'{{"b": {{"litellm_provider": "openai", "mode": "chat", "alias_of": "{KEY}"}}}}'),
    ],
)
def test_no_place_echoes_a_secret(name: str, text: str) -> None:
    try:
        said = described(text, name)
        told = f"{said.unread} {said.loaded.remarks} {sorted(map(str, said.facts))}"
    except StratagraphError as refused:
        told = f"{refused} {refused.details()} {vars(refused)}"
    assert DRAWN not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"'{KEY}' is no class", "'...' is no class"),
        ("the model 'meta-llama/Llama-3.1-8B-Instruct' has no price", None),
        ("a digest of sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", None),
        (f"x {DRAWN} y", "x ... y"),
    ],
)
def test_what_is_shown_has_no_secret(text: str, told: str | None) -> None:
    assert without_secrets(text) == (told or text)
