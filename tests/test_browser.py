"""The built book in headless Chromium, over `file://` and with the network off.

Most tests read what one walk over all pages has found.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from canvases import DRAWN, PIXELS
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from playwright.sync_api import TimeoutError as TooLong

pytestmark = pytest.mark.browser

LOCAL = ("file:", "data:", "blob:")
WIDE, PHONE = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
SLIDERS = ".noUi-handle, input[type=range]"
# What a reader meets first: where it begins, in pixels, and how many of it are open.
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
FORMULAS = """() => [...document.querySelectorAll(".math")].map(formula => {
  const {width, height} = formula.querySelector("math")?.getBoundingClientRect() ?? {};
  return {text: formula.textContent.slice(0, 60), drawn: width > 0 && height > 0};
})"""
FONTS = """() => [...document.fonts]
  .filter(font => font.status === "loaded").map(font => font.family.replaceAll('"', ""))"""
# Of each figure with two files, whether the larger one is shown, with pixels enough.
SHARP = """() => [...document.querySelectorAll("figure img")].filter(e => e.srcset)
  .map(e => !e.currentSrc.endsWith(".half.webp")
    && e.naturalWidth >= 0.9 * e.getBoundingClientRect().width)"""
# Counts what the keyboard has to reach, and notes what it reaches.
CONTROLS = """() => { window.reached = new Set();
  addEventListener("focusin", event => reached.add(event.target));
  const controls = "a[href]:not(.headerlink), button, summary";
  window.wanted = [...document.querySelectorAll(`article :is(${controls})`)]
    .filter(e => e.getClientRects().length && e.tabIndex >= 0)
    .filter(e => e.tagName === "SUMMARY" || !e.closest("details:not([open])"));
  return wanted.length; }"""
MISSED = "() => wanted.filter(e => !reached.has(e)).map(e => e.outerHTML.slice(0, 80))"
POOR_IMAGES = """() => [...document.images]
  .filter(image => !image.complete || !image.naturalWidth || !image.alt.trim()
                   || /\\.(png|jpe?g|svg|gif)$/.test(image.alt))
  .map(image => `${image.getAttribute("src")} (alt: ${image.alt || "none"})`)"""
# Marks three elements of each look, which is all that contrast depends on: letters, and what lies
# behind them. Of thousands that look alike axe would measure each; it tells nothing of one letter.
# Takes and returns how many of each look have been marked on this page and others.
LOOKS = """known => {
  const looks = new Map(known);
  const written = e => e.matches("input, select, textarea")
    || [...e.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()[1]);
  for (const element of document.querySelectorAll("body *")) {
    if (!written(element) || !element.checkVisibility()) continue;
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
    const look = [color, fontSize, fontWeight, textShadow, element.disabled];
    for (let behind = element; behind; behind = behind.parentElement) {
      const {backgroundColor, backgroundImage, opacity, position} = getComputedStyle(behind);
      const layer = [backgroundColor, backgroundImage, opacity, position].join();
      if (layer !== look.at(-1)) look.push(layer);
    }
    const before = looks.get(look.join("|")) ?? 0;
    if (before < 3) element.dataset.look = "";
    looks.set(look.join("|"), before + 1);
  }
  return [...looks];
}"""
AXE = f"""{AXE_SCRIPT}
axe.configure({{rules: [{{id: "color-contrast", selector: "[data-look]"}}]}})"""
# Of all that axe reports only the names of grave rules leave the browser; it does not look for
# styles that a file may not read.
GRAVE = """async () => {
  const options = {resultTypes: ["violations"], reporter: "no-passes", preload: false};
  const {violations} = await axe.run(document, options);
  return violations.filter(rule => ["critical", "serious"].includes(rule.impact))
    .map(rule => rule.id);
}"""


@dataclass
class Visit:
    """One page, opened, what happened meanwhile, and what was found on it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    look: dict[str, Any] = field(default_factory=dict)
    fonts: set[str] = field(default_factory=set)
    poor_images: list[str] = field(default_factory=list)
    drawn: list[bool] = field(default_factory=list)
    moved: list[bool] = field(default_factory=list)
    grave: set[str] = field(default_factory=set)
    widths: dict[str, int] = field(default_factory=dict)

    @property
    def plots(self) -> list[Locator]:
        """The elements that Bokeh was asked to fill."""
        return self.page.locator("[data-root-id]").all()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A wide window without a network."""
    context = browser.new_context(viewport=WIDE, offline=True)
    yield context
    context.close()


@pytest.fixture(scope="module")
def visits(context: BrowserContext, site: Path) -> dict[str, Visit]:
    """Every page, opened once, looked at wide and as on a telephone."""
    files = [site / "index.html"]  # sends the reader on to the first page
    files += sorted(file for file in site.rglob("*.html") if "<article" in file.read_text())
    looks: list[tuple[str, int]] = []
    return {str(file.relative_to(site)): walk(context, file, looks) for file in files}


def walk(context: BrowserContext, file: Path, looks: list[tuple[str, int]]) -> Visit:
    """Open one page and note all that is to be tested of it; `looks` grows by those it shows."""
    visit = open_page(context, file)
    page = visit.page
    visit.look = page.evaluate(LOOK)
    visit.fonts = set(page.evaluate(FONTS))
    visit.poor_images = page.evaluate(POOR_IMAGES)
    visit.drawn = [plot.evaluate(DRAWN) for plot in visit.plots]
    visit.grave = grave_violations(page, looks)
    visit.moved = [
        moves_its_picture(page, plot, slider)
        for plot in visit.plots
        for slider in plot.locator(SLIDERS).all()
    ]
    page.set_viewport_size(PHONE)
    page.wait_for_timeout(300 if visit.plots else 0)  # Bokeh redraws after the resize
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        visit.widths[scheme] = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    return visit


def open_page(context: BrowserContext, file: Path) -> Visit:
    """Open one file, listen, and give its plots time to appear."""
    page = context.new_page()
    visit = Visit(page)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda socket: visit.requests.append(socket.url))
    page.on("requestfailed", lambda request: visit.errors.append(f"not loaded: {request.url}"))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on(
        "console", lambda said: visit.errors.append(said.text) if said.type == "error" else None
    )
    page.goto(file.as_uri())
    page.wait_for_selector("article")
    page.wait_for_load_state("load")
    with suppress(TooLong):  # the tests say what is missing
        for plot in visit.plots:
            page.wait_for_function(DRAWN, arg=plot.element_handle(), polling=100, timeout=15_000)
    return visit


def grave_violations(page: Page, looks: list[tuple[str, int]]) -> set[str]:
    """Name the rules of axe that the page breaks critically or seriously.

    Contrast is that of looks of which `looks` counts fewer than three elements, and counts on.
    """
    looks[:] = page.evaluate(LOOKS, looks)
    page.evaluate(AXE)
    return set(page.evaluate(GRAVE))


def moves_its_picture(page: Page, plot: Locator, slider: Locator) -> bool:
    """Send the slider to both ends and tell whether the pixels followed."""
    slider.press("Home")
    page.wait_for_timeout(500)
    near = plot.evaluate(PIXELS)
    slider.press("End")
    with suppress(TooLong):
        page.wait_for_function(
            f"([root, near]) => ({PIXELS})(root) !== near",
            arg=[plot.element_handle(), near],
            polling=100,
            timeout=5_000,
        )
    return plot.evaluate(PIXELS) != near


def test_the_book_has_something_to_look_at(visits: dict[str, Visit]) -> None:
    """Plots and sliders exist; without them the tests below would pass on an empty book."""
    assert len(visits) > 25
    assert any(visit.drawn for visit in visits.values())
    assert any(visit.moved for visit in visits.values())


def test_no_request_leaves_the_machine(visits: dict[str, Visit]) -> None:
    """Scripts, styles, fonts and pictures all lie beside the page."""
    outside = {
        name: urls
        for name, visit in visits.items()
        if (urls := [url for url in visit.requests if not url.startswith(LOCAL)])
    }
    assert not outside


def test_no_page_reports_an_error(visits: dict[str, Visit]) -> None:
    """No exception, no failed load, no error on the console, also while sliders move."""
    assert not {name: visit.errors for name, visit in visits.items() if visit.errors}


def test_every_plot_is_drawn(visits: dict[str, Visit]) -> None:
    """Each plot root holds a canvas with a size and more than one colour."""
    assert not {name: visit.drawn for name, visit in visits.items() if not all(visit.drawn)}


def test_every_slider_changes_its_picture(visits: dict[str, Visit]) -> None:
    """The far end shows another picture than the near one."""
    assert not {name: visit.moved for name, visit in visits.items() if not all(visit.moved)}


def test_both_fonts_are_loaded(visits: dict[str, Visit]) -> None:
    """Icons and formulas are drawn by the glyphs that the book cut out for them."""
    fonts = visits["notebooks/s05_recession.html"].fonts
    assert fonts == {"Font Awesome 6 Free", "STIX Two Math"}


def test_images_load_and_are_described(visits: dict[str, Visit]) -> None:
    """Every picture is there and has an alternative text that is not just its file name."""
    assert not {name: visit.poor_images for name, visit in visits.items() if visit.poor_images}


def test_axe_finds_nothing_critical_or_serious_on_any_page(visits: dict[str, Visit]) -> None:
    """All its rules; contrast is measured for each look that letters have anywhere in the book."""
    assert {name: visit.grave for name, visit in visits.items() if visit.grave} == {}


@pytest.mark.parametrize(
    ("letters", "behind"),
    [("color: #999", ""), ("", "background: #555"), ("font-size: 9px", "opacity: 0.4")],
)
def test_letters_hard_to_read_are_found_among_many_that_are_not(
    context: BrowserContext, letters: str, behind: str
) -> None:
    page = context.new_page()
    line = "<li><div><div><span>read</span></div></div></li>"
    hard = f'<li style="{behind}"><div style="{letters}"><div><span>read</span></div></div></li>'
    looks: list[tuple[str, int]] = []
    easy = f'<html lang="en"><title>x</title><main><ul>{line * 9}</ul></main>'
    page.set_content(easy)
    assert grave_violations(page, looks) == set()
    for known in (looks, []):
        page.set_content(easy.replace("</ul>", f"{hard}{line}</ul>"))
        assert grave_violations(page, known) == {"color-contrast"}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_needs_no_sideways_scrolling(visits: dict[str, Visit], scheme: str) -> None:
    """At 390 pixels wide the page fits; what is wider scrolls inside its own box."""
    widths = {name: visit.widths[scheme] for name, visit in visits.items()}
    assert len(widths) > 15
    assert {name: width for name, width in widths.items() if width > PHONE["width"]} == {}


@pytest.fixture(scope="module")
def looks(visits: dict[str, Visit]) -> dict[str, dict[str, Any]]:
    """What a reader meets first on each page of a figure, and on that of the table."""
    others = ("notebooks/archive", "notebooks/demo_scene")
    names = [n for n in visits if n.startswith("notebooks/") and not n.startswith(others)]
    return {name: visits[name].look for name in names}


def test_the_answer_stands_in_the_first_screen(looks) -> None:
    late = {name: look["answer"] for name, look in looks.items()}
    assert {name: top for name, top in late.items() if top is None or top > 0.9 * 900} == {}


def test_the_figure_begins_by_a_fifth_into_the_second_screen(looks) -> None:
    tops = {name: look["figure"] for name, look in looks.items() if "table_s1" not in name}
    assert len(tops) == 17
    assert {name: top for name, top in tops.items() if top is None or top > 1.2 * 900} == {}


def test_no_code_is_open_no_table_bare_and_at_most_two_stand_open(looks) -> None:
    assert {name: look["code"] for name, look in looks.items() if look["code"]} == {}
    assert {name: look["bare"] for name, look in looks.items() if look["bare"]} == {}
    assert {name: look["open"] for name, look in looks.items() if look["open"] > 2} == {}
    assert {name: look["cut"] for name, look in looks.items() if look["cut"]} == {}


def test_figures_are_sharp_where_a_screen_has_two_pixels_for_one(browser: Browser, site: Path):
    """Of each figure, the larger file is loaded, and half of its pixels fill the page's column."""
    still = {"java_script_enabled": False, "offline": True}  # pictures need no script
    context = browser.new_context(viewport=WIDE, device_scale_factor=2, **still)
    page = context.new_page()
    sharp = {}
    for file in sorted((site / "notebooks").glob("s*.html")):
        page.goto(file.as_uri())
        sharp[file.stem] = page.evaluate(SHARP)
    context.close()
    assert len(sharp) == 13
    assert {
        name: figures for name, figures in sharp.items() if not figures or not all(figures)
    } == {}


def test_every_control_of_a_page_is_reached_by_the_keyboard(
    context: BrowserContext, site: Path
) -> None:
    """Tab comes to each link, button and fold of the article."""
    page = context.new_page()
    page.goto((site / "notebooks" / "s05_recession.html").as_uri())
    wanted = page.evaluate(CONTROLS)
    for presses in range(wanted + 250):
        if presses % 25 == 0 and not page.evaluate(MISSED):
            break
        page.keyboard.press("Tab")
    missed = page.evaluate(MISSED)
    page.close()
    assert wanted > 10
    assert missed == []


def test_a_click_on_the_map_shows_another_places_series(
    context: BrowserContext, site: Path
) -> None:
    """Two places of Figure S8 give two charts; zooming in finds the tiles beside the page."""
    visit = open_page(context, site / "notebooks" / "s08_cumulative_deformation.html")
    plot, chart = visit.page.locator(".explorer canvas").all()[:2]
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    pictures = []
    for share in (0.3, 0.7):
        plot.click(position={"x": share * box["width"], "y": 0.3 * box["height"]})
        pictures.append(chart.evaluate("canvas => canvas.toDataURL()"))
    assert pictures[0] != pictures[1]
    for _ in range(4):
        visit.page.get_by_role("button", name="zoom in").click()
    visit.page.wait_for_timeout(1000)
    assert "do not lie beside" not in visit.page.locator(".since").inner_text()
    assert any("_tiles/s08_tiles" in url for url in visit.requests)
    assert not visit.errors
    visit.page.close()


def test_formulas_are_there_without_any_script(browser: Browser, site: Path) -> None:
    """In the font of the book, and no reader meets raw TeX."""
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto((site / "notebooks/s05_recession.html").as_uri())
    formulas = page.evaluate(FORMULAS)
    assert len(formulas) > 10
    assert not [formula["text"] for formula in formulas if not formula["drawn"]]
    assert not [formula["text"] for formula in formulas if "\\" in formula["text"]]
    context.close()
