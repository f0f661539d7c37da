"""Licences as formats name them: identifiers of SPDX in any case, expressions of them, and well-known URLs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from stratagraph.loaders.inventory.written_terms import names_of
from stratagraph.ontology.folding import fold
from stratagraph.ontology.namespaces import SG

if TYPE_CHECKING:
    from stratagraph.loaders.formats.core_yaml import Path
    from stratagraph.loaders.formats.description import Description
    from stratagraph.ontology.facts import Iri
    from stratagraph.ontology.model import OntologyModel

_UNSAID: Final = frozenset({"", "noassertion", "unknown", "unlicense-unknown", "n/a"})
_WORD: Final = re.compile(r"[\w.+-]+")
_OPERATORS: Final = frozenset({"and", "or", "with"})
_HOSTS: Final = frozenset({"spdx.org", "opensource.org", "www.opensource.org", "choosealicense.com"})
_COMMONS: Final = re.compile(r"/(licenses|publicdomain)/([a-z-]+)/(\d\.\d)")


@cache
def identifiers() -> dict[str, str]:
    """Return the identifiers of SPDX by their lower case."""
    text = files("stratagraph.loaders.formats").joinpath("licences.json").read_text(encoding="utf-8")
    return {each.lower(): each for each in json.loads(text)["identifiers"]}


def licence(written: str) -> str:
    """Return a licence as SPDX writes it where that is known, else as it is written; "" where nothing is said."""
    written = " ".join(written.split())
    if written.lower() in _UNSAID:
        return ""
    if "://" in written:
        return _of_url(written)
    known = identifiers()
    if written.lower() in known:
        return known[written.lower()]
    words = [word for word in _WORD.findall(written) if word.lower() not in _OPERATORS]
    operators = _WORD.findall(written)
    if len(operators) == len(words) or not all(_is_known(word) for word in words):
        return written
    return _WORD.sub(lambda found: _spelled(found[0]), written)


def _is_known(word: str) -> bool:
    name = word.lower()
    return name.removesuffix("+") in identifiers() or name.endswith("exception") or "-exception-" in name


def _spelled(word: str) -> str:
    if word.lower() in _OPERATORS:
        return word.upper()
    known = identifiers()
    if word.lower() in known or not word.endswith("+"):
        return known.get(word.lower(), word)
    return known.get(word.lower().removesuffix("+"), word.removesuffix("+")) + "+"


def _of_url(url: str) -> str:
    """Return the identifier that a page of a licence stands for, else the URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    host = (parts.hostname or "").removeprefix("www.")
    if host == "creativecommons.org" and (found := _COMMONS.search(parts.path.lower())):
        name = f"cc0-{found[3]}" if found[2] == "zero" else f"cc-{found[2]}-{found[3]}"
        return identifiers().get(name, url)
    if host == "apache.org" and "license-2.0" in parts.path.lower():
        return "Apache-2.0"
    if host in _HOSTS:
        name = parts.path.rstrip("/").rpartition("/")[2].lower()
        for suffix in (".html", ".json", ".txt", ".php"):
            name = name.removesuffix(suffix)
        return identifiers().get(name, url)
    return url


def all_of(written: Iterable[str]) -> str:
    """Return the expression that several licences make that all hold; a choice among them stands in brackets."""
    said = [found for each in dict.fromkeys(written) if (found := licence(each))]
    if len(said) > 1:
        said = [f"({each})" if " OR " in each.upper() else each for each in said]
    return " AND ".join(said)


def state_licence(description: Description, subject: Iri, written: str | None, at: Path = ()) -> None:
    """State the licence of an asset, and which of the ontology's licences that is."""
    if not written or not (said := licence(written)):
        return
    description.state(subject, SG.license, said, at=at)
    if known := known_licence(description.ontology, said):
        description.state(subject, SG.licensedUnder, known, at=at)


def known_licence(model: OntologyModel, name: str) -> Iri | None:
    """Return the licence that the ontology describes by this name."""
    names = names_of(model)
    described = names.choices(frozenset({SG.Licence}))
    return next((iri for iri in names.spoken.get(fold(name), ()) if iri in described), None)
