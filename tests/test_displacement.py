"""The inversion on whole scenes: the demo's truth, a real stack, and simulated intervals."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qilian.archive.catalogue import open_archive
from qilian.insar import corrections, network, rates, temporal_models
from qilian.insar.sbas import invert
from qilian.thaw import index
from qilian_demo.radar.fading import bias_share

PROJECT = Path(__file__).parents[1]
RIDGE, WET_MEADOW = 4, 2  # land cover of the demo


@pytest.fixture(scope="module")
def demo(coarse) -> Path:
    """What is held is of thousands of pixels; of the coarse archive there are enough."""
    return coarse


@pytest.fixture(scope="module")
def stack(demo) -> xr.Dataset:
    return open_archive(demo).load("sentinel1").compute()


@pytest.fixture(scope="module")
def truth(demo) -> xr.Dataset:
    return open_archive(demo).load_truth("sentinel1").load()


@pytest.fixture(scope="module")
def model(demo, stack) -> xr.DataArray:
    """The thaw model by the demo's own weather file."""
    air = open_archive(demo).load("climate")["air_temperature"]
    return temporal_models.thaw_model(
        index.settlement_course(air, network.acquisition_dates(stack))
    )


def test_phases_made_of_the_true_motion_give_it_back(stack, truth, model):
    """Without noise, to the hundredth of a millimetre in which the truth is stored."""
    vertical = truth["vertical_displacement"].values
    _, first, second = network.incidence(stack)
    away = -(vertical[second] - vertical[first]) * stack["line_of_sight_up"].values
    radians = 4 * np.pi / (1000 * float(stack["wavelength"])) * away
    clean = stack.assign(unwrapped_phase=(("pair", "y", "x"), radians.astype("float32")))
    result = rates.vertical(invert(clean, model=model), stack["line_of_sight_up"])
    land = np.isfinite(vertical[0])
    # The first date's own rounding shifts all others.
    np.testing.assert_allclose(result["displacement"].values[:, land], vertical[:, land], atol=0.05)
    assert np.nanmax(result["residual"]) < 0.02


@pytest.fixture(scope="module")
def errors(stack, truth, model) -> xr.Dataset:
    """Vertical rate and thaw deformation of the noisy demo, less the truth, both referred."""
    area = corrections.reference_by_coherence(stack)
    result = invert(stack, model=model, corrections=corrections.fit_corrections(stack, area))
    found = rates.vertical(rates.model_rates(result), stack["line_of_sight_up"])
    for name, true in (
        ("rate", truth["vertical_rate"]),
        ("thaw_deformation", -truth["thaw_amplitude"]),
    ):
        found[name] = found[name] - (true.values - float(true.where(area.values).mean()))
    return found


def test_the_demos_rate_is_off_by_the_bias_of_short_pairs_and_noise(stack, errors, truth):
    """On ridges, which have almost no such bias, within noise; in meadows by the bias put in.

    Of the rate of twelve-day pairs the network shows a part, here by a pseudo-inverse.
    """
    cover = truth["land_cover"].values
    ridge, meadow = (
        errors["rate"].values[cover == RIDGE],
        errors["rate"].values[cover == WET_MEADOW],
    )
    assert abs(np.nanmedian(ridge)) < 1
    dates, first, second = network.incidence(stack)
    years = (dates - dates[0]) / np.timedelta64(1, "D") / 365.25
    design = np.zeros((first.size, dates.size))
    design[np.arange(first.size), second] = 1
    design[np.arange(first.size), first] = -1
    span = years[second] - years[first]
    false = [bias_share(365.25 * each) * each for each in span]
    shown = np.polyfit(years, np.linalg.pinv(design) @ false, 1)[0]
    assert 0.2 < shown < 0.5
    bias = shown * truth["short_pair_bias"].values[cover == WET_MEADOW]
    assert abs(np.nanmedian(meadow) - np.nanmedian(bias)) < 1.5
    assert np.nanmedian(meadow) < -1


def test_the_demos_thaw_deformation_is_right_but_for_delay_that_goes_with_height(errors, truth):
    """Of 46 mm in wet meadow the uncorrected delay, which has its season too, hides or adds 7."""
    cover = truth["land_cover"].values
    assert abs(np.nanmedian(errors["thaw_deformation"].values[cover == RIDGE])) < 2
    assert abs(np.nanmedian(errors["thaw_deformation"].values[cover == WET_MEADOW])) < 7


def test_delay_fitted_on_ground_that_stays_brings_the_thaw_deformation_closer(
    stack, truth, model, errors
):
    """With the ridges' still interior named; at their edges deformation itself goes with height."""
    area = corrections.reference_by_coherence(stack)
    still = (truth["land_cover"].values == RIDGE) & (truth["thaw_amplitude"].values < 4)
    still = xr.DataArray(still, area.coords, area.dims)
    fitted = corrections.fit_corrections(stack, area, height=True, stable=still)
    result = invert(stack, model=model, corrections=fitted)
    found = rates.vertical(rates.model_rates(result), stack["line_of_sight_up"])["thaw_deformation"]
    true = -truth["thaw_amplitude"]
    off = found - (true.values - float(true.where(area.values).mean()))
    meadow = truth["land_cover"].values == WET_MEADOW
    before = abs(np.nanmedian(errors["thaw_deformation"].values[meadow]))
    assert abs(np.nanmedian(off.values[meadow])) < 0.6 * before


@pytest.fixture(scope="module")
def mexico_city(real) -> xr.Dataset:
    return open_archive(PROJECT / "data" / "real" / "kuparuk.toml").load("sentinel1").compute()


def test_a_real_stack_is_inverted_as_plain_least_squares_does(mexico_city):
    """Mexico City by coherence, every tenth pixel whose network holds, to 2e-5 rad."""
    area = corrections.reference_by_coherence(mexico_city)
    fitted = corrections.fit_corrections(mexico_city, area)
    result = invert(mexico_city, weight="coherence", corrections=fitted, screen_loops=False).stack(
        pixel=("y", "x")
    )
    phase = mexico_city["unwrapped_phase"] - fitted["coefficient"].isel(term=0)
    pixels = phase.stack(pixel=("y", "x")).values
    weight = mexico_city["coherence"].stack(pixel=("y", "x")).values.clip(0.05, 0.999)
    dates, first, second = network.incidence(mexico_city)
    design = np.zeros((first.size, dates.size))
    design[np.arange(first.size), second] = 1
    design[np.arange(first.size), first] = -1
    radian = -1000 * float(mexico_city["wavelength"]) / (4 * np.pi)
    compared = 0
    for k in range(0, pixels.shape[1], 10):
        there = np.isfinite(pixels[:, k]) & np.isfinite(weight[:, k])
        root = np.sqrt(weight[there, k].astype(float))
        matrix = design[there, 1:] * root[:, np.newaxis]
        expected, _, rank, _ = np.linalg.lstsq(matrix, pixels[there, k] * root)
        if rank == dates.size - 1:
            found = result["displacement"].values[1:, k] / radian
            np.testing.assert_allclose(found, expected, atol=2e-5)
            compared += 1
    assert compared > 500


def test_the_real_city_sinks_where_it_is_known_to_and_its_pairs_agree(mexico_city):
    """Tens of centimetres a year away from the sensor, with high temporal coherence."""
    area = corrections.reference_by_coherence(mexico_city)
    model = temporal_models.linear_model(network.acquisition_dates(mexico_city))
    result = invert(
        mexico_city, corrections=corrections.fit_corrections(mexico_city, area), model=model
    )
    rate = rates.model_rates(result)["rate"]
    assert float(rate.quantile(0.9) - rate.quantile(0.1)) > 50
    assert float(result["temporal_coherence"].median()) > 0.8


def coverage_bench():
    path = PROJECT / "bench" / "inversion_coverage.py"
    spec = importlib.util.spec_from_file_location("inversion_coverage", path)
    bench = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = bench
    spec.loader.exec_module(bench)
    return bench


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 4, 6])
def test_a_case_of_the_table_of_coverage_tried_anew_agrees_with_its_row(number):
    """On thirty other scenes, each of which strays as a whole."""
    bench = coverage_bench()
    case = bench.CASES[number]
    tried = bench.coverage(np.random.default_rng(1), case, draws=30)
    table = pd.read_csv(PROJECT / "book" / "inversion_coverage.csv")
    row = table[(table["noise"] == case.name) & (table["dates"] == 60)].iloc[0]
    for name, column in {"rate": "rate", "without memory": "rate, without memory"}.items():
        assert tried[name] == pytest.approx(float(row[column].rstrip("%")) / 100, abs=0.08)
    assert tried["displacement"] == pytest.approx(
        float(row["displacement"].rstrip("%")) / 100, abs=0.03
    )


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Every row of the table that the page shows; those of independent pairs without memory too."""
    table = pd.read_csv(PROJECT / "book" / "inversion_coverage.csv")
    assert len(table) == sum(map(len, coverage_bench().TRIED.values()))
    share = table.iloc[:, 2:].apply(lambda column: column.str.rstrip("%").replace("–", None))
    share = share.astype(float)
    usual = (table["dates"] == 60) & ~table["noise"].str.contains("0.8|cycles")
    assert share.loc[usual, ["rate", "displacement"]].stack().between(93, 98).all()
    # Scenes stray as a whole, and delay that lasts longest makes intervals a little too wide.
    assert share[["rate", "displacement"]].stack().between(92, 99).all()
    assert share["yearly wave"].dropna().between(93, 97).all()
    independent = table["noise"].str.fullmatch("independent pairs.*")
    assert share.loc[independent, "rate, without memory"].between(92.5, 97.5).all()
