"""The slider through pairs: what it keeps of a stack, and what the page's script gives back."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from bokeh.models import CustomJS, Slider

from qilian.contracts.errors import InputError
from qilian.views.live import live_map
from qilian.views.pairs import MISSING, pair_preview, pair_slider


@pytest.fixture
def stack() -> xr.DataArray:
    """Coherence of 50 pairs, north up, some of it missing and one value beyond the colours."""
    first = pd.date_range("2018-01-01", periods=50, freq="12D")
    degrees = {"units": "degrees_east", "long_name": "longitude"}
    values = np.random.default_rng(0).random((50, 8, 16))
    values[3, 2, 5], values[4, 0, 0] = np.nan, 1.2
    return xr.DataArray(
        values,
        {
            "reference_date": ("pair", first),
            "secondary_date": ("pair", first + pd.Timedelta(days=12)),
            "y": ("y", np.linspace(38.2, 38, 8), degrees),
            "x": ("x", np.linspace(99, 99.5, 16), degrees),
        },
        ("pair", "y", "x"),
        attrs={"long_name": "coherence", "units": "1"},
    )


def test_a_preview_keeps_the_mean_and_thins_pairs_and_pixels(stack):
    shown = pair_preview(stack.fillna(0.5), frames=5, columns=4)
    assert dict(shown.sizes) == {"pair": 5, "y": 2, "x": 4}
    kept = stack.fillna(0.5).isel(pair=[0, 12, 24, 37, 49])
    assert np.allclose(shown.mean(("y", "x")), kept.mean(("y", "x")), atol=1e-6)
    with pytest.raises(InputError, match="frames is 0, expected 1 or more"):
        pair_preview(stack, frames=0)


def test_what_the_page_carries_gives_the_stack_back(stack):
    """To half a code, south up, by the arithmetic of the script; missing stays so."""
    about = xr.Dataset(attrs={"simulated": True, "title": "test"})
    view = pair_slider(stack, about, palette=["#000000", "#ffffff"], limits=(0.0, 1.0)).object
    (slider,) = view.select({"type": Slider})
    calls = (call for call in view.references() if isinstance(call, CustomJS))
    (show,) = (call for call in calls if "codes" in call.args)
    assert (slider.start, slider.end, len(slider.format.args["names"])) == (0, 49, 50)
    assert show.args["codes"].dtype == np.uint8
    codes = show.args["codes"].astype(float)
    found = np.where(codes == MISSING, np.nan, show.args["low"] + codes * show.args["step"])
    expected = stack.isel(y=slice(None, None, -1)).clip(0, 1).values
    np.testing.assert_allclose(found.reshape(50, 8, 16), expected, atol=0.5 / 254 + 1e-9)
    first = show.args["map"].data["image"][0]
    np.testing.assert_allclose(first, stack.values[0, ::-1], atol=1e-6)
    assert view.children[0].title.text.startswith("Simulated: ")


def test_a_live_map_keeps_the_grounds_proportions():
    """A square degree at 60° N is twice as high as wide; a square in metres is a square."""
    for units, ratio in (("degrees_east", 0.5), ("metre", 1.0)):
        about = {"units": units, "long_name": "place"}
        ends = {"x": [98.75, 99.25], "y": [59.75, 60.25]}
        axes = {name: (name, np.array(pair), about) for name, pair in ends.items()}
        data = xr.Dataset(coords=axes, attrs={"simulated": False, "title": "test"})
        words = {"title": "t", "tools": "", "label": "l"}
        plot, _ = live_map(np.ones((2, 2)), data, palette=["#000"], limits=(0, 1), **words)
        (call,) = plot.js_property_callbacks["change:inner_width"]
        assert call.args["ratio"] == pytest.approx(ratio)
