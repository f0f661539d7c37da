"""References resolved against a base (RFC 3986, section 5.2)."""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)


def without_fragment(iri: str) -> str:
    """Return an IRI up to its fragment."""
    return iri.partition("#")[0]


def resolve(reference: str, base: str) -> str:
    """Return the IRI that a reference stands for; one with a scheme of its own stays as it is written."""
    own = _split(reference)
    if own["scheme"] is not None:
        return reference
    parts = _split(base)
    if own["authority"] is not None:
        parts |= own | {"scheme": parts["scheme"], "path": _without_dots(own["path"] or "")}
    elif not own["path"]:
        parts |= {"query": parts["query"] if own["query"] is None else own["query"], "fragment": own["fragment"]}
    else:
        path = own["path"] if own["path"].startswith("/") else _merged(parts, own["path"])
        parts |= {"path": _without_dots(path), "query": own["query"], "fragment": own["fragment"]}
    return _joined(parts)


def _split(iri: str) -> dict[str, str | None]:
    found = _PARTS.fullmatch(iri)
    return found.groupdict() if found is not None else {}


def _merged(base: dict[str, str | None], path: str) -> str:
    before = base["path"] or ""
    # Section 5.2.3: a base of an authority alone has its root for a folder.
    if base["authority"] is not None and not before:
        return "/" + path
    return before[: before.rfind("/") + 1] + path


def _without_dots(path: str) -> str:
    # Section 5.2.4.
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            # Nothing lies above the root.
            if len(kept) > 1 or (kept and kept[0]):
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    joined = "/".join(kept)
    return "/" + joined if path.startswith("/") and not joined.startswith("/") else joined


def _joined(parts: dict[str, str | None]) -> str:
    pieces = (
        ("", parts["scheme"], ":"),
        ("//", parts["authority"], ""),
        ("", parts["path"], ""),
        ("?", parts["query"], ""),
        ("#", parts["fragment"], ""),
    )
    return "".join(f"{before}{piece}{behind}" for before, piece, behind in pieces if piece is not None)
