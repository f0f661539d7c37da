"""docs/reference/formats/prometheus.md lists the mappings that ship; run this file as a module to write it anew."""

from __future__ import annotations

from stratagraph.loaders.formats.prometheus.mapping import Figure, MappingTable, Of, Thing
from stratagraph.loaders.formats.prometheus.shipped import shipped
from stratagraph.ontology.namespaces import compact, local_name
from tests.conftest import ROOT
from tests.core import MODEL

PAGE = ROOT / "docs/reference/formats/prometheus.md"
HEADING = "test compares.\n\n"


def reference() -> str:
    return "\n".join(_section(table) for table in shipped(MODEL))


def _section(table: MappingTable) -> str:
    parts = [f"### {table.name}", ""]
    parts += [_thing(name, thing) for name, thing in table.things.items()]
    parts += [f"- {_link(table, name)}" for name in table.links]
    if table.figures:
        parts += ["", "| families | on | metrics |", "|---|---|---|", *map(_row, table.figures)]
    for what, names in (("Only show what there is", table.shows), ("Left aside", table.ignored)):
        if names:
            parts += ["", f"{what}: {', '.join(f'`{name}`' for name in names)}."]
    return "\n".join([*parts, ""]).replace("\n\n\n", "\n\n")


def _thing(name: str, thing: Thing) -> str:
    key = ", ".join(
        f"{local_name(prop)} from {' or '.join(f'`{label}`' for label in value.labels)}"
        + (f", else `{value.otherwise}`" if value.otherwise else "")
        for prop, value in (*thing.key, *thing.attributes)
    )
    return f"- {name}: `{compact(thing.cls)}`, {key}"


def _link(table: MappingTable, name: str) -> str:
    link = table.links[name]
    return f"{name}: {link.subject} `{compact(link.predicate)}` {link.object}"


def _row(figure: Figure) -> str:
    names = ", ".join(f"`{name}`" for name in figure.names)
    where = " ".join(f"{label}={'/'.join(f'`{word}`' for word in words)}" for label, words in figure.where)
    metrics = ", ".join(
        local_name(each.metric)
        + (" (each)" if each.of is Of.NUMBER else "")
        + (f" of {each.value:g}" if each.value != 1 else "")
        + (f" in {each.unit}" if each.factor == 1 and len(each.unit) == len("USD") and each.unit.isupper() else "")
        + (f" x {each.factor:g}" if each.factor != 1 else "")
        for each in figure.tells
    )
    shown = " ".join(filter(None, (names, f"where {where}" if where else "")))
    if figure.unless:
        shown += f" unless {', '.join(f'`{name}`' for name in figure.unless)}"
    return f"| {shown} ({figure.shape}) | {', '.join(figure.on)} | {metrics} |"


def test_the_page_lists_the_mappings_that_ship() -> None:
    _, _, listed = PAGE.read_text(encoding="utf-8").partition(HEADING)
    assert listed == reference()


if __name__ == "__main__":
    head, heading, _ = PAGE.read_text(encoding="utf-8").partition(HEADING)
    PAGE.write_text(head + heading + reference(), encoding="utf-8")
