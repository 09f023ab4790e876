"""Temporal models, rates and amplitudes against known coefficients."""

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.contracts.labels import LINE_OF_SIGHT, VERTICAL, attributes, heading
from qilian.insar import rates, temporal_models


def dates(count=80, step=12) -> xr.DataArray:
    days = np.datetime64("2017-02-05", "ns") + np.arange(count) * np.timedelta64(step, "D")
    return xr.DataArray(days, {"time": days}, ("time",))


def grid(model, parameters) -> xr.DataArray:
    """Displacement of pixels in a row that follow a model exactly; parameters (parameter, x)."""
    data = (model.values @ parameters)[:, np.newaxis]
    about = attributes("displacement", "mm", LINE_OF_SIGHT)
    coords = {"time": model["time"], "y": [0.0], "x": np.arange(parameters.shape[1])}
    return xr.DataArray(data, coords, ("time", "y", "x"), attrs=about)


def test_a_series_that_follows_a_model_returns_its_parameters():
    """Missing dates or not, with no error left."""
    model = temporal_models.periodic_model(dates())
    known = np.array([[3.0, -1.0], [-8.0, 2.0], [5.0, 0.5], [-2.0, 4.0]])
    series = grid(model, known)
    series[5:20, 0, 0] = np.nan
    found = rates.fit_series(series, model)
    np.testing.assert_allclose(found["parameters"][:, 0], known, atol=1e-9)
    named = rates.model_rates(found)
    np.testing.assert_allclose(named["rate"][0], known[1])
    np.testing.assert_allclose(named["seasonal_amplitude"][0], np.hypot(known[2], known[3]))
    np.testing.assert_allclose(named["rate_standard_error"], 0, atol=1e-9)
    assert found["degrees_of_freedom"].values.tolist() == [[61, 76]]


def test_intervals_of_a_noisy_series_hold_the_truth_as_often_as_they_say():
    """95 % of them, by Student's t, from 12 dates on."""
    rng = np.random.default_rng(0)
    model = temporal_models.linear_model(dates(12))
    series = grid(model, np.zeros((2, 20_000))) + 5 * rng.standard_normal((12, 1, 20_000))
    named = rates.model_rates(rates.fit_series(series, model))
    reach = rates.half_width(named["rate_standard_error"], named["degrees_of_freedom"])
    assert 0.945 < float((abs(named["rate"]) < reach).mean()) < 0.955


def test_the_error_of_an_amplitude_is_what_simulation_scatters():
    """To a few per cent, far from zero."""
    rng = np.random.default_rng(1)
    model = temporal_models.periodic_model(dates())
    known = np.repeat([[0.0], [0.0], [6.0], [8.0]], 4000, axis=1)
    series = grid(model, known) + rng.standard_normal((80, 1, 4000))
    named = rates.model_rates(rates.fit_series(series, model))
    scatter = float(named["seasonal_amplitude"].std())
    assert float(named["seasonal_amplitude_standard_error"].mean()) == pytest.approx(
        scatter, rel=0.05
    )


def test_the_thaw_term_keeps_a_season_out_of_the_rate():
    """Over two years of snow-free dates a line alone errs by more than a millimetre a year."""
    full = dates(60)
    course = xr.DataArray(
        np.sqrt(np.clip(np.sin(2 * np.pi * (full.dt.dayofyear - 110) / 365.25), 0, None)),
        full.coords,
        ("time",),
    )
    model = temporal_models.thaw_model(course)
    series = grid(model, np.array([[0.0], [-6.0], [-30.0]]))
    chosen = series["time"].dt.month.isin([6, 7, 8, 9]).values
    line = temporal_models.linear_model(full)
    alone = rates.model_rates(rates.fit_series(series[chosen], line[chosen]))
    both = rates.model_rates(rates.fit_series(series[chosen], model[chosen]))
    assert abs(alone["rate"].item() + 6) > 1
    assert both["rate"].item() == pytest.approx(-6)
    assert both["thaw_deformation"].item() == pytest.approx(-30)


def test_a_pixel_with_too_few_dates_has_no_rate():
    """As many dates as parameters leave no degree of freedom."""
    model = temporal_models.linear_model(dates(4))
    series = grid(model, np.zeros((2, 2)))
    series[2:, 0, 0] = np.nan
    found = rates.fit_series(series, model)["parameters"]
    assert np.isnan(found.values[:, 0, 0]).all()
    assert np.isfinite(found.values[:, 0, 1]).all()


def test_vertical_motion_is_the_line_of_sights_over_the_cosine_of_incidence():
    """By hand: at 60 degrees twice as much; counts stay as they are."""
    model = temporal_models.linear_model(dates(5))
    seen = xr.Dataset({"displacement": grid(model, np.array([[0.0], [-5.0]]))})
    seen["pairs"] = ("y", "x"), [[7]], {"units": "1", "long_name": "pairs used"}
    up = xr.DataArray([[0.5]], {"y": [0.0], "x": [0]}, ("y", "x"))
    found = rates.vertical(seen, up)
    np.testing.assert_allclose(found["displacement"], 2 * seen["displacement"])
    assert heading(found["displacement"]) == "displacement (mm, vertical)"
    assert found["pairs"].item() == 7


def test_what_is_vertical_is_not_made_vertical_again():
    """Of −5 mm/a along the line of sight at 60 degrees, −10 stays −10."""
    model = temporal_models.linear_model(dates(5))
    fitted = rates.fit_series(grid(model, np.array([[0.0], [-5.0]])), model)
    up = xr.DataArray([[0.5]], {"y": [0.0], "x": [0]}, ("y", "x"))
    once = rates.vertical(rates.model_rates(fitted), up)
    assert once["rate"].item() == pytest.approx(-10)
    with pytest.raises(
        InputError, match=r"direction of rate is 'vertical', expected line of sight"
    ):
        rates.vertical(once, up)
    with pytest.raises(InputError, match="no variable has a direction"):
        rates.vertical(once[["degrees_of_freedom"]], up)


def test_a_rate_says_along_which_direction_it_is():
    """Along the line of sight until it is turned vertical, before or after the rate is named."""
    model = temporal_models.linear_model(dates(5))
    fitted = rates.fit_series(grid(model, np.array([[0.0], [-5.0]])), model)
    up = xr.DataArray([[0.5]], {"y": [0.0], "x": [0]}, ("y", "x"))
    named = rates.model_rates(fitted)
    turned = rates.vertical(named, up), rates.model_rates(rates.vertical(fitted, up))
    for suffix in ("", "_standard_error"):
        assert named[f"rate{suffix}"].attrs["direction"] == LINE_OF_SIGHT
        assert {found[f"rate{suffix}"].attrs["direction"] for found in turned} == {VERTICAL}


def test_other_dates_than_the_series_are_refused():
    model = temporal_models.linear_model(dates(5))
    with pytest.raises(InputError, match="expected the same"):
        rates.fit_series(grid(model, np.zeros((2, 1))), temporal_models.linear_model(dates(6)))


def test_a_corrected_rate_takes_in_the_error_of_what_it_was_corrected_by():
    """Errors of 3 and 4 mm/a make 5; names, units and what else the maps have stay."""
    about = {"long_name": "rate", "units": "mm year-1"}
    maps = xr.Dataset({"rate": ("x", [-9.0], about), "rate_standard_error": ("x", [3.0], about)})
    maps["stable"] = "x", [False]
    error = xr.DataArray([4.0], {"satellite": "ALOS-2"}, "x")
    found = rates.correct_rate(maps, xr.DataArray([2.0], dims="x"), error)
    assert (found["rate"].item(), found["rate_standard_error"].item()) == (-7, 5)
    assert found["rate"].attrs == found["rate_standard_error"].attrs == about
    assert "satellite" not in found.coords
    assert "stable" in found
