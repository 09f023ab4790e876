"""Other ways to read a recession constant from the same days, so that others' numbers compare.

Each fit takes ln Q of the days of some segments and the number of each day's segment, in order of
time, and returns k = 1 / Ks [day-1]. Where a fit asks for -dQ/dt it takes the difference of
neighbouring days, with the mean of the two as Q (Brutsaert & Nieber 1977,
doi:10.1029/WR013i003p00637).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import xarray as xr

from qilian.recession._events import centred, event_mean, lengths

Estimator = Callable[[np.ndarray, np.ndarray], float]


def log_linear(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Slope of ln Q over time, one intercept a segment, as windows are fitted."""
    t, y, _ = centred(log_flow, segment)
    return -(t @ y) / (t @ t)


def through_origin(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """-dQ/dt = k Q by least squares, which weighs high flows."""
    fall, level = _falls(log_flow, segment)
    return (fall @ level) / (level @ level)


def log_log(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Line of slope 1 through ln(-dQ/dt) over ln Q.

    Days that do not fall are left out, which favours steep ones.
    """
    x, y = _cloud(log_flow, segment)
    return np.exp(np.mean(y - x))


def log_log_free(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Line ln(-dQ/dt) = ln a + b ln Q; k = a Q^(b-1) at the median Q."""
    x, y = _cloud(log_flow, segment)
    middle = np.median(x)
    return np.exp(y.mean() + _slope(x, y) * (middle - x.mean()) - middle)


def lower_envelope(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """-dQ/dt / Q that 5 % of the falling days stay below (Brutsaert 2008)."""
    x, y = _cloud(log_flow, segment)
    return np.quantile(np.exp(y - x), 0.05)


def master_curve(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Each day's Q over that of the day before, a line through the origin (WMO-No. 1029, 5.3).

    With the days of `low_flow` this is R's lfstat, `recession(method = "MRC")`.
    """
    first = np.flatnonzero(segment[1:] == segment[:-1])
    flow = np.exp(log_flow)
    return -np.log((flow[first + 1] @ flow[first]) / (flow[first] @ flow[first]))


def segment_mean(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Mean Ks of the segments, each by a line of ln Q through its first day (WMO-No. 1029, 5.3).

    Segments that do not fall are left out, and flat ones make the mean long. With the days of
    `low_flow` this is R's lfstat, `recession(method = "IRS")`.
    """
    first, n = lengths(segment)
    t = np.arange(segment.size) - np.repeat(first, n)
    y = log_flow - np.repeat(log_flow[first], n)
    ks = -np.add.reduceat(t * t, first) / np.add.reduceat(t * y, first)
    return float(1 / np.mean(ks[ks > 0]))


def matching_strip(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Line of ln Q over time along the one curve that segments make when moved in time to match.

    Let T_ij be the day on which segment i passes flow Q_j, counted from its first. The shifts s_i
    and the curve t_j minimise Σ (T_ij + s_i - t_j)². Levels are TOSSH's, 400 evenly spaced and 100
    in ln Q, and so is its bridge: a segment that begins below all before it drops to its beginning
    from there, in one day. With the days of `tossh` this is `sig_BaseflowRecessionK`, after
    Posavec et al. (2006, doi:10.1111/j.1745-6584.2006.00226.x).
    """
    strips = [np.sort(q)[::-1] for q in np.split(np.exp(log_flow), lengths(segment)[0][1:])]
    strips.sort(key=lambda strip: -strip[0])
    high, low = strips[0][0], min(strip[-1] for strip in strips)
    margin = (high - low) / 1000
    even = np.linspace(low + margin, high - margin, 400)
    level = np.unique(np.concatenate([even, np.geomspace(low, high, 100)]))
    days = np.full((len(strips), level.size), np.nan)
    reached = high
    for row, strip in enumerate(strips):
        strip = np.concatenate([[reached], strip]) if strip[0] < reached else strip
        inside = (strip[-1] <= level) & (level <= strip[0])
        days[row, inside] = np.interp(level[inside], strip[::-1], np.arange(strip.size)[::-1])
        reached = min(reached, level[inside].min(initial=reached))
    return -_slope(np.sort(_matched(days))[::-1], np.log(level))


ESTIMATORS: Mapping[str, Estimator] = MappingProxyType(
    {
        "events": event_mean,
        "log_linear": log_linear,
        "through_origin": through_origin,
        "log_log": log_log,
        "log_log_free": log_log_free,
        "lower_envelope": lower_envelope,
        "master_curve": master_curve,
        "segment_mean": segment_mean,
        "matching_strip": matching_strip,
    }
)


def constant(fit: Estimator, log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Ks [day] by a fit, NaN with fewer than 2 segments or 20 days or without a positive one."""
    if log_flow.size < 20 or segment[0] == segment[-1]:
        return np.nan
    k = fit(log_flow, segment)
    return 1 / k if k > 0 else np.nan


def chosen(days: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ln Q, segment and year of the days that `select_days` has chosen."""
    inside = np.flatnonzero(days["segment"].values)
    year = days["season_year"].values[inside]
    return days["log_discharge"].values[inside], days["segment"].values[inside], year


def curvature_exponent(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Exponent b of -dQ/dt = a Q^b from how segments bend, 1 for a linear reservoir [1].

    Near b = 1, ln Q = c - k t + (b - 1) k² t² / 2, so that a parabola common to all segments, each
    with a level and a slope of its own, gives b. Unlike the cloud of ln(-dQ/dt) over ln Q it asks
    noise for no logarithm, and differences between events do not pass for curvature
    (Jachens et al. 2020, doi:10.5194/hess-24-1159-2020). Segments weigh by their length to the
    fifth, and b is the nearer to the truth the less a segment falls.
    """
    t, y, n = centred(log_flow, segment)
    index = np.repeat(np.arange(n.size), n)

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(index, values)

    slope = (total(t * y) / total(t * t))[index]
    bend = t**2 - (total(t**2) / n)[index]
    k = log_linear(log_flow, segment)
    return 1 + 2 * (bend @ (y - slope * t)) / (bend @ bend) / k**2


def cloud_exponent(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Exponent b of the pooled cloud, ln(-dQ/dt) over ln Q, as commonly reported [1]."""
    return _slope(*_cloud(log_flow, segment))


def _matched(days: np.ndarray) -> np.ndarray:
    """Return the curve t_j that strips of days T_ij, NaN where they do not reach, agree on."""
    there = np.isfinite(days)
    fraction = there / there.sum(0)
    days = np.where(there, days, 0)
    # The curve is the mean of the moved strips, which leaves a system in the shifts alone.
    middle = (fraction * days).sum(0)
    system = np.diag(there.sum(1)) - fraction @ there.T
    shift = np.linalg.lstsq(system, (there * middle - days).sum(1))[0]
    return middle + shift @ fraction


def _falls(log_flow: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """-dQ/dt between neighbouring days of a segment, and the mean of the two."""
    first = np.flatnonzero(segment[1:] == segment[:-1])
    flow = np.exp(log_flow)
    return flow[first] - flow[first + 1], (flow[first] + flow[first + 1]) / 2


def _cloud(log_flow: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ln Q and ln(-dQ/dt) where Q falls."""
    fall, level = _falls(log_flow, segment)
    return np.log(level[fall > 0]), np.log(fall[fall > 0])


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    x = x - x.mean()
    return (x @ y) / (x @ x)
