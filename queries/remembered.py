"""What is made once for each key that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Key = TypeVar("Key")
Made = TypeVar("Made")


class Remembered(dict[Key, Made]):
    """A mapping that makes the value of a key when it is first asked for; what is known costs a look-up and no call."""

    def __init__(self, make: Callable[[Key], Made]) -> None:
        """Start empty."""
        super().__init__()
        self._make = make

    def __missing__(self, key: Key) -> Made:
        """Make the value, and keep it."""
        made = self[key] = self._make(key)
        return made
