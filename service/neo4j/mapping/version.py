"""The version of the mapping, by which graphs that another one wrote are told."""

from __future__ import annotations

from typing import Final

MAPPING_VERSION: Final = 6
"""Raised whenever the graph made of the same present changes, so that older databases are rebuilt."""
_WITHOUT_TERMS: Final = 1_000


def mapping_version(*, ontology_terms: bool) -> int:
    """Return the version with a choice of what is told: another choice makes another graph of the same present."""
    return MAPPING_VERSION if ontology_terms else MAPPING_VERSION + _WITHOUT_TERMS
