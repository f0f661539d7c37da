"""Several documents loaded in one go, and the samples that stand beside the tests or in the shared folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.recognition import kind_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.namespaces import ASSET_BASE
from tests.core import MODEL
from tests.loaders.formats.described import Described

SAMPLES: Final = Path(__file__).parent / "samples"
SHARED: Final = Path(__file__).parents[4] / "shared" / "formats"


def estate(files: Mapping[str, bytes | str], *, scopes: Mapping[str, str] | None = None) -> Described:
    """Load documents by their names; the first one says what kind they are."""
    raw = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}
    named = scopes or {}
    sources = [SourceFile(scope=named.get(name, name), data=data, shown=name) for name, data in raw.items()]
    loaded = transform(sources, model=MODEL, base=ASSET_BASE, source="test")
    name, data = next(iter(raw.items()))
    return Described(kind_of(Document(name, data), None), loaded)


def samples(*names: str) -> dict[str, bytes]:
    """Return samples of our own by their names."""
    return {name: (SAMPLES / name).read_bytes() for name in names}


def shared(*names: str) -> dict[str, bytes]:
    """Return samples with a ground truth; a test skips where they are not there."""
    if not SHARED.is_dir():
        pytest.skip("the samples of the formats are not here")
    return {name: (SHARED / name).read_bytes() for name in names}


def kind_of_sample(name: str) -> Kind:
    """Return what a sample is taken for."""
    return kind_of(Document(name, (SAMPLES / name).read_bytes()), None)
