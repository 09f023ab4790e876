"""Pictures of changed ground name what they draw, and what is within its error."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from qilian.figures import land_cover as figures_land_cover
from qilian.imagery import land_cover

COLORS = ("navy", "purple", "teal", "skyblue", "tan", "beige")


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def field(values: np.ndarray) -> xr.DataArray:
    """Values (y, x) on metres."""
    y, x = (np.arange(float(size)) for size in values.shape)
    return xr.DataArray(values, {"y": -y, "x": x}, ("y", "x")).rio.write_crs("EPSG:32647")


def words(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(("unsure", "note"), [(["new water"], True), ([], False)])
def test_a_class_no_larger_than_its_error_has_a_star_that_is_explained(axes, unsure, note):
    """The classes in their order; no note where nothing has a star."""
    then, now = field(np.ones((4, 5))), field(np.full((4, 5), 3.0))
    names = list(land_cover.CHANGES)
    detected = [name not in unsure for name in names]
    measured = xr.Dataset({"detected": ("class", detected)}, {"class": names})
    figures_land_cover.change_panel(
        axes, measured.assign(change=land_cover.land_cover_change(then, now)), COLORS
    )
    starred = [f"{name} *" if name in unsure else name for name in names]
    assert words(axes) == starred + ["* no larger than its error"] * note


def test_arrows_are_as_long_as_what_is_missed_times_what_the_panel_says(axes):
    """A point missed by 2 m eastward, enlarged 15 times: 30 m on a map of metres."""
    points = xr.Dataset({"x": ("point", [50.0]), "y": ("point", [-50.0])})
    missed = xr.DataArray([[2.0, 0.0]], dims=("point", "axis"))
    error = field(np.ones((100, 100))).assign_attrs(long_name="expected error of a position")
    figures_land_cover.registration_panel(axes, error, points, missed, magnified=15)
    (arrows,) = (drawn for drawn in axes.collections if hasattr(drawn, "U"))
    assert arrows.U[0] / arrows.scale == pytest.approx(30)
    assert arrows.angles == arrows.scale_units == "xy"
    assert any(key.text.get_text() == "1 m, enlarged 15×" for key in axes.artists)
