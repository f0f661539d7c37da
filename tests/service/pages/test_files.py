"""The page's files: revalidated by ETag, under a strict policy, complete in both languages."""

from __future__ import annotations

import asyncio
import json
import re
from importlib.resources import files

import httpx
import pytest
from fastapi import FastAPI

from stratagraph.service.http import static_pages

FOLDER = files("stratagraph.service") / "pages"
NAMES = sorted(entry.name for entry in FOLDER.iterdir() if entry.is_file())
TEXTS = {tag: json.loads((FOLDER / "texts" / f"{tag}.json").read_text("utf-8")) for tag in ("en", "pt-BR")}


APP = FastAPI(docs_url=None)
APP.include_router(static_pages.router())


def get(path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_an_unchanged_file_is_not_sent_again() -> None:
    first = get("/pages/app.js")
    again = get("/pages/app.js", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert get("/pages/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/favicon.ico",
        *(f"/pages/{name}" for name in (*NAMES, *(f"swagger-ui/{n}" for n in sorted(static_pages.SWAGGER_UI)))),
    ],
)
def test_every_answer_carries_the_policy(path: str) -> None:
    answer = get(path)
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "nothing.js",
        "../http/static_pages.py",
        "..%2fhttp%2fpages.py",
        "texts",
        "swagger-ui/redoc.standalone.js",
        "swagger-ui/%2e%2e%2fdocs.js",
        "",
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    assert get(f"/pages/{path}").status_code == 404


def test_no_file_asks_another_host_for_anything() -> None:
    for name in NAMES:
        for address in re.findall(r"https?://[^\s\"'<>]+", (FOLDER / name).read_text("utf-8")):
            assert address == "http://www.w3.org/2000/svg", f"{name}: {address}"


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    english, portuguese = TEXTS["en"], TEXTS["pt-BR"]
    assert english.keys() == portuguese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", portuguese[key])), key


def test_every_text_that_the_modules_name_exists_and_every_text_is_used() -> None:
    code = "".join((FOLDER / name).read_text("utf-8") for name in NAMES if name.endswith(".js"))
    named = set(re.findall(r"\bt\(\"([\w-]+)\"", code))
    assert named <= TEXTS["en"].keys()
    beginnings = tuple(re.findall(r"t\(`([\w-]+-)\$", code))
    named = {key for key in TEXTS["en"] if f'"{key}"' in code or key.startswith(beginnings)}
    unused = TEXTS["en"].keys() - named - {f"{key}-one" for key in named}
    assert unused <= {"declared", "observed"}, "methods of claims, looked up by their name"
