"""A reference whose key lacks parts is refused with what it lacks, and with the assets that it may mean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stratagraph.loaders.inventory import read_inventory
from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.shapes.finding import GateRefused
from tests.opened import Opened

KNOWN = """\
assets:
- {kind: LLMSystem, name: atendimento, serviceNamespace: vitalis, environment: production}
- {kind: Agent, name: triage, serviceName: desk, serviceNamespace: vitalis}
- {kind: Agent, name: triage, serviceName: ward, serviceNamespace: vitalis}
- {kind: Tool, name: triage, serviceName: desk}
"""


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("data")))) as engine:
        engine.commit(batch(engine, KNOWN, "known"))
        yield engine


def batch(engine: Engine, text: str, run: str) -> Batch:
    facts = read_inventory(text.encode(), "f.yaml", model=engine.model, base=engine.settings.base).facts
    scope = Scope(name="f", complete=False, stated=tuple(facts))
    return Batch(source="s", run=run, method=Method.DECLARED, scopes=(scope,))


def refusal(engine: Engine, text: str) -> tuple[str, str]:
    with pytest.raises(GateRefused) as refused:
        engine.commit(batch(engine, text, text))
    (finding,) = refused.value.findings
    return finding.text("en"), finding.text("pt-BR")


SYSTEM = "{kind: LLMSystem, name: atendimento, serviceNamespace: vitalis, environment: production}"


@pytest.mark.parametrize(
    ("given", "lacking", "listed"),
    [
        ("{kind: LLMSystem, name: atendimento}", "serviceNamespace, environment", [SYSTEM]),
        ("{kind: LLMSystem, name: atendimento, serviceNamespace: vitalis}", "environment", [SYSTEM]),
        ("{kind: LLMSystem, name: atendimento, environment: production}", "serviceNamespace", [SYSTEM]),
        ("{kind: Agent, name: triage}", "serviceName, serviceNamespace", ["serviceName: desk", "serviceName: ward"]),
        ("{kind: Tool, name: triage}", "serviceName", ["{kind: Tool, name: triage, serviceName: desk}"]),
    ],
)
def test_a_short_key_says_what_it_lacks_and_whom_it_may_mean(
    engine: Engine, given: str, lacking: str, listed: list[str]
) -> None:
    english, portuguese = refusal(engine, f"assets:\n- {{kind: Prompt, name: p, dependsOn: {given}}}\n")
    assert f"The key lacks {lacking};" in english
    assert f"Falta à chave: {lacking};" in portuguese
    assert [part for part in listed if part not in english or part not in portuguese] == []


def test_what_the_same_batch_states_counts(engine: Engine) -> None:
    english, _ = refusal(
        engine,
        "assets:\n- {kind: Pipeline, name: nightly, serviceName: jobs}\n"
        "- {kind: Prompt, name: p, dependsOn: {kind: Pipeline, name: nightly}}\n",
    )
    assert "{kind: Pipeline, name: nightly, serviceName: jobs}" in english


@pytest.mark.parametrize(
    "given",
    [
        "{kind: LLMSystem, name: other}",
        "{kind: LLMSystem, name: atendimento, serviceNamespace: elsewhere}",
        "{kind: Agent, name: atendimento}",
        "https://elsewhere.example/x",
    ],
)
def test_nothing_is_named_that_has_another_key(engine: Engine, given: str) -> None:
    english, _ = refusal(
        engine, f"assets:\n- {{kind: Prompt, name: p, dependsOn: '{given}'}}\n".replace("'{", "{").replace("}'", "}")
    )
    assert "The key lacks" not in english
    assert "no source has described" in english
