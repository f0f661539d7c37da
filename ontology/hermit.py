"""HermiT by way of owlready2, in a process of its own: both keep global state and leave files behind.

Run as ``python -m stratagraph.ontology.hermit FILE.nt JAVA``; prints a JSON object, see ``dl.check``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import owlready2


def classify(file: Path, java: str) -> dict[str, Any]:
    """Let HermiT classify an N-Triples file; return whether it is consistent and its unsatisfiable classes."""
    owlready2.JAVA_EXE = java
    world = owlready2.World()
    with file.open("rb") as stream:
        world.get_ontology("urn:x-stratagraph:check").load(fileobj=stream, format="ntriples")
    try:
        owlready2.sync_reasoner_hermit(world, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError:
        return {"consistent": False, "unsatisfiable": []}
    except owlready2.OwlReadyJavaError as error:
        return {"failure": str(error)}
    found = (cls.iri for cls in world.inconsistent_classes() if cls is not owlready2.Nothing)
    return {"consistent": True, "unsatisfiable": sorted(found)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(classify(Path(sys.argv[1]), sys.argv[2])))
