"""The core ontology as values, kept in the user's cache folder: reading its modules takes half a second."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.cache import cache_folder
from stratagraph.ontology.frozen import code_hash, freeze, thaw
from stratagraph.ontology.stated import Modules, Stated

FOLDER: Final = "ontology"
VERSIONS: Final = 8
"""Files in the folder; older ones, of other versions of the product, go."""


class KeptCore:
    """What was made of the core's modules, under a key of their texts and of the code that read them."""

    def __init__(self, modules: Iterable[Path]) -> None:
        """Name the core by its modules' files."""
        digest = sha256(code_hash("stratagraph.ontology").encode())
        for file in modules:
            digest.update(f"{file.name} ".encode())
            digest.update(sha256(file.read_bytes()).digest())
        self._key = digest.hexdigest()
        self._folder = cache_folder() / FOLDER

    def _file(self, part: str) -> Path:
        return self._folder / f"{self._key[:16]}.{part}"

    def model(self, stated: Stated) -> Any | None:
        """Return the model with its facts, which are read when they are asked for; None where none is kept."""
        return thaw(self._file("model"), self._key, shared={"stated": stated})

    def modules(self) -> Modules | None:
        """Return the facts by module; None where they are not kept."""
        found: Modules | None = thaw(self._file("facts"), self._key)
        return found

    def keep(self, model: object, stated: Stated) -> None:
        """Keep a model and its facts, and throw older ones away."""
        freeze(self._file("facts"), self._key, dict(stated.modules))
        freeze(self._file("model"), self._key, model, shared={"stated": stated})
        with suppress(OSError):
            files = sorted(self._folder.iterdir(), key=lambda file: file.stat().st_mtime)
            for file in files[:-VERSIONS]:
                file.unlink(missing_ok=True)
