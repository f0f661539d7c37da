"""What stands behind a level's mark, an obligation as a start, and the past, in a real browser."""

from __future__ import annotations

import httpx
import pytest

from tests.service.pages.browser import Browser

pytestmark = pytest.mark.browser


def test_a_level_tells_its_verdicts_with_their_reasons(browser: Browser) -> None:
    browser.open("/?level=L8&lang=en")
    rows = browser.all("#verdicts tbody tr")
    assert "failing" in rows[0].text
    assert "What to do" in rows[0].text
    assert "format=html" in str(browser.one("#report").get_attribute("href"))


def test_an_obligation_is_a_start(browser: Browser) -> None:
    browser.open("/?asset=LGPD-33&lang=pt-BR")
    assert browser.text("h1") == "Mecanismo de transferência internacional"
    assert browser.all("#affected tbody tr:not(.group)")
    assert "O dado sai do Brasil" in browser.text("#details")


def test_a_moment_in_the_address_is_honoured_and_said(browser: Browser) -> None:
    sequence = httpx.get(f"{browser.site}/api/search?q=LGPD", trust_env=False).json()["sequence"]
    browser.open(f"/?asset=LGPD_BR&lang=pt-BR&asOf={sequence}")
    assert f"sabia em {sequence}." in browser.text("#as-of")
    assert all(f"asOf={sequence}" in str(link.get_attribute("href")) for link in browser.all(".files a"))
    browser.follow("#as-of a")
    assert browser.all("#as-of") == []
