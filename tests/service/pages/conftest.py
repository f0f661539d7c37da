"""The real service over the example estate and its telemetry, and a headless Chromium that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.service.pages.browser import Browser

CHROMIUM = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
    "--window-size=1280,1400",
)


@pytest.fixture(name="site", scope="package")
def _site(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[str]:
    """The address of the running service."""
    with Engine(Settings(data=furnished(tmp_path_factory.mktemp("data")), port=0)) as engine, served(engine) as server:
        yield server.url


@pytest.fixture(name="driver", scope="package")
def _driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    for program, package in ((CHROMIUM, "chromium"), (DRIVER, "chromium-driver")):
        if not program.exists():
            pytest.skip(f"{program} is missing: install Debian's package {package} (make setup-system, as root)")
    options = Options()
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(name="browser")
def _browser(driver: webdriver.Chrome, site: str) -> Iterator[Browser]:
    """A browser on the service; a test during which the console tells of an error fails."""
    browser = Browser(driver, site)
    yield browser
    assert browser.console_errors() == []
