"""The impact answer as a Mermaid flowchart: one box per level, one arrow per hop of the best paths."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def mermaid(document: Document) -> str:
    """Return a flowchart; each level is a subgraph, each arrow carries its aspect and strength."""
    ids: dict[str, str] = {}
    lines = ["flowchart TB"]
    start = document["asset"]
    groups = [(start["level"], start["level"], [start])]
    groups += [(level["level"], level["label"], level["assets"]) for level in document["levels"]]
    for at, (notation, label, assets) in enumerate(groups):
        title = notation if label == notation else f"{notation} {label}"
        lines.append(f'  subgraph g{at}["{_text(title)}"]')
        for asset in assets:
            ids.setdefault(asset["iri"], f"n{len(ids)}")
            lines.append(f'    {ids[asset["iri"]]}["{_text(asset["label"])}"]')
        lines.append("  end")
    # Many paths pass over the same arrow.
    lines += sorted(_arrows(document, ids))
    lines.append(f"  style {ids[start['iri']]} stroke-width:3px")
    if document["partial"]:
        lines.append(f"  %% {document['partialReason']}")  # a comment of Mermaid's
    return "\n".join(lines) + "\n"


def _arrows(document: Document, ids: dict[str, str]) -> set[str]:
    hops = [hop for level in document["levels"] for asset in level["assets"] for hop in asset["path"]]
    return {
        f'  {ids[hop["from"]["iri"]]} -->|"{hop["aspect"]} {hop["strength"]:g}"| {ids[hop["to"]["iri"]]}'
        for hop in hops
    }


def _text(label: str) -> str:
    """Escape what Mermaid reads as markup, by character code."""
    return "".join(f"#{ord(c)};" if c in '"#<>&;`[]{}|' else c for c in label if c.isprintable())
