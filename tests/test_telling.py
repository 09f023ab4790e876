"""What a record tells by itself."""

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.recession import telling, verdicts, windows
from qilian.recession.rules import RULES


@pytest.fixture(scope="module")
def noisy() -> xr.DataArray:
    """A river that recedes slowly under noise, so that small rains would hide in it."""
    rng = np.random.default_rng(5)
    days = xr.date_range("1990-01-01", "2009-12-31")
    since = (days.day_of_year.values - 240) % 45
    flow = 100 * np.exp(-since / 40 + rng.normal(0, 0.03, days.size))
    return xr.DataArray(flow, {"time": days}, "time", name="discharge")


def test_the_first_rule_that_tells_is_taken_and_named(noisy):
    """Without rain that is not the rule asked for, whose reason and remedy are told."""
    rules = telling.telling_rules(noisy, windows=[3])
    assert rules["method"].values[0] == "undisturbed"
    assert set(rules["method"].values) == set(RULES)
    assert rules["fitted"].values[0] == 0
    assert rules["reason"].values[0].startswith("cannot tell: rain is unknown")
    assert "[climate]" in rules["remedy"].values[0]
    choice = telling.telling_choice(rules, method="undisturbed", season=("09-01", "11-30"))
    assert choice["method"] == "falling"
    assert windows.recession_constants(noisy, windows=[3], **choice).recession_constant.any()


def test_with_rain_the_rule_asked_for_tells(noisy):
    """And is kept, with the shortest segment asked for."""
    dry = xr.zeros_like(noisy)
    rules = telling.telling_rules(noisy, dry, windows=[3], minimum_length=9)
    asked = {"method": "undisturbed", "minimum_length": 9}
    assert telling.telling_choice(rules, **asked) == asked
    assert rules["reason"].values[0] == rules["remedy"].values[0] == ""


def test_where_no_rule_tells_the_choice_stays_and_its_reason_is_the_error(noisy):
    """As in a river that only rises."""
    rising = noisy.copy(data=np.exp(np.arange(noisy.size) / 1000))
    rules = telling.telling_rules(rising, windows=[1])
    assert not rules["fitted"].any()
    assert (rules["remedy"] != "").all()
    choice = telling.telling_choice(rules, method="undisturbed")
    with pytest.raises(InputError, match="fewer than 2 recession segments"):
        windows.recession_constants(rising, windows=[1], **choice)


def test_the_rain_of_the_gauges_file_goes_before_that_of_the_weather_station(noisy):
    """Which is taken where the file has none."""
    flow, rain = xr.Dataset({"discharge": noisy}), xr.zeros_like(noisy)
    climate = xr.Dataset({"air_temperature": noisy, "precipitation": rain + 1})
    assert telling.known_rain(flow, None) is None
    assert telling.known_rain(flow, climate.drop_vars("precipitation")) is None
    assert telling.known_rain(flow, climate).equals(rain + 1)
    assert telling.known_rain(flow.assign(precipitation=rain), climate).equals(rain)


@pytest.mark.parametrize("mining", [[2000], [2013, 2000], ["2000", "2013"], [2000, 2005, 2013]])
def test_years_of_mining_are_two_in_order(noisy, mining):
    """Anything else is refused by name."""
    with pytest.raises(InputError, match=r"^mining is .*, expected its first and last year"):
        telling.compared_years(noisy.time, mining)


def test_the_answer_names_the_rule_that_was_not_asked_for():
    """Its first sentence, which stands alone on the front page, does."""
    rules = xr.Dataset(
        {
            "fitted": ("method", [0, 5]),
            "reason": ("method", ["cannot tell: rain is unknown", ""]),
            "remedy": ("method", ["rain", ""]),
        },
        {"method": ["undisturbed", "falling"]},
    )
    step = xr.Dataset({"change": np.nan, "change_lower": np.nan, "reason": "no years"})
    compared = xr.concat([step, step], "comparison")
    runs = xr.Dataset({"kind": ("choice", ["as chosen"]), "significant": ("choice", [False])})
    runs = runs.assign(change=("choice", [np.nan]), change_lower=("choice", [np.nan]))
    names = ("exponent", "exponent_lower", "exponent_upper")
    bent = xr.Dataset({name: ("estimate", [np.nan]) for name in names})
    around = xr.Dataset({n: ("condition", [np.nan]) for n in ("before", "difference")})
    around = around.assign_coords(condition=["flow"])
    first, second, *_ = verdicts.verdict(compared, bent, xr.Dataset(), around, runs, rules)
    assert (
        first == "By the rule “falling”: whether the river drains more slowly stays open: no years."
    )
    assert second == (
        "The rule “undisturbed” gives no constant here: rain is unknown. What would help: rain."
    )
