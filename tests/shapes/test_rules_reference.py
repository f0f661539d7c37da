"""docs/reference/rules.md lists exactly the rules that ship; run this file as a module to write it anew."""

from __future__ import annotations

from pathlib import Path

from stratagraph.ontology.model import load_model
from stratagraph.shapes.packs import load_rules
from stratagraph.shapes.rule import Rule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules.md"

HEAD = """# Rules

Generated from the rule files below `shapes/rules/`; `python -m tests.shapes.test_rules_reference` writes it anew, and
a test compares. What the outcomes mean: [verdicts](../explanation/verdicts.md). None of this is legal advice.
"""


def reference() -> str:
    rules = load_rules()
    parts = [HEAD]
    for framework in dict.fromkeys(rule.framework for rule in rules):
        parts.append(f"## {framework}\n")
        parts += [_entry(rule) for rule in rules if rule.framework == framework]
    return "\n".join(parts)


def _entry(rule: Rule) -> str:
    model = load_model()
    labels = {iri: model.label(iri) for iri in (*rule.target_classes, *rule.starts)}
    notations = {level.iri: level.notation for level in model.levels}
    levels = ", ".join(sorted((notations[iri] for iri in rule.levels), key=lambda text: int(text[1:])))
    starts = "".join(f"; {labels[iri]}: {day}" for iri, day in rule.starts.items())
    return f"""### {rule.id}: {rule.title.text("en")} / {rule.title.text("pt-br")}

{rule.text.text("en")}

| | |
|---|---|
| Version | {rule.version} |
| Article | {rule.article} |
| Executes | {rule.obligation or f"policy `{rule.policy}`"} |
| Targets | {", ".join(labels[iri] for iri in rule.target_classes)} |
| Binds | {", ".join(rule.roles)} |
| Levels | {levels} |
| Severity | {rule.severity.value} |
| Legal status | {rule.legal_status.value} |
| Applies from | {rule.applicable_from}{starts} |
| Verified | {"yes" if rule.verified else "no"} |
| Limits | {rule.limits.text("en")} |
| What to do | {rule.remediation.text("en")} |
| Source | {rule.source} |
"""


def test_the_reference_lists_the_rules_as_they_are() -> None:
    assert PAGE.read_text("utf-8") == reference()


if __name__ == "__main__":
    PAGE.write_text(reference(), "utf-8")
