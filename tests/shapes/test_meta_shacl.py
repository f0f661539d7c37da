"""The shape files are shapes: SHACL-SHACL, in pyshacl, has nothing to say against them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pyshacl
import pytest
import rdflib

HOME = Path(str(files("stratagraph.shapes")))
FILES = sorted(str(file.relative_to(HOME)) for file in HOME.rglob("*.ttl"))
SLOW = {"data/assets.ttl"}
"""What takes pyshacl minutes, for its many alternatives."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.nightly] if name in SLOW else []) for name in FILES],
)
def test_a_shape_file_is_well_formed(name: str) -> None:
    shapes = rdflib.Graph().parse(HOME / name, format="turtle")
    conforms, _, text = pyshacl.validate(rdflib.Graph(), shacl_graph=shapes, meta_shacl=True, advanced=True)
    assert conforms, text


def test_there_are_shape_files() -> None:
    assert len(FILES) >= 10
