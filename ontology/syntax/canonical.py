"""XML in a literal, in its exclusive canonical form: each namespace is declared where it is first used, once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

_XML: Final = "xml"
# As Canonical XML escapes them (section 2.3): otherwise equal XML could be written in two ways.
_IN_TEXT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_IN_VALUE: Final = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}


class XmlName(NamedTuple):
    """The name of an element or an attribute, with the prefix that it was written with."""

    namespace: str
    local: str
    prefix: str

    @property
    def iri(self) -> str:
        return self.namespace + self.local

    @property
    def written(self) -> str:
        return f"{self.prefix}:{self.local}" if self.prefix else self.local


class CanonicalWriter:
    """Takes the parts of a piece of XML in order, and writes them."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._declared: list[Mapping[str, str]] = [{"": ""}]
        self._open: list[str] = []

    def start(self, name: XmlName, attributes: Mapping[XmlName, str]) -> None:
        """Begin an element, with the declarations that its own name and its attributes need."""
        declared = self._declared[-1]
        used = {name.prefix: name.namespace} | {key.prefix: key.namespace for key in attributes if key.prefix}
        new = {prefix: iri for prefix, iri in used.items() if prefix != _XML and declared.get(prefix) != iri}
        self._declared.append({**declared, **new})
        self._open.append(name.written)
        # Declarations before attributes, those by prefix, these by namespace and name, as Canonical XML has them.
        declarations = ((f"xmlns:{prefix}" if prefix else "xmlns", iri) for prefix, iri in sorted(new.items()))
        self._tag(name.written, (*declarations, *((key.written, attributes[key]) for key in sorted(attributes))))

    def _tag(self, name: str, attributes: Iterable[tuple[str, str]]) -> None:
        written = "".join(f' {key}="{_escaped(value, _IN_VALUE)}"' for key, value in attributes)
        self._pieces.append(f"<{name}{written}>")

    def end(self) -> None:
        """End the element that was begun last."""
        self._declared.pop()
        self._pieces.append(f"</{self._open.pop()}>")

    def text(self, text: str) -> None:
        """Write text."""
        self._pieces.append(_escaped(text, _IN_TEXT))

    def comment(self, text: str) -> None:
        """Write a comment."""
        self._pieces.append(f"<!--{text}-->")

    def instruction(self, target: str, data: str) -> None:
        """Write a processing instruction."""
        self._pieces.append(f"<?{target} {data}?>" if data else f"<?{target}?>")

    def written(self) -> str:
        """Return everything so far."""
        return "".join(self._pieces)


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return re.sub('[&<>"\t\n\r]', lambda found: table.get(found[0], found[0]), text)
