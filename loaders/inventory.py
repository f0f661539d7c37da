"""The YAML inventory: assets, their attributes and their relations, in the ontology's own names.

assets:
  - kind: Agent
    name: support
    label: {en: Support agent, pt-BR: Agente de suporte}
    partOf: {kind: LLMSystem, name: helpdesk}
    usesModel: [gpt-5-mini]
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

import yaml

from stratagraph.loaders.origins import Place
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import XSD_STRING, Fact, Iri, Literal, Term
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import AttributeInfo, OntologyModel, RelationInfo
from stratagraph.ontology.namespaces import RDF, RDFS, SG, XSD, expand

KIND: Final = "kind"
LABEL: Final = "label"
DEPTH_LIMIT: Final = 32
"""An inventory nests five deep; beyond a few thousand the parser takes minutes and then the stack."""
NUMBERS: Final = frozenset(
    {XSD.integer, XSD.decimal, XSD.double, XSD.float, XSD.nonNegativeInteger, XSD.positiveInteger}
)


@dataclass(kw_only=True)
class MalformedInventory(StratagraphError):
    """A YAML inventory that cannot be read as one."""

    slug: ClassVar[str] = "malformed-inventory"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "{file}:{line}: {reason}"
    file: str
    line: int
    reason: str


def read_inventory(data: bytes, file: str, *, model: OntologyModel, base: Iri) -> dict[Fact, Place | None]:
    """Turn one YAML inventory into facts with their lines; an empty document states nothing.

    Raises:
        MalformedInventory: with the line, and what to write instead.
    """
    root = _compose(data, file)
    if root is None:
        return {}
    reader = _Reader(file, model, base)
    entries = [(node, reader.identify(node)) for node in reader.entries(root)]
    facts: dict[Fact, Place | None] = {}
    for node, asset in entries:
        for fact, line in reader.statements(node, asset):
            facts.setdefault(fact, Place(file, line))
    return facts


def _compose(data: bytes, file: str) -> yaml.Node | None:
    try:
        depth = 0
        for event in yaml.parse(data, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH_LIMIT:
                raise MalformedInventory(file=file, line=_line(event), reason="this is nested too deeply to be read.")
            if isinstance(event, yaml.AliasEvent):
                # Aliases let a short file stand for an endless one.
                raise MalformedInventory(
                    file=file,
                    line=_line(event),
                    reason="YAML aliases (*name) are not read; write the value out.",
                )
        return yaml.compose(data, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        reason = f"this is not well-formed YAML: {error.problem or error.context}."
        raise MalformedInventory(file=file, line=line, reason=reason) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = f"this is not well-formed YAML: {error}."
        raise MalformedInventory(file=file, line=1, reason=reason) from None


def _line(node: yaml.Node | yaml.Event) -> int:
    return int(node.start_mark.line) + 1 if node.start_mark else 0


@dataclass(frozen=True, slots=True)
class _Asset:
    iri: Iri
    kind: Iri


class _Reader:
    """Reads the entries of one file; knows the assets that the file itself names."""

    def __init__(self, file: str, model: OntologyModel, base: Iri) -> None:
        self.file = file
        self.model = model
        self.base = base
        self.named: dict[str, list[_Asset]] = {}

    def fail(self, node: yaml.Node, reason: str) -> MalformedInventory:
        return MalformedInventory(file=self.file, line=_line(node), reason=reason)

    def entries(self, root: yaml.Node) -> list[yaml.MappingNode]:
        """Return the entries of the list ``assets``."""
        if isinstance(root, yaml.ScalarNode) and not root.value:
            return []
        for key, value in self.pairs(root, what="An inventory"):
            if key.value != "assets":
                raise self.fail(key, f"'{key.value}' is not known here; an inventory has one list, 'assets'.")
            if isinstance(value, yaml.ScalarNode) and not value.value:
                return []
            if not isinstance(value, yaml.SequenceNode):
                raise self.fail(value, "'assets' is a list: start each asset with '- kind: ...'.")
            for node in value.value:
                self.pairs(node, what="An asset")
            return list(value.value)
        return []

    def pairs(self, node: yaml.Node, *, what: str) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"{what} is a mapping of names to values.")
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.fail(key, "A name is a plain word.")
            if key.value in seen:
                raise self.fail(key, f"'{key.value}' stands twice in this mapping; write a list instead.")
            seen.add(key.value)
        return list(node.value)

    def identify(self, node: yaml.MappingNode) -> _Asset:
        """Mint the IRI of an entry from its kind and key, and remember it by name."""
        asset = self.mint(node)
        name = next((value for key, value in node.value if key.value == "name"), None)
        if isinstance(name, yaml.ScalarNode):
            self.named.setdefault(name.value, []).append(asset)
        return asset

    def mint(self, node: yaml.MappingNode) -> _Asset:
        fields = {key.value: value for key, value in self.pairs(node, what="An asset")}
        if KIND not in fields:
            raise self.fail(node, "An asset needs a 'kind', for example 'kind: Agent'.")
        kind = self.kind(fields[KIND])
        key: dict[Iri, str] = {}
        for name in self.model.classes[kind].key_properties:
            value = fields.get(name.removeprefix(SG))
            if isinstance(value, yaml.ScalarNode) and value.value:
                key[name] = value.value
        if SG.name not in key:
            raise self.fail(node, "An asset needs a 'name'.")
        return _Asset(mint(self.model, kind, key, base=self.base), kind)

    def kind(self, node: yaml.Node) -> Iri:
        name = node.value if isinstance(node, yaml.ScalarNode) else ""
        iri = expand(name) or SG.term(name)
        if iri in self.model.classes:
            return iri
        known = [cls.removeprefix(SG) for cls, info in self.model.classes.items() if SG.Asset in info.ancestors]
        raise self.fail(node, f"'{name}' is not a class of the ontology.{_suggest(name, known)}")

    def statements(self, node: yaml.MappingNode, asset: _Asset) -> Iterator[tuple[Fact, int]]:
        """Yield every fact that an entry states, with its line."""
        for key, value in node.value:
            if key.value == KIND:
                yield Fact(asset.iri, RDF.type, asset.kind), _line(key)
            elif key.value == LABEL:
                for literal, line in self.label(value):
                    yield Fact(asset.iri, RDFS.label, literal), line
            else:
                yield from self.property(asset, key, value)

    def label(self, node: yaml.Node) -> Iterator[tuple[Literal, int]]:
        if isinstance(node, yaml.ScalarNode):
            yield Literal(node.value), _line(node)
            return
        for language, text in self.pairs(node, what="A label"):
            yield Literal(str(text.value), language=language.value.lower()), _line(text)

    def property(self, asset: _Asset, key: yaml.ScalarNode, value: yaml.Node) -> Iterator[tuple[Fact, int]]:
        name = expand(key.value) or SG.term(key.value)
        for item in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if name in self.model.relations:
                target: Term = self.reference(self.model.relations[name], item)
            elif name in self.model.attributes:
                target = self.literal(self.model.attributes[name], key, item)
            else:
                known = [iri.removeprefix(SG) for iri in (*self.model.relations, *self.model.attributes)]
                raise self.fail(
                    key,
                    f"'{key.value}' is no attribute or relation of the ontology.{_suggest(key.value, known)}",
                )
            yield Fact(asset.iri, name, target), _line(item)

    def literal(self, attribute: AttributeInfo, key: yaml.ScalarNode, node: yaml.Node) -> Literal:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail(node, f"'{key.value}' takes a plain value or a list of them.")
        datatype = attribute.datatype or XSD_STRING
        text = node.value
        if datatype == XSD.boolean:
            text = {"yes": "true", "no": "false", "on": "true", "off": "false"}.get(text.lower(), text.lower())
        if datatype == XSD.dateTime and len(text) == len("2025-06-01"):
            text += "T00:00:00Z"  # a day alone means its first moment, in UTC
        if datatype in NUMBERS:
            text = text.replace("_", "")
        return Literal(text, datatype)

    def reference(self, relation: RelationInfo, node: yaml.Node) -> Iri:
        """Return the IRI that a value refers to.

        A mapping with kind and name, an IRI or CURIE, or the name of an asset of this file; else a name whose kind
        the relation's range decides alone.
        """
        if isinstance(node, yaml.MappingNode):
            return self.mint(node).iri
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail(node, "A relation takes a name, an IRI, or {kind: ..., name: ...}.")
        if "://" in node.value:
            return str(node.value)
        return expand(node.value) or self.by_name(relation, node)

    def by_name(self, relation: RelationInfo, node: yaml.ScalarNode) -> Iri:
        here = self.named.get(node.value, [])
        if len(here) > 1:
            here = [asset for asset in here if self.fits(asset.kind, relation.range)]
        if len(here) == 1:
            return here[0].iri
        classes = (self.model.classes[cls] for cls in relation.range if cls in self.model.classes)
        kinds = {info.kind for info in classes if info.key_properties}
        if not here and len(kinds) == 1:
            return mint(self.model, kinds.pop(), {SG.name: node.value}, base=self.base)
        why = "several assets have this name" if here else "no asset of this file has this name"
        raise self.fail(node, f"'{node.value}': {why}; write {{kind: ..., name: {node.value}}}.")

    def fits(self, kind: Iri, wanted: Iterable[Iri]) -> bool:
        return not self.model.ancestors(kind).isdisjoint(wanted)


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3)
    return f" Did you mean {', '.join(close)}?" if close else ""
