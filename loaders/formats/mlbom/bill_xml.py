"""CycloneDX in XML, turned into the values that the same bill has in JSON."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers import expat

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument

_NAMESPACE: Final = re.compile(rb"https?://cyclonedx\.org/schema/bom/([0-9.]+)")
_HEAD: Final = 2048
"""Bytes within which the root element begins."""
_LISTS: Final = {
    "components": ("component",),
    "services": ("service",),
    "ancestors": ("component",),
    "descendants": ("component",),
    "variants": ("component",),
    "endpoints": ("endpoint",),
    "properties": ("property",),
    "performanceMetrics": ("performanceMetric",),
    "technicalLimitations": ("technicalLimitation",),
    "energyConsumptions": ("energyConsumption",),
    "owners": ("owner",),
    "sensitiveData": ("sensitiveData",),
    "datasets": ("dataset", "ref"),
    "hashes": ("hash",),
    "externalReferences": ("reference",),
    "tools": ("tool",),
    "authors": ("author",),
    "contact": ("contact",),
    "dependencies": ("dependency",),
}
"""What in JSON is a list, by the elements that are its items."""
_REPEATED: Final = frozenset({"data", "sensitiveData", "contact", "url"})
"""What in JSON is a list, and in XML the same element again and again."""
_DEEPEST: Final = 200


def is_xml(document: Document) -> bool:
    """Tell whether a document is a bill of CycloneDX in XML."""
    head = document.data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and _NAMESPACE.search(head) is not None


def read_xml(document: Document) -> dict[str, Any]:
    """Return the values that the bill would have in JSON.

    Raises:
        MalformedDocument: it is no well-formed XML, or has a document type, with which entities come.
    """
    root = _parsed(document)
    value = _value(root)
    bill: dict[str, Any] = value if isinstance(value, dict) else {}
    found = _NAMESPACE.search(document.data[:_HEAD])
    assert found is not None  # it was recognised by this
    return {**bill, "bomFormat": "CycloneDX", "specVersion": found[1].decode()}


def _parsed(document: Document) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ParseError("this is nested too deeply to be read")
        builder.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_local(name))

    def declare(*_: Any) -> None:
        raise ParseError("a document type or entity declaration is not accepted")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = declare
    try:
        parser.Parse(document.data, True)
    except expat.ExpatError as error:
        reason = f"this is not well-formed XML: {expat.ErrorString(error.code)}."
        raise MalformedDocument(file=document.name, line=error.lineno, reason=reason) from None
    except ParseError as error:
        raise MalformedDocument(file=document.name, line=parser.CurrentLineNumber, reason=f"{error}.") from None
    return builder.close()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _value(element: Element) -> Any:
    """Return an element as JSON has it: a text, a list, or a mapping of attributes and children."""
    name = element.tag
    if name in _LISTS and (len(element) or not (element.text or "").strip()) and not _is_item(element):
        return [_item(child) for child in element if child.tag in _LISTS[name]]
    if name == "licenses":
        return [_choice(child) for child in element]
    if name == "dependency":
        return {
            "ref": element.get("ref", ""),
            "dependsOn": [each.get("ref", "") for each in element.iter("dependency")][1:],
        }
    if not len(element) and (not element.attrib or (element.text or "").strip()):
        text = (element.text or "").strip()
        return {"name": element.get("name"), "value": text} if name == "property" else text
    return _mapping(element)


def _is_item(element: Element) -> bool:
    """Whether an element that may be a list is an item of one of the same name, as ``sensitiveData`` is."""
    return element.tag == "sensitiveData" and not len(element)


def _item(element: Element) -> Any:
    if element.tag == "ref":
        return {"ref": (element.text or "").strip()}
    return _value(element)


def _choice(element: Element) -> dict[str, Any]:
    """Return a licence or an expression as JSON has it."""
    said = {key: value for key, value in element.attrib.items() if key == "acknowledgement"}
    if element.tag == "expression":
        return {"expression": (element.text or "").strip(), **said}
    inner = _mapping(element)
    return {"license": {key: value for key, value in inner.items() if key in {"id", "name", "url"}} | said}


def _mapping(element: Element) -> dict[str, Any]:
    values: dict[str, Any] = dict(element.attrib)
    for child in element:
        value = _value(child)
        if child.tag not in _REPEATED:
            values[child.tag] = value
            continue
        items = values.setdefault(child.tag, [])
        if isinstance(value, list):
            items += value
        else:
            items.append(value)
    return values
