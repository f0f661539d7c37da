"""What can be wrong with a shapes graph."""

from __future__ import annotations

from stratagraph.ontology.errors import StratagraphError


class UnsupportedShape(StratagraphError, slug="unsupported-shape", status=422):
    """A shapes graph with a construct that the checker does not know; it is never ignored."""

    text = "Shape {shape} uses {construct}, which is not supported. Express it with SHACL Core, or take it out."

    shape: str
    construct: str


class MalformedShape(UnsupportedShape, slug="malformed-shape"):
    """A shapes graph that breaks a syntax rule of SHACL."""

    text = "Shape {shape} is malformed: {construct}. Correct the shapes graph."
