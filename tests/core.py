"""What tests read of the core ontology: made once in a process, and only when a test asks for it.

Every process collects every file, so what a file makes while it is imported is paid for by all of them.
"""

from __future__ import annotations

from functools import cache

from stratagraph.ontology.model import load_model
from stratagraph.queries.forms import Forms
from stratagraph.queries.vocabulary import Vocabulary
from stratagraph.shapes.gate import Gate
from tests.queries.plain import PlainStore

MODEL = load_model()


@cache
def gate() -> Gate:
    """Return the gate of a service without modules of its own."""
    return Gate(MODEL)


@cache
def forms() -> Forms:
    """Return the forms of every class."""
    return Forms(MODEL)


@cache
def vocabulary() -> Vocabulary:
    """Return the terms as they are looked up by name."""
    return Vocabulary(MODEL)


@cache
def store() -> PlainStore:
    """Return a store that holds nothing but the ontology."""
    return PlainStore(MODEL, MODEL.triples)
