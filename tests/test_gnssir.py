"""GNSS-IR beside InSAR: closed forms, invariances, signs, and sentences for bad input."""

from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401  registers the accessor that writes a grid's coordinate system
import xarray as xr
from pyproj import Transformer

from qilian.archive.catalogue import open_archive
from qilian.contracts.errors import InputError
from qilian.insar import rates
from qilian.insar.network import incidence
from qilian.thaw import gnssir

START = np.datetime64("2018-07-01", "ns")
YAKOU = 100.2421, 38.0142


def daily(values, step: int = 1) -> xr.DataArray:
    """A value every `step` days."""
    time = START + np.arange(len(values)) * np.timedelta64(step, "D")
    about = {"long_name": "surface elevation change", "units": "mm"}
    return xr.DataArray(np.asarray(values, float), {"time": time}, ("time",), attrs=about)


def series(values, error: float = 1.0) -> xr.Dataset:
    """A series of one error at radar dates."""
    displacement = daily(values, step=12)
    same = xr.ones_like(displacement)
    return xr.Dataset(
        {
            "displacement": displacement,
            "standard_error": error * same,
            "degrees_of_freedom": 200 * same,
            "days": 7 * same,
        }
    )


def cube(epsg: int, pixel: float, dates: int = 4) -> xr.Dataset:
    """Eleven pixels square about the station, displaced by their column from -5 to 5 [mm]."""
    step = pixel / 111_195 if epsg == 4326 else pixel
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(*YAKOU)
    offset = np.arange(-5.0, 6)
    values = np.broadcast_to(offset, (dates, 11, 11)).copy()
    grid = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), values),
            "standard_error": (("time", "y", "x"), np.full(values.shape, 3.0)),
            "degrees_of_freedom": (("y", "x"), np.full((11, 11), 50.0)),
        },
        {
            "time": START + 12 * np.arange(dates) * np.timedelta64(1, "D"),
            "y": y - step * offset,
            "x": x + step * offset,
        },
    )
    return grid.rio.write_crs(epsg)


def test_ground_sinks_as_reflector_height_grows():
    """Elevation change is minus the height's, in mm, with a mean of zero."""
    height = daily([3.200, 3.210, 3.220])
    np.testing.assert_allclose(gnssir.elevation_change(height), [10, 0, -10], atol=1e-9)


def test_an_average_takes_the_days_of_its_window_and_no_others():
    """Mean, error s / √n and freedom n - 1; missing days do not count, empty windows stay empty."""
    change = daily([0, 2, np.nan, 4, 100, 100, 100, 100])
    dates = daily([0, 0, 0], step=12).time + np.timedelta64(1, "D")
    found = gnssir.average_around(change, dates, days=2)
    assert found.days.values.tolist() == [3, 0, 0]
    np.testing.assert_allclose(found.displacement, [2, np.nan, np.nan])
    np.testing.assert_allclose(found.standard_error, [2 / np.sqrt(3), np.nan, np.nan])
    np.testing.assert_allclose(found.degrees_of_freedom, [2, np.nan, np.nan])


def test_a_known_offset_and_slope_come_back():
    """A series that is twice the other and 7 mm lower, on average, has just that."""
    reference = daily([5.0, 1.0, -2.0, -4.0])
    found = gnssir.series_agreement(2 * reference - 7, reference)
    assert found.epochs == 4
    assert found.offset == pytest.approx(-7)
    assert found.slope == pytest.approx(2)
    assert found.correlation == pytest.approx(1)
    assert found.rmse == pytest.approx(reference.std().item())


def test_a_level_added_to_either_series_changes_the_offset_alone():
    """InSAR and GNSS-IR have no absolute level."""
    rng = np.random.default_rng(0)
    one, other = series(rng.normal(size=6)), series(rng.normal(size=6))
    before = gnssir.compare_series(one, other)
    raised = one.assign(displacement=one.displacement + 40)
    lowered = other.assign(displacement=other.displacement - 3)
    after = gnssir.compare_series(raised, lowered)
    assert after.offset == pytest.approx(before.offset + 43)
    np.testing.assert_allclose(after.difference, before.difference)
    for name in ("rmse", "expected_rmse", "correlation", "slope"):
        assert after[name] == pytest.approx(before[name].item()), name


def test_series_that_differ_by_their_errors_have_the_expected_rmse():
    """InSAR's error is that of two dates, of which the offset takes one away."""
    rng = np.random.default_rng(1)
    delay = rng.normal(0, 4, 20_001)
    insar = series(delay[1:] - delay[0], error=4 * np.sqrt(2))
    reflected = series(rng.normal(0, 3, 20_000), error=3)
    many = gnssir.compare_series(insar, reflected)
    assert many.rmse == pytest.approx(many.expected_rmse.item(), rel=0.02)
    few = insar.isel(time=slice(5)).copy(deep=True)
    few["displacement"][0], few["standard_error"][0] = 0, 0  # as if the stack began here
    few = gnssir.compare_series(few, reflected)
    assert few.expected_rmse == pytest.approx(np.sqrt((1 - 1 / 5) * (4**2 + 3**2)))


@pytest.mark.parametrize(
    ("apart", "error", "finding", "count"),
    [
        (1.0, 3.0, "(RMSE of 4 dates); errors alone would give 3.2 mm, so no disagreement", 3),
        (20.0, 3.0, "(RMSE of 4 dates), more than the 5.1 mm that errors alone exceed in 5 %", 3),
        (20.0, np.nan, "(RMSE of 4 dates); what errors alone would give is unknown.", 2),
    ],
)
def test_sentences_say_whether_two_series_differ_by_more_than_their_errors(
    apart, error, finding, count
):
    """Series alike, unlike and without errors; √(3/4 · (3²/2 + 3²)) is 3.2, times √(7.81/3) 5.1."""
    one, other = np.array([6.0, 2, -2, -6]), np.array([0.0, apart, -apart, 0])
    compared = gnssir.compare_series(series(one + other, error), series(one, error))
    half = compared.insar_standard_error * 2
    said = gnssir.agreement_sentences(
        compared.assign(insar_half_width=half, gnssir_half_width=half * np.nan)
    )
    assert finding in said[0]
    assert len(said) == count
    assert said[1].startswith("From 1 July 2018 to 6 August 2018 the ground moved by −12.0 ")
    assert said[1].endswith("in InSAR and by −12.0 mm in GNSS-IR (95 %).")
    assert ("±" in said[1]) == np.isfinite(error)
    assert max(len(each.split()) for each in said) < 30


def test_errors_alone_exceed_the_rmse_by_chance_in_one_case_of_twenty():
    """Of five dates, in four thousand summers."""
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 5, (4000, 5))
    found = gnssir.compare_series(
        series(noise[0], error=4 * np.sqrt(2)), series(np.zeros(5), error=3)
    )
    exceeded = noise.std(axis=1) > found.rmse_by_chance.item()
    assert 0.04 < exceeded.mean() < 0.06


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """95 in 100: of GNSS-IR averages over still ground, and of InSAR less its offset."""
    rng = np.random.default_rng(2)
    change = daily(rng.normal(0, 6, 14_000))
    averaged = gnssir.average_around(change, change.time[3::7])
    reach = rates.half_width(averaged.standard_error, averaged.degrees_of_freedom)
    assert 0.935 < float((abs(averaged.displacement) < reach).mean()) < 0.965
    delay = rng.normal(0, 4, 20_001)
    insar = series(delay[1:] - delay[0], error=4 * np.sqrt(2))
    both = gnssir.compare_series(insar, series(np.zeros(20_000)))
    reach = rates.half_width(both.insar_standard_error, both.insar_degrees_of_freedom)
    assert 0.94 < float((abs(both.insar) < reach).mean()) < 0.96


@pytest.mark.parametrize("epsg", [4326, 32647])
def test_a_station_is_found_on_geographic_and_on_projected_grids(epsg):
    """Pixels within the radius in metres, their mean displacement and their mean error."""
    grid = cube(epsg, pixel=100)
    found = gnssir.at_station(grid, *YAKOU, radius=101)
    assert found.pixels == 5
    np.testing.assert_allclose(found.displacement, 0, atol=1e-9)
    np.testing.assert_allclose(found.standard_error, 3)


def test_the_same_pixels_are_averaged_at_every_date():
    """A pixel that is missing or bridged once is out; a date without any pixel is left out."""
    grid = cube(32647, pixel=100)
    grid.displacement[1, 5, 6] = np.nan
    grid.standard_error[2, 5, 5] = np.nan
    grid.displacement[3] = np.nan
    found = gnssir.at_station(grid, *YAKOU, radius=101)
    assert found.pixels == 3
    assert found.sizes["time"] == 3
    np.testing.assert_allclose(found.displacement, -1 / 3)


def test_bad_input_is_refused_in_one_sentence():
    """What is wrong and what was expected."""
    height, grid = xr.Dataset({"reflector_height": daily(np.full(9, 3.2))}), cube(32647, 100)
    late = daily([0, 0, 0]).time + np.timedelta64(400, "D")
    cases = {
        "window is 2018-07-01 to summer": lambda: gnssir.during(height, "2018-07-01", "summer"),
        "a day from 2018-08-01 on": lambda: gnssir.during(height, "2018-08-01", "2018-07-01"),
        "runs from 2018-07-01 to 2018-07-09": lambda: gnssir.during(
            height, "2019-07-01", "2019-08-31"
        ),
        "no value": lambda: gnssir.elevation_change(daily([np.nan, np.nan])),
        "days is -1": lambda: gnssir.average_around(daily([1.0]), late, days=-1),
        "within 3 days of an acquisition": lambda: gnssir.average_around(daily([1.0]), late),
        "outside the grid": lambda: gnssir.at_station(grid, 99.0, 38.0, radius=500),
        "radius is -1, expected 0 m or more": lambda: gnssir.at_station(grid, *YAKOU, radius=-1),
        "measured at every date": lambda: gnssir.at_station(
            grid.where(grid.x < grid.x[3]), *YAKOU, radius=101
        ),
        "2 dates in common": lambda: gnssir.compare_series(series([1, 2]), series([1, 2, 3])),
    }
    for words, call in cases.items():
        with pytest.raises(InputError, match=words) as refused:
            call()
        assert "\n" not in str(refused.value)


def test_averages_of_the_demo_agree_with_its_truth_within_their_noise(demo: Path):
    """At Sentinel-1's dates of that summer, whatever the level."""
    archive = open_archive(demo)
    dates, *_ = incidence(archive.load("sentinel1"))
    summer = xr.Dataset(coords={"time": dates}).sel(time=slice("2018-07-01", "2018-08-31"))
    change = gnssir.elevation_change(archive.load("gnssir").reflector_height)
    found = gnssir.average_around(change, summer.time)
    scores = gnssir.series_agreement(
        found.displacement, archive.load_truth("gnssir").elevation_change
    )
    assert scores.epochs == 5
    assert scores.rmse < 2 * np.sqrt((found.standard_error**2).mean())
