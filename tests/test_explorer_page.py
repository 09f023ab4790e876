"""The explorer in headless Chromium, over `file://`: what a reader does, and what it answers."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas
import numpy as np
import pytest
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr
from playwright.sync_api import Browser, Page
from shapely.geometry import box

from qilian.insar import temporal_models
from qilian.views import explorer

pytestmark = pytest.mark.browser

ROWS, COLUMNS, DATES = 96, 160, 60
PIXEL = 0.002  # degrees
SHELL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main style="max-width: 800px; margin: auto"><h1>Explorer</h1>{}</main></body></html>"""
CLICKED = """async ([x, y]) => {
  const map = document.querySelector(".explorer .frame canvas"), box = map.getBoundingClientRect();
  const at = {bubbles: true, pointerId: 1, clientX: box.left + x * box.width,
              clientY: box.top + y * box.height};
  map.setPointerCapture = () => {};
  const start = performance.now();
  map.dispatchEvent(new PointerEvent("pointerdown", at));
  map.dispatchEvent(new PointerEvent("pointerup", at));
  return performance.now() - start;
}"""
PICTURE = "number => document.querySelectorAll('.explorer canvas')[number].toDataURL()"


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """Subsidence that grows to the south-east, a season, noise; a pit masked, a date missing."""
    rng = np.random.default_rng(1)
    days = np.datetime64("2016-01-03", "ns") + np.arange(DATES) * np.timedelta64(24, "D")
    model = temporal_models.periodic_model(xr.DataArray(days, {"time": days}, ("time",)))
    parameters = np.zeros((4, ROWS, COLUMNS))
    slope = np.add.outer(np.arange(ROWS), np.arange(COLUMNS)) / 10
    parameters[list(model["parameter"].values).index("rate")] = -slope
    displacement = np.einsum("tp,pyx->tyx", model.values, parameters)
    displacement += rng.normal(0, 3, displacement.shape)
    displacement[:, 40:48, 80:88] = np.nan
    displacement[30] = np.nan
    half_width = 8 + np.abs(rng.normal(0, 1, displacement.shape))
    about = {"units": "mm", "long_name": "displacement", "direction": "vertical"}
    cube = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), displacement, about),
            "half_width": (("time", "y", "x"), half_width, about),
            "parameters": (("parameter", "y", "x"), parameters),
            "model": (("time", "parameter"), model.values),
        },
        {
            "time": days,
            "y": ("y", 38.2 - PIXEL * np.arange(ROWS), {"units": "degrees_north"}),
            "x": ("x", 99 + PIXEL * np.arange(COLUMNS), {"units": "degrees_east"}),
        },
        {"simulated": True, "title": "test"},
    )
    return cube.rio.write_crs("EPSG:4326")


@pytest.fixture(scope="module")
def site(cube: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A page with the explorer, and its tiles beside it, as the book lays them out."""
    root = tmp_path_factory.mktemp("site")
    x0, y0 = 99 + 80 * PIXEL, 38.2 - 40 * PIXEL
    pit = box(x0, y0 - 8 * PIXEL, x0 + 8 * PIXEL, y0)
    outlines = geopandas.GeoDataFrame(
        {"name": ["pit 1"], "kind": ["pit"]}, geometry=[pit], crs="EPSG:4326"
    )
    area = xr.zeros_like(cube["displacement"][0], bool)
    area[2:6, 2:6] = True
    view = explorer.displacement_explorer(
        cube,
        cube["model"],
        name="s08",
        palette=["#ff0000", "#ffffff", "#0000ff"],
        limit=100.0,
        outlines=outlines,
        reference=area,
        page_bytes=150_000,
    )
    page, beside = root / "notebooks" / "s08.html", root / "_tiles" / "s08_tiles"
    page.parent.mkdir()
    beside.mkdir(parents=True)
    page.write_text(SHELL.format(view.page))
    for name, content in view.tiles.items():
        (beside / name).write_text(content)
    assert len(view.tiles) == 6
    return SimpleNamespace(page=page, beside=beside)


@pytest.fixture
def opened(browser: Browser, site: SimpleNamespace) -> Iterator[Any]:
    """Open the page with an address; what it asks for and complains of is kept."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, accept_downloads=True)
    context.set_offline(True)
    requests: list[str] = []
    errors: list[str] = []

    def open_page(address: str = "", path: Path = site.page) -> Page:
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri() + address)
        page.wait_for_selector(".explorer[data-on=drawn]", state="attached")
        return page

    open_page.requests = requests
    yield open_page
    context.close()
    assert not errors
    assert not [url for url in requests if not url.startswith(("file:", "data:", "blob:"))]


def click(page: Page, x: float, y: float) -> float:
    """Click at fractions of the map's width and height; milliseconds until all is drawn."""
    return page.evaluate(CLICKED, [x, y])


def saved(page: Page, button: str) -> tuple[list[str], dict[str, np.ndarray]]:
    """Comments and columns of a CSV that the page saves."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    lines = Path(download.value.path()).read_text("utf-8").splitlines()
    rows = list(csv.DictReader(io.StringIO("\n".join(line for line in lines if line[0] != "#"))))
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    numbers = {
        name: np.array([float(value or "nan") for value in values])
        for name, values in columns.items()
        if name != "date"
    }
    return [line for line in lines if line[0] == "#"], {**columns, **numbers}


def pixel(cube: xr.Dataset, x: float, y: float) -> xr.Dataset:
    """The pixel at fractions of the whole map."""
    return cube.isel(x=int(x * COLUMNS), y=int(y * ROWS))


def closer(page: Page, times: int = 4) -> None:
    """Zoom in about the middle until finer tiles are asked for, and wait for them."""
    for _ in range(times):
        page.get_by_role("button", name="zoom in").click()
    page.wait_for_function("document.querySelector('.since').innerText.includes('pixel of')")
    page.wait_for_timeout(500)


def test_a_click_moves_the_series_within_a_tenth_of_a_second(opened):
    """Map, chart and words are drawn anew; the median of nine clicks."""
    page = opened()
    before = page.evaluate(PICTURE, 1)
    times = [click(page, 0.1 * n, 0.3) for n in range(1, 10)]
    assert page.evaluate(PICTURE, 1) != before
    assert np.median(times) <= 100


def test_a_finger_takes_a_place_and_two_fingers_zoom(browser, site):
    """On a telephone, by the browser's own touches."""
    phone = {"width": 390, "height": 844}
    context = browser.new_context(viewport=phone, has_touch=True, is_mobile=True, offline=True)
    page = context.new_page()
    page.goto(site.page.as_uri())
    page.wait_for_selector(".explorer[data-on=drawn]", state="attached")
    box = page.locator(".explorer .frame canvas").first.bounding_box()
    before = page.evaluate(PICTURE, 1)
    middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 4}
    page.touchscreen.tap(**middle)
    assert page.evaluate(PICTURE, 1) != before

    whole = page.evaluate(PICTURE, 0)
    touch = context.new_cdp_session(page)

    def fingers(kind: str, *places: float) -> None:
        points = [{"x": x, "y": middle["y"], "id": n} for n, x in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", middle["x"] - 20, middle["x"] + 20)
    for apart in (30, 50, 80):
        fingers("touchMove", middle["x"] - apart, middle["x"] + apart)
    fingers("touchEnd")
    zoomed = page.evaluate(PICTURE, 0)
    context.close()
    assert zoomed != whole


def test_a_saved_series_is_the_cubes(opened, cube):
    """At full resolution: each date to half a step, the model, a gap where a date is missing."""
    page = opened()
    closer(page)
    click(page, 0.5, 0.75)
    u, v = 0.5 * COLUMNS, 0.5 * ROWS + 0.25 * ROWS / 1.6**4
    here = cube.isel(x=int(u), y=int(v))
    comments, table = saved(page, "Save the series")
    assert "Simulated" in comments[0]
    assert table["date"][0] == "2016-01-03"
    np.testing.assert_allclose(table["displacement_A"], here["displacement"], atol=0.11)
    np.testing.assert_allclose(table["half_width_A"][:30], here["half_width"][:30], atol=0.11)
    fitted = (here["parameters"] * cube["model"]).sum("parameter")
    np.testing.assert_allclose(table["model_A"], fitted, atol=0.1)
    assert np.isnan(table["displacement_A"][30])


def test_a_difference_has_the_interval_of_a_difference(opened):
    """The half-width is √(h₁² + h₂²), and the page says what that neglects."""
    page = opened()
    click(page, 0.2, 0.2)
    page.get_by_label("compare a place").check()
    click(page, 0.8, 0.8)
    page.get_by_label("difference A − B").check()
    _, table = saved(page, "Save the series")
    root = np.hypot(table["half_width_A"], table["half_width_B"])
    np.testing.assert_allclose(table["half_width_A_minus_B"], root, atol=0.11)
    apart = table["displacement_A"] - table["displacement_B"]
    np.testing.assert_allclose(table["displacement_A_minus_B"], apart, atol=0.11)
    assert "taken as independent" in page.locator(".note").inner_text()
    assert "A − B" in page.locator("canvas[role=img]").first.get_attribute("aria-label")


def test_a_moved_reference_cancels_from_a_difference(opened):
    """All series are relative to it, its own is zero; a difference of two is what it was."""
    page = opened()
    click(page, 0.2, 0.2)
    page.get_by_label("compare a place").check()
    click(page, 0.8, 0.8)
    _, before = saved(page, "Save the series")
    picture = page.evaluate(PICTURE, 0)
    page.get_by_label("move the reference").check()
    click(page, 0.8, 0.8)
    assert page.evaluate(PICTURE, 0) != picture
    comments, after = saved(page, "Save the series")
    assert re.search(r"# reference: 99\.\d+,38\.\d+", "\n".join(comments))
    apart = before["displacement_A"] - before["displacement_B"]
    np.testing.assert_allclose(after["displacement_A"], apart, atol=0.11)
    assert np.nanmax(abs(after["displacement_B"])) == np.nanmax(after["half_width_B"]) == 0
    for name in ("displacement_A_minus_B", "half_width_A_minus_B"):
        np.testing.assert_array_equal(after[name], before[name])
    page.get_by_role("button", name="go back to the reference area").click()
    _, again = saved(page, "Save the series")
    np.testing.assert_array_equal(again["displacement_A"], before["displacement_A"])


def test_a_profile_follows_its_line(opened, cube):
    """From west to east the ground sinks ever more, at the rate it was given; the pit is a gap."""
    page = opened()
    page.get_by_label("draw a profile").check()
    click(page, 0.02, 0.45)
    click(page, 0.98, 0.45)
    _, table = saved(page, "Save the profile")
    length = 0.96 * COLUMNS * PIXEL * 111.32 * np.cos(np.radians(38.1))
    assert table["distance_km"][-1] == pytest.approx(length, rel=0.01)
    there = np.isfinite(table["displacement"])
    assert not there.all()
    fall = np.polyfit(table["x"][there], table["displacement"][there], 1)[0]
    years = (DATES - 1) * 24 / 365.25
    assert fall == pytest.approx(-years / 10 / PIXEL, rel=0.1)


def test_the_address_restores_the_view(opened):
    """Date, places, reference, profile, difference and zoom come back, on another day too."""
    page = opened()
    click(page, 0.2, 0.2)
    page.get_by_label("compare a place").check()
    click(page, 0.8, 0.6)
    page.get_by_label("move the reference").check()
    click(page, 0.1, 0.1)
    page.get_by_label("draw a profile").check()
    click(page, 0.1, 0.5)
    click(page, 0.9, 0.7)
    page.get_by_label("difference A − B").check()
    page.locator("input[type=range]").fill("17")
    closer(page)
    page.wait_for_timeout(300)
    address = page.evaluate("location.hash")
    again = opened(address)
    again.wait_for_timeout(700)
    for words in (".places", ".since", ".date", ".note"):
        assert again.locator(words).inner_text() == page.locator(words).inner_text()
    assert again.get_by_label("difference A − B").is_checked()
    for button in ("Save the series", "Save the profile"):
        (_, before), (_, after) = saved(page, button), saved(again, button)
        for name, values in before.items():
            np.testing.assert_array_equal(after[name], values)
    again.get_by_role("button", name="zoom in").click()
    again.get_by_role("button", name="zoom out").click()
    again.wait_for_timeout(300)
    assert again.evaluate("location.hash") == address
    assert "date=2017-02-14" in address


def test_an_address_of_nonsense_shows_the_page(opened):
    """Places outside of the map, dates that are none."""
    page = opened("#s08:date=1900-01-01&at=5,5&at=x&view=99.1,38.1,nan&line=1")
    assert page.locator(".places li").count() == 0
    click(page, 0.5, 0.2)
    assert page.locator(".places li").count() == 1


def test_zooming_in_loads_tiles_and_only_then(opened):
    """None at first; then those in view, each once."""
    opened()
    assert not [url for url in opened.requests if "_tiles" in url]
    page = opened("#s08:date=2017-02-14&view=99.2,38.19,8")
    closer(page, times=2)
    asked = [url for url in opened.requests if "_tiles" in url]
    assert [Path(url).name for url in asked] == ["0_1.js"]


def test_without_its_tiles_a_page_stays_as_it_is(opened, site, tmp_path):
    """As in JupyterLab, where none lie beside it: it says so, and answers."""
    alone = tmp_path / "alone.html"
    alone.write_text(site.page.read_text())
    page = opened(path=alone)
    for _ in range(4):
        page.get_by_role("button", name="zoom in").click()
    page.wait_for_function("document.querySelector('.since').innerText.includes('do not lie')")
    click(page, 0.5, 0.95)
    assert "mm" in page.locator(".places li").inner_text()


def test_keys_do_what_a_hand_does(opened):
    """Arrows move a cross-hair and read the map, Enter takes its place, plus zooms."""
    page = opened()
    first = page.locator(".places li").inner_text()
    page.locator(".frame canvas").focus()
    for key in ("ArrowUp", "Shift+ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    assert " mm on " in page.locator("[role=status]").inner_text()
    page.keyboard.press("Enter")
    assert page.locator(".places li").inner_text() != first
    page.keyboard.press("+")
    page.wait_for_timeout(300)
    assert "view=" in page.evaluate("location.hash")


def test_every_control_has_a_name_and_a_hover_a_value(opened):
    """A screen reader finds each; a hand over the pit reads its name and that there is no value."""
    page = opened()
    for control in page.locator(".explorer :is(button, input, canvas)").all():
        if control.is_visible():
            assert control.evaluate(
                "e => (e.ariaLabel || e.labels?.[0]?.textContent || e.textContent).trim()"
            )
    box = page.locator(".frame canvas").bounding_box()
    hover = page.locator(".frame .readout")
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    assert re.fullmatch(
        r"38\.\d{4}° N, 99\.\d{4}° E: −?\d+\.\d ± \d+\.\d mm on \d{4}-\d\d-\d\d", hover.inner_text()
    )
    page.mouse.move(box["x"] + 84 / 160 * box["width"], box["y"] + 44 / 96 * box["height"])
    assert hover.inner_text().endswith("no value on 2019-11-19, in pit 1")


def test_a_print_shows_the_static_figure_alone(opened):
    """The explorer takes no paper; a telephone needs no sideways scrolling."""
    page = opened()
    page.emulate_media(media="print")
    assert not page.locator(".explorer").is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
