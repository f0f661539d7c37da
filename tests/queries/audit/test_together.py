"""Rules and targets are evaluated together; the oracle is each of them evaluated alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from stratagraph.queries.audit import evidence
from stratagraph.queries.audit.compliance import evaluate
from stratagraph.queries.audit.verdicts import Verdict
from stratagraph.shapes.rule import Rule
from tests.core import MODEL
from tests.queries.audit.test_estate import NOW, _estate, _read
from tests.queries.audit.verdict_cases import RULES, facts
from tests.shapes.rules.estate import Estate


@pytest.fixture(name="store", scope="module")
def _store() -> Estate:
    return _estate([fact for name in ("llmops.ttl", "llmops-assumed.ttl", "compliance.ttl") for fact in _read(name)])


def _verdicts(store: Estate, rules: Iterable[Rule]) -> Sequence[Verdict]:
    return evaluate(store, MODEL, tuple(rules), on=NOW.date(), now=NOW).verdicts


def test_rules_say_together_what_each_says_alone(store: Estate) -> None:
    alone = [verdict for rule in RULES.values() for verdict in _verdicts(store, [rule])]
    assert list(_verdicts(store, RULES.values())) == alone


def test_targets_get_together_what_each_gets_alone(store: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    together = _verdicts(store, RULES.values())
    assert len({verdict.target for verdict in together}) > 2
    monkeypatch.setattr(evidence, "TOGETHER", 1)
    assert _verdicts(store, RULES.values()) == together


def test_what_rules_share_is_read_once(store: Estate) -> None:
    def asked(*rules: Rule) -> int:
        before = store.queries
        _verdicts(store, rules)
        return store.queries - before

    first, second = RULES["LGPD-07"], RULES["LGPD-46"]
    # Members of their classes, those picked of them, and who governs them.
    assert asked(first, second) <= asked(first) + asked(second) - 3


def test_more_targets_take_no_more_queries_of_a_rule() -> None:
    def asked(targets: int) -> int:
        systems = (f':s{n} a sg:LLMSystem ; sg:name "s{n}" ; sg:personalData true . ' for n in range(targets))
        store = Estate(facts("".join(systems)))
        assert len(_verdicts(store, [RULES["LGPD-33"]])) == targets
        return store.queries

    assert asked(30) == asked(1)
