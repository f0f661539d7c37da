"""Which of the formats on offer a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_QUALITY: Final = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~\w-]+/[!#$%&'*+.^_`|~\w-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One range of an Accept header: its type, with ``*`` for anything, and how much it is liked, 0 to 1."""

    name: str
    quality: float

    @property
    def precision(self) -> int:
        """2 for a full type, 1 for ``text/*``, 0 for ``*/*``."""
        return 2 - self.name.count("*")

    def covers(self, media_type: str) -> bool:
        """Tell whether the media type falls into this range."""
        main, _, sub = self.name.partition("/")
        wanted_main, _, wanted_sub = media_type.partition("/")
        return main in {"*", wanted_main} and sub in {"*", wanted_sub}


@lru_cache(maxsize=64)
def media_ranges(accept: str) -> tuple[MediaRange, ...]:
    """Read an Accept header; parts that make no sense are skipped, parameters other than ``q`` ignored."""
    found = (_media_range(part) for part in accept.split(","))
    return tuple(media_range for media_range in found if media_range is not None)


def _media_range(part: str) -> MediaRange | None:
    name, *parameters = [piece.strip().lower() for piece in part.split(";")]
    name = "*/*" if name == "*" else name  # what some old HTTP libraries send
    if not _TYPE.fullmatch(name):
        return None
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            if not _QUALITY.fullmatch(value.strip()):
                return None
            quality = float(value)
    return MediaRange(name, quality)


def choose(accept: str | None, offered: Iterable[str]) -> str | None:
    """Return the media type that the client likes best; between equals the one offered first; None: none will do.

    Without an Accept header, or with one that says nothing, the first is chosen.
    """
    ranges = media_ranges(accept or "")
    if not ranges:
        return next(iter(offered))
    liked = {media_type: _quality(media_type, ranges) for media_type in offered}
    best = max(liked, key=lambda media_type: liked[media_type])
    return best if liked[best] > 0 else None


def _quality(media_type: str, ranges: tuple[MediaRange, ...]) -> float:
    """Return the quality of the most precise range that covers the type."""
    covering = [media_range for media_range in ranges if media_range.covers(media_type)]
    return max(covering, key=lambda media_range: media_range.precision).quality if covering else 0.0


def media_type_of(content_type: str) -> tuple[str, str]:
    """Return the media type and the character set of a Content-Type header; UTF-8 where it names none."""
    media_type, *parameters = [part.strip().lower() for part in content_type.split(";")]
    named = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in parameters)}
    charset = named.get("charset", "utf-8")
    return media_type, "utf-8" if charset == "utf8" else charset


@lru_cache(maxsize=64)
def takes_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header takes gzip, and likes nothing else better (RFC 9110, section 12.5.3)."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, *parameters = [piece.strip().lower() for piece in part.split(";")]
        quality = next((value.strip() for key, _, value in (p.partition("=") for p in parameters) if key == "q"), "1")
        if name and _QUALITY.fullmatch(quality):
            qualities["gzip" if name == "x-gzip" else name] = float(quality)
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)
