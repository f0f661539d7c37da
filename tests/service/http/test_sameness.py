"""Who is who over HTTP: suggested, decided once, remembered; and where sources disagree, with who says what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stratagraph.ontology.namespaces import ASSET_BASE

if TYPE_CHECKING:
    from tests.service.http.conftest import Site

TABLE = "BaseModel,license,contextWindowTokens\n{}\n"


def say(site: Site, source: str, *rows: str) -> None:
    body = TABLE.format("\n".join(rows))
    answer = site.send(
        "POST",
        "/api/batches",
        params={"source": source, "scope": "table"},
        content=body.encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text


def get(site: Site, path: str, **params: str) -> Any:
    answer = site.send("GET", path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of(site: Site, *names: str) -> list[Any]:
    return [
        found
        for found in get(site, "/api/suggestions", limit="1000")["suggestions"]
        if {asset["name"] for asset in found["assets"]} == set(names)
    ]


def decide(site: Site, name: str, decision: str) -> Any:
    return site.send("POST", f"/api/suggestions/{name}", json={"decision": decision})


def test_a_pair_is_suggested_once_and_merged_only_when_a_person_says_so(site: Site) -> None:
    say(site, "cards", "merge-me/same-8b,mit,8000", "merge-me/two-8b,mit,8000")
    say(site, "gateway", "same-8b,,", "two-8b,,")
    (same,) = of(site, "merge-me/same-8b", "same-8b")
    (two,) = of(site, "merge-me/two-8b", "two-8b")
    assert same["reason"] == "owner"
    assert "dono" in of_pt(site, same["id"])["text"]

    assert decide(site, two["id"], "refuse").json()["decision"] == "refuse"
    answer = decide(site, same["id"], "accept")
    assert answer.status_code == 200, answer.text
    assert not of(site, "merge-me/same-8b", "same-8b")
    assert not of(site, "merge-me/two-8b", "two-8b")
    assert decide(site, same["id"], "accept").status_code == 404
    merged = get(site, "/api/assets/BaseModel%2Fsame-8b")
    assert {merged["iri"], *merged["mergedFrom"]} == {
        f"{ASSET_BASE}BaseModel/same-8b",
        f"{ASSET_BASE}BaseModel/merge-me%2Fsame-8b",
    }
    assert get(site, "/api/assets/BaseModel%2Ftwo-8b")["nearMisses"] == []


def of_pt(site: Site, name: str) -> Any:
    listed = get(site, "/api/suggestions", limit="1000", lang="pt-BR")["suggestions"]
    return next(found for found in listed if found["id"] == name)


def test_a_decision_is_for_a_pair_that_is_open_and_one_of_two(site: Site) -> None:
    answer = decide(site, "nobody", "accept")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/unknown-suggestion")
    assert decide(site, "nobody", "perhaps").status_code == 422


def test_sources_that_disagree_stand_side_by_side_with_their_dates(site: Site) -> None:
    say(site, "registry", "torn-8b,apache-2.0,8192")
    say(site, "bom", "torn-8b,mit,8192")
    found = [
        each for each in get(site, "/api/findings", limit="1000")["findings"] if each["asset"]["name"] == "torn-8b"
    ]
    assert [each["attribute"] for each in found] == ["sg:license"]
    said = {value["value"]: [it["source"] for it in value["witnesses"]] for value in found[0]["values"]}
    assert said == {"apache-2.0": ["registry"], "mit": ["bom"]}
    assert all(it["firstSeen"] for value in found[0]["values"] for it in value["witnesses"])
    say(site, "bom", "torn-8b,apache-2.0,8192")
    assert not [each for each in get(site, "/api/findings")["findings"] if each["asset"]["name"] == "torn-8b"]
