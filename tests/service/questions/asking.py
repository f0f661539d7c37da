"""The API's answers to questions of a few forms, made of what its routes tell of each asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

import httpx
from rdflib import Graph, URIRef

from stratagraph.ontology.namespaces import SG
from tests.conftest import ROOT

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = "Counter[Row]"
DEPTH = 10
PRICES = ROOT / "ontology" / "estates" / "prices.ttl"


def plain(value: Any) -> Any:
    """A value as it is compared: numbers as rounded floats, whatever they were written as."""
    if isinstance(value, str):
        if value in {"true", "false"}:
            return value == "true"
        try:
            value = float(value)
        except ValueError:
            return value
    return value if isinstance(value, bool) or not isinstance(value, int | float) else round(float(value), 6)


def rows(found: Any) -> Rows:
    return Counter(tuple(map(plain, row)) for row in found)


class Api:
    """Asks the API, and nothing else."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **params: Any) -> Any:
        answer = self._client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def answer(self, asked: Mapping[str, Any]) -> Rows:
        """Answer one question of the table."""
        (form,) = (name for name in asked if name not in {"columns", "by"})
        found = getattr(self, form)(asked[form])
        if columns := asked.get("columns"):
            found = {tuple(row[column] for column in columns) for row in found}
        return rows(found)

    @cached_property
    def _cards(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/api/assets", limit=1000)["assets"]
        return found

    @cached_property
    def _documents(self) -> dict[str, dict[str, Any]]:
        """Everything about each asset, by IRI."""
        return {card["iri"]: self.get(f"/api/assets/{card['iri']}") for card in self._cards}

    def _of(self, kind: str) -> list[dict[str, Any]]:
        wanted = SG.term(kind)
        return [each for each in self._documents.values() if wanted in {cls["iri"] for cls in each["types"]}]

    @staticmethod
    def _values(document: dict[str, Any], prop: str) -> list[Any]:
        return [plain(each["value"]) for each in document["attributes"] if each["property"] == SG.term(prop)]

    # Forms of questions ----------------------------------------------------------------------------------------------

    def levels(self, _: Any) -> list[Row]:
        return [(each["number"], each["count"]) for each in self.get("/api/levels") if each["number"] and each["count"]]

    def count(self, asked: dict[str, str]) -> list[Row]:
        return [(len(self._of(asked["kind"])),)]

    def attribute(self, asked: dict[str, Any]) -> set[Row]:
        found = {
            (document["name"], value)
            for document in self._of(asked["kind"])
            for value in self._values(document, asked["property"])
        }
        if "above" in asked:
            return {row for row in found if row[1] > asked["above"]}
        return {row for row in found if row[1] == plain(asked.get("equals", row[1]))}

    def lacking(self, asked: dict[str, str]) -> set[Row]:
        return {(doc["name"],) for doc in self._of(asked["kind"]) if not self._values(doc, asked["property"])}

    def related(self, asked: dict[str, Any]) -> set[Row]:
        ends = {each["iri"]: each for each in self._of(asked["to"])}
        found = set()
        for document in self._of(asked["from"]):
            for relation in document["relations"]["out"]:
                end = ends.get(relation["asset"]["iri"]) if relation["asset"] else None
                if relation["property"] != SG.term(asked["relation"]) or end is None:
                    continue
                if all(plain(wanted) in self._values(end, prop) for prop, wanted in asked.get("where", {}).items()):
                    found.add((document["name"], end["name"]))
        return found

    def parts(self, asked: dict[str, str]) -> set[Row]:
        """Walk what is stated to be part of what, for no inference."""
        above = {
            (document["iri"], relation["asset"]["iri"])
            for document in self._documents.values()
            for relation in document["relations"]["out"]
            if relation["asset"] and relation["property"] == SG.partOf and not relation["inferred"]
        }
        inside = {iri for iri, document in self._documents.items() if document["name"] == asked["of"]}
        while more := {part for part, whole in above if whole in inside} - inside:
            inside |= more
        return {(self._documents[iri]["name"],) for iri in inside} - {(asked["of"],)}

    def impact(self, asked: dict[str, str]) -> set[Row]:
        answer = self.get("/api/impact", depth=DEPTH, **asked)
        assert max(asset["hops"] for level in answer["levels"] for asset in level["assets"]) < DEPTH, "some lie deeper"
        return {(asset["name"],) for level in answer["levels"] for asset in level["assets"]}

    def observed(self, asked: dict[str, str]) -> list[Row]:
        return [
            (document["name"], seen[asked.get("figure", "sum")])
            for document in self._of(asked["kind"])
            for seen in document["observations"]
            if seen["metric"] == SG.term(asked["metric"])
        ]

    def tally(self, asked: dict[str, Any]) -> list[Row]:
        """Count the rows of a question by what stands in a column, the first unless said otherwise."""
        counts = Counter(row[asked.get("by", 0)] for row in self.answer(asked))
        return list(counts.items())

    def without(self, asked: list[dict[str, Any]]) -> set[Row]:
        first, second = map(self.answer, asked)
        return set(first) - set(second)

    def prices(self, asked: dict[str, str]) -> list[Row]:
        """Prices are no assets, and no route tells them: they are as the file says that the demo loads."""
        stated = Graph().parse(PRICES)
        models, amounts = (
            dict(stated.subject_objects(URIRef(SG.term(name)))) for name in ("pricedModel", asked["property"])
        )
        return [(str(models[price]), str(amount)) for price, amount in amounts.items()]
