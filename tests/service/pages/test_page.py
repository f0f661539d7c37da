"""The first page in a real browser, over the real service: map, search, impact, address, language, keyboard."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest
from selenium.webdriver.common.keys import Keys

from tests.service.pages.browser import Browser

pytestmark = pytest.mark.browser

LAW = "/?asset=LGPD_BR&lang=en"


def open_audited(browser: Browser) -> None:
    """Open the map, again until the first audit of the service is there: the page does not wait for one."""
    for _ in range(120):
        browser.open("/?lang=en")
        if re.search(r"audit of .+ at sequence \d+", browser.text("#audited")):
            return
        time.sleep(1)


def test_every_band_shows_its_count_and_worst_verdict(browser: Browser) -> None:
    open_audited(browser)
    bands = [band.text.split("\n") for band in browser.all(".band")]
    assert [band[0] for band in bands] == [*(f"L{n}" for n in range(12, 0, -1)), "◇"]
    counts = {band[0]: int(band[2]) for band in bands}
    assert counts["L12"] >= 2
    assert counts["L5"] >= 3
    assert all(re.search(r"failing|unknown|waived|passing|not a", band[3]) for band in bands)
    assert any("failing" in band[3] for band in bands)
    # It is told of which audit that is.
    assert re.search(r"audit of .+ at sequence \d+", browser.text("#audited"))


def test_the_map_has_a_table_twin_with_the_same_counts(browser: Browser) -> None:
    browser.open("/?lang=en")
    drawn = [count.text for count in browser.all(".band .count")]
    browser.one(".twin summary").click()
    assert [cell.text for cell in browser.all(".twin td:nth-child(2)")] == drawn


def test_a_band_lists_its_assets_and_an_asset_opens_its_impact(browser: Browser) -> None:
    browser.open("/?lang=en")
    browser.follow('.band[data-level="L12"]')
    assert "level=L12" in browser.driver.current_url
    browser.follow('#assets a[data-iri$="LGPD_BR"]')
    assert "LGPD" in browser.text("h1")
    assert len(browser.all("#affected tbody tr:not(.group)")) > 20


def test_the_table_gives_a_reason_for_every_hop(browser: Browser) -> None:
    browser.open(LAW)
    for entry in browser.all("#affected tbody tr:not(.group)"):
        hops = int(entry.find_elements("css selector", "td")[1].text.split()[0])
        reasons = entry.find_elements("css selector", ".because li")
        assert len(reasons) == hops
        assert all(len(reason.text) > 20 for reason in reasons)


def test_the_picture_and_the_table_hold_the_same_assets(browser: Browser) -> None:
    browser.open(LAW)
    drawn = {node.get_attribute("data-iri") for node in browser.all(".paths .node:not(.start)")}
    assert drawn == {link.get_attribute("data-iri") for link in browser.all("#affected a")}


def test_labels_stay_inside_their_boxes(browser: Browser) -> None:
    browser.open(LAW)
    overflowing = browser.driver.execute_script("""
        return [...document.querySelectorAll(".node")].filter((node) => {
          const box = node.querySelector("rect").getBoundingClientRect();
          const text = node.querySelector("text").getBoundingClientRect();
          return text.left < box.left || text.right > box.right;
        }).map((node) => node.textContent);""")
    assert overflowing == []


def test_the_flow_and_the_checklist_of_a_new_rule_are_shown(browser: Browser) -> None:
    browser.open(LAW)
    assert "✓" in browser.text("#flows h3")
    assert "L12 → L10 → L8 → L7 → L6 → L5 → L1 + L2" in browser.text("#flows .steps")
    assert len(browser.all("#checklist tbody tr")) >= 7


def test_quantisation_asks_for_evaluations_and_conformity(browser: Browser) -> None:
    browser.open("/?asset=Layer_Attn_23&change=quantisation&lang=en")
    steps = browser.text("#checklist")
    assert "L7" in steps
    assert "L12" in steps


def test_pointing_at_an_asset_lights_its_path(browser: Browser) -> None:
    browser.open(LAW)
    entry = browser.all("#affected tbody tr:not(.group)")[0]
    hops = len(entry.find_elements("css selector", ".because li"))
    iri = entry.find_element("css selector", "a").get_attribute("data-iri")
    node = browser.one(f'.node[data-iri="{iri}"]')
    browser.driver.execute_script("arguments[0].focus()", node)
    assert len(browser.all(".edge.lit")) == hops


def test_search_finds_without_accents_and_opens_by_keyboard(browser: Browser) -> None:
    browser.open("/?lang=en")
    browser.type("/")
    browser.type("banco aur")
    assert "Banco Áureo" in browser.text("#found [role=option]")
    before = browser.driver.current_url
    browser.type(Keys.ARROW_DOWN, Keys.ENTER)
    browser.wait_for_address_other_than(before)
    assert browser.text("h1") == "Banco Áureo"


def test_search_says_in_words_when_nothing_fits(browser: Browser) -> None:
    browser.open("/?lang=en")
    browser.type("/")
    browser.type("zzzz")
    assert "zzzz" in browser.text("#found .none")
    browser.type(Keys.ESCAPE)
    assert not browser.one("#found").is_displayed()


def test_the_keyboard_alone_leads_from_the_map_to_an_impact(browser: Browser) -> None:
    browser.open("/?lang=en")
    browser.driver.execute_script("document.querySelector('.band').focus()")
    browser.type(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    focused = browser.driver.execute_script("return document.activeElement.dataset.level")
    assert focused == "L10"
    before = browser.driver.current_url
    browser.type(Keys.ENTER)
    browser.wait_for_address_other_than(before)
    assert browser.all("#assets a")


def test_the_address_restores_the_state_and_back_goes_back(browser: Browser) -> None:
    browser.open(LAW)
    browser.follow('[data-choice="both"]')
    depth = browser.one("#depth")
    before = browser.driver.current_url
    # Not clear(): it leaves the field empty, which is a change, and the page may draw itself anew before the 2 comes.
    depth.send_keys(Keys.CONTROL, "a", Keys.NULL, "2", Keys.ENTER)
    browser.wait_for_address_other_than(before)
    rows = [entry.text for entry in browser.all("#affected tbody tr")]
    browser.open(browser.driver.current_url.removeprefix(browser.site))
    assert [entry.text for entry in browser.all("#affected tbody tr")] == rows
    assert browser.one("#depth").get_attribute("value") == "2"
    assert browser.one('[data-choice="both"]').get_attribute("aria-current") == "true"
    browser.follow(".crumbs a")
    browser.driver.back()
    browser.settle()
    assert [entry.text for entry in browser.all("#affected tbody tr")] == rows


def test_a_short_walk_says_that_there_is_more(browser: Browser) -> None:
    browser.open(f"{LAW}&depth=1")
    assert "after 1 hop;" in browser.text(".note")


def test_the_language_switch_changes_texts_labels_and_reasons(browser: Browser) -> None:
    browser.open(LAW)
    english = browser.text("#affected .because")
    browser.follow('[data-choice="pt-BR"]')
    assert browser.one("html").get_attribute("lang") == "pt-BR"
    assert "ativos afetados" in browser.text("#paths-title")
    assert browser.text("#affected .because") != english
    assert "asset=LGPD_BR" in browser.driver.current_url


def test_dark_and_light_are_a_choice(browser: Browser) -> None:
    grounds = set()
    for theme in ("light", "dark"):
        browser.open(f"/?lang=en&theme={theme}")
        grounds.add(browser.one("body").value_of_css_property("background-color"))
    assert len(grounds) == 2


def test_a_model_seen_in_telemetry_shows_figures_with_unit_and_window(browser: Browser) -> None:
    browser.open("/?level=L4&lang=en")
    addresses = [link.get_attribute("href") or "" for link in browser.all("#assets a")]
    for address in addresses:
        browser.open(address.removeprefix(browser.site))
        browser.one("#figures:not([aria-busy])")
        cells = [cell.text for cell in browser.all("#observations tbody tr:first-child td")]
        if cells:
            figures, unit, window, basis = cells
            assert re.search(r"\d", figures)
            assert unit
            assert "UTC" in window
            assert basis.startswith(("measured", "estimated"))
            return
    pytest.fail("no model shows an observation")


def test_an_unknown_asset_is_told_in_words_with_a_way_back(browser: Browser) -> None:
    browser.open(f"/?asset={quote('no such thing')}&lang=en")
    assert "no such thing" in browser.text(".failure")
    assert browser.all(".failure a[href='/']")
    errors = browser.console_errors()
    assert all("404" in error for error in errors), errors


def test_markup_in_the_address_stays_text(browser: Browser) -> None:
    browser.open(f"/?asset={quote('<img src=x onerror=alert(1)>')}&lang=en")
    assert browser.all(".failure")
    assert not browser.all("img")
    assert all("404" in error for error in browser.console_errors())


def test_an_impact_is_narrowed_by_kind_of_change_and_aspect(browser: Browser) -> None:
    browser.open("/?asset=Layer_Attn_23&lang=en")
    everything = {strength.text.split()[0] for strength in browser.all("#affected .strength")}
    assert everything > {"cost", "quality"}
    browser.choose("#change", "quantisation")
    assert "change=quantisation" in browser.driver.current_url
    acting = [option.get_attribute("value") for option in browser.all("#aspect option")]
    assert acting == ["", "cost", "energy", "fairness", "latency", "quality", "safety", "throughput"]
    browser.choose("#aspect", "cost")
    assert "aspect=cost" in browser.driver.current_url
    assert "Quantisation" in browser.text(".heading")
    assert {strength.text.split()[0] for strength in browser.all("#affected .strength")} == {"cost"}
    browser.choose("#change", "outage")  # which does not act on cost
    assert "aspect=" not in browser.driver.current_url
    browser.choose("#change", "")
    assert {strength.text.split()[0] for strength in browser.all("#affected .strength")} == everything


def test_an_obligation_leads_to_its_framework(browser: Browser) -> None:
    browser.open("/?asset=LGPD-33&lang=en")
    link = browser.one("#details a[href*='/ontology/pages/en/term/']")
    assert "FrameworkLGPD" in (link.get_attribute("href") or "")


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
@pytest.mark.parametrize(
    "path", ["/?", "/?level=L8&", "/?asset=LGPD-33&", "/?asset=LGPD_BR&depth=2&", "/api/compliance/audit?format=html&"]
)
def test_nothing_runs_off_a_narrow_screen(browser: Browser, path: str, lang: str) -> None:
    with browser.as_wide_as(400):
        browser.driver.get(f"{browser.site}{path}lang={lang}")
        if not path.startswith("/api"):
            browser.settle()
        wide, seen = browser.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide <= seen
