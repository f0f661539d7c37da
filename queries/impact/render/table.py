"""The impact answer as text for a terminal: assets by level, each with its path and the reason of its last hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

from stratagraph.queries.messages import messages, plural
from stratagraph.queries.written import number

Document = dict[str, Any]
Texts = Mapping[str, str]

_WIDTH: Final = 110


def table(document: Document) -> str:
    """Return the text, in the document's language, without characters that would steer the terminal."""
    texts = messages("impact", document["language"])
    lines = ("".join(c for c in line if c.isprintable()) for line in _lines(document, texts))
    return "\n".join(lines) + "\n"


def _lines(document: Document, texts: Texts) -> Iterator[str]:
    asset = document["asset"]
    yield texts["title"].format(
        **{"name": asset["label"], "class": asset["classLabel"] or "-", "level": asset["level"]}
    )
    told = {name: document[name] for name in ("depth", "sequence")}
    direction = texts[f"direction-{document['direction']}"]
    yield plural(texts, "summary", document["count"], direction=direction, **told)
    if document["changeNote"]:
        yield document["changeNote"]
    if document["fallbacks"]:
        yield texts["takes-over"].format(names=", ".join(card["label"] for card in document["fallbacks"]))
    if document["fallbackNote"]:
        yield document["fallbackNote"]
    if document["partial"]:
        yield texts["partial"].format(reason=document["partialReason"])
    if not document["count"]:
        yield texts["nothing"]
    yield from _levels(document, texts)
    yield from _dangling(document, texts)
    yield from _flows(document, texts)
    yield from _checklist(document, texts)


def _levels(document: Document, texts: Texts) -> Iterator[str]:
    assets = [asset for level in document["levels"] for asset in level["assets"]]
    width = max((len(asset["label"]) for asset in assets), default=0)
    for level in document["levels"]:
        yield ""
        heading = f"{level['level']} {level['label']}" if level["level"].startswith("L") else level["label"]
        yield f"{heading} ({len(level['assets'])})"
        for asset in level["assets"]:
            yield from _asset(asset, texts, width, document)


def _asset(asset: Document, texts: Texts, width: int, document: Document) -> Iterator[str]:
    labels, language = document["aspectLabels"], document["language"]
    aspects = ", ".join(
        f"{labels[name].lower()} {number(strength, language)}{_course(asset, name, texts)}"
        for name, strength in asset["aspects"].items()
    )
    hops = plural(texts, "hop", asset["hops"])
    yield f"  {asset['label']:<{width}}  {hops:<8}  {aspects}"
    path = asset["path"]
    # The path of a single hop is told by its reason.
    if len(path) > 1:
        nodes = [path[0]["from"]["label"], *(hop["to"]["label"] for hop in path)]
        yield from _indented(" -> ".join(nodes), 6)
    # Paths run with the influence: against it, the hop next to the asset is the first one.
    last = path[-1] if asset["direction"] == "down" else path[0]
    basis = texts["measured" if last["measured"] else "declared"]
    yield from _indented(f"{last['reason']} ({basis})", 6)


def _course(asset: Document, aspect: str, texts: Texts) -> str:
    """Say which way an aspect goes, where the kind of change tells; in several modes it may go both ways."""
    told = dict.fromkeys(one["course"] for one in asset["manners"] if one["aspect"] == aspect)
    words = ", ".join(texts[f"course-{course}"] for course in told if course not in {None, "unknown"})
    return f" ({words})" if words else ""


def _dangling(document: Document, texts: Texts) -> Iterator[str]:
    if document["dangling"]:
        yield from ("", texts["dangling-title"].format(count=len(document["dangling"])))
    for reference in document["dangling"]:
        yield from _indented(reference["text"], 2)


def _flows(document: Document, texts: Texts) -> Iterator[str]:
    if document["flows"]:
        yield from ("", texts["flows"])
    for flow in document["flows"]:
        shown = flow["shown"]
        state = (
            texts["flow-shown"].format(aspect=", ".join(flow["aspectLabels"]).lower())
            if shown
            else texts["flow-missing"]
        )
        yield f"  [{'x' if shown else ' '}] {flow['label']}: {state}"
        yield "      " + " -> ".join("/".join(step) for step in flow["steps"])
        for hop in flow["hops"]:
            yield from _indented(hop["reason"], 6)
        if not shown:
            yield from _indented(flow["brokenAt"]["text"], 6)


def _checklist(document: Document, texts: Texts) -> Iterator[str]:
    if document["checklist"]:
        yield from ("", texts["checklist"])
    for item in document["checklist"]:
        yield f"  [ ] {item['level']:<3}  {item['text']} ({texts['reached' if item['reached'] else 'unreached']})"


def _indented(text: str, indent: int) -> Iterator[str]:
    yield from wrap(text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)
