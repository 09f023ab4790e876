"""Maps of classes: shares and what is what, counted by hand."""

import numpy as np
import xarray as xr

from qilian.spatial import classes

ABOUT = {"flag_values": np.array([1, 2], "int8"), "flag_meanings": "water bare_ridge"}


def flags(*values: int) -> xr.DataArray:
    """Classes as an image of one row; 0 has none."""
    return xr.DataArray([list(values)], dims=("y", "x"), attrs=ABOUT)


def test_shares_are_of_the_ground_that_has_a_class():
    """A quarter and three quarters, whatever is unknown or masked; none where nothing is known."""
    found = classes.class_fractions(flags(1, 2, 2, 2, 0, 0))
    np.testing.assert_array_equal(found, [0.25, 0.75])
    assert found["class"].values.tolist() == ["water", "bare ridge"]
    within = flags(1, 2, 2, 2).where(np.array([[True, True, False, False]]))
    np.testing.assert_array_equal(classes.class_fractions(within), [0.5, 0.5])
    np.testing.assert_array_equal(classes.class_fractions(flags(0, 0)), [np.nan, np.nan])


def test_what_each_true_class_was_found_as_is_counted():
    """Pixels without a class in either map are left out."""
    counts = classes.contingency(found=flags(1, 2, 2, 0, 1), true=flags(1, 1, 2, 2, 0))
    assert counts.sel(true="water", found="water") == 1
    assert counts.sel(true="water", found="bare ridge") == 1
    assert counts.sel(true="bare ridge", found="bare ridge") == 1
    assert counts.sum() == 3


def test_fractions_of_a_true_class_add_up_and_a_class_without_ground_has_none():
    """By hand: one of two pixels of water is found as such; no ridge is there."""
    found = classes.class_recall(found=flags(1, 2, 2, 0), true=flags(1, 1, 0, 2))
    assert found["ground_fraction"].values.tolist() == [1, 0]
    np.testing.assert_array_equal(found["water_fraction"], [0.5, np.nan])
    np.testing.assert_array_equal(found["bare_ridge_fraction"], [0.5, np.nan])
    assert found["true"].values.tolist() == ["water", "bare ridge"]
