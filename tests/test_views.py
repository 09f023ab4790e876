"""Maps side by side and curves: what they keep of what hvPlot drew, and what scripts do with it."""

import hvplot.xarray  # noqa: F401, gives arrays .hvplot
import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401, gives arrays .rio
import xarray as xr
from bokeh.models import ColorBar, CustomJS, Slider
from bokeh.plotting import figure
from geopandas import GeoDataFrame
from shapely import box

from qilian import views
from qilian.contracts.errors import InputError


@pytest.fixture
def stack() -> xr.DataArray:
    """Coherence of 50 pairs, north up, some of it missing and one value beyond the colours."""
    first = pd.date_range("2018-01-01", periods=50, freq="12D")
    values = np.random.default_rng(0).random((50, 8, 16))
    values[3, 2, 5], values[4, 0, 0] = np.nan, 1.2
    axes = {"y": np.linspace(38.2, 38, 8), "x": np.linspace(99, 99.5, 16)}
    dates = {"reference_date": first, "secondary_date": first + pd.Timedelta(days=12)}
    coords = axes | {name: ("pair", days) for name, days in dates.items()}
    about = {"long_name": "coherence", "units": "1"}
    return labelled(xr.DataArray(values, coords, ("pair", "y", "x"), "coherence", about), 4326)


def labelled(field: xr.DataArray, system: int) -> xr.DataArray:
    """Give coordinates what a reader gives them."""
    units = "degree" if system == 4326 else "metre"
    for name, words in {"x": "longitude", "y": "latitude"}.items():
        field[name].attrs = {"units": units, "long_name": words}
    return field.rio.write_crs(system)


def loaded(field: xr.DataArray) -> xr.Dataset:
    """Stand for the loaded input of a page."""
    return field.to_dataset().assign_attrs(simulated=True, title="test")


def plots(view: object) -> list[figure]:
    """Return the plots of a view, in their order."""
    return view.object.children[0].children


def test_a_preview_keeps_the_mean_thins_pairs_and_pixels_and_names_pairs(stack):
    full = stack.fillna(0.5)
    shown = views.pair_preview(full, frames=5, columns=4)
    assert dict(shown.sizes) == {"pair": 5, "y": 2, "x": 4}
    kept = full.isel(pair=[0, 12, 24, 37, 49]).mean(("y", "x"))
    np.testing.assert_allclose(shown.mean(("y", "x")), kept, atol=1e-6)
    assert shown.pair.values[0] == f"2018-01-01 to 2018-01-13, 12 d, mean {kept[0]:.2f}"
    with pytest.raises(InputError, match="frames is 0, expected 1 or more"):
        views.pair_preview(stack, frames=0)


@pytest.mark.parametrize(("beyond", "bytes_of_a_value"), [(False, 1), (True, 2)])
def test_what_a_slider_shows_is_the_stack(stack, beyond, bytes_of_a_value):
    """To half a step, south up, by the arithmetic of the script; missing stays so."""
    shown = stack if beyond else stack.clip(0, 1)
    pairs = shown.assign_coords(pair=np.arange(50)).drop_vars(["reference_date", "secondary_date"])
    drawn = pairs.hvplot.image(x="x", y="y", groupby="pair", clim=(0, 1), title="pair by pair")
    view = views.beside(drawn, data=loaded(stack))
    (slider,) = view.object.select({"type": Slider})
    calls = (call for call in view.object.references() if isinstance(call, CustomJS))
    (show,) = (call.args for call in calls if "codes" in call.args)
    assert (slider.start, slider.end, len(slider.format.args["names"])) == (0, 49, 50)
    assert show["codes"].itemsize == bytes_of_a_value
    codes = show["codes"].astype(float)
    found = np.where(codes == 0, np.nan, show["low"] + (codes - 1) * show["step"])
    south_up = shown.values[:, ::-1]
    np.testing.assert_allclose(found.reshape(50, 8, 16), south_up, atol=0.5 / 250 + 1e-9)
    np.testing.assert_allclose(show["map"].data["image"][0], south_up[0], atol=0.5 / 1000)
    assert plots(view)[0].title.text == "Simulated: pair by pair"


def test_maps_move_together_and_leave_the_wheel_to_the_page(stack):
    """They share their axes; each has a colour bar with a unit; the wheel's tool is off."""
    rate = stack[0].rename("rate").assign_attrs(long_name="rate", units="mm year-1")
    drawn = [rate.hvplot.image(x="x", y="y", clim=(-2, 2), title=name) for name in "ab"]
    both = plots(views.beside(*drawn, data=loaded(stack)))
    assert both[0].x_range is both[1].x_range
    assert both[0].y_range is both[1].y_range
    for plot in both:
        assert plot.toolbar.active_scroll is None
        (bar,) = plot.select(ColorBar)
        assert bar.title == "rate (mm/a)"
        assert plot.hover.tooltips == [
            ("rate", "@image{0.00} mm/a"),
            ("at", "$x{0.000}, $y{0.000}"),
        ]


def test_hover_tells_what_pixels_carry_as_coordinates(stack):
    """In their own unit and digits, from the same pixel."""
    width = (100 * stack[1]).assign_attrs(long_name="half-width", units="mm")
    rate = stack[0].assign_coords(width=width)
    drawn = rate.hvplot.image(x="x", y="y", clim=(0, 1), title="rate")
    (plot,) = plots(views.beside(drawn, data=loaded(stack)))
    assert ("half-width", "@width{0.0} mm") in plot.hover.tooltips
    (held,) = (one.data_source.data for one in plot.renderers)
    np.testing.assert_allclose(held["width"][0], width.values[::-1], atol=0.05)


def test_outlines_lie_on_each_map_in_its_own_system(stack):
    """Pits solid, heaps dashed, wherever the outlines come from."""
    marks = GeoDataFrame(
        {"kind": ["pit", "spoil"]},
        geometry=[box(99.1, 38.05, 99.2, 38.1), box(99.3, 38.05, 99.4, 38.1)],
        crs=4326,
    )
    drawn = stack[0].hvplot.image(x="x", y="y", clim=(0, 1), title="coherence")
    (plot,) = plots(views.beside(drawn, data=loaded(stack), outlines=marks.to_crs(32647)))
    _, pit, heap = plot.renderers
    assert (pit.glyph.line_dash, heap.glyph.line_dash) == ("solid", "dashed")
    np.testing.assert_allclose(min(pit.data_source.data["xs"][0]), 99.1, atol=1e-6)


@pytest.mark.parametrize(("system", "ratio"), [(4326, 0.5), (32647, 1.0)])
def test_a_map_keeps_the_grounds_proportions(system, ratio):
    """A square degree at 60° N is twice as high as wide; a square in metres is a square."""
    axes = {"y": [59.75, 60.25], "x": [98.75, 99.25]}
    field = xr.DataArray(np.eye(2), axes, ("y", "x"), "rate", {"units": "mm", "long_name": "rate"})
    field = labelled(field, system)
    drawn = field.hvplot.image(x="x", y="y", clim=(0, 1), title="rate")
    (plot,) = plots(views.beside(drawn, data=loaded(field)))
    (call,) = plot.js_property_callbacks["change:inner_width"]
    assert call.args["ratio"] == pytest.approx(ratio, abs=1e-6)


def test_a_chart_is_marked_and_leaves_the_wheel_to_the_page():
    days = pd.date_range("2018-07-01", periods=3)
    series = xr.DataArray([1.0, 2, 3], {"time": days}, ("time",), "height", {"units": "mm"})
    about = xr.Dataset(attrs={"simulated": True, "title": "test"})
    both = series.hvplot.line(x="time", label="one") * series.hvplot.scatter(x="time", label="two")
    plot = views.chart(both, title="height", data=about).object
    assert plot.title.text == "Simulated: height"
    assert plot.toolbar.active_scroll is None
