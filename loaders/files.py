"""Files as a source: recognise the kind of each, transform it, and join several into one batch."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from stratagraph.loaders.inventory import read_inventory
from stratagraph.loaders.origins import Loaded, Origins, Place, Remark
from stratagraph.loaders.rdf import find_place, read_rdf
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Fact, Iri, Method, Scope
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.parsing import RdfSyntax

AUTO: Final = "auto"
RDF_SUFFIXES: Final = (".ttl", ".nt", ".nq", ".trig", ".rdf", ".owl", ".jsonld")
YAML_SUFFIXES: Final = (".yaml", ".yml")


@dataclass(kw_only=True)
class UnreadableFile(StratagraphError):
    """A path that cannot be read."""

    slug: ClassVar[str] = "unreadable-file"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{file} cannot be read: {reason}. Check the path and its permissions."
    file: str
    reason: str


@dataclass(kw_only=True)
class UnknownKindOfFile(StratagraphError):
    """A file whose kind can't be told from its name, or a kind that does not exist."""

    slug: ClassVar[str] = "unknown-kind-of-file"
    status: ClassVar[int] = 415
    text: ClassVar[str] = "What is {file}? Its name ends in none of {suffixes}. Say it with --kind: {kinds}."
    file: str
    suffixes: str
    kinds: str = "rdf or yaml"


def fetch(paths: Iterable[Path]) -> dict[str, bytes]:
    """Read the files, keyed by resolved path.

    A folder stands for the files in it whose kind is known, in name order.

    Raises:
        UnreadableFile: a path does not exist or may not be read.
    """
    contents: dict[str, bytes] = {}
    for path in paths:
        for file in _files_below(path):
            try:
                contents[str(file.resolve())] = file.read_bytes()
            except OSError as error:
                raise UnreadableFile(file=str(path), reason=error.strerror or str(error)) from None
    return contents


def _files_below(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in (*RDF_SUFFIXES, *YAML_SUFFIXES))


def transform(
    contents: Mapping[str, bytes],
    *,
    model: OntologyModel,
    base: Iri,
    source: str,
    kind: str = AUTO,
    complete: bool = True,
    run: str | None = None,
) -> Loaded:
    """Turn files into one batch, one scope per file.

    A complete scope closes what an earlier version of the same file said and this one no longer says. The run is
    new each time, so that going back to an older version of a file counts as a change.

    Raises:
        StratagraphError: a file is malformed, or of an unknown kind.
    """
    remarks: list[Remark] = []
    statements = {
        file: _read(data, file, remarks, model=model, base=base, kind=kind) for file, data in contents.items()
    }
    scopes = tuple(
        Scope(name=file, complete=complete, stated=tuple(places)) for file, (places, _) in statements.items()
    )
    batch = Batch(source=source, run=run or str(uuid.uuid4()), method=Method.DECLARED, scopes=scopes)
    known: dict[Fact | Iri, Place] = {}
    searches: list[Search] = []
    for places, search in statements.values():
        for fact, place in places.items():
            if place:
                known.setdefault(fact, place)
                known.setdefault(fact.subject, place)
        if search:
            searches.append(search)
    origins = Origins(known, lambda fact, subject: _search_all(searches, fact, subject))
    return Loaded(batch, origins, tuple(remarks))


Search = Callable[[Fact | None, Iri], Place | None]
Statements = tuple[Mapping[Fact, Place | None], Search | None]


def _search_all(searches: Sequence[Search], fact: Fact | None, subject: Iri) -> Place | None:
    return next((place for search in searches if (place := search(fact, subject))), None)


def _read(data: bytes, file: str, remarks: list[Remark], *, model: OntologyModel, base: Iri, kind: str) -> Statements:
    suffix = Path(file).suffix.lower()
    if kind == "yaml" or (kind == AUTO and suffix in YAML_SUFFIXES):
        inventory = read_inventory(data, file, model=model, base=base)
        remarks += inventory.remarks
        return inventory.facts, None
    if kind == "rdf" or (kind == AUTO and suffix in RDF_SUFFIXES):
        syntax = RdfSyntax.of_file(file) if suffix in RDF_SUFFIXES else RdfSyntax.TURTLE
        facts = read_rdf(data, file, syntax=syntax)
        return dict.fromkeys(facts), lambda fact, subject: find_place(data, file, syntax, fact, subject)
    raise UnknownKindOfFile(file=file, suffixes=", ".join((*RDF_SUFFIXES, *YAML_SUFFIXES)))


def digest(contents: Mapping[str, bytes]) -> str:
    """Return a run name that follows from the content alone: the same files again are the same run."""
    state = hashlib.sha256()
    for name in sorted(contents):
        state.update(name.encode() + b"\0" + hashlib.sha256(contents[name]).digest())
    return state.hexdigest()
