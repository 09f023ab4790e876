"""What holds a result against the truth: numbers that scipy gives too, and coverage."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from qilian.contracts.labels import attributes
from qilian.spatial.agreement import against_truth
from qilian.spatial.classes import class_zones

RNG = np.random.default_rng(4)
AXES = {"y": np.arange(20), "x": np.arange(30)}


def field(values) -> xr.DataArray:
    return xr.DataArray(values, AXES, ("y", "x"), attrs=attributes("rate", "mm year-1"))


@pytest.fixture
def truth() -> xr.DataArray:
    return field(RNG.normal(-5, 3, (20, 30)))


def test_the_numbers_are_those_of_scipy_where_both_have_a_value(truth):
    estimate = truth + 1 + RNG.normal(0, 2, truth.shape)
    estimate[:3] = np.nan
    found = against_truth(estimate, truth)
    a, b = estimate.values[3:].ravel(), truth.values[3:].ravel()
    assert found["number"] == a.size
    assert found["correlation"].item() == pytest.approx(stats.pearsonr(a, b).statistic)
    assert found["rmse"].item() == pytest.approx(np.sqrt(np.mean((a - b) ** 2)))
    assert found["scatter"].item() == pytest.approx(np.std(a - b))
    assert found["median_error"].item() == pytest.approx(np.median(a - b))
    assert found["mean_error"].item() == pytest.approx(np.mean(a - b))
    assert "coverage" not in found


def test_intervals_of_two_standard_deviations_cover_as_the_normal_law_says(truth):
    """An interval that is missing neither covers nor misses."""
    estimate = truth + RNG.normal(0, 1, truth.shape)
    width = xr.full_like(truth, stats.norm.ppf(0.975))
    width[:, :5] = np.nan
    found = against_truth(estimate, truth, half_width=width)
    assert found["coverage"].item() == pytest.approx(0.95, abs=0.03)
    assert against_truth(estimate, estimate, half_width=width)["coverage"].item() == 1


def test_classes_are_compared_each_by_itself(truth):
    """Errors of 1 on meadow, -2 on ridges; along a dim that stays, both maps."""
    cover = field(np.repeat([1, 2], 300).reshape(20, 30))
    cover.attrs = {"flag_values": [1, 2], "flag_meanings": "wet_meadow ridge"}
    zones = class_zones(cover)
    estimate = truth + xr.where(zones["ridge"], -2.0, 1.0)
    both = xr.concat([estimate, truth], xr.DataArray(["off", "true"], dims="map", name="map"))
    found = against_truth(both, truth, zones=zones)
    assert found["zone"].values.tolist() == ["wet meadow", "ridge"]
    np.testing.assert_allclose(found["mean_error"].sel(map="off"), [1, -2])
    np.testing.assert_allclose(found["rmse"].sel(map="off"), [1, 2])
    np.testing.assert_allclose(found["rmse"].sel(map="true"), 0)
