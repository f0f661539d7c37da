"""One document of somebody's inventory: a file or an answer over HTTP, read in the form that its format wants."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from stratagraph.loaders.formats.core_yaml import Path, YamlFault, read_yaml, yaml_line
from stratagraph.loaders.formats.exact_json import JsonFault, json_line, read_json
from stratagraph.loaders.formats.malformed import MalformedDocument

_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
"""What a text begins with that says its encoding: PowerShell and Excel write such ones."""
_LEAST: Final = 64
"""Characters by which JSON is told from YAML."""


@dataclass(eq=False)
class Document:
    """A document, parsed once in each form; ``name`` is what messages call it: its path or URL.

    ``by_line``: it is read line by line, and paths in it begin with the number of a line, from 1.
    """

    name: str
    data: bytes = field(repr=False)
    by_line: bool = False
    scope: str = ""
    """What the document is called within its source."""
    together: Together = field(default_factory=lambda: Together(), repr=False)  # noqa: PLW0108  it comes below
    """All documents that are loaded in one go."""

    def beside(self, path: str) -> Document | None:
        """Return the document to which a path leads from this one, None where it was not loaded with it."""
        return self.together.get(place_of(os.path.join(os.path.dirname(self.name), path)))  # noqa: PTH118, PTH120  a URL too

    def others(self) -> Iterator[Document]:
        """Yield the documents that were loaded with this one, which may be among them."""
        yield from self.together.values()

    @cached_property
    def text(self) -> str:
        """The document as text.

        Raises:
            MalformedDocument: it is none.
        """
        try:
            return self.data.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise self._no_text(self.data.count(b"\n", 0, error.start) + 1) from None

    @property
    def _encoding(self) -> str:
        return next((name for mark, name in _MARKS if self.data.startswith(mark)), "utf-8")

    def _no_text(self, line: int) -> MalformedDocument:
        reason = "its encoding is not read here: save it as UTF-8."
        return MalformedDocument(file=self.name, line=line, reason=reason)

    @property
    def lines(self) -> Iterator[str]:
        """The lines of the text, one after another, each without its end; the whole text need not be there for it.

        Raises:
            MalformedDocument: a line is no text.
        """
        data, start, number = self.data, 0, 1
        if self._encoding != "utf-8":  # in others a line's end is no single byte, or a mark stands before the first
            data = self.text.encode("utf-8", "surrogatepass")
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            try:
                yield data[start:end].removesuffix(b"\r").decode()
            except UnicodeDecodeError:
                raise self._no_text(number) from None
            start, number = end + 1, number + 1

    @cached_property
    def _beginning(self) -> str:
        if self._encoding == "utf-8":
            return self.data[:_LEAST].decode(errors="replace")
        try:
            return self.text[:_LEAST]
        except MalformedDocument:
            return ""

    @cached_property
    def is_json(self) -> bool:
        """Whether the text is meant as JSON, well-formed or not; a flow mapping of YAML begins likewise."""
        beginning = self._beginning.lstrip()
        return beginning.startswith(("{", "[")) and not beginning.startswith(("{{", "[["))

    @cached_property
    def json(self) -> Any:
        """The value of the JSON document: whole numbers as ``int``, others as ``Decimal``.

        Raises:
            MalformedDocument: it is no JSON.
        """
        try:
            return read_json(self.text)
        except JsonFault as fault:
            raise MalformedDocument(file=self.name, line=fault.line, reason=fault.reason) from None

    @cached_property
    def yaml(self) -> list[Any]:
        """The values of all YAML documents of the file, scalars as YAML 1.2 has them; JSON is one document.

        Raises:
            MalformedDocument: it is no YAML.
        """
        if self.is_json:
            try:
                return [self.json]
            except MalformedDocument:
                if self.name.lower().endswith(".json"):
                    raise
        try:
            return read_yaml(self.text)
        except YamlFault as fault:
            raise MalformedDocument(file=self.name, line=fault.line, reason=fault.reason) from None

    @property
    def values(self) -> list[Any]:
        """What the document holds in whichever of the two it is; nothing where it is neither."""
        try:
            return self.yaml
        except MalformedDocument:
            return []

    def line_of(self, path: Path) -> int:
        """Return the line, from 1, of the value at a path; of what there is of the path where that is not there.

        In a file of several YAML documents the path's first part is the number of the document. The text is read
        again for that, so ask only when something is to be told.
        """
        if not path:
            return 1
        if self.by_line:
            return int(path[0])
        try:
            if not self._read_as_json():
                return yaml_line(self.text, path)
            value = self.json
            if isinstance(path[0], int) and (isinstance(value, dict) or not _leads(value, path)):
                path = path[1:]
            return json_line(self.text, path)
        except (MalformedDocument, YamlFault):
            return 0

    def _read_as_json(self) -> bool:
        try:
            return self.is_json and self.json is not None
        except MalformedDocument:
            return False


class Together(dict[str, Document]):
    """Documents that are loaded in one go, by their names; ``known`` is what formats keep of them all."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.known: dict[str, Any] = {}

    def take(self, document: Document) -> Document:
        """Take in a document, and return it."""
        document.together = self
        self[place_of(document.name)] = document
        return document


def place_of(name: str) -> str:
    """Return a name without detours: that of a file may go up and down again."""
    return name if "://" in name else os.path.normpath(name)


def _leads(value: Any, path: Path) -> bool:
    """Whether a path leads to something."""
    for part in path:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return True
