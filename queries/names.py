"""From what a person types to an asset, a change kind, an aspect or a level; and search by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Final, TypeAlias
from urllib.parse import quote
from weakref import WeakKeyDictionary

from stratagraph.ontology.errors import MOST_FINDINGS, StratagraphError, in_short, unlisted
from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, XSD, expand
from stratagraph.ontology.terms import to_ox
from stratagraph.queries.cards import TRANSVERSAL, Card, Cards, local_name
from stratagraph.queries.store_protocols import Pattern, TripleStore

_SEARCH: Final = "Search for part of its name: stratagraph search TEXT, or /api/search?q=TEXT."
_LOOK_UP: Final = "Search for part of its name: stratagraph ontology search TEXT."
_IN_THE_GRAPH: Final = frozenset({"asset"})
"""The kinds of names that the search of the graph finds; others are terms of the ontology."""
# People put a blank where a name has a hyphen, a dot or an underscore.
_SEPARATORS: Final = re.compile(r"[\W_]+")
_SUGGESTIONS: Final = 5
_LISTED: Final = 40
"""Most terms to name where none is near: all levels, aspects and kinds of change, but not all classes."""

_TEXTS: Final = """
SELECT ?asset ?text WHERE {
  VALUES ?property { sg:name rdfs:label }
  ?asset a sg:Asset ; ?property ?text
}
"""
_FURTHER_KEYS: Final = (SG.packageUrl, SG.repository, SG.registryName, SG.url, SG.alsoKnownAs)
"""What others call an asset: it answers to these where it is nobody's name."""
_FURTHER: Final = f"""
SELECT ?asset ?text WHERE {{
  VALUES ?property {{ {" ".join(f"<{key}>" for key in _FURTHER_KEYS)} }}
  ?asset a sg:Asset ; ?property ?text
}}
"""
_ARTICLES: Final = """
SELECT ?asset ?text WHERE {
  VALUES ?property { skos:notation rdfs:label }
  ?asset a sg:Obligation ; ?property ?text
}
"""


LONGEST_LABEL: Final = 200
"""Characters of a label that an error repeats."""


class UnknownName(StratagraphError, slug="unknown-name", status=404):
    """No asset or term answers to a name."""

    text = "There is no {kind} named {name!r}. {advice}"

    kind: str
    name: str
    suggestions: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Name the nearest ones, where there are any."""
        nearest = ", ".join(in_short(name, LONGEST_LABEL) for name in self.suggestions)
        advice = f"Did you mean: {nearest}?" if nearest else _SEARCH if self.kind in _IN_THE_GRAPH else _LOOK_UP
        return self.filled(advice=advice)

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"suggestions": list(self.suggestions)}


class UnknownThen(UnknownName, slug="unknown-name"):
    """No asset or term answered to a name at a moment of the past; to a client the same error as for the present."""

    text = "There was no {kind} named {name!r} at sequence {sequence} ({time}); it may have come later. {advice}"

    sequence: int
    time: str

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return super().details() | {"sequence": self.sequence, "time": self.time}


class AmbiguousName(StratagraphError, slug="ambiguous-name", status=409):
    """Several assets answer to a name. ``candidates`` hold iri, label and class of the first of them."""

    text = "{name!r} names several assets; repeat with one of these IRIs: {listing}"

    name: str
    candidates: tuple[dict[str, str], ...]
    count: int

    def __str__(self) -> str:
        """List the candidates."""
        listing = "; ".join(f"<{c['iri']}> ({c['label']}, {c['class']})" for c in self.candidates)
        more = self.count - len(self.candidates)
        return self.filled(listing=f"{listing} and {more} more" if more else listing)

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"candidates": list(self.candidates), **unlisted(self.count)}


def resolve_name(store: TripleStore, model: OntologyModel, text: str, base: Iri = ASSET_BASE) -> Iri:
    """Return the asset that a person means: by IRI, CURIE or key, by exact name, then by what others call it.

    Those are package URL, repository, name in a registry, address and further names; last comes each of these, and name
    and label, folded.

    Of assets that were merged, each one's IRI means the one that stands for all.
    """
    spelled = _assets_spelled(model, text.strip(), base)
    meant = _Meant(store, spelled, text)
    # One by one: the first spelling that is an asset is meant, however many others would be one too.
    for assets in (meant.assets, meant.merged):
        for iri in spelled:
            if iri in assets:
                return assets[iri]
    # The name as it is written goes before one of the same letters in another case. The index of all names is made anew
    # after each commit, so that only who writes a name otherwise than it stands has to wait for it.
    finders = (
        meant.named,
        partial(_known_as, store, text),
        partial(_folded, store, text),
        partial(_further, store, text),
    )
    for find in finders:
        found = find()
        if len(found) == 1:
            return found[0]
        if found:
            listed = _candidates(store, model, sorted(found)[:MOST_FINDINGS])
            raise AmbiguousName(name=text, candidates=listed, count=len(found))
    near = dict.fromkeys((*name_index(store).nearest(text), *_further_index(store).nearest(text)))
    raise UnknownName(kind="asset", name=text, suggestions=tuple(near)[:_SUGGESTIONS])


def resolve_change(model: OntologyModel, text: str) -> Iri:
    """Return a change kind by notation, IRI, CURIE or label."""
    return _term(model, "kind of change", {i: k.notation for i, k in model.change_kinds.items()}, text)


def resolve_aspect(model: OntologyModel, text: str) -> Iri:
    """Return an aspect by notation, IRI, CURIE or label."""
    return _term(model, "aspect", {i: a.notation for i, a in model.aspects.items()}, text)


def resolve_mode(model: OntologyModel, text: str) -> Iri:
    """Return a mode of influence by notation, IRI, CURIE or label."""
    return _term(model, "mode", {i: m.notation for i, m in model.modes.items()}, text)


def resolve_metric(model: OntologyModel, text: str) -> Iri:
    """Return a metric by notation, IRI, CURIE or label."""
    return _term(model, "metric", {i: m.notation or local_name(i) for i, m in model.metrics.items()}, text)


def resolve_level(model: OntologyModel, text: str) -> Iri | None:
    """Return a level by notation, IRI, CURIE or label; None for ``transversal``."""
    if fold(text) == TRANSVERSAL:
        return None
    return _term(model, "level", {level.iri: level.notation for level in model.levels}, text)


def resolve_health(model: OntologyModel, text: str) -> Iri:
    """Return a state of health by notation, IRI, CURIE or label."""
    states = {iri: local_name(iri) for iri in model.graph.instances(SG.HealthStatus)}
    return _term(model, "health state", states, text)


def resolve_class(model: OntologyModel, text: str) -> Iri:
    """Return a class of assets by local name, IRI, CURIE or label."""
    found = model.class_axioms.recognised  # they need not say that their members are assets
    classes = {
        iri: local_name(iri) for iri, info in model.classes.items() if SG.Asset in info.ancestors or iri in found
    }
    return _term(model, "class", classes, text)


def resolve_kind(model: OntologyModel, text: str) -> Iri:
    """Return a class by local name, IRI, CURIE or label: of assets, where one answers to it, else of anything."""
    try:
        return resolve_class(model, text)
    except UnknownName:
        return _term(model, "class", {iri: local_name(iri) for iri in model.classes}, text)


def search(
    store: TripleStore, model: OntologyModel, text: str, *, limit: int = 20, language: str = "en"
) -> dict[str, object]:
    """Return the assets and obligations whose name or label fits best, as ``{"results": [...]}``.

    Exact names come first; else assets by their names, then by what others call them, then the articles of laws.
    """
    found = best(text, name_index(store), _further_index(store), _obligations(store), limit=limit)
    cards = Cards(store, model)
    cards.fetch(found)
    return {
        "sequence": store.sequence,
        "results": [cards[asset].document(model, language) for asset in found],
    }


class NameIndex:
    """The names and labels of every asset at one sequence, folded."""

    def __init__(self, sequence: int, texts: Iterable[tuple[Iri, str]]) -> None:
        self.sequence = sequence
        self._assets: dict[str, set[Iri]] = {}
        self._shown: dict[str, str] = {}
        for asset, text in sorted(texts):  # so that, of spellings that fold alike, the same is shown in every run
            folded = fold(text)
            self._assets.setdefault(folded, set()).add(asset)
            self._shown.setdefault(folded, text)
        self._words = {folded: _SEPARATORS.sub(" ", folded).strip() for folded in self._assets}

    def exact(self, text: str) -> list[Iri]:
        """Return the assets that have the name, case and accents ignored."""
        return sorted(self._assets.get(fold(text), ()))

    def nearest(self, text: str) -> tuple[str, ...]:
        """Return the names that look most like the text."""
        wanted = fold(text)
        close = get_close_matches(wanted, self._assets, n=_SUGGESTIONS, cutoff=0.6)  # difflib's own default
        within = sorted(name for name in self._assets if wanted and wanted in name)
        return tuple(self._shown[name] for name in dict.fromkeys((*close, *within)))[:_SUGGESTIONS]

    def ranked(self, text: str) -> dict[Iri, tuple[int, str]]:
        """Return how well assets fit, 0 best: whole name, its beginning, a word's beginning, somewhere in it."""
        wanted = _SEPARATORS.sub(" ", fold(text)).strip()
        ranks: dict[Iri, tuple[int, str]] = {}
        if not wanted:
            return ranks
        for folded, assets in self._assets.items():
            rank = _rank(wanted, self._words[folded])
            for asset in assets if rank is not None else ():
                ranks[asset] = min(ranks.get(asset, (9, "")), (rank or 0, folded))
        return ranks


def best(text: str, *indexes: NameIndex, limit: int) -> list[Iri]:
    """Return what fits best: whole names of any index, then the rest of the first index, of the second and so on."""
    found = [
        (rank != 0, at, rank, folded, iri)
        for at, index in enumerate(indexes)
        for iri, (rank, folded) in index.ranked(text).items()
    ]
    return list(dict.fromkeys(iri for *_, iri in sorted(found)))[:limit]


# Weak, so that an index goes when its store does.
_Indexes: TypeAlias = WeakKeyDictionary[TripleStore, NameIndex]
_assets: Final[_Indexes] = WeakKeyDictionary()
_others: Final[_Indexes] = WeakKeyDictionary()
_articles: Final[_Indexes] = WeakKeyDictionary()


def name_index(store: TripleStore) -> NameIndex:
    """Return the index of the store's assets, built again only when the sequence has moved on."""
    return _index(_assets, store, _TEXTS)


def _further_index(store: TripleStore) -> NameIndex:
    return _index(_others, store, _FURTHER)


def _obligations(store: TripleStore) -> NameIndex:
    return _index(_articles, store, _ARTICLES)


def _index(indexes: _Indexes, store: TripleStore, query: str) -> NameIndex:
    known = indexes.get(store)
    if known is None or known.sequence != store.sequence:
        known = indexes[store] = NameIndex(store.sequence, _texts(store, query))
    return known


def _texts(store: TripleStore, query: str) -> Iterable[tuple[Iri, str]]:
    for row in store.select(query):
        asset, text = row["asset"], row["text"]
        if isinstance(asset, str) and isinstance(text, Literal):
            yield asset, text.value


def _rank(wanted: str, words: str) -> int | None:
    """Return how well a name fits, 0 best; None when it does not."""
    tests = (words == wanted, words.startswith(wanted), f" {wanted}" in words, wanted in words)
    if any(tests):
        return tests.index(True)
    return len(tests) if all(word in words for word in wanted.split()) else None


def spelled(model: OntologyModel, text: str) -> list[Iri]:
    """Return the IRIs that a text may spell: itself, or a CURIE of the product's or of a user's modules."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    prefix, _, local = bare.partition(":")
    own = (base + local for base in model.prefixes.get(prefix, ()))
    return list(dict.fromkeys((bare, expand(bare) or bare, *own)))


def _assets_spelled(model: OntologyModel, text: str, base: Iri) -> list[Iri]:
    """Return the IRIs of assets that a text may spell, a path below the asset base among them."""
    prefix, _, local = text.partition(":")
    # A name that a person types has blanks and accents, its IRI has them percent-encoded.
    found = [*spelled(model, text), base + text, base + quote(text, safe="/%")]
    if prefix == "asset":
        found[:0] = [base + local, base + quote(local, safe="/%")]
    return [iri for iri in dict.fromkeys(found) if is_iri(iri)]


def is_iri(text: str) -> bool:
    try:
        to_ox(text)
    except ValueError:
        return False
    return True


class _Meant:
    """What the IRIs that a text may spell, and the text itself as a name, stand for."""

    def __init__(self, store: TripleStore, spelled: Sequence[Iri], text: str) -> None:
        patterns: list[Pattern] = [(iri, RDF.type, SG.Asset) for iri in spelled]
        # The other IRIs of a merged asset stand as literals (docs/decisions/0006).
        patterns += [(None, SG.mergedFrom, Literal(iri, XSD.anyURI)) for iri in spelled]
        *found, named = store.matching([*patterns, (None, SG.name, Literal(text))])
        held = {fact.subject for facts in (*found[len(spelled) :], named) for fact in facts}
        bearers = _assets_among(store, held)
        self.assets = {iri: iri for iri, facts in zip(spelled, found, strict=False) if facts}
        self.merged = {
            iri: fact.subject
            for iri, facts in zip(spelled, found[len(spelled) :], strict=True)
            for fact in facts
            if fact.subject in bearers
        }
        self._named = {fact.subject for fact in named} & bearers

    def named(self) -> list[Iri]:
        """Return the assets that have exactly this name."""
        return sorted(self._named)


def _assets_among(store: TripleStore, nodes: Collection[Iri]) -> set[Iri]:
    """Return those of the nodes that are assets: whatever has a name may be something else."""
    found = store.matching([(node, RDF.type, SG.Asset) for node in nodes])
    return {fact.subject for facts in found for fact in facts}


def _known_as(store: TripleStore, text: str) -> list[Iri]:
    """Return the assets that others call exactly so."""
    called = Literal(_without_version(text.strip()))
    found = store.matching([(None, key, called) for key in _FURTHER_KEYS])
    return sorted(_assets_among(store, {fact.subject for facts in found for fact in facts}))


def _without_version(text: str) -> str:
    """Return a package URL as the graph has it; any other text as it is."""
    if not text.startswith("pkg:"):
        return text
    # Version, qualifiers and subpath come last (ECMA-427); an @ in a name is percent-encoded.
    bare = text.partition("#")[0].partition("?")[0]
    folder, slash, name = bare.rpartition("/")
    return folder + slash + name.partition("@")[0]


def _folded(store: TripleStore, text: str) -> list[Iri]:
    return name_index(store).exact(text)


def _further(store: TripleStore, text: str) -> list[Iri]:
    return _further_index(store).exact(_without_version(text.strip()))


def _candidates(store: TripleStore, model: OntologyModel, assets: Iterable[Iri]) -> tuple[dict[str, str], ...]:
    cards = Cards(store, model)
    cards.fetch(assets)
    return tuple(_candidate(model, cards[asset]) for asset in assets)


def _candidate(model: OntologyModel, card: Card) -> dict[str, str]:
    cls = model.label(card.cls) if card.cls else ""
    return {"iri": card.iri, "label": in_short(card.label("en"), LONGEST_LABEL), "class": cls}


def _term(model: OntologyModel, kind: str, notations: Mapping[Iri, str], text: str) -> Iri:
    """Find a term of the ontology by any of its spellings."""
    spellings: dict[str, Iri] = {}
    for iri, notation in sorted(notations.items()):
        labels = (*model.labels.get(iri, {}).values(), *model.alternatives.get(iri, ()))
        for spelling in (iri, notation, local_name(iri), *labels):
            spellings.setdefault(fold(spelling), iri)
    for iri in spelled(model, text):
        if iri in notations:
            return iri
    wanted = fold(expand(text.strip()) or text)
    if wanted in spellings:
        return spellings[wanted]
    written = {fold(notation): notation for notation in notations.values()}
    close = get_close_matches(wanted, written, n=_SUGGESTIONS, cutoff=0.4)
    suggestions = tuple(written[each] for each in close)
    if not suggestions and len(notations) <= _LISTED:
        suggestions = tuple(sorted(notations.values()))
    raise UnknownName(kind=kind, name=text, suggestions=suggestions)
