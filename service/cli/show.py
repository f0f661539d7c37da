"""``stratagraph show``: everything about one asset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.queries.written import moment, number, value
from stratagraph.service.cli.cards import Format, Listed, level
from stratagraph.service.cli.grid import grid, terminal_width
from stratagraph.service.cli.options import Config, Data, Ontology, Out, errors_in_words, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language
from stratagraph.service.client import Client
from stratagraph.service.settings import load_settings

FIGURES: Final = ("count", "total", "mean", "p95")

Document = dict[str, Any]


def show(
    asset: Annotated[
        str, typer.Argument(help="An asset, by name, label, CURIE or IRI, or an obligation such as LGPD-33.")
    ],
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Show an asset: verdicts, health, attributes and relations with who says so, and the last day's figures."""
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        with connect(settings) as client:
            document = _everything(client, asset, lang)
    if form is Format.JSON:
        write(json_text(document), out)
    else:
        write("\n".join(_Page(document, lang).lines()), out)


def _everything(client: Client, asset: str, lang: str) -> Document:
    """Return the asset, with its verdicts and figures; of an obligation there are neither."""
    document: Document = client.request("GET", f"/api/assets/{quote(asset, safe='')}", params={"lang": lang}).json()
    # An obligation is the ontology's: nothing is judged or measured of it.
    if not document["types"]:
        return document
    params = {"asset": document["iri"], "lang": lang}
    figures = client.request("GET", "/api/metrics", params=params).json()
    verdicts = client.request("GET", "/api/compliance/verdicts", params={**params, "limit": 1000}).json()
    return {
        **document,
        "verdicts": verdicts["verdicts"],
        "figures": figures["figures"],
        "derived": figures["derived"],
    }


class _Page:
    """Writes one asset in one language."""

    def __init__(self, document: Document, lang: str) -> None:
        self._document = document
        self._lang = lang
        self._texts: Mapping[str, str] = messages("assets", lang)

    def lines(self) -> Iterator[str]:
        asset = self._document
        yield asset["label"]
        yield " · ".join(filter(None, (asset["name"], asset["classLabel"], level(asset, self._lang))))
        yield asset["iri"]
        if "verdicts" in asset:
            yield from self._verdicts(asset["verdicts"])
        if asset.get("health") is not None:
            yield from self._health(asset["health"])
        yield from self._section("classes", ("class", "source"), map(self._class, self._classes()))
        yield from self._section(
            "attributes", ("attribute", "value", "source"), map(self._attribute, asset["attributes"])
        )
        for side in ("out", "in"):
            rows = map(self._relation, asset["relations"][side])
            yield from self._section(f"relations-{side}", ("relation", "asset", "source"), rows)
        if "figures" in asset:
            columns = ("metric", *FIGURES, "unit", "source")
            rows = map(self._figure, (*asset["figures"], *asset["derived"]))
            yield from self._section("figures", columns, rows, empty="no-figures")

    def _verdicts(self, verdicts: Sequence[Document]) -> Iterator[str]:
        rows = (
            [one["outcomeLabel"], f"{one['rule']} {one['title']}", one["severityLabel"], "; ".join(one["reasons"])]
            for one in verdicts
        )
        yield from self._section("verdicts", ("outcome", "rule", "severity", "reason"), rows, empty="no-verdicts")

    def _health(self, health: Document) -> Iterator[str]:
        yield ""
        state = health["stateLabel"]
        yield self._texts["health-is"].format(state=state) if state else self._texts["health-unknown"]
        if health["metrics"]:
            columns = ("state", "metric", "value", "expected", "unit", "since", "basis", "source")
            headings = [self._texts[f"column-{name}"] for name in columns]
            yield grid(headings, list(map(self._compared, health["metrics"])), width=terminal_width())

    def _compared(self, one: Document) -> list[str]:
        return [
            one["stateLabel"] or one["reasonLabel"],
            one["label"],
            "" if one["value"] is None else number(one["value"], self._lang),
            usual(one["expected"], self._lang),
            one["unitLabel"],
            moment(one["since"], self._lang) if one["since"] else "",
            self._texts[f"basis-{one['basis']}"].format(windows=one["windows"]) if one["basis"] else "",
            ", ".join(one["sources"]),
        ]

    def _section(
        self, title: str, columns: Sequence[str], rows: Iterator[list[str]], *, empty: str = ""
    ) -> Iterator[str]:
        listed = list(rows)
        if not listed and not empty:
            return
        yield ""
        yield f"{self._texts[title]} ({len(listed)})" if listed else f"{self._texts[title]}: {self._texts[empty]}"
        if listed:
            headings = [self._texts[f"column-{name}"] for name in columns]
            yield grid(headings, listed, width=terminal_width())

    def _attribute(self, one: Document) -> list[str]:
        return [
            one["label"],
            one.get("valueLabel") or value(one["value"], one["datatype"], self._lang),
            self._told(one),
        ]

    def _classes(self) -> list[Document]:
        """Return the classes that are stated, and those by definition; a class above these says nothing new."""
        return [one for one in self._document["types"] if not one["inferred"] or one["byDefinition"]]

    def _class(self, one: Document) -> list[str]:
        return [one["label"], self._told(one)]

    def _relation(self, one: Document) -> list[str]:
        return [one["label"], one["asset"]["label"], self._told(one)]

    def _figure(self, one: Document) -> list[str]:
        # A ratio has one value, which stands where a figure has its mean.
        figures = {**one, "mean": one.get("value", one.get("mean"))}
        shown = (figures.get(name) for name in FIGURES)
        numbers = ("" if each is None else number(each, self._lang) for each in shown)
        return [one["label"], *numbers, one.get("unitLabel", one["unit"]), ", ".join(one["sources"])]

    def _told(self, one: Document) -> str:
        if not one.get("inferred"):
            return self._said(one["claims"])
        because = one["because"]
        return self._texts["inferred-because"].format(because=because["text"]) if because else self._texts["inferred"]

    def _said(self, claims: Document) -> str:
        if not claims["sources"]:
            return "-"
        return self._texts["known-since"].format(
            sources=", ".join(claims["sources"]),
            methods=", ".join(self._texts.get(f"method-{method}", method) for method in claims["methods"]),
            seen=moment(claims["lastSeen"], self._lang) if claims["lastSeen"] else "-",
        )


def usual(expected: Document | None, language: str) -> str:
    """Return what is usual as a range; a side without an end is left out."""
    if expected is None:
        return ""
    low, high = (None if each is None else number(each, language) for each in (expected["low"], expected["high"]))
    if low is None:
        return f"≤ {high}"
    return f"≥ {low}" if high is None else f"{low} … {high}"
