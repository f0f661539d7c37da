"""A living source: where it is, when it is read, as whom, and within which bounds."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from stratagraph import __version__
from stratagraph.service.sources.durations import Duration, in_words
from stratagraph.service.sources.errors import BadSource, CredentialMissing

ENDPOINTS: Final = ("sparql", "cypher")
"""Kinds that are asked by a query, and not fetched as a document."""
SCHEMES: Final = {
    "sparql": ("http", "https"),
    "cypher": ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"),
}
MAPPED: Final = ("cypher", "prometheus")
"""Kinds of which a file may say what stands for what they tell."""
WEB: Final = ("http", "https")
RESERVED: Final = ("otlp", "otlp-metrics")
"""Sources of the service itself."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}", re.ASCII)
_SECRET_NAME: Final = re.compile(
    r"(^|[_.-])(api[_.-]?key|key|token|secret|password|passwd|pwd|sig|signature|auth|authorization|credential)s?($|[_.-])",
    re.IGNORECASE,
)
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|^`\\]+")
_CALLED: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SECRET_FILE_BYTES: Final = 1 << 20


def _wrong(reason: str, **values: object) -> PydanticCustomError:
    return PydanticCustomError("source", reason, values)


class Secret(BaseModel):
    """Where a secret stands; never the secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None
    prefix: str = Field(default="", max_length=100)
    """What stands before it, as ``Bearer `` does in a header."""

    @model_validator(mode="before")
    @classmethod
    def _in_the_clear(cls, given: object) -> object:
        if isinstance(given, str):
            raise _wrong("a secret never stands in the clear; say where it is: env: NAME, or file: PATH")
        return given

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise _wrong("a secret is in one place; say either env: NAME or file: PATH")
        if self.env is not None and not _VARIABLE.fullmatch(self.env):
            raise _wrong("'env' wants the name of an environment variable")
        return self

    def read(self, use: str) -> str:
        """Return the secret.

        Raises:
            CredentialMissing: it is not there, or is none.
        """
        value = os.environ.get(self.env, "") if self.env is not None else self._in_file(use)
        value = value.strip()
        if not value:
            where = f"the variable {self.env}" if self.env is not None else f"{self.file}"
            raise CredentialMissing(use=use, reason=f"{where} is empty or not set")
        if not value.isprintable():
            raise CredentialMissing(use=use, reason="it is not one line of text")
        return self.prefix + value

    def _in_file(self, use: str) -> str:
        assert self.file is not None  # one of the two is given
        try:
            with self.file.open(encoding="utf-8") as file:
                return file.read(_SECRET_FILE_BYTES)
        except OSError as error:
            reason = f"{self.file} can't be read ({error.strerror})"
            raise CredentialMissing(use=use, reason=reason) from None
        except UnicodeDecodeError:
            raise CredentialMissing(use=use, reason=f"{self.file} is no text in UTF-8") from None


class Source(BaseModel):
    """One living source. Its name is that of the source in the ledger: who says what it holds."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, loc_by_alias=False
    )

    name: str = ""
    kind: str = "auto"
    url: str | None = None
    path: str | None = None
    command: tuple[str, ...] | None = None
    query: Path | None = None
    mapping: Path | None = None
    database: str | None = None
    graph: str | None = None
    every: Annotated[Duration, Field(ge=1, le=366 * 86_400)] | None = None
    cron: str | None = None
    jitter: Annotated[Duration, Field(ge=0, le=86_400)] | None = None
    headers: dict[str, Secret] = Field(default={}, repr=False)
    user: str | None = None
    password: Secret | None = Field(default=None, repr=False)
    environment: dict[str, Secret] = Field(default={}, repr=False)
    scope: str | None = Field(default=None, min_length=1, max_length=500)
    limit_seconds: Annotated[Duration, Field(gt=0, le=86_400)] = 60.0
    limit_mib: int = Field(default=64, ge=1, le=4096)
    limit_closing: float = Field(default=0.3, ge=0, le=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise _wrong(
                "a source's name is letters, digits, dots, hyphens and underscores, and none of the service's own"
            )
        if sum(place is not None for place in (self.url, self.path, self.command)) != 1:
            raise _wrong("a source is in one place; say one of url, path and command")
        if self.every is not None and self.cron is not None:
            raise _wrong("a source has one schedule; say either every or cron")
        if (self.user is None) != (self.password is None):
            raise _wrong("user and password belong together")
        self._fits_kind()
        return self

    def _fits_kind(self) -> None:
        if self.kind in ENDPOINTS:
            if self.url is None:
                raise _wrong("a source of kind {kind} is asked at a url", kind=self.kind)
            if urlsplit(self.url).scheme.lower() not in SCHEMES[self.kind]:
                schemes = ", ".join(SCHEMES[self.kind])
                raise _wrong(
                    "the url of a source of kind {kind} begins with one of: {known}", kind=self.kind, known=schemes
                )
            if self.kind == "cypher" and (self.query is None or self.mapping is None):
                raise _wrong("a source of kind cypher wants a query and a mapping; name their files")
        elif self.url is not None and urlsplit(self.url).scheme.lower() not in WEB:
            raise _wrong("a url begins with http:// or https:// and a host, and has no blanks")
        self._fits_query()
        if self.headers and (self.url is None or self.kind == "cypher"):
            raise _wrong("headers are sent over HTTP only")
        if self.environment and self.command is None:
            raise _wrong("environment is given to a command only")

    def _fits_query(self) -> None:
        if self.kind != "cypher" and (self.query or self.database):
            raise _wrong("query and database belong to sources of kind cypher")
        if self.mapping and self.kind not in MAPPED:
            raise _wrong("mapping belongs to sources of kind cypher or prometheus")
        if self.kind != "sparql" and self.graph:
            raise _wrong("graph belongs to sources of kind sparql")

    @field_validator("path", "query", "mapping", "scope", "graph", "database", "user")
    @classmethod
    def _is_text(cls, given: str | Path | None) -> str | Path | None:
        if given is not None and not (str(given).strip() and str(given).isprintable()):
            raise _wrong("one line of text is wanted")
        return given

    @field_validator("graph")
    @classmethod
    def _is_iri(cls, graph: str | None) -> str | None:
        if graph is not None and not _IRI.fullmatch(graph):
            raise _wrong("graph wants the IRI of a named graph")
        return graph

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        from stratagraph.loaders.kinds import AUTO, Kind

        known = (AUTO, *Kind, *ENDPOINTS)
        if kind not in known:
            raise _wrong("there is no kind {kind}; there are: {known}", kind=repr(kind), known=", ".join(known))
        return kind

    @field_validator("url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise _wrong("its url can't be read") from None
        if parts.username is not None or parts.password is not None:
            raise _wrong("a url holds no user or password; say user, and where the password is")
        schemes = {*WEB, *(scheme for each in SCHEMES.values() for scheme in each)}
        if parts.scheme.lower() not in schemes or not host or not url.isprintable() or " " in url:
            raise _wrong("a url begins with http:// or https:// and a host, and has no blanks")
        for name, _ in parse_qsl(parts.query, keep_blank_values=True):
            if _SECRET_NAME.search(_CALLED.sub("_", name)):
                raise _wrong(
                    "the parameter {name} of its url looks like a secret; send it as a header", name=repr(name)
                )
        return url

    @field_validator("command")
    @classmethod
    def _usable_command(cls, command: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if command is not None and (not command or not command[0].strip() or any("\0" in part for part in command)):
            raise _wrong("a command is the program and its arguments, as a list")
        return command

    @field_validator("headers")
    @classmethod
    def _usable_headers(cls, headers: dict[str, Secret]) -> dict[str, Secret]:
        for name in headers:
            if not _HEADER.fullmatch(name) or name.lower() in {"host", "content-length", "transfer-encoding"}:
                raise _wrong("{name} is no header that can be set", name=repr(name))
        return headers

    @field_validator("environment")
    @classmethod
    def _usable_variables(cls, variables: dict[str, Secret]) -> dict[str, Secret]:
        for name in variables:
            if not _VARIABLE.fullmatch(name):
                raise _wrong("{name} is no name of a variable", name=repr(name))
        return variables

    @field_validator("cron")
    @classmethod
    def _usable_cron(cls, cron: str | None) -> str | None:
        if cron is not None:
            # Few name one, and every command reads the settings.
            from stratagraph.service.sources.cron import check_cron

            check_cron(cron)
        return cron

    @cached_property
    def place(self) -> str:
        """Where it is, as messages and lists call it: of an address, neither parameters nor fragment."""
        if self.url is not None:
            return urlsplit(self.url)._replace(query="", fragment="").geturl()
        return self.path if self.path is not None else (self.command or ("",))[0]

    @property
    def schedule(self) -> str | None:
        """When it is read, as lists say it; None where only by hand."""
        return in_words(self.every) if self.every is not None else self.cron

    @property
    def limit_bytes(self) -> int:
        """Most bytes that one run takes."""
        return self.limit_mib << 20

    def reads_as(self, *circumstances: str) -> str:
        """Return a hash of what decides, beside the content, what is made of it."""
        said = (__version__, self.kind, self.place, self.scope or "", *circumstances)
        return hashlib.sha256("\0".join(said).encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """Return what was said of it, as plain data: of a secret only where it is."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def source_of(name: str, given: Mapping[str, Any]) -> Source:
    """Return the source that a description is of.

    Raises:
        BadSource: it can't be so.
    """
    try:
        return Source.model_validate({**given, "name": name})
    except ValidationError as error:
        raise BadSource(name=name, reason=reason_of(error)) from None


def reason_of(error: ValidationError) -> str:
    """Return the first thing that is wrong, and where; never the value, which may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {complaint(first)}" if where else complaint(first)


def complaint(first: ErrorDetails) -> str:
    """Return what is wrong with a value; of a name that there is not, which there are."""
    if first["type"] == "extra_forbidden":
        nearest = get_close_matches(str(first["loc"][-1]), _NAMES, n=1)
        known = ", ".join(_NAMES)
        return f"a source has no such entry; did you mean {nearest[0]}?" if nearest else f"a source has: {known}"
    return first["msg"]


_NAMES: Final = tuple(name for name in Source.model_fields if name != "name")


def located(path: str, folder: Path) -> str:
    """Return a path as seen from a folder; what is absolute stays."""
    return os.path.normpath(folder / Path(path).expanduser())
