"""Figures of several periods: each panel its letter, each period its place, no data covered."""

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from shapely.geometry import box

from qilian.contracts.labels import VERTICAL, attributes
from qilian.figures import maps, periods, style

TITLES = ["1997–98, ERS-2", "2003–05, Envisat", "2016–23, Sentinel-1, corrected", "2019–22, ALOS-2"]
SPANS = [(1997.3, 1998.6), (2003.8, 2005.8), (2016.3, 2023.9), (2019.2, 2022.2)]
ABOUT = attributes("rate", "mm year-1", VERTICAL)


@pytest.fixture
def figure():
    with plt.style.context(dict(style.STYLE)):
        drawn = plt.figure(figsize=(7.8, 8))
        yield drawn
        plt.close(drawn)


@pytest.fixture
def field() -> xr.DataArray:
    """Four periods on a grid of 0.1°; the second has no value."""
    coords = {"period": TITLES, "y": 38 - 0.1 * np.arange(3), "x": 99 + 0.1 * np.arange(4)}
    values = np.ones((4, 3, 4))
    values[1] = np.nan
    field = xr.DataArray(values, coords, ("period", "y", "x"), attrs=ABOUT)
    return field.rio.write_crs("EPSG:4326")


@pytest.fixture
def pooled() -> xr.Dataset:
    coords = {"ground": ["near the mines", "undisturbed"], "period": TITLES}
    mean = xr.DataArray([[1.0, 2, 3, 4], [5, 6, 7, 8]], coords, ("ground", "period"), attrs=ABOUT)
    satellites = ["ERS-2", "Envisat", "Sentinel-1", "ALOS-2"]
    start, end = zip(*SPANS, strict=True)
    return xr.Dataset({"mean": mean, "standard_error": xr.ones_like(mean)}).assign_coords(
        satellite=("period", satellites), start=("period", [*start]), end=("period", [*end])
    )


def test_every_panel_has_one_letter_and_an_empty_period_says_so_once(figure, field):
    """Three maps and a line for the empty period, three errors; the next letter is left."""
    scales = {"titles": TITLES, "limit": 1, "largest_error": 1, "missing": ["why"] * 4}
    letter = periods.maps_with_errors(figure, field, field, **scales)
    titles = [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]
    assert sorted(title[:3] for title in titles) == [
        "(a)",
        "(b)",
        "(c)",
        "(d)",
        "(e)",
        "(f)",
        "(g)",
    ]
    assert letter == "(h)"
    assert "(f) standard error of (c)" in titles
    assert [title for title in titles if "why" in title] == [f"(b) {TITLES[1]}: why"]
    assert sum(bool(axes.images) for axes in figure.axes) == 6


def test_ground_about_the_mines_is_drawn_once_more_beside_every_map(figure, field):
    """Two pits a kilometre apart; a map that they fill, and one without them, stay alone."""
    pits = [box(99.05, 37.9, 99.06, 37.91), box(99.07, 37.9, 99.08, 37.91)]
    outlines = gpd.GeoDataFrame({"kind": ["pit"] * 2}, geometry=pits, crs=4326)
    scales = {"titles": TITLES, "limit": 1, "largest_error": 1}
    periods.maps_with_errors(figure, field, field, outlines=outlines, **scales)
    assert sum(bool(axes.images) for axes in figure.axes) == 9
    west, east, south, north = maps.closer(outlines, field)
    assert west < 99.05 < 99.08 < east
    assert south < 37.9 < 37.91 < north
    assert maps.closer(outlines.translate(xoff=5).to_frame("geometry"), field) is None
    assert maps.closer(outlines.scale(20, 20).to_frame("geometry"), field) is None


def test_averages_stay_in_their_period_s_time_and_apart_from_one_another(figure, pooled):
    """A line of each has its span's ends and its own marker; those of overlapping spans do not."""
    axes = figure.subplots()
    periods.averages_panel(axes, pooled, letter="(k)", over_time=True)
    spans = [drawn.get_segments() for drawn in axes.collections if drawn.get_alpha() == 0.3]
    for of_zone in spans:
        np.testing.assert_allclose([segment[:, 0] for segment in of_zone], SPANS)
    marks = [line for line in axes.lines if line.get_marker() in periods._MARKERS]
    near, undisturbed = np.reshape([mark.get_xdata()[0] for mark in marks], (2, 4))
    for (first, last), *at in zip(SPANS, near, undisturbed, strict=True):
        assert first < at[0] < at[1] < last
    assert near[3] - undisturbed[2] > 0.5 * (undisturbed[2] - near[2])
    assert axes.get_ylabel() == "rate\n(mm/a, vertical)"


def test_a_satellite_has_one_mark_of_its_own_which_the_legend_names(figure, pooled):
    """The same in both zones; no satellite is told by where a label stands."""
    axes = figure.subplots()
    periods.averages_panel(axes, pooled, letter="(k)", over_time=True)
    drawn = [line.get_marker() for line in axes.lines if line.get_marker() in periods._MARKERS]
    assert drawn[:4] == drawn[4:]
    assert len(set(drawn[:4])) == 4
    (legend,) = figure.legends
    keys = [
        (text.get_text(), key.get_marker())
        for text, key in zip(legend.get_texts()[2:], legend.legend_handles[2:], strict=True)
    ]
    assert keys == list(zip(pooled["satellite"].values, drawn[:4], strict=True))


def test_a_period_without_a_value_says_so_below_its_place(figure, pooled):
    """The second of four, and no other."""
    pooled["mean"][:, 1] = np.nan
    axes = figure.subplots()
    periods.averages_panel(axes, pooled, letter="(k)")
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert ["no value" in label for label in labels] == [False, True, False, False]


@pytest.mark.parametrize("over_time", [True, False])
def test_the_legend_lies_outside_the_chart(figure, pooled, over_time):
    """No data can lie below it, whatever the data are."""
    axes = figure.subplots()
    periods.averages_panel(axes, pooled, letter="(k)", over_time=over_time)
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert legend.get_window_extent().y1 < axes.get_window_extent().y0
    names = [*pooled["ground"].values, *(pooled["satellite"].values if over_time else ())]
    assert [text.get_text() for text in legend.get_texts()] == names


def test_a_missing_pixel_is_darker_than_zero(figure, field):
    """By lightness: the back of a map is more than a tenth below the middle of its colours."""
    scales = {"titles": TITLES, "limit": 1, "largest_error": 1}
    periods.maps_with_errors(figure, field, field, **scales)
    missing = np.mean(figure.axes[0].get_facecolor()[:3])
    assert np.mean(style.DISPLACEMENT_MAP(0.5)[:3]) - missing > 0.1


def test_rings_are_named_by_their_edges(figure, pooled):
    """The last has no outer one."""
    rings = pooled.rename(period="ring").drop_vars(["ring", "satellite", "start", "end"])
    edges = [0.0, 300.0, 600.0, 2500.0, np.inf]
    rings = rings.assign_coords(inner=("ring", edges[:-1]), outer=("ring", edges[1:]))
    axes = figure.subplots()
    periods.averages_panel(axes, rings, letter="(k)")
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["0–300", "300–600", "600–2500", "> 2500"]
    assert axes.get_xlabel() == "distance from the outlines (m)"
