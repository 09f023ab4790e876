"""What pages answer in sentences: each branch by a dataset made by hand, short and alone."""

import numpy as np
import pytest
import xarray as xr

from qilian.imagery import indices, land_cover
from qilian.imagery import verdicts as imagery
from qilian.insar import cdf_matching, network
from qilian.insar import verdicts as insar
from qilian.thaw import scaling


def pairs(days: list[tuple[int, int]], **more) -> xr.Dataset:
    """Pairs by days since New Year 2018."""
    ends = np.datetime64("2018-01-01", "ns") + np.array(days).T * np.timedelta64(1, "D")
    coords = {"reference_date": ("pair", ends[0]), "secondary_date": ("pair", ends[1])}
    return xr.Dataset({name: ("pair", values) for name, values in more.items()}, coords)


def short(sentences: list[str]) -> bool:
    return all(len(said.split()) < 30 for said in sentences)


# Table S1


def listed(days, sensor, stated=None, baseline=100.0) -> list[str]:
    """What is said of pairs whose stated spans are right unless told otherwise."""
    stated = [b - a for a, b in days] if stated is None else stated
    table = pairs(
        days,
        sensor=sensor,
        stated_days=stated,
        perpendicular_baseline=np.full(len(days), baseline),
    )
    return insar.pair_table_verdicts(table, network.check_pairs(table))


def test_pairs_that_fit_and_a_satellite_in_two_parts():
    """ERS-2 has two components, Envisat one, and neither a loop."""
    said = listed([(0, 35), (70, 140), (0, 70)], ["ERS-2", "ERS-2", "Envisat"])
    assert said == [
        "All 3 printed time spans fit the dates and are whole repeat cycles.",
        "No satellite has a redundant pair that would reveal an error.",
        "The pairs of ERS-2 (2 components) give no single displacement series; those of Envisat "
        "are connected.",
        "Geometry alone leaves a coherence of at least 0.91 (ERS-2, 2018-01-01 to 2018-02-05).",
    ]
    assert short(said)


def test_a_wrong_span_a_loop_and_an_unknown_baseline():
    """A pair that is no whole cycle does not fit; three pairs of three dates close a loop."""
    said = listed([(0, 35), (35, 71), (0, 71)], ["ERS-2"] * 3, baseline=np.nan)
    assert said == [
        "1 of 3 printed time spans fit the dates and are whole repeat cycles.",
        "Redundant pairs, which reveal errors, exist for ERS-2.",
        "The pairs of each satellite are connected and give one displacement series.",
        "The time span of the ERS-2 pair 2018-02-05 to 2018-03-13 and 1 more is no whole number of "
        "repeat cycles.",
    ]
    said = listed([(0, 35)], ["ERS-2"], stated=[36])
    assert said[0].startswith("0 of 1 printed time spans fit")
    assert said[-1] == (
        "The printed time span of the ERS-2 pair 2018-01-01 to 2018-02-05 is not that of the dates."
    )


def test_rows_of_an_unknown_satellite_and_beyond_the_critical_baseline_are_named():
    """ERS-2's critical baseline is 1064 m; of a satellite that is not known nothing is."""
    said = listed([(0, 35), (35, 70), (0, 11)], ["ERS-2", "ERS-2", "TSX"], baseline=1250.0)
    assert said[0].startswith("2 of 3 printed time spans fit")
    assert said[3:] == [
        "The satellite of the TSX pair 2018-01-01 to 2018-01-12 is not known.",
        "The baseline of the ERS-2 pair 2018-01-01 to 2018-02-05 and 1 more is beyond the "
        "critical one.",
    ]
    assert short(said)


# S2


def of_network(days, coherence, of_pixel):
    of_pair = xr.DataArray(coherence, dims="pair")
    made = pairs(days)
    thinned = network.thinned_network(made, of_pair, [0, 0.2, 0.4, 0.6, 0.8])
    season = ("05-01", "10-31")
    return insar.network_verdicts(made, thinned, of_pair, xr.DataArray([of_pixel]), season)


def test_a_connected_network_with_both_seasons():
    """A loop of summer and a pair of winter, both of 12 d; 0.4 loses nothing, 0.6 a date."""
    days = [(150, 162), (162, 174), (150, 174), (0, 12), (12, 150)]
    said = of_network(days, [0.5, 0.5, 0.3, 0.7, 0.5], [0.2, 0.4, 0.6])
    assert said == [
        "One connected network joins 5 acquisitions by 5 pairs with 1 independent loop; it "
        "stays connected up to a coherence threshold of 0.40.",
        "The median pixel has a mean coherence of 0.40; half of the scene lies between 0.30 and "
        "0.50.",
        "At equal time spans the coherence of pairs within May to October is 0.20 lower than in "
        "the rest of the year.",
    ]
    assert short(said)


def test_a_broken_network_without_values_or_seasons():
    """Two components; no pixel; no pair within a season."""
    said = of_network([(0, 200), (300, 500)], [0.5, 0.5], [np.nan])
    assert said == [
        "4 acquisitions fall into 2 components without common zero: 2 pairs with no independent "
        "loops.",
        "No pixel has a coherence in enough pairs.",
    ]
    assert len(of_network([(0, 200)], [0.5], [0.5])) == 2


# S3


def matched(before: list[float], after: list[float], mean, correlation) -> list[str]:
    """Two blocks of 100 pixels beside the fitted area."""
    areas = ["fitted area", "block 1, held out", "block 2, held out"]
    values = {
        "root_mean_square": np.array([before, after]).T,
        "mean": np.array(mean),
        "correlation": np.array(correlation),
        "number": np.full((3, 2), 100),
    }
    coords = {"area": areas, "matching": ["before", "after"], "block": ("area", [0, 1, 2])}
    scores = xr.Dataset({n: (("area", "matching"), v) for n, v in values.items()}, coords)
    rate = xr.DataArray([[1.0, 1.0]], dims=("y", "x"), attrs={"units": "mm year-1"})
    rates = xr.Dataset(
        {"sentinel1": rate, "sentinel1_half_width": rate / 2, "alos2_half_width": rate * 5}
    )
    return insar.matching_verdicts(scores, rates, rate > 0)


def test_matching_that_helps_every_block():
    """RMSE of both blocks pooled, and nothing harmed."""
    same = [[-2.0, 0.0]] * 3
    said = matched([3, 3, 4], [2, 1, 2], same, [[0.5, 0.5]] * 3)
    assert said == [
        "On ground left out of the fit, CDF matching lowers the RMSE between Sentinel-1 and "
        "ALOS-2: 3.5 mm/a before, 1.6 after (it falls in 2 of 2 blocks).",
        "Before matching, Sentinel-1 minus ALOS-2 is −2.0 mm/a on average; a pixel's 95 % "
        "interval is ± 0.5 mm/a (median) for Sentinel-1 and ± 5.0 mm/a for ALOS-2.",
        "No block has a larger mean difference or a clearly lower correlation afterwards.",
    ]
    assert short(said)


def test_matching_that_harms_names_the_blocks():
    """A mean difference that grows in size in both, a correlation that falls in one."""
    mean = [[-2.0, 0.0], [0.1, 1.0], [0.0, -1.0]]
    said = matched([3, 1, 1], [2, 2, 0.5], mean, [[0.5, 0.5], [0.5, 0.4], [0.5, 0.5]])
    assert "does not lower the RMSE" in said[0]
    assert "(it falls in 1 of 2 blocks)" in said[0]
    assert said[2] == (
        "After matching, in blocks 1 and 2 the mean difference is larger; in block 1 the "
        "correlation is lower by more than 0.05."
    )
    said = matched([3, 1, 1], [2, 2, 0.5], mean, [[0.5, 0.4]] * 3)
    assert said[2] == (
        "After matching, in blocks 1 and 2 the mean difference is larger and the correlation is "
        "lower by more than 0.05."
    )


def test_matching_verdicts_take_what_the_evaluation_returns():
    """Names and dims are those of `evaluate_matching`."""
    rng = np.random.default_rng(4)
    about = {"units": "mm year-1"}
    coords = {"y": np.arange(10.0), "x": np.arange(20.0)}
    reference = xr.DataArray(rng.normal(-5, 3, (10, 20)), coords, ("y", "x"), attrs=about)
    source = (0.8 * reference - 3 + rng.normal(0, 1, (10, 20))).assign_attrs(about)
    everywhere = xr.ones_like(source, dtype=bool)
    parts = cdf_matching.spatial_blocks(source, rows=1, columns=2)
    scores = cdf_matching.evaluate_matching(source, reference, everywhere, parts)
    widths = {f"{name}_half_width": abs(source) for name in ("sentinel1", "alos2")}
    rates = xr.Dataset({"sentinel1": source, "alos2": reference, **widths})
    said = insar.matching_verdicts(scores, rates, everywhere)
    assert "(it falls in 2 of 2 blocks)" in said[0]


# S4


@pytest.mark.parametrize(("noise", "brings"), [(1.0, "brings"), (30.0, "does not bring")])
def test_scaling_that_brings_a_part_closer_or_not(noise, brings):
    """A part of half a season of 40 mm, off by `noise` at each pixel, either way."""
    whole = xr.DataArray([[-40.0, -40.0]], dims=("y", "x"))
    off = xr.DataArray([[noise, -noise]], dims=("y", "x"))
    about = {"partial_end": "2019-07-26", "fraction": 0.5, "factor": 2.0}
    part = xr.Dataset(
        {
            "partial": whole / 2 + off,
            "scaled": whole + 2 * off,
            "scaled_half_width": 4 * abs(off),
        },
        attrs=about,
    )
    agreement = scaling.season_agreement(part, whole, abs(off))
    first, second, third = said = scaling.scaling_verdicts(part, whole, agreement)
    assert first == (
        f"Scaling the deformation until 2019-07-26 by 2.00 {brings} it closer to that of the whole "
        f"season: RMSE {2 * noise:.1f} mm scaled, {np.hypot(20, noise):.1f} mm unscaled."
    )
    zeros = 100 if 4 * noise >= 40 else 0
    assert second == (
        f"The scaled map's 95 % interval (± {4 * noise:.1f} mm, median) contains the observed "
        f"value in 100 % of the pixels; the same interval around zero, in {zeros} %."
    )
    assert f"is {noise / 40:.2f} times the season's" in third
    assert third.endswith("only if this ratio is below 0.29.")
    assert short(said)


def test_a_part_that_is_not_scaled_says_why():
    """Too little leverage leaves a factor that is missing."""
    part = xr.Dataset(attrs={"partial_end": "2019-05-13", "fraction": 0.1, "factor": np.nan})
    assert scaling.scaling_verdicts(part, xr.DataArray(0.0), xr.Dataset()) == [
        "The part until 2019-05-13 has 0.10 of the season's settlement, too little to be scaled."
    ]


# S1 and S11


def surveyed(near: list[float]) -> list[str]:
    """Pixels of red and green 0.1 with this near infrared."""
    bands = [[[0.1] * len(near)]] * 2 + [[near]]
    names = {"band": ["red", "green", "near_infrared"]}
    image = xr.DataArray(np.array(bands), names, ("band", "y", "x"))
    quality = indices.reflectance_quality(image)
    vegetation, water = (index(image).where(quality == 0) for index in (indices.ndvi, indices.ndwi))
    rules = [(water, 0.0), (vegetation, 0.2), (vegetation, 0.5)]
    moved = indices.threshold_sensitivity(rules)
    return imagery.survey_verdicts(quality, indices.classify_indices(vegetation, water), moved)


def test_a_survey_tells_its_ground_and_what_hangs_on_thresholds():
    """Water, bare ground, two of plants, one of them near its threshold, and one unflown pixel."""
    assert surveyed([0.05, 0.11, 0.5, 0.32, np.nan]) == [
        "Plants cover 50.0 ± 25.0 % of the usable ground, bare ground 25.0 ± 0.0 % and open water "
        "25.0 ± 25.0 % (± is the change of the fraction when its threshold moves by 0.05).",
        "80.0 % of the picture is usable, 20.0 % has no data, and 0.0 % is too dark or too bright.",
    ]


def test_a_survey_without_usable_ground_says_so():
    """All of it unflown or too bright."""
    assert surveyed([np.nan, 2.0]) == ["No pixel of the survey is usable."]


def changed(error: float, new: float = 2000.0) -> list[str]:
    """Areas of the classes that the sentences name, with one error for all."""
    area = xr.DataArray(
        [16700.0, 1200.0, new],
        {"class": ["land, bare today", "water turned bare", "new water"]},
        ("class",),
    )
    measured = xr.Dataset(
        {"area": area, "error": xr.full_like(area, error), "detected": area > error}
    )
    taken = xr.Dataset({"picture_error": error / 2000}, {"model": "affine"})
    return imagery.land_cover_verdicts(measured, taken)


def test_change_with_water_not_detected_detected_or_of_unknown_error():
    """What is no larger than its error is not detected, and without an error nothing is."""
    said = changed(2500.0)
    assert said == [
        "Of the bare ground in the later picture, 1.67 ± 0.25 ha were land before and 0.12 ± 0.25 "
        "ha were water (not detected).",
        "New water, 0.20 ± 0.25 ha, is not detected: the errors could account for all of it.",
        "The ± is the sum of the errors by registration and by thresholds; the affine transform "
        "has an expected error of 1.25 m.",
    ]
    assert short(said)
    assert changed(1000.0)[1] == "New water, 0.20 ± 0.10 ha, is detected."
    assert "New water, 0.20 ha" in changed(np.nan)[1]
    assert changed(np.nan)[2].endswith("has an unknown error.")


def test_the_classes_that_sentences_name_are_those_of_the_measurement():
    """Else a page would fail on every ground."""
    assert {"land, bare today", "water turned bare", "new water"} < set(land_cover.CHANGES)
