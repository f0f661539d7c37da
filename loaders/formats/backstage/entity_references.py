"""References between entities: ``[kind:][namespace/]name``, in any case."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "default"
"""The namespace of an entity that names none."""
_FORM: Final = re.compile(r"(?:(?P<kind>[^:/\s@]+):)?(?:(?P<namespace>[^:/\s@]+)/)?(?P<name>[^:/\s@]+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A full reference, in lower case."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Write it out."""
        return f"{self.kind}:{self.namespace}/{self.name}"


def read_reference(text: str, *, kind: str, namespace: str) -> Reference | None:
    """Return what a text refers to; what it leaves out is told by the field, and by the entity that refers.

    None where it is no reference, or nothing tells its kind.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or not (found["kind"] or kind):
        return None
    return Reference((found["kind"] or kind).lower(), (found["namespace"] or namespace).lower(), found["name"].lower())
