"""The built book in headless Chromium, over `file://` and with the network off."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page
from playwright.sync_api import TimeoutError as TooLong

pytestmark = pytest.mark.browser

LOCAL = ("file:", "data:", "blob:")
SLIDERS = ".noUi-handle, input[type=range]"

# Bokeh draws inside nested shadow roots and layers canvases; the empty ones carry hover and such.
# Two readings of the drawn pixels: whether there are at least two colours, and a fingerprint.
PICTURE = """root => {
  const canvases = [];
  const walk = node => {
    if (node.tagName === "CANVAS" && node.width && node.height) canvases.push(node);
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.children ?? []) walk(child);
  };
  walk(root);
  const drawn = canvases.some(canvas => {
    const {width, height} = canvas.getBoundingClientRect();
    const bytes = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const pixels = new Uint32Array(bytes.buffer);
    return width > 0 && height > 0 && pixels.some(pixel => pixel !== pixels[0]);
  });
  return {drawn, pixels: canvases.map(canvas => canvas.toDataURL()).join()};
}"""
FORMULAS = """() => [...document.querySelectorAll(".math")].map(formula => {
  const {width, height} = formula.querySelector("math")?.getBoundingClientRect() ?? {};
  return {text: formula.textContent.slice(0, 60), drawn: width > 0 && height > 0};
})"""
POOR_IMAGES = """() => [...document.images]
  .filter(image => !image.complete || !image.naturalWidth || !image.alt.trim()
                   || /\\.(png|jpe?g|svg|gif)$/.test(image.alt))
  .map(image => `${image.getAttribute("src")} (alt: ${image.alt || "none"})`)"""


@dataclass
class Visit:
    """One page, opened, and what happened meanwhile."""

    name: str
    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def plots(self) -> list[Locator]:
        """The elements that Bokeh was asked to fill."""
        return self.page.locator("[data-root-id]").all()


@pytest.fixture(scope="session")
def visits(browser: Browser, site: Path) -> Iterator[list[Visit]]:
    """Every page that shows a result, opened once and left open."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_offline(True)
    files = [site / "index.html", *sorted((site / "notebooks").glob("*.html"))]
    yield [open_page(context.new_page(), file, site) for file in files]
    context.close()


def open_page(page: Page, file: Path, site: Path) -> Visit:
    """Open one file, listen, and give its plots time to appear."""
    visit = Visit(str(file.relative_to(site)), page)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda socket: visit.requests.append(socket.url))
    page.on("requestfailed", lambda request: visit.errors.append(f"not loaded: {request.url}"))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on(
        "console", lambda said: visit.errors.append(said.text) if said.type == "error" else None
    )
    page.goto(file.as_uri())
    page.wait_for_selector("article")  # the index sends the reader on to the first page
    page.wait_for_load_state("load")
    with suppress(TooLong):  # the tests say what is missing
        for plot in visit.plots:
            page.wait_for_function(
                f"root => ({PICTURE})(root).drawn", arg=plot.element_handle(), timeout=15_000
            )
    return visit


def test_the_book_has_something_to_look_at(visits: list[Visit]) -> None:
    """Plots and sliders exist; without them the tests below would pass on an empty book."""
    assert len(visits) > 1
    assert any(visit.plots for visit in visits)
    assert any(visit.page.locator(SLIDERS).count() for visit in visits)


def test_no_request_leaves_the_machine(visits: list[Visit]) -> None:
    """Scripts, styles, fonts and pictures all lie beside the page."""
    outside = {
        visit.name: urls
        for visit in visits
        if (urls := [url for url in visit.requests if not url.startswith(LOCAL)])
    }
    assert not outside


def test_no_page_reports_an_error(visits: list[Visit]) -> None:
    """No exception, no failed load, no error on the console."""
    assert not {visit.name: visit.errors for visit in visits if visit.errors}


def test_every_plot_is_drawn(visits: list[Visit]) -> None:
    """Each plot root holds a canvas with a size and more than one colour."""
    blank = [
        f"{visit.name}, plot {number}"
        for visit in visits
        for number, plot in enumerate(visit.plots, 1)
        if not plot.evaluate(PICTURE)["drawn"]
    ]
    assert not blank


def test_every_slider_changes_its_picture(visits: list[Visit]) -> None:
    """The far end shows another picture than the near one, with no error on the way."""
    idle = [
        f"{visit.name}, plot {number}"
        for visit in visits
        for number, plot in enumerate(visit.plots, 1)
        for slider in plot.locator(SLIDERS).all()
        if not moves_its_picture(visit.page, plot, slider) or visit.errors
    ]
    assert not idle


def moves_its_picture(page: Page, plot: Locator, slider: Locator) -> bool:
    """Send the slider to both ends and tell whether the pixels followed."""
    slider.press("Home")
    page.wait_for_timeout(500)
    near = plot.evaluate(PICTURE)["pixels"]
    slider.press("End")
    with suppress(TooLong):
        page.wait_for_function(
            f"([root, near]) => ({PICTURE})(root).pixels !== near",
            arg=[plot.element_handle(), near],
            timeout=5_000,
        )
    return plot.evaluate(PICTURE)["pixels"] != near


def test_a_click_on_the_map_shows_another_places_series(visits: list[Visit]) -> None:
    """Two places of Figure S8 give two charts; zooming in finds the tiles beside the page."""
    visit = next(visit for visit in visits if "s08" in visit.name)
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


def test_both_fonts_are_loaded(visits: list[Visit]) -> None:
    """Icons and formulas are drawn by the glyphs that the book cut out for them."""
    visit = next(visit for visit in visits if "s05" in visit.name)
    loaded = visit.page.evaluate(
        "[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family)"
    )
    assert {family.strip('"') for family in loaded} == {"Font Awesome 6 Free", "STIX Two Math"}


def test_images_load_and_are_described(visits: list[Visit]) -> None:
    """Every picture is there and has an alternative text that is not just its file name."""
    poor = {visit.name: found for visit in visits if (found := visit.page.evaluate(POOR_IMAGES))}
    assert not poor


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_telephone_needs_no_sideways_scrolling(visits: list[Visit], scheme: str) -> None:
    """At 390 pixels wide the page fits; what is wider scrolls inside its own box."""
    too_wide = {}
    for visit in visits:
        visit.page.emulate_media(color_scheme=scheme)
        visit.page.set_viewport_size({"width": 390, "height": 844})
        visit.page.wait_for_timeout(300)  # Bokeh redraws after the resize
        width = visit.page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            too_wide[visit.name] = width
        visit.page.set_viewport_size({"width": 1280, "height": 900})
    assert not too_wide
