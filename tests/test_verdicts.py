"""Answers in sentences say what the numbers say, whatever these are."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qilian.contracts.labels import VERTICAL, attributes
from qilian.figures import verdicts

RATE = attributes("rate", "mm year-1", VERTICAL)
SEASON = attributes("thaw-season deformation", "mm", VERTICAL)
FIRST = pd.Timestamp("2016-04-05")
GROUNDS = ["near the mines", "undisturbed"]


def pooled(means, errors, about=RATE, grounds=GROUNDS) -> xr.Dataset:
    """Zonal means of the periods 1997-98, 2007-10 and 2016-23, as many as there are."""
    mean = xr.DataArray(means, dims=("ground", "period"), attrs=about)
    count = mean.sizes["period"]
    start, end = np.array([1997.3, 2007.5, 2016.2]), np.array([1998.6, 2010.8, 2023.9])
    satellites = ["ERS-2", "ALOS-1", "Sentinel-1"][:count]
    return xr.Dataset(
        {"mean": mean, "standard_error": mean.copy(data=errors)},
        {
            "ground": grounds,
            "period": [
                f"{int(year)}, {name}" for year, name in zip(start, satellites, strict=False)
            ],
            "satellite": ("period", satellites),
            "start": ("period", start[:count]),
            "end": ("period", end[:count]),
        },
    )


@pytest.mark.parametrize(
    ("means", "errors", "about", "said"),
    [
        (
            [[-3.0, -9.3], [-3.0, -5.3]],
            [[7.0, 2.65], [7.0, 2.55]],
            RATE,
            [
                "Ground near the mines sank by 9.3 ± 5.3 mm/a in 2007–10, and undisturbed ground "
                "sank by 5.3 ± 5.1 mm/a (95 %).",
                "For 1997–98 ERS-2 gives −3.0 ± 14.0 mm/a near the mines, which excludes neither "
                "zero nor the value of 2007–10.",
            ],
        ),
        (
            [[-6.0, 20.0], [np.nan, -1.0]],
            [[1.0, 2.0], [np.nan, 1.0]],
            SEASON,
            [
                "Ground near the mines heaved by 20.0 ± 4.0 mm in a mean thaw season of 2007–10, "
                "and undisturbed ground did not move significantly (−1.0 ± 2.0 mm) (95 %).",
                "For 1997–98 ERS-2 gives −6.0 ± 2.0 mm near the mines, which excludes both zero "
                "and the value of 2007–10.",
            ],
        ),
        (
            [[-20.0, -18.0], [np.nan, np.nan]],
            [[2.0, 2.0], [np.nan, np.nan]],
            RATE,
            [
                "Ground near the mines sank by 18.0 ± 4.0 mm/a in 2007–10, and undisturbed ground "
                "has no value (95 %).",
                "For 1997–98 ERS-2 gives −20.0 ± 4.0 mm/a near the mines, which excludes zero but "
                "not the value of 2007–10.",
            ],
        ),
    ],
)
def test_periods_are_told_with_two_standard_errors(means, errors, about, said):
    assert verdicts.period_verdicts(pooled(means, errors, about)) == said


def test_one_period_without_outlines_is_told_alone_and_none_at_all_says_so():
    """Ground that moves is then one zone; an early period that excludes the last alone is told."""
    one = pooled([[0.3]], [[1.0]], grounds=["all ground that moves"])
    assert verdicts.period_verdicts(one) == [
        "All ground that moves did not move significantly (0.3 ± 2.0 mm/a) in 1997–98 (95 %)."
    ]
    assert verdicts.period_verdicts(one * np.nan) == ["No period has a value."]
    later = pooled([[1.0, -19.0]], [[1.0, 1.0]], grounds=["undisturbed"])
    assert verdicts.period_verdicts(later)[1].endswith(
        "on undisturbed ground, which excludes the value of 2007–10 but not zero."
    )


@pytest.mark.parametrize(
    ("significant", "spread", "said"),
    [
        (
            [False, True, True],
            1.0,
            ["Ground near the mines differs significantly from undisturbed ground in 2007–10 "
             "(−4.0 ± 2.0 mm/a) and 2016–23 (−5.0 ± 2.0 mm/a): errors that both share cancel in "
             "the difference."],
        ),
        (
            [False] * 3,
            1.0,
            ["In no period does ground near the mines differ significantly from undisturbed "
             "ground."],
        ),
        ([False] * 3, np.nan, []),
    ],
)  # fmt: skip
def test_a_contrast_is_told_by_its_periods_and_only_if_it_has_a_yardstick(
    significant, spread, said
):
    zones = pooled(np.full((2, 3), -5.0), np.ones((2, 3)))
    about = {
        "difference": ("period", [-1.0, -4.0, -5.0], RATE),
        "significant": ("period", significant),
        "spread": ("period", [spread] * 3),
    }
    contrast = xr.Dataset(about, {"period": zones["period"]})
    assert verdicts.period_verdicts(zones, contrast)[2:] == said


def test_changes_are_counted_by_zone_and_the_periods_named():
    """By hand: errors 3 and 4 make 5, so 0 and -11 differ and 0 and -9 do not; a gap is no pair."""
    zones = pooled([[0, -11, -12], [0, -9, np.nan]], [[3, 4, 4], [3, 4, 1]])
    assert verdicts.change_verdicts(zones) == [
        "Ground near the mines: periods differ significantly in 2 of 3 comparisons, 1997–98 from "
        "2007–10 and 2016–23.",
        "Undisturbed ground: periods differ significantly in none of 1 comparisons.",
    ]


def test_means_are_counted_that_agree_with_the_truth():
    zones = pooled([[-5.0, -9.0], [np.nan, -1.0]], [[1.0, 3.0], [1.0, 1.0]])
    zones["truth"] = zones["mean"].copy(data=[[-8.5, -4.0], [1.0, -1.0]])
    assert verdicts.truth_verdict(zones) == (
        "Of 3 zonal means 2 lie within two standard errors of the truth. The largest difference "
        "is 5.0 mm/a."
    )
    assert verdicts.truth_verdict(zones * np.nan).startswith("No zonal mean")


def rings(near, errors="by their covariance") -> xr.Dataset:
    """Two grounds in three rings, each mean with a standard error of 1 mm/a, errors unshared."""
    mean = xr.DataArray(
        [[near[0], -6.0, -5.0], [near[1], -3.0, -3.0]], dims=("ground", "ring"), attrs=RATE
    )
    edges = {"inner": ("ring", [0.0, 300.0, 600.0]), "outer": ("ring", [300.0, 600.0, np.inf])}
    excess = mean.isel(ring=-1) - mean
    parts = {"mean": mean, "standard_error": xr.ones_like(mean), "excess": excess}
    parts["excess_standard_error"] = xr.full_like(mean, 2**0.5)
    found = xr.Dataset(parts, edges, {"errors": errors})
    return found.assign_coords(ground=["wet", "dry"])


@pytest.fixture
def site() -> xr.Dataset:
    rate = xr.DataArray(np.full((2, 2), -12.0), dims=("y", "x"), attrs=RATE)
    return xr.Dataset({"rate": rate, "rate_half_width": rate.copy(data=np.full((2, 2), 2.2))})


MEDIAN = "The median rate is −12.0 ± 2.2 mm/a (95 %)."


@pytest.mark.parametrize(
    ("near", "said"),
    [
        (
            (-9.0, -10.0),
            [
                "Ground within 300 m of the outlines sinks faster than comparable ground "
                "beyond 600 m, by 4.0 ± 2.8 mm/a (zone “wet”) to 7.0 ± 2.8 (“dry”), 95 %.",
                "A significant excess reaches 300 m from the outlines.",
            ],
        ),
        (
            (-5.0, -10.0),
            [
                "In 1 of 2 zones ground within 300 m of the outlines sinks significantly "
                "faster than comparable ground beyond 600 m: differences are 0.0 ± 2.8 mm/a "
                "(zone “wet”) to 7.0 ± 2.8 (“dry”), 95 %.",
                "A significant excess reaches 300 m from the outlines.",
            ],
        ),
        (
            (-4.0, -3.0),
            [
                "No ground within 300 m of the outlines sinks significantly faster than "
                "comparable ground beyond 600 m: differences are −1.0 ± 2.8 mm/a (zone “wet”) "
                "to 0.0 ± 2.8 (“dry”), 95 %.",
            ],
        ),
    ],
)
def test_ground_near_outlines_is_compared_with_the_same_ground_far_away(site, near, said):
    assert verdicts.ring_verdicts(rings(near), site, ["rate"]) == [*said, MEDIAN]


def test_intervals_that_are_upper_bounds_are_called_so(site):
    said = verdicts.ring_verdicts(rings((-9.0, -10.0), "upper bounds"), site, ["rate"])
    assert said[-2] == "Without stable ground the intervals of differences are upper bounds."


def test_without_outlines_the_map_s_medians_are_told(site):
    for none in (None, rings((-9.0, -9.0)).isel(ground=[])):
        first, second = verdicts.ring_verdicts(none, site, ["rate"])
        assert first == MEDIAN
        assert second == "Ground near outlines and far from them cannot be compared here."


def test_a_map_without_errors_or_without_values_has_no_interval(site):
    """Two dates leave no degree of freedom, so that no error is known."""
    unsure = site.assign(rate_half_width=site.rate_half_width * np.nan)
    assert verdicts.ring_verdicts(None, unsure, ["rate"])[0] == "The median rate is −12.0 mm/a."
    blank = unsure.assign(rate=site.rate.copy(data=np.full((2, 2), np.nan)))
    assert verdicts.ring_verdicts(None, blank, ["rate"])[0] == "The median rate is unknown."


@pytest.fixture
def series() -> xr.Dataset:
    """Five pixels of two dates; at the last four sank, two of them by more than their interval."""
    last = [-100.0, -50.0, -10.0, -5.0, np.nan]
    moved = xr.DataArray(np.array([[0.0] * 5, last]), dims=("time", "x"))
    half = xr.full_like(moved, 20.0)
    dates = np.array(["2016-10-08", "2023-10-09"], "datetime64[ns]")
    return xr.Dataset({"displacement": moved, "half_width": half}, {"time": dates})


def test_displacement_is_told_at_the_last_date_with_what_exceeds_its_interval(series):
    model = xr.Dataset({"rate": ("x", [-6.0]), "thaw_deformation": ("x", [-24.0])})
    assert verdicts.displacement_verdicts(series, model, since=FIRST) == [
        "From 2016-04-05 to 2023-10-09 the median pixel sank by 30 ± 20 mm (95 %), one pixel in "
        "twenty by 92 mm or more.",
        "50 % of the pixels sank by more than the half-width of their interval, 0 % rose by more.",
        "By the model, the median pixel moves in yearly steps: −24 mm in a mean thaw season, "
        "reversed by heave in winter, and a trend of −6.0 mm/a.",
    ]


def test_displacement_without_interval_season_or_value_is_told_as_far_as_it_goes(series):
    wave = xr.Dataset({"rate": ("x", [6.0]), "seasonal_amplitude": ("x", [1.0])})
    unknown = xr.full_like(series["half_width"], np.nan)
    rising = series.assign(displacement=-series["displacement"], half_width=unknown)
    first, steps = verdicts.displacement_verdicts(rising, wave, since=FIRST)
    assert first.startswith("From 2016-04-05 to 2023-10-09 the median pixel rose by 30 mm, one")
    assert steps == (
        "By the model, the median pixel moves steadily: 2 mm up and down in a yearly wave, and "
        "a trend of 6.0 mm/a."
    )
    *_, line = verdicts.displacement_verdicts(series, wave[["rate"]], since=FIRST)
    assert line == "The median rate is 6.0 mm/a, by a model without a season."
    (nothing,) = verdicts.displacement_verdicts(series * np.nan, wave, since=FIRST)
    assert nothing == "No pixel has a displacement at the last date."


def test_a_scene_is_told_by_what_was_put_in_and_what_a_pair_keeps_of_it():
    """From −10 to 0 mm/a and 0 to 50 mm evenly, a twentieth left out on either side."""
    truth = xr.Dataset(
        {
            "vertical_rate": ("x", np.linspace(-10, 0, 101)),
            "thaw_amplitude": ("x", np.linspace(0, 50, 101)),
        }
    )
    pair = xr.Dataset({"scatter": 6.31, "correlation": -0.234})
    assert verdicts.scene_verdicts(truth, pair) == [
        "Nine tenths of this simulated ground sink by 0.5 to 9.5 mm/a and settle by 2 to 48 mm in "
        "a thaw season.",
        "An interferogram of early summer errs by 6.3 mm (standard deviation); its correlation "
        "with the truth is −0.23.",
    ]
