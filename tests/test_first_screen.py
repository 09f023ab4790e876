"""What a reader meets first on each page, wide and on a phone, and what those who listen hear."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
LOOK = """() => {
  const main = document.querySelector("article");
  const seen = e => e.getClientRects().length && !e.closest("details:not([open])");
  const top = e => e ? e.getBoundingClientRect().top + scrollY : null;
  const tables = [...main.querySelectorAll("table")].filter(seen);
  return {
    answer: top(main.querySelector(".answer")),
    figure: top([...main.querySelectorAll("figure img")].find(seen)),
    open: tables.filter(e => e.querySelector("caption")).length,
    bare: tables.filter(e => !e.querySelector("caption")).length,
    code: [...main.querySelectorAll(".cell_input pre")].filter(seen).length,
    cut: [...main.querySelectorAll(".cell_output pre")]
      .filter(e => seen(e) && e.scrollWidth > e.clientWidth + 2).length,
  };
}"""


@pytest.fixture(scope="session")
def looks(browser: Browser, site: Path) -> dict[str, dict[str, Any]]:
    """Every page of a figure of the supplement, as measured at both widths."""
    found: dict[str, dict[str, Any]] = {}
    for form, size in (("wide", WIDE), ("phone", PHONE)):
        context = browser.new_context(viewport=size, offline=True)
        for file in sorted((site / "notebooks").glob("[st]*.html")):
            page = context.new_page()
            page.goto(file.as_uri())
            page.wait_for_load_state("load")
            found.setdefault(file.stem, {})[form] = page.evaluate(LOOK)
            page.close()
        context.close()
    return found


def test_the_answer_stands_in_the_first_screen(looks):
    late = {name: look["wide"]["answer"] for name, look in looks.items()}
    assert {name: top for name, top in late.items() if top is None or top > 0.9 * 900} == {}


def test_the_figure_begins_by_a_fifth_into_the_second_screen(looks):
    tops = {name: look["wide"]["figure"] for name, look in looks.items() if name != "table_s1"}
    assert len(tops) == 13
    assert {name: top for name, top in tops.items() if top is None or top > 1.2 * 900} == {}


def test_no_code_is_open_no_table_bare_and_at_most_two_stand_open(looks):
    wide = {name: look["wide"] for name, look in looks.items()}
    assert {name: look["code"] for name, look in wide.items() if look["code"]} == {}
    assert {name: look["bare"] for name, look in wide.items() if look["bare"]} == {}
    assert {name: look["open"] for name, look in wide.items() if look["open"] > 2} == {}
    assert {name: look["cut"] for name, look in wide.items() if look["cut"]} == {}


def test_figures_are_sharp_where_a_screen_has_two_pixels_for_one(browser: Browser, site: Path):
    """Of each figure, the larger file is loaded, and half of its pixels fill the page's column."""
    context = browser.new_context(viewport=WIDE, device_scale_factor=2, offline=True)
    blurred = {}
    for file in sorted((site / "notebooks").glob("s*.html")):
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_load_state("load")
        blurred[file.stem] = page.evaluate(
            """() => [...document.querySelectorAll("figure img")].filter(e => e.srcset && (
              e.currentSrc.endsWith(".half.png")
              || e.naturalWidth < 0.9 * e.getBoundingClientRect().width)).length"""
        )
        page.close()
    context.close()
    assert blurred == dict.fromkeys(blurred, 0)


def test_axe_finds_nothing_critical_or_serious_on_any_page(browser: Browser, site: Path):
    context = browser.new_context(viewport=WIDE, offline=True)
    found = {}
    for file in sorted(site.rglob("*.html")):
        if "<article" not in file.read_text():
            continue  # sends the reader on
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_load_state("load")
        violations = Axe().run(page).response["violations"]
        grave = {v["id"] for v in violations if v["impact"] in ("critical", "serious")}
        if grave:
            found[file.name] = grave
        page.close()
    context.close()
    assert found == {}


def test_every_control_of_a_page_is_reached_by_the_keyboard(browser: Browser, site: Path):
    """Tab comes to each link, button and fold of the article, and to no element twice in a row."""
    context = browser.new_context(viewport=WIDE, offline=True)
    page = context.new_page()
    page.goto((site / "notebooks" / "s05_recession.html").as_uri())
    page.wait_for_load_state("load")
    wanted = page.evaluate(
        """() => { window.reached = new Set();
        addEventListener("focusin", event => reached.add(event.target));
        const controls = "a[href]:not(.headerlink), button, summary";
        window.wanted = [...document.querySelectorAll(`article :is(${controls})`)]
          .filter(e => e.getClientRects().length && e.tabIndex >= 0)
          .filter(e => e.tagName === "SUMMARY" || !e.closest("details:not([open])"));
        return wanted.length; }"""
    )
    for _ in range(wanted + 250):
        page.keyboard.press("Tab")
    missed = page.evaluate(
        "() => wanted.filter(e => !reached.has(e)).map(e => e.outerHTML.slice(0, 80))"
    )
    context.close()
    assert wanted > 10
    assert missed == []
