"""CycloneDX ML-BOM, 1.4 to 1.7 in JSON and XML: models with their cards, data sets, services, and what needs what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.mlbom.bill_components import Components
from stratagraph.loaders.formats.mlbom.bill_xml import is_xml, read_xml
from stratagraph.loaders.formats.mlbom.needs import Needs
from stratagraph.loaders.formats.mlbom.stated_parts import Parts
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.namespaces import SG

VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")


class MlBom:
    """The format."""

    kind = Kind.MLBOM
    suffixes = (".json", ".xml", ".cdx")

    def recognises(self, document: Document) -> bool:
        """Tell whether a document is a bill of materials of CycloneDX."""
        return is_xml(document) or any(_is_bom(value) for value in document.values)

    def read(self, document: Document, description: Description) -> None:
        """State what the bill says of models, data sets, services and the system.

        Raises:
            MalformedDocument: it is of a version without models, or contradicts itself.
        """
        value = read_xml(document) if is_xml(document) else document.json
        bill = Fields(description, value)
        version = bill.text("specVersion")
        if version not in VERSIONS:
            description.fault(
                bill.place("specVersion"),
                f"CycloneDX {version or 'without a version'} is not read, but {VERSIONS[0]} to {VERSIONS[-1]} are: "
                f"write it anew in one of these.",
            )
        _state(bill, Parts(description))
        bill.rest(ignored_fields("mlbom"))


def _state(bill: Fields, parts: Parts) -> None:
    """State a bill, its parts first."""
    components = Components(bill, parts)
    metadata = bill.fields("metadata")
    supplier = metadata.fields("supplier")
    root = components.component(metadata.fields("component"), root=True) if "component" in metadata else None
    for fields in bill.each("components"):
        components.component(fields)
    for fields in bill.each("services"):
        components.service(fields)
    if root and root.iri not in parts.provided:
        parts.provide(root, SG.Organisation, supplier)
    supplier.leave()
    components.finish()
    Needs(bill, parts).state()


def _is_bom(value: Any) -> bool:
    return isinstance(value, Mapping) and str(value.get("bomFormat", "")).lower() == "cyclonedx"


FORMAT: Final = MlBom()
