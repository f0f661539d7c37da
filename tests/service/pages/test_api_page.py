"""The page of the API: whole without any foreign host, usable where the service asks for a token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.service.pages.browser import SECONDS
from tests.service.pages.test_signin import _guarded  # noqa: F401  a fixture

pytestmark = pytest.mark.browser


def wait(driver: webdriver.Chrome, selector: str, least: int = 1) -> None:
    WebDriverWait(driver, SECONDS).until(
        lambda driver: len(driver.find_elements(By.CSS_SELECTOR, selector)) >= least, f"fewer than {least} {selector}"
    )


def addresses(driver: webdriver.Chrome) -> Iterator[str]:
    """Everything that the page has asked for."""
    yield driver.current_url
    yield from driver.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")


def complaints(driver: webdriver.Chrome) -> list[str]:
    entries = driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's Chrome has it untyped
    return [entry["message"] for entry in entries if entry["level"] in {"SEVERE", "WARNING"}]


def test_the_page_shows_every_route_and_asks_nobody_else(driver: webdriver.Chrome, site: str) -> None:
    complaints(driver)
    driver.get(f"{site}/docs")
    wait(driver, ".opblock", 20)
    assert driver.find_elements(By.CSS_SELECTOR, "#main #sign-in") == []
    assert {urlsplit(address).netloc for address in addresses(driver) if not address.startswith("data:")} == {
        urlsplit(site).netloc
    }
    assert complaints(driver) == []


def test_a_question_can_be_asked_from_the_page_with_a_token(driver: webdriver.Chrome, guarded: tuple[str, str]) -> None:
    site, token = guarded
    driver.get(f"{site}/docs")
    wait(driver, "#token")
    driver.find_element(By.ID, "token").send_keys(token + "\n")
    wait(driver, ".opblock", 20)
    assert token not in driver.current_url
    driver.execute_script("document.querySelector('#operations-ledger-ledger button.opblock-summary-control').click()")
    wait(driver, "#operations-ledger-ledger .execute")
    driver.execute_script("document.querySelector('#operations-ledger-ledger .execute').click()")
    wait(driver, "#operations-ledger-ledger .live-responses-table .response-col_status")
    shown = driver.find_element(By.CSS_SELECTOR, "#operations-ledger-ledger .live-responses-table").text
    assert "200" in shown
    assert "sequence" in json.dumps(shown)
