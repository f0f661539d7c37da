"""What the page tests do with a browser: open a state of the page, wait until it is shown, look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 20
_SHOWN = """
const main = document.getElementById("main");
return main && !main.hasAttribute("aria-busy") && main.dataset.shown === location.search;
"""


class Browser:
    """One tab on the service."""

    def __init__(self, driver: webdriver.Chrome, site: str) -> None:
        self.driver = driver
        self.site = site
        driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's Chrome has it untyped

    def open(self, state: str = "/") -> None:
        self.driver.get(self.site + state)
        self.settle()

    def settle(self) -> None:
        """Wait until the view of the present address is shown."""
        WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.execute_script(_SHOWN))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """Wait for an element and return it."""
        return WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector), f"no {selector}"
        )

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def follow(self, selector: str) -> None:
        """Click, and wait until the new state is shown."""
        before = self.driver.current_url
        self.one(selector).click()
        self.wait_for_address_other_than(before)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option by its value, and wait until the new state is shown."""
        before = self.driver.current_url
        Select(self.one(selector)).select_by_value(value)
        self.wait_for_address_other_than(before)

    @contextmanager
    def as_wide_as(self, width: int) -> Iterator[None]:
        """Let the page be seen on a screen of a width."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def type(self, *keys: str) -> None:
        """Type into whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def wait_for_address_other_than(self, before: str) -> None:
        WebDriverWait(self.driver, SECONDS).until(lambda driver: driver.current_url != before)
        self.settle()

    def console_errors(self) -> list[str]:
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # as above
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
