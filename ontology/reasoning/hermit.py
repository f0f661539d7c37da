"""HermiT, which comes with owlready2, in a process of its own that answers one question after another.

Run as ``python -m stratagraph.ontology.reasoning.hermit JAVA``: each line on standard input is the name of an
N-Triples file, as a JSON string, and is answered by a JSON object on a line of its own, see ``dl.check``. A Java
runtime that can be loaded into this process is started once for all questions; where it can't, owlready2 starts one
for each.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import jpype
import owlready2

HermitAnswer: TypeAlias = dict[str, Any]
Classify: TypeAlias = Callable[[Path], HermitAnswer]
"""Says of the ontology in a file whether it is consistent, and which classes can have no member."""
_JAR: Final = Path(owlready2.__file__).parent / "hermit" / "HermiT.jar"
_RUNTIMES: Final = ("lib/server/libjvm.so", "lib/server/libjvm.dylib")
"""Where a Java runtime of version 9 or later keeps the library that it consists in."""


def loaded(java: str) -> Classify | None:
    """Return a classifier on a Java runtime in this process, None where this one can't be loaded."""
    # The java on the path is often a link into the folder of its runtime.
    home = Path(java).resolve().parent.parent
    library = next((home / name for name in _RUNTIMES if (home / name).exists()), None)
    if library is None:
        return None
    options = [
        f"-Xmx{owlready2.reasoning.JAVA_MEMORY}M",
        # It answers one question at a time: no threads for collecting,
        # no file of figures in the folder for temporary ones.
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-Dfile.encoding=UTF-8",
        # The java command reads this variable by itself, the library does not.
        *shlex.split(os.environ.get("JDK_JAVA_OPTIONS", "")),
    ]
    try:
        jpype.startJVM(str(library), *options, classpath=[str(_JAR)], convertStrings=True)
    except (OSError, RuntimeError, TypeError, jpype.JException):
        return None
    return _classify_here


def _classify_here(file: Path) -> HermitAnswer:
    manager = jpype.JClass("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    try:
        ontology = manager.loadOntologyFromOntologyDocument(jpype.JClass("java.io.File")(str(file)))
        reasoner = jpype.JClass("org.semanticweb.HermiT.Reasoner")(
            jpype.JClass("org.semanticweb.HermiT.Configuration")(), ontology
        )
        if not reasoner.isConsistent():
            return {"consistent": False, "unsatisfiable": []}
        found = reasoner.getUnsatisfiableClasses().getEntitiesMinusBottom()
        return {"consistent": True, "unsatisfiable": sorted(str(cls.toStringID()) for cls in found)}
    except jpype.JException as error:
        # What the runtime itself throws, out of memory for example, leaves it in no state to answer again.
        return {"failure": str(error), "spent": isinstance(error, jpype.JClass("java.lang.Error"))}


def launching(java: str) -> Classify:
    """Return a classifier that lets owlready2 start Java for each file."""
    owlready2.JAVA_EXE = java

    def classify(file: Path) -> HermitAnswer:
        tempfile.tempdir = str(file.parent)  # owlready2 leaves a file behind where the ontology is inconsistent
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

    return classify


def answer(questions: BinaryIO, answers: BinaryIO, java: str) -> None:
    """Answer every line of one stream on the other, until there are no more."""
    classify = loaded(java) or launching(java)
    for line in questions:
        answers.write(json.dumps(classify(Path(json.loads(line)))).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    # Whatever Java or a library prints goes where complaints go, for it would be taken for an answer.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        answer(sys.stdin.buffer, output, sys.argv[1])
