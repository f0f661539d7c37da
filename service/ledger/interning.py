"""Terms as the ledger stores them: each N-Triples text once, under a number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from stratagraph.ontology.facts import TAGGED, UNTAGGED, Fact, Iri, Term
from stratagraph.ontology.identity import LONGEST_IRI
from stratagraph.ontology.terms import encode, to_ox
from stratagraph.service.ledger.damage import term
from stratagraph.service.ledger.database import chunks, insert_many
from stratagraph.service.ledger.errors import UnstorableTerm
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import terms

REMEMBERED: Final = 200_000
"""Terms kept in memory at most, per direction: bounds a bulk load at some 100 MB."""

LONGEST_TEXT: Final = 2 << 20
"""Bytes of a literal. The triples' parser takes 16 MiB in one piece, and an escape makes six bytes of one."""

_BY_KEY: Final = Prepared(select(terms.c.key, terms.c.id).where(terms.c.key.in_(bindparam("keys", expanding=True))))
_LAST: Final = select(func.coalesce(func.max(terms.c.id), 0))


def key_of(text: str) -> bytes:
    """Return the short hash that a term's text is found by."""
    # 16 bytes: among 10^9 terms, two equal hashes have a chance below 10^-20, so the texts are not compared.
    return blake2b(text.encode(), digest_size=16).digest()


def fault_of(term: Term) -> str | None:
    """Return why the term cannot be stored, None where it can: what a view cannot hold must not become true."""
    if isinstance(term, str):
        return _fault_of_iri(term)
    value, datatype, language = term
    # As nearly all literals are: nothing in it can offend a view.
    if not language and len(value) <= LONGEST_TEXT and value.isascii():
        return _fault_of_datatype(datatype)
    try:
        to_ox(term)
    except ValueError as error:
        return str(error)
    if not language and (fault := _fault_of_datatype(datatype)):
        return fault
    return f"a text has at most {LONGEST_TEXT:,} bytes" if _is_longer(value, LONGEST_TEXT) else None


def _fault_of_iri(iri: Iri) -> str | None:
    try:
        to_ox(iri)
    except ValueError as error:
        return str(error)
    return f"an IRI has at most {LONGEST_IRI:,} bytes" if _is_longer(iri, LONGEST_IRI) else None


@lru_cache(maxsize=1_024)
def _fault_of_datatype(iri: Iri) -> str | None:
    """Return why no literal without a language can have the datatype."""
    return _fault_of_iri(iri) or (UNTAGGED if iri in TAGGED else None)


def _is_longer(text: str, most: int) -> bool:
    """Whether a text has more bytes."""
    # Most are so short that they need not be encoded: a character has four bytes at most.
    return len(text) > most or (len(text) * 4 > most and len(text.encode()) > most)


def is_storable(term: Term) -> bool:
    """Whether the term can be stored."""
    return fault_of(term) is None


class Texts(dict[Term, str]):
    """The N-Triples text of a term, remembered."""

    def __missing__(self, term: Term) -> str:
        """Encode a term seen for the first time."""
        if len(self) >= REMEMBERED:
            self.clear()
        if fault := fault_of(term):
            raise UnstorableTerm(term=encode(term), reason=fault)
        text = self[term] = encode(term)
        return text


class Decoded(dict[str, Term]):
    """The term of an N-Triples text, remembered."""

    def __missing__(self, text: str) -> Term:
        """Decode a text seen for the first time."""
        if len(self) >= REMEMBERED:
            self.clear()
        decoded = self[text] = term(text)
        return decoded


class Terms:
    """The numbers of terms, as the transaction that holds the commit lock sees them."""

    def __init__(self) -> None:
        """Start empty; the first new term makes it ask the database for the last number."""
        self.texts = Texts()
        self.ids: dict[str, int] = {}
        self._last: int | None = None

    def forget(self) -> None:
        """Forget the numbers; another process may have changed them."""
        self.ids.clear()
        self._last = None

    def last(self, connection: Connection) -> int:
        """Return the largest number that a term has."""
        if self._last is None:
            self._last = int(connection.execute(_LAST).scalar_one())
        return self._last

    def intern(self, connection: Connection, texts: Collection[str]) -> dict[str, int]:
        """Return the numbers of the texts among others, giving new ones where needed."""
        for chunk in chunks(self._unknown(texts)):
            missing = self._look_up(connection, chunk)
            last = self.last(connection)
            # Numbers are given here, because a bulk insert returns none.
            rows = [(number, key, text) for number, (key, text) in enumerate(missing.items(), last + 1)]
            insert_many(connection, terms, ("id", "key", "text"), rows)
            self.ids.update((text, number) for number, _, text in rows)
            self._last = last + len(rows)
        return self.ids

    def find(self, connection: Connection, texts: Collection[str]) -> list[int]:
        """Return the numbers of those texts that have one."""
        for chunk in chunks(self._unknown(texts)):
            self._look_up(connection, chunk)
        return [number for number in map(self.ids.get, texts) if number is not None]

    def _unknown(self, texts: Collection[str]) -> list[str]:
        missing = [text for text in texts if text not in self.ids]
        if len(self.ids) + len(missing) <= REMEMBERED:
            return missing
        self.ids.clear()
        # All numbers asked for must be there in the end, those that were just forgotten as well.
        return list(texts)

    def _look_up(self, connection: Connection, texts: list[str]) -> dict[bytes, str]:
        """Remember the numbers of those texts that have one, and return the others by their keys."""
        by_key = {key_of(text): text for text in texts}
        # An empty ledger has nothing to be found.
        if self._last != 0:
            for key, number in _BY_KEY(connection, keys=list(by_key)):
                self.ids[by_key.pop(bytes(key))] = number
        return by_key


def find(connection: Connection, texts: Iterable[str]) -> dict[str, int]:
    """Return the numbers of those texts that are interned."""
    by_key = {key_of(text): text for text in texts}
    rows = _BY_KEY(connection, keys=list(by_key)) if by_key else ()
    return {by_key[bytes(key)]: number for key, number in rows}


def fact_numbers(connection: Connection, fact: Fact) -> tuple[int, int, int] | None:
    """Return the numbers of a fact's terms, or None where a term was never stored."""
    spo = (fact.subject, fact.predicate, fact.object)
    # A term that could never be stored is in no claim; to ask for it is no mistake.
    if not all(map(is_storable, spo)):
        return None
    texts = Texts()
    s, p, o = (texts[term] for term in spo)
    numbers = find(connection, {s, p, o})
    return (numbers[s], numbers[p], numbers[o]) if {s, p, o} <= numbers.keys() else None
