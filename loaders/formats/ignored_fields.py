"""What a format's documents hold that is known and knowingly passed over: a file of names per format."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from stratagraph.loaders.formats.fields import Ignored


@cache
def ignored_fields(form: str) -> Ignored:
    """Return the tree of the names that a format passes over, from ``ignored/FORM.json``.

    In the file each kind of object has an entry: a list of names that are passed over with all below them, or a mapping
    of names to the kind of what stands there. Kinds may contain each other, so the tree may be without end.
    """
    source = files("stratagraph.loaders.formats").joinpath("ignored", f"{form}.json")
    kinds: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    trees: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for kind, entry in kinds.items():
        trees[kind].update({name: {} for name in entry.get("passed", ())})
        trees[kind].update({name: trees[inner] for name, inner in entry.get("within", {}).items()})
    return trees["document"]
