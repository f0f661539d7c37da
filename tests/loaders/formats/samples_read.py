"""Documents of the samples beside the tests, and of those that stand beside a development checkout."""

from __future__ import annotations

from pathlib import Path

from tests.loaders.formats.described import Described, described

SAMPLES = Path(__file__).parent / "samples"


def sample(path: str) -> Described:
    """What one of our own samples states."""
    return read(SAMPLES / path)


def read(path: Path) -> Described:
    """What a file states."""
    return described(path.read_bytes(), path.name)
