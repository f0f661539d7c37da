"""Working ahead: the next item is made while the last one is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar, cast

T = TypeVar("T")
_END: Final = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield the items in order, making the next in a thread of its own meanwhile, and never more than that one."""
    remaining = iter(items)
    with ThreadPoolExecutor(1, "ahead") as maker:
        coming = maker.submit(next, remaining, _END)
        while (item := coming.result()) is not _END:
            coming = maker.submit(next, remaining, _END)
            yield cast("T", item)
