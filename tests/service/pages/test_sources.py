"""Sources that are read by themselves, on the first page: how each is doing, and that one waits for a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.pages.browser import Browser

pytestmark = pytest.mark.browser


def inventory(models: str) -> str:
    return "assets:\n" + "".join(f"- kind: BaseModel\n  name: shown {model}\n" for model in models.split())


@pytest.fixture(name="waiting")
def _waiting(site: str, tmp_path: Path) -> Iterator[None]:
    """Two sources: one would close three of its four models, the other was never read."""
    file = tmp_path / "models.yaml"
    with httpx.Client(base_url=site, timeout=60) as client:
        file.write_text(inventory("a b c d"))
        added = {"name": "models", "path": str(file), "kind": "yaml"}
        client.post("/api/sources", json=added).raise_for_status()
        client.post("/api/sources", json={"name": "later", "path": str(tmp_path)}).raise_for_status()
        client.post("/api/sources/models/run").raise_for_status()
        file.write_text(inventory("a"))
        assert client.post("/api/sources/models/run").status_code == 409
        yield
        for name in ("models", "later"):
            client.delete(f"/api/sources/{name}").raise_for_status()
        client.post("/api/withdraw", params={"source": "models"})


def test_the_sources_stand_on_the_first_page(browser: Browser, waiting: None) -> None:
    browser.open("/?lang=en")
    told = browser.text('#sources [data-source="models"]')
    assert all(part in told for part in ("models.yaml", "yaml", "waits for a person", "would close", "by hand"))
    assert "1 source waits" in browser.text("#waiting")
    assert "not read yet" in browser.text('#sources [data-source="later"]')
    browser.open("/?lang=pt-BR")
    assert "espera por uma pessoa" in browser.text('#sources [data-source="models"]')
    with browser.as_wide_as(390):
        wide = browser.driver.execute_script("return document.documentElement.scrollWidth")
    assert wide <= 390
