"""Pictures of coherence show the pairs that they name, where they lie."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from qilian.figures import decorrelation
from qilian.insar import decorrelation as insar_decorrelation

DAYS = xr.DataArray([100.0, 400.0, 700.0, 1100.0], dims="pair", attrs={"units": "day"})


@pytest.fixture
def figure():
    figure = plt.figure()
    yield figure
    plt.close(figure)


def test_each_map_is_under_its_own_dates_and_a_pair_that_no_table_lists_says_so(figure):
    """Two pairs, the second without a row; a baseline has a minus, no hyphen."""
    coords = {"y": [2.0, 1.0], "x": [1.0, 2.0]}
    field = xr.DataArray(np.zeros((2, 2, 2)), coords, ("pair", "y", "x")).rio.write_crs(32647)
    field[1] = 1
    stated = {"stated_days": ("pair", [92.0, np.nan]), "stated_baseline": ("pair", [-7.0, np.nan])}
    pairs = xr.Dataset(stated, {"pair": ["one", "other"]})
    decorrelation.coherence_maps(figure, field, pairs)
    first, second = (axes for axes in figure.axes if axes.get_title())
    assert first.get_title() == "(a) one\n92 d, −7 m"
    assert second.get_title() == "(b) other\nnot in Table S1"
    assert (np.asarray(second.images[0].get_array()) == 1).all()
    assert first.images[0].get_clim() == second.images[0].get_clim() == (0, 1)


def test_a_decay_is_solid_between_its_pairs_alone_and_every_mark_has_a_name(figure):
    """A curve from 0 to 1300 days whose pairs span 100 to 1100; bars from low to high."""
    value = xr.DataArray([[0.7, 0.5, 0.4, 0.35]], {"ground": ["meadow"]}, ("ground", "pair"))
    kinds = xr.Dataset({"mean": value, "low": value - 0.1, "high": value + 0.2})
    curve = np.linspace(0, 1300, 27)
    fitted = insar_decorrelation.fit_decay(
        value, DAYS, at_once=(0.6, 1.0), scatter=0.05, curve=curve
    )
    decorrelation.decay_panels(figure, kinds, fitted, DAYS, letter="(f)")
    (axes,) = figure.axes
    others, dotted, solid = axes.lines[:3]
    assert np.isnan(others.get_ydata()).all()
    assert (dotted.get_xdata().min(), dotted.get_xdata().max()) == (0, 1300)
    assert (solid.get_xdata().min(), solid.get_xdata().max()) == (100, 1100)
    (bars,) = axes.containers[0].lines[2]
    ends = np.array([bar[:, 1] for bar in bars.get_segments()])
    np.testing.assert_allclose(ends, np.stack([value[0] - 0.1, value[0] + 0.2], -1))
    assert axes.get_title() == "meadow"
    (legend,) = figure.legends
    assert len(legend.get_texts()) == 4


def test_a_fit_is_listed_with_its_ranges_and_a_kind_without_pixels_has_none():
    """A row each, in the words of the fit's own numbers."""
    value = xr.DataArray(
        [[0.7, 0.5, 0.4, 0.35], [np.nan] * 4], {"ground": ["meadow", "none"]}, ("ground", "pair")
    )
    curve = np.array([0.0, 1300.0])
    fitted = insar_decorrelation.fit_decay(
        value, DAYS, at_once=(0.6, 1.0), scatter=0.05, curve=curve
    )
    found = decorrelation.decay_listing(fitted).set_index("zone")
    first = fitted.sel(ground="meadow")
    low, high = float(first.lasting_lower), float(first.lasting_upper)
    assert found["lasting coherence γ∞"]["meadow"] == f"{low:.2f}–{high:.2f}"
    assert found.loc["none"].tolist()[:2] == ["–", "–"]
