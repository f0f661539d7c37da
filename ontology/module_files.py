"""The Turtle files of the core's modules: one folder per branch of the domain, one file per module."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from stratagraph.ontology.namespaces import MODULE_BASE

MODULES: Final = Path(__file__).parent / "modules"
# A pattern, because to parse the modules takes half a second, and what was made of them is mostly kept already.
_HEADER: Final = re.compile(rf"^<{re.escape(MODULE_BASE)}([\w-]+)> a owl:Ontology\b".encode(), re.MULTILINE)


def module_files() -> dict[str, Path]:
    """Return the file of each module, in the alphabetical order of the modules' names.

    A name is that of the IRI which the module gives itself. The ledger keeps a module's facts in a scope of that name,
    so it must not depend on the folder: facts of a scope that is gone stay open for ever.
    """
    named = ((_name(file), file) for file in MODULES.rglob("*.ttl"))
    return dict(sorted(named))


def _name(file: Path) -> str:
    found = _HEADER.search(file.read_bytes())
    return f"{found[1].decode() if found else file.stem}.ttl"
