"""What can be wrong with a shapes graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from stratagraph.ontology.errors import StratagraphError


@dataclass(kw_only=True)
class UnsupportedShape(StratagraphError):
    """A shapes graph with a construct that the checker does not know; it is never ignored."""

    slug: ClassVar[str] = "unsupported-shape"
    status: ClassVar[int] = 422
    text: ClassVar[str] = (
        "Shape {shape} uses {construct}, which is not supported. Express it with SHACL Core, or take it out."
    )

    shape: str
    construct: str


@dataclass(kw_only=True)
class MalformedShape(UnsupportedShape):
    """A shapes graph that breaks a syntax rule of SHACL."""

    slug: ClassVar[str] = "malformed-shape"
    text: ClassVar[str] = "Shape {shape} is malformed: {construct}. Correct the shapes graph."
