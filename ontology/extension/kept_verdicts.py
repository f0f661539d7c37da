"""Verdicts on extensions, kept by the hash of what was judged: the same modules are not judged twice."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.extension.extension_files import ExtensionFiles
from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity
from stratagraph.ontology.extension.reports import ExtensionReport, ModuleReport

KEPT: Final = 32
"""Verdicts in a folder; the oldest go."""


class Verdicts:
    """A folder of verdicts. Where it can't be written or read, everything is judged anew."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when there is something to keep."""
        self._folder = folder

    def find(self, key: str) -> ExtensionReport | None:
        """Return the verdict of a key, if there is one."""
        try:
            document = json.loads(self._file(key).read_text("utf-8"))
            modules = tuple(_module(module) for module in document["modules"])
            unread = tuple(document["unread"])
            return ExtensionReport(**(document | {"modules": modules, "unread": unread, "kept": True}))
        # A verdict of another version has other fields.
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, key: str, report: ExtensionReport) -> None:
        """Keep a verdict, whole or not at all."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(report), file, ensure_ascii=False)
            Path(name).replace(self._file(key))
            newest_first = sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
            for old in newest_first[KEPT:]:
                old.unlink()

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"


def key_of(core: str, files: ExtensionFiles, *, reason: bool) -> str:
    """Return the key of a verdict: a hash over the core, the modules, how they are judged and the code that judges."""
    parts = [core, _judging_code(), "by rules and the reasoner" if reason else "by rules", *files.unread]
    parts += [f"{module.name} {sha256(module.data).hexdigest()}" for module in files.modules]
    return sha256("\n".join(parts).encode()).hexdigest()


@lru_cache(maxsize=1)
def _judging_code() -> str:
    digest = sha256()
    for file in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _module(document: dict[str, Any]) -> ModuleReport:
    return ModuleReport(name=document["name"], findings=tuple(map(_finding, document["findings"])))


def _finding(document: dict[str, Any]) -> ModuleFinding:
    lists = {name: tuple(document[name]) for name in ("values", "axioms")}
    return ModuleFinding(**(document | lists | {"severity": ModuleSeverity(document["severity"])}))
