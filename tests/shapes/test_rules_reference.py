"""docs/reference/rules.md lists exactly the rules that ship; run this file as a module to write it anew."""

from __future__ import annotations

from pathlib import Path

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import RDFS, SG, SKOS
from stratagraph.shapes.packs import load_rules
from stratagraph.shapes.rule import Rule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rules.md"

HEAD = """# Rules

Generated from the rule files below `shapes/rules/`; `python -m tests.shapes.test_rules_reference` writes it anew, and
a test compares. What the outcomes mean: [verdicts](../explanation/verdicts.md). None of this is legal advice.

## Which law an entry of yours is

A rule binds what a law or policy *of its framework or kind* governs. A law or standard of the estate (`Law`,
`Standard`, `Bill`) is known by its `frameworkCode`, else by its name, label or alternative label, whatever the case,
accents and separators; an official number may stand inside a longer name, and a trailing edition (`2018`, `v2`) is
ignored. A policy is known by its `policyKind`, else by its name. What is not recognised is warned of at load, and what
it governs is unknown.

"""


def reference() -> str:
    rules = load_rules()
    parts = [HEAD + _names(SG.RegulatoryFramework, "frameworkCode") + _names(SG.PolicyKind, "policyKind")]
    for framework in dict.fromkeys(rule.framework for rule in rules):
        parts.append(f"## {framework}\n")
        parts += [_entry(rule) for rule in rules if rule.framework == framework]
    return "\n".join(parts)


def _names(kind: str, heading: str) -> str:
    model = load_model()
    rows = []
    for binding in sorted(bindings(model).known.values(), key=lambda b: b.code):
        if binding.kind == kind:
            naming = {RDFS.label, SKOS.altLabel}
            names = {
                fact.object.value
                for fact in model.triples
                if fact.subject == binding.iri and fact.predicate in naming and isinstance(fact.object, Literal)
            }
            rows.append(f"| `{binding.code}` | {', '.join(sorted(names, key=lambda name: (name.casefold(), name)))} |")
    return "\n".join([f"| `{heading}` | also known as |", "|---|---|", *rows, "", ""])


def _bound(rule: Rule) -> str:
    known = bindings(load_model()).known
    if rule.bound_by:
        return f"what `{known[rule.bound_by].code}` governs"
    return f"everything, unless decided that `{known[rule.excused_by].code}` does not govern it"


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
| Executes | {rule.obligation or f"a policy of kind `{rule.policy}`"} |
| Targets | {", ".join(labels[iri] for iri in rule.target_classes)} |
| Bears on | {_bound(rule)} |
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
