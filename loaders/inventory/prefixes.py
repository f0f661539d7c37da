"""The section ``prefixes`` of an inventory: short names of a user's own vocabularies."""

from __future__ import annotations

import re
from typing import Final

import yaml

from stratagraph.loaders.inventory.faults import Faults, quote
from stratagraph.loaders.inventory.yaml_tree import pairs
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.ontology.terms import to_ox

# The empty prefix is one as well.
_PREFIX: Final = re.compile(r"[A-Za-z][\w.-]*|")


def read_prefixes(node: yaml.Node, faults: Faults) -> dict[str, Iri]:
    """Return the prefixes that a file declares; a fault in one is noted, and the others count."""
    found: dict[str, Iri] = {}
    for key, value in pairs(node, faults, what="'prefixes'"):
        with faults.noting():
            prefix = key.value.removesuffix(":")
            iri = value.value.removeprefix("<").removesuffix(">") if isinstance(value, yaml.ScalarNode) else ""
            if not _PREFIX.fullmatch(prefix):
                raise faults.fault(key, f"{quote(prefix)} is no prefix; use letters and digits, such as 'my'.")
            if not _is_iri(iri):
                raise faults.fault(
                    value, f"The prefix {quote(prefix)} stands for an IRI, such as https://example.org/ns#."
                )
            if PREFIXES.get(prefix, iri) != iri:
                raise faults.fault(
                    key, f"{quote(prefix)} stands for {PREFIXES[prefix]} already; choose another prefix."
                )
            found[prefix] = iri
    return found


def _is_iri(text: str) -> bool:
    try:
        to_ox(text)
    except ValueError:
        return False
    return True
