"""Days on which a river drains its storage undisturbed, and the segments they make."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes, labelled
from qilian.recession._calendar import Calendar, calendar, month_days, on_calendar, rows
from qilian.recession._record import Record, day_noise, lag, spread
from qilian.recession.rules import RULES


@dataclass(frozen=True)
class Choice:
    """How days are chosen.

    Attributes
    ----------
    method : str
        A name of `RULES`.
    season : tuple of str
        First and last day as mm-dd; a season whose last day comes first crosses New Year.
    minimum_length : int, optional
        Shortest segment kept [day], at least 3; the method's own if None.
    wet_day, days_after : float, int
        Precipitation above which a day is wet [mm day-1], and days left out after it; of the
        methods, "undisturbed" alone asks for them.
    exceeded : float
        Per cent of the days that exceed what "low_flow" takes for low, zeros counted.
    without : xarray.DataArray, optional
        (time,) whether a day is left out of the season, such as a frozen or an estimated one.

    Raises
    ------
    InputError
        A name, the season or a number is not as described.
    """

    method: str = "undisturbed"
    season: tuple[str, str] = ("09-01", "11-30")
    minimum_length: int | None = None
    wet_day: float = 1.0
    days_after: int = 2
    exceeded: float = 70.0
    without: xr.DataArray | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        require("method", self.method, self.method in RULES, f"one of {', '.join(RULES)}")
        require("minimum_length", self.minimum_length, self.shortest >= 3, "at least 3 days")
        require("wet_day", self.wet_day, self.wet_day >= 0, "0 mm day-1 or more")
        require("days_after", self.days_after, self.days_after >= 0, "0 days or more")
        require("exceeded", self.exceeded, 0 < self.exceeded < 100, "between 0 and 100 %")
        month_days(self.season)

    @property
    def shortest(self) -> int:
        """The shortest segment kept [day]."""
        own = RULES[self.method].minimum_length
        return own if self.minimum_length is None else self.minimum_length


def _choose(
    flow: np.ndarray, rain: np.ndarray, days: Calendar, choice: Choice
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Choose days of some gauges, (gauge, time), and say what segments they make.

    Returns the first days of the segments, counted through gauge after gauge, and their lengths;
    ln Q with single gaps bridged; (gauge,) the noise of a day of ln Q in the season.
    """
    log_flow = _bridge_single_days(flow)
    noise = day_noise(log_flow[:, days.in_season])
    rule = RULES[choice.method].choose
    about = (choice.wet_day, choice.days_after, choice.exceeded, choice.shortest)
    recedes = rule(Record(flow, log_flow, rain, noise[:, np.newaxis], *about))
    recedes = recedes * (days.in_season & np.isfinite(log_flow) & ~_stuck(flow))
    return *_runs(recedes, choice.shortest), log_flow, noise


def select_days(
    discharge: xr.DataArray, precipitation: xr.DataArray | None = None, **options: Any
) -> xr.Dataset:
    """Select the days on which a river drains its storage undisturbed.

    The default asks for days without rain and without a rise beyond the gauge's noise; `RULES` has
    the methods of others. Whatever the method, a day must lie in the season and have a positive
    discharge, and of three or more equal values in a row all but the first are taken for a stuck
    gauge's. Single missing days are bridged along the logarithm.

    Parameters
    ----------
    discharge : xarray.DataArray
        (time,) daily mean discharge in any unit; days may be absent.
    precipitation : xarray.DataArray, optional
        (time,) daily precipitation [mm day-1]; absent or NaN is unknown, not dry. Rain known in
        some years only changes the rule within the record and may feign a trend.
    **options
        Of `Choice`.

    Returns
    -------
    xarray.Dataset
        (time,), every day of the years touched: `segment`, 0 or the number of the recession
        segment; `log_discharge`, NaN where flow is missing or not positive; `reported`, whether
        the record has a value; `in_season`; `rain_known`; `season_year`, the calendar year or, if
        the season crosses New Year, that in which it begins, and of a segment that of its first
        day. A scalar `noise` [1].

    Raises
    ------
    InputError
        An option or the time axis is not as described.

    Examples
    --------
    >>> days = xr.date_range("2001-09-01", "2001-09-30")
    >>> falling = xr.DataArray(100 * np.exp(-np.arange(30) / 40), {"time": days}, "time")
    >>> selected = select_days(falling)
    >>> int((selected.segment > 0).sum())
    30
    """
    choice = Choice(**options)
    days = calendar(discharge, choice.season, choice.without)
    flow, rain = (on_calendar(*rows(record, days)) for record in (discharge, precipitation))
    first, n, log_flow, noise = _choose(flow, rain, days, choice)
    segment = np.zeros(flow.size, int)
    year, used = days.year.copy(), spread(first, n)
    segment[used] = np.repeat(np.arange(1, n.size + 1), n)
    year[used] = np.repeat(days.year[first], n)
    about = {
        "segment": (segment, "recession segment, 0 outside"),
        "log_discharge": (log_flow[0], "natural logarithm of discharge"),
        "reported": (np.isfinite(flow[0]), "day with a reported discharge"),
        "in_season": (days.in_season, "day of the recession season"),
        "rain_known": (np.isfinite(rain[0]), "day on which rain is known"),
        "season_year": (year, "year to which the day counts"),
    }
    return xr.Dataset(
        {name: ("time", values, attributes(text)) for name, (values, text) in about.items()}
        | {"noise": ((), noise[0], attributes("standard deviation of a day's ln Q"))},
        {"time": ("time", days.time, {"long_name": "day"})},
        {"method": choice.method, "season": choice.season},
    )


def record_inventory(
    discharge: xr.DataArray, precipitation: xr.DataArray | None = None
) -> xr.Dataset:
    """Count a record, as scalars with long names: days, gaps, zeros, codes, known rain."""
    first, last = discharge["time"].values[[0, -1]].astype("datetime64[D]")
    days = int((last - first).astype(int)) + 1
    rain = 0 if precipitation is None else int(precipitation.notnull().sum())
    reported = int(discharge.notnull().sum())
    flow = discharge.values
    words, codes, left = (
        discharge.attrs.get(name, "none") for name in ("words", "qualification", "left_out")
    )
    parts = {
        "first": (str(first), "first day", None),
        "last": (str(last), "last day", None),
        "reported": (reported, "days with a discharge"),
        "missing": (days - reported, "days without one"),
        "zero": (int((flow == 0).sum()), "days of zero discharge"),
        "stuck": (int((_stuck(flow) & (flow > 0)).sum()), "days that a stuck gauge repeats"),
        "words": (words, "days without a number", None),
        "codes": (codes, "days with a code of quality, such as e for estimated", None),
        "left_out": (left, "codes whose days are left out", None),
        "rain": (f"{rain / days:.0%}", "days on which rain is known", None),
    }
    return labelled(parts)


def _stuck(flow: np.ndarray) -> np.ndarray:
    """Mark all but the first day of runs of three or more equal values."""
    same = flow[..., 1:] == flow[..., :-1]
    third = same[..., 1:] & same[..., :-1]
    found = np.zeros(flow.shape, bool)
    found[..., 1:-1] = third
    found[..., 2:] |= third
    return found


def _bridge_single_days(flow: np.ndarray) -> np.ndarray:
    """Return ln Q, NaN where not positive, with days missing singly interpolated."""
    log_flow = np.log(flow, where=flow > 0, out=np.full(flow.shape, np.nan))
    missing = np.isnan(flow)
    missing[:, [0, -1]] = False
    gap, row_by_row = np.flatnonzero(missing), log_flow.reshape(-1)
    row_by_row[gap] = (row_by_row[gap - 1] + row_by_row[gap + 1]) / 2
    return log_flow


def _runs(member: np.ndarray, shortest: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each gauge's runs of at least `shortest` days begin, and their lengths.

    Days of a run are members alike, whatever they are numbered.
    """
    changes = member != lag(member, 1, 0)
    changes[:, 0] = True
    begin = np.flatnonzero(changes)
    length = np.diff(begin, append=member.size)
    kept = (length >= shortest) & (member.ravel()[begin] > 0)
    return begin[kept], length[kept]
