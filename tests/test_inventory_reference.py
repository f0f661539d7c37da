"""The table of keys in the inventory's reference is the ontology's."""

from __future__ import annotations

import re

from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OWL, local_name
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reference" / "inventory.md"
MARKED = re.compile(r"(<!-- keys: [^>]* -->\n)(.*?)(<!-- /keys -->)", re.DOTALL)


def table() -> str:
    """Return a row for each kind, which stands for the classes below it, with the parts of the key."""
    model = load_model()
    retired = {fact.subject for fact in model.triples if fact.predicate == OWL.deprecated}
    kinds = sorted({info.kind for info in model.classes.values() if info.key_properties} - retired)
    rows = ["| class, with those below it | key |", "|---|---|"]
    for kind in kinds:
        key = ", ".join(f"`{local_name(part)}`" for part in model.classes[kind].key_properties)
        rows.append(f"| `{local_name(kind)}` | {key} |")
    return "\n".join(rows) + "\n"


def test_every_kind_of_thing_is_listed_with_its_key() -> None:
    found = MARKED.search(PAGE.read_text(encoding="utf-8"))
    assert found
    assert found[2] == table(), "write the table anew: python -m tests.test_inventory_reference"


if __name__ == "__main__":
    written = MARKED.sub(lambda found: found[1] + table() + found[3], PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(written, encoding="utf-8")
