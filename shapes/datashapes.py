"""The data shapes that ship: written by hand in ``data/``, within a declared subset of SHACL Core."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import SH, SHAPE_BASE, compact
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.errors import UnsupportedShape
from stratagraph.shapes.message_texts import DATA
from stratagraph.shapes.shape import CompiledShapes

GATE_SUBSET: Final = frozenset(
    {
        SH.AndConstraintComponent,
        SH.ClassConstraintComponent,
        SH.DatatypeConstraintComponent,
        SH.HasValueConstraintComponent,
        SH.InConstraintComponent,
        SH.LessThanConstraintComponent,
        SH.LessThanOrEqualsConstraintComponent,
        SH.MaxCountConstraintComponent,
        SH.MaxExclusiveConstraintComponent,
        SH.MaxInclusiveConstraintComponent,
        SH.MaxLengthConstraintComponent,
        SH.MinCountConstraintComponent,
        SH.MinExclusiveConstraintComponent,
        SH.MinInclusiveConstraintComponent,
        SH.MinLengthConstraintComponent,
        SH.NodeKindConstraintComponent,
        SH.NotConstraintComponent,
        SH.OrConstraintComponent,
        SH.PatternConstraintComponent,
        SH.PropertyConstraintComponent,
    }
)
"""What shapes of the gate may use: components that look at the node itself and one step beyond it."""

ASSETS: Final = "assets.ttl"
DOCUMENTATION: Final = "documentation.ttl"
OBSERVATIONS: Final = "observations.ttl"


def compile_gate_shapes(facts: Iterable[Fact]) -> CompiledShapes:
    """Compile shapes for the gate.

    Raises:
        UnsupportedShape: for a component outside ``GATE_SUBSET``, besides what ``compile_shapes`` refuses.
    """
    compiled = compile_shapes(facts, strict=True)
    for shape in compiled.shapes.values():
        for constraint in shape.constraints:
            if constraint.component not in GATE_SUBSET:
                construct = f"{compact(constraint.component)} (outside the gate's subset)"
                raise UnsupportedShape(shape=compact(shape.iri), construct=construct)
    return compiled


def read_shapes(file: Path) -> list[Fact]:
    """Read one file of data shapes."""
    return parse_rdf(file.read_bytes(), "turtle", SHAPE_BASE, str(file), salt=file.name)


@lru_cache(maxsize=8)
def shipped_shapes(name: str) -> CompiledShapes:
    """Return the compiled shapes of one shipped file: ``ASSETS``, ``DOCUMENTATION`` or ``OBSERVATIONS``."""
    return compile_gate_shapes(read_shapes(DATA / name))
