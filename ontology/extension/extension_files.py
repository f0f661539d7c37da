"""The files of an extension: every RDF file of a folder and the folders below it, or one such file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import OntologyModel, extend, prefixes_of, read_text
from stratagraph.ontology.module_files import module_files
from stratagraph.ontology.syntax.parsing import RdfSyntax, UnknownSyntax, declared_prefixes

CATALOG: Final = "catalog-v001.xml"
"""What Protégé writes beside the files of an ontology; it holds nothing to read."""


class NoExtension(StratagraphError, slug="no-extension", status=400):
    """A path that holds no modules."""

    text = (
        "{path} holds no Turtle modules, nor any in another syntax of RDF. Give a folder with "
        "Turtle (*.ttl), RDF/XML (*.owl, *.rdf), N-Triples (*.nt) or JSON-LD (*.jsonld) files, or one such file."
    )

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFile:
    """One file: its name from the extension's folder on, its content, and the syntax that its ending stands for."""

    name: str
    path: Path
    data: bytes
    syntax: RdfSyntax

    def read(self) -> Module:
        """Return the module that the file holds.

        Raises:
            MalformedRdf: where it is not of its syntax.
        """
        return Module(
            name=self.name,
            facts=read_text(self.data, self.syntax, str(self.path), self.name),
            # The parser has judged the bytes already; this text only serves to find lines.
            text=self.data.decode(errors="replace"),
            prefixes=declared_prefixes(self.data, self.syntax),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module: what it says, the text that says so, and the prefixes that this declares."""

    name: str
    facts: tuple[Fact, ...]
    text: str
    prefixes: Mapping[str, Iri]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionFiles:
    """The modules of an extension in alphabetical order, and the names of the files that hold none."""

    name: str
    modules: tuple[ModuleFile, ...]
    unread: tuple[str, ...]


def joined(core: OntologyModel, modules: Collection[Module]) -> OntologyModel:
    """Return the core with modules that are sound."""
    prefixes = prefixes_of(module.prefixes for module in modules)
    return extend(core, {module.name: module.facts for module in modules}, prefixes) if modules else core


def find_modules(path: Path) -> ExtensionFiles:
    """Read the files of an extension.

    Raises:
        NoExtension: where there is nothing to read at the path.
    """
    path = path.resolve()  # '.' has no name to give to its modules
    modules: list[ModuleFile] = []
    unread: list[str] = []
    for file in _files(path):
        name = _name(file, path)
        try:
            syntax = RdfSyntax.of_file(file.name)
        except UnknownSyntax:
            unread.append(name)
        else:
            modules.append(ModuleFile(name=name, path=file, data=file.read_bytes(), syntax=syntax))
    if not modules:
        raise NoExtension(path=str(path))
    return ExtensionFiles(name=path.name, modules=tuple(modules), unread=tuple(unread))


def _name(file: Path, path: Path) -> str:
    """Name a module by its place in the extension's folder, or a lone file by itself, unless the core has that name."""
    if path.is_dir():
        return f"{path.name}/{file.relative_to(path).as_posix()}"
    return f"{path.parent.name}/{file.name}" if file.name in module_files() else file.name


def _files(path: Path) -> Iterator[Path]:
    """Yield the files at a path but hidden ones, which editors and version control keep for themselves."""
    if path.is_file():
        yield path
    for file in sorted(path.rglob("*")) if path.is_dir() else ():
        # Only what is hidden within: the folder itself may lie in a hidden one.
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.is_file() and not hidden and file.name != CATALOG:
            yield file
