"""What must not be kept of other people's files: secrets, and the addresses of persons.

A configuration is full of references to secrets, which are fine, and now and then somebody writes the secret itself
where a name belongs. Nothing here returns, logs or raises a part of one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_SHAPES: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+"
    r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"
    r"|\bAIza[\w-]{35}"
    r"|\bya29\.[\w-]{20,}"
    r"|\b(?:sk|pk|rk)-(?:ant-|proj-|or-|svcacct-|admin-|lf-)?[A-Za-z0-9][\w-]{18,}[A-Za-z0-9]"
    r"|\b(?:sk|rk|pk)_(?:live|test)_\w{16,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}"
    r"|\bglpat-[\w-]{18,}"
    r"|\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}"
    r"|\bhf_[A-Za-z0-9]{24,}|\bapi_org_[A-Za-z0-9]{24,}"
    r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}|\bdckr_pat_[\w-]{20,}"
    r"|\b(?:gsk|xai|nvapi|r8|fw|pplx|csk|tvly|lsv2|ls__|jina|pcsk|dapi|dp\.pt|SG|whsec)[-_.]"
    r"(?=[\w.-]*[A-Za-z0-9]{16})[\w.-]{20,}"
    r"|\bhv[sbr]\.[\w-]{20,}"
    r"|\b(?:Bearer|Basic) +[\w.~+/=-]{16,}"
    r"|://[^/\s:@]*:[^/\s@]+@"
    r"|\b(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?token|AccountKey|SharedAccessKey)=[^\s;&$<{]{6,}",
    re.IGNORECASE,
)
_DASHED_WORDS: Final = re.compile(r"(?:sk|pk|rk)-[a-z]+(?:-[a-z]+)*", re.IGNORECASE)
"""A name of words, such as 'sk-learn-pipeline-service', is none of a key."""
# fmt: off
_MAYBE: Final = (
    "begin", "eyj", "akia", "asia", "abia", "acca", "aiza", "ya29", "sk-", "pk-", "rk-", "sk_", "rk_", "pk_",
    "ghp_", "gho_", "ghu_", "ghr_", "ghs_", "github_pat", "glpat", "xox", "xapp", "hf_", "api_", "npm_", "pypi",
    "dckr", "gsk", "xai", "nvapi", "r8", "fw", "pplx", "csk", "tvly", "lsv2", "ls__", "jina", "pcsk", "dapi", "dp.",
    "sg", "whsec", "hvs.", "hvb.", "hvr.", "bearer", "basic",
)
# fmt: on
"""Cheaper than all shapes, and in all of them, in lower case; but for those in which one of the next stands."""
_ALWAYS: Final = ("://", "=")
_SHORTEST: Final = 15
"""Characters of the shortest secret in which none of these stands."""
_PIECE: Final = re.compile(r"[A-Za-z0-9+/_-]{28,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_LEAST_MIXED: Final = 28
"""Characters of a run of letters and digits without a break that may be a key."""
_LEAST_BITS: Final = 4.0
"""Bits per character (Shannon) of a key; words and versions run together have fewer."""
_LEAST_TURNS: Final = 6
"""Changes between letters and digits, or of case, in a key."""
_KIND: Final = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_REFERENCE: Final = re.compile(
    r"os\.environ/\w+|\$\{\{?[^{}]*\}?\}|\$\w+|\$\([^()]*\)|\{\{[^{}]*\}\}|env:\w+|%\w+%"
    r"|(?:vault|secret|ref|awssm|gcpsm|azurekv|file|op)(?:\+\w+)?:/{0,3}[\w./#:@?=&-]+",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"(?:mailto:)?[\w.%+'-]+@[\w-]+(?:\.[\w-]+)+")
_ADDRESSES: Final = re.compile(r"[\w.%+'-]+@[\w-]+(?:\.[\w-]+)+")


def is_reference(text: str) -> bool:
    """Whether a text only says where a value comes from: an environment variable, a template, a vault."""
    return _REFERENCE.fullmatch(text.strip()) is not None


def has_token(text: str) -> bool:
    """Whether a text of any kind holds what is known as the shape of a secret, or a URL a password."""
    if not _may_have_token(text):
        return False
    return any(not _DASHED_WORDS.fullmatch(found[0]) and not _templated(found[0]) for found in _SHAPES.finditer(text))


def _may_have_token(text: str) -> bool:
    """Whether the shapes are worth trying: a table asks for each of its cells."""
    for mark in _ALWAYS:
        if mark in text:
            return True
    if len(text) < _SHORTEST:
        return False
    lower = text.casefold()
    for mark in _MAYBE:  # noqa: SIM110  a generator takes twice as long
        if mark in lower:
            return True
    return False


def _templated(found: str) -> bool:
    """Whether what looks like a password in a URL is a reference to one."""
    return found.startswith("://") and is_reference(found.rpartition(":")[2].removesuffix("@"))


def is_secret(text: str) -> bool:
    """Whether a text that stands where a name belongs is a secret: by a known shape, or a key's randomness."""
    return (has_token(text) or _has_random(text)) and not is_reference(text)


def _has_random(text: str) -> bool:
    return len(text) >= _LEAST_MIXED and any(map(_is_random, _PIECE.findall(text)))


def _is_random(piece: str) -> bool:
    """Whether a run of characters looks drawn by lot; digests are, and are no secrets."""
    return any(
        len(part) >= _LEAST_MIXED
        and not _HEX.fullmatch(part)
        and len(_KIND.findall(part)) >= _LEAST_TURNS
        and _bits(part) >= _LEAST_BITS
        for part in re.split(r"[-_/]", piece)
    )


def _bits(text: str) -> float:
    """Return the entropy of a text's characters."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


def without_secrets(text: str) -> str:
    """Return a text for people with an ellipsis for each secret in it: messages quote what they are about."""
    if has_token(text):
        text = _SHAPES.sub("...", text)
    return _PIECE.sub(lambda found: "..." if _is_random(found[0]) else found[0], text)


def is_person(text: str) -> bool:
    """Whether a text is the address of a person's mailbox."""
    return "@" in text and _ADDRESS.fullmatch(text.strip()) is not None


def without_addresses(text: str) -> str:
    """Return a text with an ellipsis for each address of a mailbox."""
    return _ADDRESSES.sub("...", text) if "@" in text else text


def public_url(text: str) -> str:
    """Return a URL without user, password, query and fragment: of these only the place may be kept."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    if not parts.scheme:
        return text.strip().partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
