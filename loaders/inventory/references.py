"""What the value of a relation points to: an asset of the file, one of the ontology's own values, or an IRI."""

from __future__ import annotations

from typing import Final

import yaml

from stratagraph.loaders.inventory.entries import IRI, KIND, Entries, WrittenAsset
from stratagraph.loaders.inventory.faults import MalformedInventory, line_of, quote
from stratagraph.loaders.inventory.written_terms import nearest
from stratagraph.loaders.inventory.yaml_tree import pairs
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.identity import mint
from stratagraph.ontology.model import RelationInfo
from stratagraph.ontology.sentences import in_part

_CHOICES_SHOWN: Final = 20


class References:
    """Resolves the values of relations against the entries of one file and the ontology."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.terms = entries.terms
        self.model = entries.model
        self.faults = entries.faults

    def read(self, relation: RelationInfo, node: yaml.Node) -> Iri | None:
        """Return the IRI that a value refers to; None where it is an entry of this file that is wrong itself.

        Raises:
            MalformedInventory: nothing is called so, several are, or a mapping does not say which asset it means.
        """
        if isinstance(node, yaml.MappingNode):
            return self.described(relation, node)
        if not isinstance(node, yaml.ScalarNode):
            raise self.faults.fault(node, "A relation takes a name, an IRI, or {kind: ..., name: ...}.")
        written = node.value.strip()
        # What stands in the same file is meant before anything that the ontology calls so.
        here = self.here(relation, written)
        if len(here) == 1:
            return here[0].iri
        if len(here) > 1:
            raise self.ambiguous(node, here)
        if spelled := self.spelled(written):
            return spelled
        return self.named(relation, node)

    def here(self, relation: RelationInfo, name: str) -> list[WrittenAsset]:
        """Return the assets of this file that have a name: where there are several, those that fit."""
        found = list(self.entries.named.get(name, {}).values())
        fitting = [asset for asset in found if self.entries.fits(asset, relation.range)]
        # A single one is meant even where it does not fit: the shapes then tell what is wrong with it.
        return fitting if len(found) > 1 and fitting else found

    def spelled(self, written: str) -> Iri | None:
        """Return the IRI that is written out in full or as a CURIE."""
        bare = written.removeprefix("<").removesuffix(">")
        if "://" in written or bare != written or written.startswith("urn:"):
            return bare
        expanded = self.terms.expand(written)
        # A module's term goes before an IRI that a prefix merely allows.
        known = [iri for iri in expanded if iri in self.terms.names.types]
        return next(iter(known or expanded), None)

    def named(self, relation: RelationInfo, node: yaml.ScalarNode) -> Iri | None:
        """Return what a bare name means beyond this file: a value of the ontology, else the one kind in the range."""
        values = self.terms.values(node.value, relation)
        if len(values) == 1:
            return values[0]
        if values:
            several = ", ".join(f"<{iri}>" for iri in values)
            raise self.faults.fault(node, f"{quote(node.value)} names several values; write one of {several}.")
        # The fault of its own entry is told; a second one about the name would lead away from it.
        if node.value in self.entries.unread:
            return None
        kinds = self.terms.kinds(relation)
        if len(kinds) == 1:
            kind = next(iter(kinds))
            return mint(self.model, kind, {self.model.classes[kind].key_properties[0]: node.value}, self.entries.base)
        if not self.terms.takes_assets(relation):
            raise self.no_value(relation, node)
        allowed = ", ".join(sorted(map(self.terms.shown, kinds)))
        kind_advice = f"kind: {allowed}" if len(kinds) == 1 else "kind: ..."
        among = f" The kind is one of {allowed}." if len(kinds) > 1 else ""
        raise self.faults.fault(
            node,
            f"{quote(node.value)}: no asset of this file has this name; "
            f"write {{{kind_advice}, name: {node.value[:80]}}}.{among}",
        )

    def no_value(self, relation: RelationInfo, node: yaml.ScalarNode) -> MalformedInventory:
        """Return the error about a word that is none of the ontology's values."""
        choices = [self.terms.shown(iri) for iri in self.terms.choices(relation)]
        name = self.terms.shown(relation.iri)
        if not choices:
            classes = ", ".join(sorted(map(self.terms.shown, relation.range)))
            return self.faults.fault(
                node, f"{quote(node.value)}: '{name}' points to {classes} by IRI; write the IRI out."
            )
        close = nearest(node.value, choices)
        advice = f" Did you mean {', '.join(close)}?" if close else ""
        listed = in_part(choices, _CHOICES_SHOWN)
        return self.faults.fault(
            node, f"{quote(node.value)} is no value of '{name}'.{advice} It takes one of {listed}."
        )

    def ambiguous(self, node: yaml.ScalarNode, here: list[WrittenAsset]) -> MalformedInventory:
        """Return the error about a name that several assets of the file have."""
        kinds = sorted({self.terms.shown(asset.kind) for asset in here})
        if len(kinds) == len(here):
            advice = f"write {{kind: ..., name: {node.value[:80]}}} with one of the kinds {', '.join(kinds)}"
        else:
            listed = ", ".join(sorted(f"<{asset.iri}>" for asset in here))
            advice = f"write the whole key, or one of {listed}"
        return self.faults.fault(node, f"{quote(node.value)}: several assets have this name; {advice}.")

    def described(self, relation: RelationInfo, node: yaml.MappingNode) -> Iri:
        """Return the asset that a mapping names; it may say no more than kind and key."""
        fields = pairs(node, self.faults, what="An asset")
        kinds = self.terms.kinds(relation)
        written = {key.value for key, _ in fields}
        value = next((value for key, value in fields if key.value == "name"), None)
        choice = KIND in written and isinstance(value, yaml.ScalarNode) and IRI not in written
        if choice:
            assert isinstance(value, yaml.ScalarNode)
            kind = self.entries.kind(next(found for key, found in fields if key.value == KIND))
            # Without a key it has none but the ontology's own individuals, and a name tells these apart.
            if not self.model.classes[kind].key_properties:
                values = self.terms.values(value.value, relation)
                if len(values) == 1:
                    return values[0]
                raise self.no_value(relation, value)
        asset = self.entries.identify(node, fields, next(iter(kinds)) if len(kinds) == 1 else None)
        allowed = {KIND, IRI, *(map(self.terms.shown, self.model.classes[asset.kind].key_properties))}
        # Any other field would look as if it were stated, and be lost.
        for key, _ in fields:
            names = {self.terms.shown(iri) for iri in self.terms.fields(key.value)} | {key.value}
            if names.isdisjoint(allowed):
                parts = ", ".join(sorted(allowed - {KIND, IRI}))
                kind_shown = self.terms.shown(asset.kind)
                raise self.faults.fault(
                    key,
                    f"{quote(key.value)} does not say which {kind_shown} is meant (its key is {parts}); "
                    f"state it in an entry of its own: line {line_of(node)} only points to the asset.",
                )
        return asset.iri
