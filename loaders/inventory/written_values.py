"""How a value is written in an inventory, and the literal that it stands for."""

from __future__ import annotations

import re
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.namespaces import XSD

_NUMBERS: Final = frozenset(
    {XSD.integer, XSD.decimal, XSD.double, XSD.float, XSD.nonNegativeInteger, XSD.positiveInteger}
)
# What YAML 1.1 takes for truth values, and people go on writing.
_WORDS: Final = {"yes": "true", "no": "false", "on": "true", "off": "false"}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(r"(\d{4}-\d{2}-\d{2}) +(\d{2}:\d{2}:\d{2}\S*)")
_GROUPED: Final = re.compile(r"(?<=\d)_(?=\d)")


def literal(text: str, datatype: Iri) -> Literal:
    """Return the literal of a datatype that a plain value means; whether it is one is the gate's to judge."""
    if datatype == XSD.boolean:
        text = _WORDS.get(text.lower(), text.lower())
    elif datatype == XSD.dateTime:
        # A day alone means its first moment, in UTC. Other ways to write a day are read differently in each country.
        text = f"{text}T00:00:00Z" if _DAY.fullmatch(text) else _MOMENT.sub(r"\1T\2", text)
    elif datatype in _NUMBERS:
        text = _GROUPED.sub("", text)
    return Literal(text, datatype)
