"""Extensions written for a test: the core with modules given as Turtle, judged by rules alone unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stratagraph.ontology.extension.extension import Extended, ModuleReport, _read, load_extended
from stratagraph.ontology.extension.extension_files import Module, find_modules
from stratagraph.ontology.extension.findings import ModuleFinding
from stratagraph.ontology.extension.gaps import Gaps
from stratagraph.ontology.extension.kept_verdicts import Verdicts
from stratagraph.ontology.model import load_model

MY = "https://example.org/ontology#"
PREFIXES = """@prefix my: <https://example.org/ontology#> . @prefix other: <https://example.org/other#> .
@prefix sg: <https://w3id.org/stratagraph/ns#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix sosa: <http://www.w3.org/ns/sosa/> .
@prefix airo: <https://w3id.org/airo#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix swrl: <http://www.w3.org/2003/11/swrl#> .
@prefix vann: <http://purl.org/vocab/vann/> .
"""
LABELS = 'rdfs:label "x"@en , "x"@pt-BR'
WORLD = f"""
my:A a owl:Class ; {LABELS} . my:B a owl:Class ; {LABELS} .
my:p a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} .
my:q a owl:ObjectProperty ; sg:transmitsNothing true ; {LABELS} . my:x a my:A . my:y a my:A .
"""


def written(folder: Path, modules: Mapping[str, str]) -> Path:
    """Write modules by name into a folder, and return it."""
    for name, turtle in modules.items():
        (folder / f"{name}.ttl").write_text(PREFIXES + turtle, encoding="utf-8")
    return folder


def extended(
    folder: Path, *, reason: bool = False, explain_for: float = 0, verdicts: Verdicts | None = None, **modules: str
) -> Extended:
    """Load the core with modules by name."""
    return load_extended(written(folder, modules), reason=reason, explain_for=explain_for, verdicts=verdicts)


def lacking(folder: Path, rule: str = "", **modules: str) -> list[ModuleFinding]:
    """Return what modules lack that the rules would let through: without looking for contradictions, which is slow."""
    read = as_read(written(folder, modules))
    gaps = Gaps(load_model(), read)
    found = [finding for module in read for finding in gaps.of(module, in_use=True)]
    return [finding for finding in found if rule in {"", finding.rule}]


def as_read(folder: Path) -> list[Module]:
    """Return the modules of a folder as they are judged: RDFS read as OWL."""
    read, malformed = _read(load_model(), find_modules(folder))
    assert not malformed
    return read


def module_of(judged: Extended, name: str) -> ModuleReport:
    """Return the report on one module."""
    return next(module for module in judged.report.modules if module.name.endswith(f"/{name}.ttl"))
