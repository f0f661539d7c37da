"""What became of a user's modules, as a report to log, to print and to keep."""

from __future__ import annotations

from dataclasses import dataclass
from logging import Logger
from typing import Any

from stratagraph.ontology.extension.findings import ModuleFinding, ModuleSeverity, in_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleReport:
    """What became of one module."""

    name: str
    findings: tuple[ModuleFinding, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the module is in use."""
        return all(finding.severity is ModuleSeverity.WARNING for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionReport:
    """What became of a user's modules. ``hash`` is that of the ontology in force.

    ``unread`` are files that hold no module. ``dl_checked`` tells whether the reasoner has judged what is in force (the
    core alone was judged before it shipped); ``dl_missing`` is the slug of what kept it from it. ``kept`` tells that
    the same modules were judged before, and that this is what was found then.
    """

    hash: str
    modules: tuple[ModuleReport, ...] = ()
    unread: tuple[str, ...] = ()
    dl_checked: bool = True
    dl_missing: str = ""
    kept: bool = False

    def log(self, logger: Logger) -> None:
        """Write the findings to a log, those of a kind in one line; of what was told before only what is left out."""
        for module in self.modules:
            if self.kept and module.accepted:
                continue
            state = "in use" if module.accepted else "left out"
            findings = (f for f in module.findings if not self.kept or f.severity is ModuleSeverity.REFUSED)
            for sentence, _ in in_lines(findings):
                logger.warning("ontology module %s (%s): %s", module.name, state, sentence)
        if self.kept:
            return
        for name in self.unread:
            logger.warning("the file %s in the ontology's folder was not read: it is in no syntax of RDF", name)
        if not self.dl_checked:
            logger.warning("the ontology's extension was checked by rules only (%s)", self.dl_missing)

    def document(self, lang: str = "en") -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "hash": self.hash,
            "dlChecked": self.dl_checked,
            **({"unread": list(self.unread)} if self.unread else {}),
            "modules": [
                {
                    "name": module.name,
                    "accepted": module.accepted,
                    "findings": [finding.document(lang) for finding in module.findings],
                }
                for module in self.modules
            ],
        }
