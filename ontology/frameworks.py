"""Which framework or kind of policy a law or policy of an estate is: told by its code, its names, and their spellings.

People name laws as they speak of them. A framework answers to its notation, its labels and its alternative labels in
both languages, whatever their case, accents and separators; to an official number inside a longer name; and to
several of its names in a row. What answers to none of these is never guessed: the nearest code is offered instead.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Final, TypeAlias

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, RDFS, SG, SKOS, local_name

Words: TypeAlias = tuple[str, ...]

_WORD: Final = re.compile(r"[^\W_]+")
# Up to four digits are a year or a version; longer numbers are those of laws.
_EDITION: Final = re.compile(r"v?[0-9]{1,4}")
_NAMING: Final = frozenset({SKOS.notation, RDFS.label, SKOS.altLabel})
_BINDING: Final = frozenset({SG.RegulatoryFramework, SG.PolicyKind})
_LIKENESS: Final = 0.6  # difflib's own default


@dataclass(frozen=True, slots=True)
class Binding:
    """What can bind an asset: a framework, or a kind of policy; ``code`` is how an inventory names it."""

    iri: Iri
    code: str
    kind: Iri
    names: frozenset[Words]

    def answers_to(self, text: str) -> bool:
        """Say whether a text is one of the names, as people write them."""
        words = _words(text)
        # 'AI-Act', 'AI Act' and 'AIAct' are one name.
        joined = {"".join(name) for name in self.names}
        return bool(words) and (
            any("".join(shorter) in joined for shorter in _without_edition(words))
            # An official number, such as 2016/679, says which law it is in any sentence; plain words do not.
            or any(_has_number(name) and _holds(words, name) for name in self.names)
            or _covered(words, self.names)
        )

    def within(self, words: Words) -> int:
        """Return how many words of a text the longest of the names takes up."""
        return max((len(name) for name in self.names if _holds(words, name)), default=0)


@dataclass(frozen=True, slots=True)
class Bindings:
    """Every framework and kind of policy that an ontology knows."""

    known: Mapping[Iri, Binding]

    def recognise(self, codes: Iterable[str], names: Iterable[str]) -> frozenset[Iri]:
        """Return what an asset is: by its codes where one is known, else by its names; nothing where they disagree."""
        by_code = self._answering(codes)
        if by_code:
            return by_code
        by_name = self._answering(names)
        return by_name if len(by_name) == 1 else frozenset()

    def nearest(self, texts: Iterable[str], kind: Iri, *, asked: Iri = "") -> str | None:
        """Return the code, among frameworks or among kinds of policies, whose names look most like one of the texts.

        A name that stands in a text goes before one that looks like it, and that of the framework asked before others.
        """
        candidates = [binding for binding in self.known.values() if binding.kind == kind]
        spelled = {"".join(name): binding.code for binding in candidates for name in binding.names}
        told = [_words(text) for text in texts]
        inside = [
            (each.iri != asked, at, -longest, each.code)
            for at, words in enumerate(told)
            for each in candidates
            if (longest := each.within(words))
        ]
        if inside:
            return min(inside)[-1]
        close = (get_close_matches("".join(words), spelled, n=1, cutoff=_LIKENESS) for words in told)
        return next((spelled[found[0]] for found in close if found), None)

    def codes(self, kind: Iri) -> tuple[str, ...]:
        """Return the codes of all frameworks, or of all kinds of policies."""
        return tuple(sorted(binding.code for binding in self.known.values() if binding.kind == kind))

    def _answering(self, texts: Iterable[str]) -> frozenset[Iri]:
        written = tuple(texts)
        return frozenset(iri for iri, binding in self.known.items() if any(map(binding.answers_to, written)))


@lru_cache(maxsize=8)
def bindings(model: OntologyModel) -> Bindings:
    """Return the frameworks and kinds of policies of an ontology, extension modules included."""
    names: dict[Iri, set[Words]] = defaultdict(set)
    codes: dict[Iri, str] = {}
    kinds: dict[Iri, Iri] = {}
    for fact in model.triples:
        if fact.predicate == RDF.type and fact.object in _BINDING:
            kinds[fact.subject] = str(fact.object)
        elif fact.predicate in _NAMING and isinstance(fact.object, Literal):
            names[fact.subject].add(_words(fact.object.value))
            if fact.predicate == SKOS.notation:
                codes[fact.subject] = fact.object.value
    known = {}
    for iri, kind in sorted(kinds.items()):
        code = codes.get(iri, local_name(iri))
        # A name of signs alone has no words, and would stand in every text.
        spelled = frozenset({_words(code), *names[iri]} - {()})
        known[iri] = Binding(iri=iri, code=code, kind=kind, names=spelled)
    return Bindings(known)


def _words(text: str) -> Words:
    """Return the words of a text without case and accents."""
    return tuple(_WORD.findall(fold(text)))


def _without_edition(words: Words) -> Iterable[Words]:
    """Yield the words, then again without each number at their end that tells an edition: ``v2``, ``2025``."""
    yield words
    while len(words) > 1 and _EDITION.fullmatch(words[-1]):
        words = words[:-1]
        yield words


def _has_number(name: Words) -> bool:
    return len(name) > 1 and any(word.isdigit() for word in name)


def _holds(words: Words, name: Words) -> bool:
    return any(words[at : at + len(name)] == name for at in range(len(words) - len(name) + 1))


def _covered(words: Words, names: frozenset[Words]) -> bool:
    """Say whether the words are nothing but names, one after the other."""
    reached = {0}
    for at in range(len(words)):
        if at in reached:
            reached.update(at + len(name) for name in names if words[at : at + len(name)] == name)
    return len(words) in reached
