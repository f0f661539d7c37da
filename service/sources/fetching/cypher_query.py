"""Rows of a Cypher query as an inventory: a mapping has its entries, with columns in the places of values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from neo4j import READ_ACCESS, GraphDatabase, Query
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from stratagraph.loaders.folders import FolderEntry, FolderReading
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.json_text import json_bytes
from stratagraph.service.sources.fetching.fetched import Fetched
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import Source

_COLUMN: Final = re.compile(r"\$([A-Za-z_]\w*)")
_MOST_FILE: Final = 1 << 20
_CONNECT_SECONDS: Final = 10.0
Entry = dict[str, Any]


def read_rows(source: Source, limits: Limits) -> Fetched:
    """Return what a query finds, as an inventory.

    Raises:
        FetchFailed: the database does not answer, or the query or the mapping can't be used.
        CredentialMissing: a credential is not there.
    """
    assert source.query is not None  # such a source has both
    assert source.mapping is not None
    query = _text(source.query, limits)
    templates = _templates(source.mapping, limits)
    wanted = {name for template in templates for value in template.values() for name in _columns(value)}
    entries: dict[str, Entry] = {}
    rows, size = 0, 0
    for row in _rows(source, query, limits):
        rows += 1
        if missing := sorted(wanted - row.keys()):
            raise limits.failure(f"the query returns no column '{missing[0]}', which the mapping names")
        for template in templates:
            named = [name for told in template.values() for name in _columns(told)]
            if named and all(row[name] is None for name in named):
                continue  # an optional match that found nothing
            entry = {name: value for name, told in template.items() if (value := _filled(told, row)) is not None}
            text = json.dumps(entry, sort_keys=True)
            size += len(text) if text not in entries else 0
            entries[text] = entry
        limits.weigh(size)
    if not rows:
        raise limits.failure("the query finds nothing")
    data = json_bytes({"assets": [entries[text] for text in sorted(entries)]})
    found = FolderEntry(
        shown=source.place, inside=source.scope or "query", real="", data=data, alone=True, kind=Kind.YAML
    )
    return Fetched(reading=FolderReading(files=(found,), folders=(), skipped=()))


def _rows(source: Source, query: str, limits: Limits) -> Iterator[Mapping[str, Any]]:
    assert source.url is not None  # such a source has one
    auth = (source.user, source.password.read("the user")) if source.user and source.password else None
    try:
        with (
            GraphDatabase.driver(
                source.url,
                auth=auth,
                connection_timeout=min(_CONNECT_SECONDS, limits.left),
                max_transaction_retry_time=0,
            ) as driver,
            driver.session(database=source.database, default_access_mode=READ_ACCESS) as session,
        ):
            for record in session.run(Query(query, timeout=max(limits.left, 0.001))):
                limits.check()
                yield {name: _value(value, name, limits) for name, value in dict(record).items()}
    except AuthError:
        raise limits.failure(
            "it does not let this user in. Give the source a user and a password that may read"
        ) from None
    except Neo4jError as error:
        raise limits.failure(f"the query can't be answered ({error.code})") from None
    except DriverError as error:
        raise limits.failure(f"nobody answers ({type(error).__name__})") from None


def _value(value: Any, name: str, limits: Limits) -> Any:
    """Return a value as an inventory has it: dates as text, lists of such values, nothing else."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list):
        return [_value(each, name, limits) for each in value if each is not None]
    if callable(iso := getattr(value, "iso_format", None)):
        return iso()
    raise limits.failure(f"the column '{name}' holds no plain value. Return properties, and no nodes")


def _text(path: Path, limits: Limits) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_MOST_FILE)
    except OSError as error:
        raise limits.failure(f"{path} can't be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise limits.failure(f"{path} is no text in UTF-8") from None


def _templates(path: Path, limits: Limits) -> list[Entry]:
    """Return the entries of a mapping: those of an inventory, where ``$name`` stands for a column."""
    try:
        found = yaml.safe_load(_text(path, limits))
    except yaml.YAMLError:
        raise limits.failure(f"{path} is no YAML") from None
    entries = found.get("assets") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise limits.failure(f"{path} is no mapping: an object with the list 'assets' is wanted, as in an inventory")
    return entries


def _columns(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _COLUMN.findall(value)
    elif isinstance(value, list):
        for each in value:
            yield from _columns(each)


def _filled(value: Any, row: Mapping[str, Any]) -> Any:
    """Return a value with the row's in the places of columns; None where one of them has none."""
    if isinstance(value, list):
        found = [filled for each in value if (filled := _filled(each, row)) is not None]
        return found or None
    if not isinstance(value, str):
        return value
    if whole := _COLUMN.fullmatch(value):
        return row[whole[1]]
    if any(row[name] is None for name in _COLUMN.findall(value)):
        return None
    return _COLUMN.sub(lambda place: str(row[place[1]]), value)
