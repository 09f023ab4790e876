"""What pages say of their temporal model beside the paper's, and of single seasons beside it."""

import json

import numpy as np
import pytest
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr

from qilian.contracts.labels import VERTICAL, attributes
from qilian.figures import season_model_verdict, single_seasons_verdict
from qilian.insar import linear_model, periodic_model, rate_change, thaw_model

DAYS = xr.date_range("2016-01-05", periods=200, freq="12D")
AXES = {"y": 38.2 - 0.002 * np.arange(6), "x": 99 + 0.002 * np.arange(8)}


def inversion(series: np.ndarray, model: xr.DataArray, seasonal: str = "thaw") -> xr.Dataset:
    about = attributes("displacement", "mm", VERTICAL)
    moved = xr.DataArray(series, {"time": DAYS, **AXES}, ("time", "y", "x"), attrs=about)
    return xr.Dataset(
        {"displacement": moved, "bridged": moved.isnull() & False, "model": model},
        attrs={"options": json.dumps({"seasonal": seasonal})},
    )


def course() -> xr.DataArray:
    """Half a year of steady settlement, half a year of steady heave."""
    day = DAYS.dayofyear.values / 365.25
    return xr.DataArray(1 - abs(2 * day - 1), {"time": DAYS}, ("time",))


def moving(rate: float, season: float) -> np.ndarray:
    years = (DAYS - DAYS[0]).days.values / 365.25
    one = rate * years + season * course().values
    return np.broadcast_to(one[:, None, None], (DAYS.size, 6, 8)).copy()


def test_without_a_season_models_agree_on_the_rate():
    """A straight line has its slope by any model that has a rate."""
    time = xr.DataArray(DAYS, {"time": DAYS}, ("time",))
    line = inversion(moving(-5.0, 0.0), thaw_model(course()))
    assert abs(rate_change(line, periodic_model(time))).max() < 1e-9


def test_the_change_is_the_difference_of_two_least_squares():
    """Against numpy's own, of a straight line and of the true model."""
    time = xr.DataArray(DAYS, {"time": DAYS}, ("time",))
    straight = linear_model(time)
    series = moving(-5.0, -30.0)
    own = np.linalg.lstsq(straight.values, series[:, 0, 0])[0][1]
    changed = rate_change(inversion(series, thaw_model(course())), straight)
    assert own != pytest.approx(-5.0, abs=0.01)
    np.testing.assert_allclose(changed, own + 5.0, atol=1e-9)
    assert changed.attrs["units"] == "mm year-1"


def test_a_departure_from_the_papers_model_is_stated_with_its_effect():
    said = season_model_verdict(inversion(moving(-5.0, -30.0), thaw_model(course())))
    assert said.startswith("The paper's temporal model has a rate and a yearly wave, ours a rate ")
    assert " mm/a (median; 5 to 95 % of places: " in said
    time = xr.DataArray(DAYS, {"time": DAYS}, ("time",))
    same = inversion(moving(-5.0, 0.0), periodic_model(time), "periodic")
    assert season_model_verdict(same).endswith("a yearly wave, ours too.")
    none = inversion(moving(-5.0, 0.0), linear_model(time), "none")
    assert season_model_verdict(none).endswith("a yearly wave, ours a rate alone.")


def test_single_seasons_differ_from_the_models_by_what_stays():
    """−30 mm and −12 mm/a by the model; half a year thaws, so that −6 mm of −36 stay."""

    def level(value: float, units: str = "mm") -> xr.DataArray:
        field = xr.DataArray(np.full((6, 8), value), AXES, ("y", "x"), attrs={"units": units})
        field[:, 0] = 0  # stable
        return field.rio.write_crs("EPSG:4326")

    model = xr.Dataset({"rate": level(-12, "mm year-1"), "thaw_deformation": level(-30)})
    model["stable"] = model["rate"] == 0
    seasons = (level(-36) + 2.0).to_dataset(name="thaw_deformation")  # from another zero
    days = np.array(["2019-04-15", "2020-04-15"], "datetime64[ns]")
    seasons["onset"] = "year", days
    seasons["turn"] = "year", days + np.timedelta64(182, "D") + np.timedelta64(15, "h")
    said = single_seasons_verdict(model, seasons.set_coords(["onset", "turn"]))
    assert "differ from the season of the model by −6.0 mm (median)" in said
    assert "for good while it thaws: −6.0 mm, the rate" in said
