"""CSV by people: the first line names a class and what its columns are, each further line is an asset.

Agent,serviceName,label@en,label@pt-BR,partOf LLMSystem,usesModel
support,helpdesk,Support agent,Agente de suporte,helpdesk,gpt-5-mini|gpt-5
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stratagraph.loaders.file_faults import quote
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.secrets import is_secret
from stratagraph.loaders.inventory.written_terms import FileTerms, nearest
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import XSD_STRING, Iri
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import OntologyModel, RelationInfo, load_model
from stratagraph.ontology.namespaces import RDFS, compact

LABEL: Final = "label"
VALUES_APART: Final = "|"
_SEPARATORS: Final = (",", ";", "\t")
_DECLARED: Final = re.compile(r"sep=(.)", re.IGNORECASE)
"""The line by which Excel is told the separator."""
_BETWEEN: Final = re.compile(r"(?<!\\)\||[\r\n]+")
"""Several values of a cell: apart by a bar, or by the line ends that a spreadsheet allows in a cell."""
_ESCAPED: Final = "\\|"
_LANGUAGE: Final = re.compile(r"(?P<name>[^@]+)@(?P<language>[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)")
_LONGEST_CELL: Final = 1 << 20

Teller = Callable[[Iri, str, int], None]
"""States one value of a cell about an asset, with the line."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: the part of the key that it is, or how its values are told."""

    number: int
    key: Iri | None
    tell: Teller | None


class CsvTable:
    """The format."""

    kind = Kind.CSV

    def recognises(self, document: Document) -> bool:
        """Tell by the first line: its first cell is a class of the ontology."""
        try:
            _, header = next(_rows(document), (1, []))
        except MalformedDocument:
            return False
        return bool(header) and len(_class_named(FileTerms(load_model()), header[0])) == 1

    def read(self, document: Document, description: Description) -> None:
        """Describe an asset for each line."""
        document.by_line = True
        rows = _rows(document)
        line, header = next(rows, (1, []))
        if not header:
            return
        _Table(description, header, line).read(rows)


FORMAT: Final = CsvTable()


def _class_named(terms: FileTerms, cell: str) -> tuple[Iri, ...]:
    found = terms.classes(cell.strip()) if cell.strip() else ()
    return tuple(cls for cls in found if terms.model.classes[cls].key_properties)


def _rows(document: Document) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, each with the line where it begins."""
    lines = _Lines(document)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(lines, delimiter=lines.separator(), strict=True, skipinitialspace=True)
    while True:
        begun = reader.line_num + lines.skipped + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            reason = "a quotation mark here does not open or close a whole cell; write it twice within a quoted cell."
            if "field larger" in str(error):
                reason = "a cell here has over a million characters: is a quotation mark missing?"
            if "unexpected end" in str(error):
                reason = "a cell in quotes begins here and does not end: the file may have been cut."
            raise MalformedDocument(file=document.name, line=begun, reason=reason) from None
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield begun, row


class _Lines:
    """The lines of a document with their ends, without what Excel writes before the first."""

    def __init__(self, document: Document) -> None:
        self.skipped = 0
        self._lines = document.lines
        self._first = next(self._lines, None)
        self._separator = ""
        if self._first is not None and (declared := _DECLARED.fullmatch(self._first.strip())):
            self._separator = declared[1]
            self.skipped = 1
            self._first = next(self._lines, None)

    def separator(self) -> str:
        """Return what stands between the cells: as declared, else what the first line has most of outside quotes."""
        bare = re.sub(r'"[^"]*"', "", self._first or "")
        return self._separator or max(_SEPARATORS, key=bare.count)

    def __iter__(self) -> Iterator[str]:
        """Yield each line."""
        if self._first is not None:
            yield self._first + "\n"
        for line in self._lines:
            yield line + "\n"


class _Table:
    """Reads the rows under one header."""

    def __init__(self, description: Description, header: list[str], line: int) -> None:
        self.description = description
        self.terms = FileTerms(description.ontology)
        self.model: OntologyModel = description.ontology
        self.line = line
        self.cls = self._class(header[0])
        self.key = self.model.classes[self.cls].key_properties
        self.columns = [self._column(number, cell) for number, cell in enumerate(header)]
        places = {column.key: column.number for column in self.columns if column.key}
        self.key_places = [places.get(part) for part in self.key]
        self.tellers = [(column.number, column.tell) for column in self.columns if column.tell]
        self.width = len(header)
        description.refuse()

    def read(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        """Describe the asset of each row; all faults are told at once."""
        for line, row in rows:
            if len(row) > self.width and any(cell.strip() for cell in row[self.width :]):
                told = "there are more cells than the first line has; put a cell that holds the separator in quotes."
                self.description.note_fault((line,), told)
                continue
            cells = [cell.strip() for cell in row] + [""] * (self.width - len(row))
            if not cells[0]:
                self.description.note_fault(
                    (line,), f"the first cell is empty; it is the '{self._shown(self.key[0])}'."
                )
                continue
            self._describe(line, [None if place is None else cells[place] for place in self.key_places], cells)

    def _describe(self, line: int, key: list[str | None], cells: list[str]) -> None:
        asset = self.description.asset(self.cls, *key, at=(line,))
        for number, tell in self.tellers:
            cell = cells[number]
            if cell and VALUES_APART not in cell and "\n" not in cell and "\r" not in cell:
                tell(asset, cell, line)
            elif cell:
                for value in _BETWEEN.split(cell):
                    if bare := value.replace(_ESCAPED, VALUES_APART).strip():
                        tell(asset, bare, line)

    def _class(self, cell: str) -> Iri:
        found = _class_named(self.terms, cell)
        if len(found) != 1:
            known = [self._shown(cls) for cls, info in self.model.classes.items() if info.key_properties]
            close = nearest(cell.strip(), known)
            advice = f" Did you mean {', '.join(close)}?" if close else ""
            name = quote(cell.strip())
            told = f"{name} is no class of the ontology, and the first cell of a table names one.{advice}"
            self.description.fault((self.line,), told)
        return found[0]

    def _column(self, number: int, cell: str) -> _Column:
        name = cell.strip()
        if number == 0:
            return _Column(number, self.key[0], None)
        first, _, target = name.partition(" ")
        found = [iri for iri in self.terms.fields(first) if self._fits(iri)] or list(self.terms.fields(first))
        if found and found[0] in self.key and not target:
            return _Column(number, found[0], None)
        # A column without a name people keep for themselves.
        return _Column(number, None, self._teller(name, next(iter(found), None), target.strip()) if name else None)

    def _teller(self, name: str, found: Iri | None, target: str) -> Teller | None:
        """Return how the values of a column are told; None where it is none, which is noted."""
        spoken = _LANGUAGE.fullmatch(name)
        bare, language = (spoken["name"], spoken["language"]) if spoken else (name, "")
        if bare == LABEL:
            return self._text(RDFS.label, language)
        annotation = next((iri for iri in self.terms.fields(bare) if iri in self.model.annotations), None)
        if annotation:
            return self._text(annotation, language)
        if found is not None and found in self.model.relations:
            return self._relation(self.model.relations[found], target)
        if found is not None and not target:
            return self._attribute(found)
        self.description.note_fault((self.line,), self._unknown(name, bare))
        return None

    def _unknown(self, name: str, first: str) -> str:
        properties = (*self.model.relations, *self.model.attributes)
        own = [self._shown(iri) for iri in properties if self._fits(iri)]
        close = nearest(first, own) or nearest(first, map(self._shown, properties))
        advice = f" Did you mean {', '.join(close)}?" if close else ""
        cls = self._shown(self.cls)
        advice += f" 'stratagraph template {cls} --csv' has all that it may have."
        return f"{quote(name)} is no attribute or relation of the ontology.{advice}"

    def _fits(self, predicate: Iri) -> bool:
        info = self.model.relations.get(predicate) or self.model.attributes.get(predicate)
        return info is None or not info.domain or not self.model.ancestors(self.cls).isdisjoint(info.domain)

    def _text(self, predicate: Iri, language: str) -> Teller:
        return lambda asset, value, line: self.description.text(asset, predicate, value, language, (line,))

    def _attribute(self, predicate: Iri) -> Teller:
        is_text = self.model.attributes[predicate].datatype in {None, XSD_STRING}

        def tell(asset: Iri, value: str, line: int) -> None:
            if is_text or self.description.is_value(predicate, value):
                self.description.state(asset, predicate, value, (line,))
                return
            kind = compact(self.model.attributes[predicate].datatype or XSD_STRING)
            self.description.note_fault((line,), f"{quote(value)} is no value of '{self._shown(predicate)}' ({kind}).")

        return tell

    def _relation(self, relation: RelationInfo, target: str) -> Teller:
        """Return what tells a relation: to one of the ontology's own values, an IRI, or an asset of the class told."""
        kinds = self.terms.kinds(relation)
        if target:
            named = _class_named(self.terms, target)
            if len(named) != 1:
                told = f"{quote(target)} is not a class of the ontology; write '{self._shown(relation.iri)} Class'."
                self.description.note_fault((self.line,), told)
                return lambda *_: None
            kinds = frozenset(named)
        kind = next(iter(kinds)) if len(kinds) == 1 else None

        def tell(asset: Iri, value: str, line: int) -> None:
            if (found := self._object(relation, kind, value, line)) is not None:
                self.description.state(asset, relation.iri, found, (line,))

        return tell

    def _object(self, relation: RelationInfo, kind: Iri | None, value: str, line: int) -> Iri | None:
        if is_secret(value):
            told = "a secret stands where a name belongs; take it out, and replace it wherever it is used."
            self.description.note_fault((line,), told)
            return None
        bare = value.removeprefix("<").removesuffix(">")
        if "://" in bare or bare.startswith("urn:"):
            return bare
        if len(values := self.terms.values(value, relation)) == 1:
            return values[0]
        if kind is None:
            shown = self._shown(relation.iri)
            allowed = ", ".join(sorted(map(self._shown, self.terms.kinds(relation)))) or "Class"
            told = f"{quote(value)}: say in the first line what '{shown}' leads to, as in '{shown} Class': {allowed}."
            self.description.note_fault((line,), told)
            return None
        # As the inventory does: what is only pointed at is described where it is at home.
        return mint(self.model, kind, {self.model.classes[kind].key_properties[0]: value}, self.description.base)

    def _shown(self, iri: Iri) -> str:
        return self.terms.shown(iri)
