"""Sameness: which assets may be one without being stated to be, and which are stated to be and disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from stratagraph.ontology.errors import MOST_FINDINGS, in_short
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SG, SH, SHAPE_BASE, compact, local_name
from stratagraph.ontology.sentences import in_part
from stratagraph.queries.messages import LANGUAGES, messages
from stratagraph.service.deriver import Deriver
from stratagraph.service.deriver.namesakes import NearMiss
from stratagraph.shapes.finding import LONGEST_VALUE, GateFinding

TOPIC: Final = "identity"
NEAR: Final = SHAPE_BASE + "near-miss"
"""The shape of assets that may be one."""
CLASSES: Final = SHAPE_BASE + "merged-classes"
VALUES: Final = SHAPE_BASE + "merged-values"


class Sameness:
    """Warns about the identity of assets, as the deriver knows them now."""

    def __init__(self, model: OntologyModel, deriver: Deriver) -> None:
        self._model = model
        self._deriver = deriver

    def warnings(self, batch: Batch) -> Iterator[GateFinding]:
        """Yield what the author of a batch should know about the assets that it describes, once it is committed."""
        described: dict[Iri, None] = {}
        for fact in batch.facts():
            if fact.predicate in (RDF.type, SG.sameAssetAs):
                described[self._deriver.members(fact.subject)[0]] = None
        for asset in described:
            yield from map(self._near, self._deriver.near_misses(asset))
            yield from self._disagreements(asset)

    def appeared(self, assets: Iterable[Iri]) -> Iterator[GateFinding]:
        """Yield what may be one with assets that have just appeared."""
        for asset in dict.fromkeys(assets):
            yield from map(self._near, self._deriver.near_misses(self._deriver.members(asset)[0]))

    def near_misses(self, asset: Iri, language: str) -> list[dict[str, Any]]:
        """Return what may be one with an asset as plain data, with what to write in a language."""
        return [
            {
                "iri": miss.other,
                "sources": self._deriver.sources_of(miss.other),
                "lacks": _fields(miss.lacks),
                "gives": _fields(miss.gives),
                "spelled": _fields((part, there) for part, _, there in miss.spelled),
                "advice": _advice(miss, language),
            }
            for miss in self._deriver.near_misses(asset)
        ]

    # Near misses -------------------------------------------------------------------------------------------------

    def _near(self, miss: NearMiss) -> GateFinding:
        texts = {language.lower(): self._told(miss, language) for language in LANGUAGES}
        return _warning(NEAR, miss.asset, SG.sameAssetAs, texts, value=miss.other)

    def _told(self, miss: NearMiss, language: str) -> str:
        sources = in_part(self._deriver.sources_of(miss.other), MOST_FINDINGS)
        return messages(TOPIC, language)["near"].format(sources=sources, advice=_advice(miss, language))

    # Merges ------------------------------------------------------------------------------------------------------

    def _disagreements(self, asset: Iri) -> Iterator[GateFinding]:
        """Yield where members of a merge disagree: in what they are, and in what has one value at a time."""
        told = self._deriver.told_by_members(asset)
        if len(told) > 1:
            yield from self._classes(asset, told)
            yield from self._values(asset, told)

    def _classes(self, asset: Iri, told: Mapping[Iri, Iterable[Fact]]) -> Iterator[GateFinding]:
        classes = {fact.object for facts in told.values() for fact in facts if fact.predicate == RDF.type}
        infos = [self._model.classes[cls] for cls in classes if isinstance(cls, str) and cls in self._model.classes]
        kinds = {info.kind for info in infos if info.key_properties}
        if all(self._related(one, other) for one in kinds for other in kinds):
            return
        others = in_part([compact(member) for member in told if member != asset], MOST_FINDINGS)
        texts = {}
        for language in LANGUAGES:
            labels = ", ".join(self._model.label(kind, language.lower()) for kind in sorted(kinds))
            texts[language.lower()] = messages(TOPIC, language)["classes"].format(others=others, kinds=labels)
        yield _warning(CLASSES, asset, RDF.type, texts)

    def _related(self, one: Iri, other: Iri) -> bool:
        return one in self._model.ancestors(other) or other in self._model.ancestors(one)

    def _values(self, asset: Iri, told: Mapping[Iri, Iterable[Fact]]) -> Iterator[GateFinding]:
        keys = {part for info in self._model.classes.values() for part in info.key_properties}
        said: dict[Iri, dict[Iri, set[str]]] = defaultdict(lambda: defaultdict(set))
        for member, facts in told.items():
            for fact in facts:
                info = self._model.attributes.get(fact.predicate)
                if info and info.single_valued and fact.predicate not in keys and isinstance(fact.object, Literal):
                    said[fact.predicate][member].add(fact.object.value)
        for attribute, members in sorted(said.items()):
            if len({frozenset(values) for values in members.values()}) > 1:
                shown = in_part(
                    [f"{compact(one)}: {_values(v)}" for one, v in sorted(members.items())], MOST_FINDINGS, "; "
                )
                texts = {tag.lower(): messages(TOPIC, tag)["values"].format(values=shown) for tag in LANGUAGES}
                yield _warning(VALUES, asset, attribute, texts)


def _warning(shape: Iri, focus: Iri, path: Iri, texts: Mapping[str, str], *, value: Iri | None = None) -> GateFinding:
    return GateFinding(
        focus=focus,
        path=path,
        value=value,
        shape=shape,
        component=shape,
        severity=SH.Warning,
        messages=texts,
    )


def _advice(miss: NearMiss, language: str) -> str:
    """Return what to write so that the two are one, or two."""
    texts = messages(TOPIC, language)
    steps = [
        texts["write"].format(fields=_yaml(fields), asset=compact(asset))
        for asset, fields in ((miss.asset, miss.lacks), (miss.other, miss.gives))
        if fields
    ]
    if miss.spelled:
        fields = _yaml((part, there) for part, _, there in miss.spelled)
        steps.append(texts["spell"].format(fields=fields, asset=compact(miss.asset)))
    return texts["complete" if steps else "join"].format(
        steps=texts["and"].join(steps), asset=compact(miss.asset), other=miss.other
    )


def _fields(parts: Iterable[tuple[Iri, str]]) -> dict[str, str]:
    return {local_name(part): value for part, value in parts}


def _yaml(parts: Iterable[tuple[Iri, str]]) -> str:
    return ", ".join(f"{name}: {in_short(value, LONGEST_VALUE)}" for name, value in _fields(parts).items())


def _values(values: Iterable[str]) -> str:
    return in_part([in_short(value, LONGEST_VALUE) for value in sorted(values)], MOST_FINDINGS)
