"""NISAR's permafrost requirement, held against cases by hand, closed forms and simulation."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtr

from qilian.contracts.errors import InputError
from qilian.contracts.labels import VERTICAL, attributes
from qilian.figures.acceptance import station_verdict
from qilian.insar import rates
from qilian.insar.acceptance import (
    acceptance_verdicts,
    allowed_error,
    point_pairs,
    remove_model,
    requirement_shares,
    summer_differences,
)
from qilian.insar.temporal_models import linear_model

ABOUT = attributes("displacement", "mm", VERTICAL)


def grid(values: np.ndarray, dim: str, labels: list, pixel: float) -> xr.DataArray:
    """A stack of maps on square pixels of UTM zone 47."""
    rows, columns = values.shape[1:]
    places = {
        dim: labels,
        "y": 4.2e6 - pixel * np.arange(rows),
        "x": 5e5 + pixel * np.arange(columns),
    }
    return xr.DataArray(values, places, (dim, "y", "x"), attrs=ABOUT).rio.write_crs(32647)


def pairs_of(difference: list[list[float]], distance: list[float]) -> xr.Dataset:
    """Pairs of points in one block."""
    block = np.ones(len(distance), dtype=int)
    return xr.Dataset(
        {
            "difference": (("year", "pair"), difference),
            "distance": ("pair", distance),
            "block": ("pair", block),
            "other_block": ("pair", block),
        },
        {"year": 2018 + np.arange(len(difference))},
    )


def test_a_case_worked_by_hand():
    """Allowed are 4, 8, 12, 16 and 20 mm at 0, 1, 4, 9 and 16 km; just as much still passes."""
    distance = [0.0, 1.0, 4.0, 9.0, 16.0]
    np.testing.assert_allclose(allowed_error(xr.DataArray(distance)), [4, 8, 12, 16, 20])
    errors = [[4.0, -9.0, 11.0, 17.0, np.nan], [5.0, 8.0, -12.0, 16.0, 21.0]]
    found = requirement_shares(pairs_of(errors, distance))
    np.testing.assert_allclose(found.share_of_year, [100 * 2 / 4, 100 * 3 / 5])
    assert found.share.item() == pytest.approx(55)
    assert found.pairs.values.tolist() == [4, 5]
    # To 5 km: 2 of 3 in either year; from 5 to 10: none, then one; beyond 15 only the second year.
    np.testing.assert_allclose(found.share_by_distance[:4], [100 * 2 / 3, 50, np.nan, 0])
    # 80 % of 4, 5, 8, 9, 11, 12: linear between the ordered values, at 4 of 5 steps.
    assert found.reached[0].item() == pytest.approx(11)
    # Two years and one block do not tell how sure this is.
    assert found.half_width.isnull() and found.half_width_of_year.isnull().all()


def test_a_summer_is_the_pair_of_acquisitions_closest_to_ninety_days():
    """Of two that are equally long the one in the middle; a season without one is left out."""
    days = ["2018-05-05", "2018-06-16", "2018-07-22", "2018-09-14", "2018-10-20", "2018-12-01"]
    days += ["2019-06-01", "2019-06-20", "2020-05-02", "2020-08-01"]
    dates = np.array(days, "datetime64[ns]")
    series = xr.DataArray(
        np.arange(10.0).reshape(-1, 1, 1) ** 2, {"time": dates}, ("time", "y", "x")
    )
    found = summer_differences(series.assign_attrs(ABOUT))
    assert found.year.values.tolist() == [2018, 2020]
    assert found["first"].dt.strftime("%m-%d").values.tolist() == ["06-16", "05-02"]
    assert found.span.values.tolist() == [90, 91]
    assert found.values.ravel().tolist() == [9.0 - 1.0, 81.0 - 64.0]
    lazily = summer_differences(series.chunk(time=1))
    np.testing.assert_array_equal(lazily.values, found.values)
    with pytest.raises(InputError, match="no thaw season has two acquisitions 500 ± 30 days apart"):
        summer_differences(series, days=500)


def test_a_summer_may_cross_new_year():
    """South of the equator the season belongs to the year in which it begins."""
    dates = np.array(["2018-11-20", "2019-02-18", "2019-12-01", "2020-03-01"], "datetime64[ns]")
    series = xr.DataArray(np.zeros((4, 1, 1)), {"time": dates}, ("time", "y", "x"))
    found = summer_differences(series, thaw_season=("11-01", "04-30"))
    assert found.year.values.tolist() == [2018, 2019]
    assert found.span.values.tolist() == [90, 91]


def test_a_series_that_follows_its_model_leaves_nothing():
    """Nor does the error of one date go anywhere else; a bridged date is missing."""
    dates = np.datetime64("2018-05-01", "ns") + 12 * np.arange(9) * np.timedelta64(1, "D")
    years = np.arange(9) * 12 / 365.25
    moved = grid((-20 * years).reshape(-1, 1, 1) * np.ones((1, 3, 3)), "time", list(dates), 100)
    series = rates.modelled(moved.to_dataset(name="displacement"), linear_model(moved.time))
    assert float(abs(remove_model(series)).max()) < 1e-9
    series["bridged"][4] = True
    assert (
        remove_model(series).isnull().any(("y", "x")).values.tolist()
        == [False] * 4 + [True] + [False] * 4
    )


def test_pairs_use_a_pixel_once_and_know_their_distance():
    """Values that are the places themselves: differences give distance and blocks back."""
    easting = np.broadcast_to(np.arange(80.0), (1, 40, 80))
    pairs = point_pairs(grid(easting, "year", [2018], 1000))
    assert pairs.sizes["pair"] > 1000
    across = abs(pairs.difference[0])
    # A pixel of the projection is 1 km to 0.1 %.
    assert (across <= pairs.distance * 1.002).all()
    assert (pairs.distance <= 50).all()
    same = pairs.block == pairs.other_block
    assert (across.where(same) < 28).where(same, True).all()
    assert np.unique(pairs.block).size == 6


@pytest.mark.parametrize("spread", [4.0, 8.0, 12.0])
def test_shares_are_those_of_normal_errors(spread):
    """Independent errors of σ a point: 2 Φ(4 (1 + √L) / (√2 σ)) - 1 of the pairs L apart."""
    noise = np.random.default_rng(1).normal(0, spread, (3, 150, 150))
    pairs = point_pairs(grid(noise, "year", [1, 2, 3], 400))
    chance = 2 * ndtr(allowed_error(pairs.distance) / (2**0.5 * spread)) - 1
    found = requirement_shares(pairs)
    assert found.share.item() == pytest.approx(100 * chance.mean().item(), abs=1)
    middle = found.share_by_distance.sel(distance=22.5).item()
    near = (pairs.distance > 20) & (pairs.distance <= 25)
    assert middle == pytest.approx(100 * chance.where(near).mean().item(), abs=2)


@pytest.mark.slow
def test_intervals_cover_where_delay_is_shared():
    """Delay of 9 mm a date over 8 km, in scenes of eight years: together and each alone."""
    rng, step, years = np.random.default_rng(2), 2.5, 8
    shape = (20, 40)
    place = step * np.indices(shape).reshape(2, -1)
    apart = np.hypot(*(place[:, :, np.newaxis] - place[:, np.newaxis]))
    root = np.linalg.cholesky(np.exp(-apart / 8) + 1e-9 * np.eye(apart.shape[0]))
    scenes = []
    for _ in range(40):
        sky = root @ rng.standard_normal((apart.shape[0], years))
        error = 9 * 2**0.5 * sky.T.reshape(years, *shape)
        scenes.append(
            requirement_shares(point_pairs(grid(error, "year", list(range(years)), 1000 * step)))
        )
    all_of = xr.concat(scenes, "scene")
    expected = all_of.share.mean()
    together = abs(all_of.share - expected) <= all_of.half_width
    single = abs(all_of.share_of_year - expected) <= all_of.half_width_of_year
    assert 0.88 <= together.mean() <= 1
    assert 0.88 <= single.mean() <= 0.99


def test_verdicts_give_share_interval_and_summers_below():
    """A share of 85 ± 2 % passes, one of 81 ± 5 % is not significant, 70 % fails."""
    years = [2018, 2019, 2020]
    made = {"share_of_year": ("year", [86.0, 79.0, 90.0])}
    sure = xr.Dataset({"share": 85.0, "half_width": 2.0} | made, {"year": years})
    unsure = sure.assign(share=81.0, half_width=5.0)
    assert acceptance_verdicts({"against the truth": sure, "as measured": unsure}) == [
        "NISAR's permafrost requirement is met: 85 ± 2 % of the pairs of points stay within it "
        "against the truth, and 80 % must; 1 of 3 summers fall below (2019 has 79 %).",
        "It would be 81 ± 5 % as measured.",
    ]
    assert (
        "is met, though not significantly at the 5 % level: 81 ± 5 %"
        in (acceptance_verdicts({"as measured": unsure})[0])
    )
    failed = sure.isel(year=[0]).assign(share=70.0, half_width=np.nan)
    assert acceptance_verdicts({"as measured": failed}) == [
        "NISAR's permafrost requirement is not met: 70 % of the pairs of points stay within it as "
        "measured, and 80 % must."
    ]


def test_a_station_and_the_reference_area_are_two_points():
    """9 km apart 16 mm are allowed; InSAR moves 10 mm off the station, or 20."""
    dates = np.array(["2018-07-01", "2018-08-01", "2018-08-30"], "datetime64[ns]")
    compared = xr.Dataset({"difference": ("time", [2.0, 50.0, -8.0])}, {"time": dates})
    assert station_verdict(compared, 9.0) == (
        "Over 60 days InSAR and the station differ by 10 mm. The station is 9 km from the "
        "reference area: this pair of points meets NISAR's requirement of 16 mm."
    )
    assert "breaks NISAR's requirement of 16 mm" in station_verdict(2 * compared, 9.0)
    far = station_verdict(compared, 100.0)
    told = "farther than the 50 km of NISAR's requirement; its formula would allow 44 mm."
    assert far.endswith(told)
    assert "no reference area" in station_verdict(compared, np.nan)
