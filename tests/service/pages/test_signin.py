"""The page of a service that asks for access tokens: it asks once a tab, and goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium import webdriver

from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access_tokens import Role, TokenFile
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.service.pages.browser import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(name="guarded", scope="module")
def _guarded(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[tuple[str, str]]:
    """The address of a service that asks for a token, and a token that may read."""
    settings = Settings(data=opened(tmp_path_factory.mktemp("data")), port=0)
    token = TokenFile(settings.tokens).add("ana", Role.READ)
    with Engine(settings) as engine, served(engine) as server:
        yield server.url, token


def test_the_page_asks_for_a_token_and_goes_on(driver: webdriver.Chrome, guarded: tuple[str, str]) -> None:
    site, token = guarded
    browser = Browser(driver, site)
    browser.open("/?lang=en&level=L12")
    browser.one("#token").send_keys("sgt_wrong\n")
    assert "revoked" in browser.text("#sign-in .note")
    browser.one("#token").send_keys(token + "\n")
    browser.one("#main h1, #main h2")
    browser.open("/?lang=en")
    assert browser.all("#sign-in") == []
    assert len(browser.all(".band")) == 13
    assert token not in driver.current_url
