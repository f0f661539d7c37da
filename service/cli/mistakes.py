"""A refused batch in words: every mistake, with file, line and the shape violated."""

from __future__ import annotations

from typing import Any

from stratagraph.loaders.origins import Loaded, Place
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.sentences import say
from stratagraph.ontology.terms import decode
from stratagraph.service.cli.tongue import tongue
from stratagraph.service.client import Refused


def explain(refusal: Refused, loaded: Loaded) -> str:
    """Return every finding on a line of its own, in the order of the files, or the one there is in one paragraph."""
    findings = refusal.problem.get("findings", [])
    if not findings:
        return str(refusal)
    if len(findings) == 1:
        return f"{sentence(findings[0], loaded)}. Nothing of this batch was committed."
    placed = sorted(((locate(finding, loaded), finding) for finding in findings), key=lambda pair: _order(pair[0]))
    lines = [f"- {_told(place, finding)}" for place, finding in placed]
    count = refusal.problem.get("count", len(findings))
    if count > len(findings):
        lines.append(f"- and {count - len(findings)} more")
    return "\n".join([f"{count} mistakes, and nothing of this batch was committed:", *lines])


def sentence(finding: dict[str, Any], loaded: Loaded) -> str:
    """Return what a finding says, with its place in front."""
    return _told(locate(finding, loaded), finding)


def locate(finding: dict[str, Any], loaded: Loaded) -> Place | None:
    """Find the file and line of the statement that a finding is about."""
    if "place" in finding:
        return Place(finding["place"]["file"], finding["place"]["line"])
    triple = finding.get("fact")
    fact = Fact(_iri(triple[0]), _iri(triple[1]), decode(triple[2])) if triple else None
    return loaded.origins.find(fact, _iri(finding["focus"]))


def _told(place: Place | None, finding: dict[str, Any]) -> str:
    text = _spoken(finding)
    return f"{place}: {text}" if place else text


def _spoken(finding: dict[str, Any]) -> str:
    """Return what a finding says in the command's language; its text is in English, its messages in all."""
    text, told = str(finding["text"]), finding.get("messages") or {}
    english, wanted = told.get("en"), told.get(tongue().lower())
    return text.replace(english, wanted) if english and wanted else say(text, tongue())


def _order(place: Place | None) -> tuple[str, int]:
    return (place.file, place.line) if place else ("", 0)


def _iri(text: str) -> str:
    return str(decode(text))
