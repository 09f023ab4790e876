"""Every combination of choices at once: rule for days, season, shortest segment, fit and window.

Each fit here is a ratio of sums over events, k = g(ΣA / ΣB), so that a window and a period without
one of its events or years cost one subtraction.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.labels import attributes, written_list, written_number
from qilian.recession._estimators import _falls, chosen
from qilian.recession._events import between_events, events, lengths
from qilian.recession._window_sums import WindowSums
from qilian.recession.change import (
    _jackknifed,
    _other_seasons,
    _periods,
    _welch,
    compare_periods,
    exponents,
)
from qilian.recession.conditions import feigned, period_conditions
from qilian.recession.days import Choice, select_days
from qilian.recession.rules import RULES
from qilian.recession.segments import gauge_sums
from qilian.recession.verdicts import judge
from qilian.recession.windows import fit_windows

FINDINGS = ("open", "none", "longer", "slower", "shorter", "faster")
_FITS = ("events", "log_linear", "through_origin", "log_log", "master_curve")
_Inverse = Callable[[np.ndarray], np.ndarray]
_INVERSES: Mapping[str, _Inverse] = {
    "log_log": np.exp,
    "master_curve": lambda ratio: -np.log(ratio),
}


@dataclass(frozen=True)
class _Ratio:
    """Sums of events, (event,), and what turns their ratio into k."""

    above: np.ndarray
    below: np.ndarray
    inverse: _Inverse

    def k(self, above: np.ndarray, below: np.ndarray) -> np.ndarray:
        """1 / Ks [day-1] of sums, NaN where it is not positive."""
        with np.errstate(all="ignore"):
            found = self.inverse(above / below)
        return np.where(found > 0, found, np.nan)


def every_choice(
    discharge: xr.DataArray,
    precipitation: xr.DataArray | None = None,
    *,
    until: int,
    since: int,
    windows: Iterable[int] = (1, 3, 5),
    lengths: Sequence[int] = (5, 7, 10),
    **options: Any,
) -> xr.Dataset:
    """Fit and compare under every combination of choices.

    Parameters
    ----------
    discharge, precipitation
        As `select_days` takes them.
    until, since : int
        As `period_change` takes them.
    windows : iterable of int
        Lengths of the moving windows [year], odd.
    lengths : sequence of int
        Shortest segments [day]; that of the choice made is put among them.
    **options
        The choice made, of `Choice`.

    Returns
    -------
    xarray.Dataset
        (rule, season, length, fit, window, year) `recession_constant` with its bounds
        `recession_constant_lower` and `_upper` [day], of "log_linear" as from `fit_windows`, of
        others by leaving one event out at a time; (rule, season, length, window, year)
        `segments`; (rule, season, length, fit) `change` with its bounds `change_lower` and
        `_upper` [%], by leaving one year out at a time, and `finding`, the place in `FINDINGS` of
        what `judge` says of the days, where this fit finds the change significant. Of the seasons
        the choice's own comes first, and again to its last day where frozen days are known.
    """
    made = Choice(**options)
    lengths, windows = sorted({*lengths, made.shortest}), list(windows)
    seasons = {" to ".join(season): replace(made, season=season) for season in _seasons(made)}
    if made.without is not None:
        own = next(iter(seasons))
        seasons = {
            f"{own}, at most to freeze-up": made,
            f"{own}, frozen or not": replace(made, without=None),
        } | dict(list(seasons.items())[1:])
    years = _years(discharge, made)
    sizes = (len(RULES), len(seasons), len(lengths), len(_FITS))
    constants = np.full((3, *sizes, len(windows), years.size), np.nan)
    counts = np.zeros((*sizes[:3], len(windows), years.size), int)
    changes, findings = np.full((3, *sizes), np.nan), np.zeros(sizes, int)
    for (m, method), (s, season), (n, length) in itertools.product(
        enumerate(RULES), enumerate(seasons.values()), enumerate(lengths)
    ):
        choice: dict[str, Any] = asdict(replace(season, method=method, minimum_length=length))
        sums, reported = gauge_sums(discharge, precipitation, **choice)
        days = select_days(discharge, precipitation, **choice)
        if not days["segment"].values.any():
            continue
        columns = np.isin(years, reported["year"].values)
        ratios, event_year = _ratios(days)
        for w, window in enumerate(windows):
            fits = fit_windows(sums, reported, window=window)
            place = WindowSums(sums, reported, window)
            counts[m, s, n, w, columns] = fits["segments"].values
            for f, (name, ratio) in enumerate(ratios.items()):
                if name == "log_linear":
                    bounds = [fits["recession_constant" + end].values for end in _ENDS]
                else:
                    bounds = _window_constants(ratio, place, fits)
                for row, values in zip(constants, bounds, strict=True):
                    row[m, s, n, f, w, columns] = values
        compared = compare_periods(days, until=until, since=since)
        judged = judge(
            compared,
            exponents(days),
            feigned(days, compared),
            period_conditions(
                days, discharge, precipitation, season.without, until=until, since=since
            ),
        ).finding
        for f, ratio in enumerate(ratios.values()):
            change, low, high = _period_ratio(ratio, event_year, until, since)
            changes[:, m, s, n, f] = 100 * np.expm1((change, low, high))
            findings[m, s, n, f] = FINDINGS.index(_by_fit(judged, low, high))
    choice_dims = ("rule", "season", "length", "fit")
    texts = dict(zip(_ENDS, ("", "lower 95 % bound of ", "upper 95 % bound of "), strict=True))
    found: dict[str, tuple] = {}
    for end, values in zip(_ENDS, constants, strict=True):
        about = attributes(texts[end] + "Ks", "day")
        found["recession_constant" + end] = ((*choice_dims, "window", "year"), values, about)
    for end, values in zip(_ENDS, changes, strict=True):
        found["change" + end] = (choice_dims, values, attributes(texts[end] + "change", "%"))
    found["segments"] = ((*choice_dims[:3], "window", "year"), counts, attributes("recessions"))
    found["finding"] = (choice_dims, findings, attributes("finding"))
    coords = dict(
        zip((*choice_dims, "window", "year"), (list(RULES), list(seasons)), strict=False)
    ) | {"length": lengths, "fit": list(_FITS), "window": windows, "year": years}
    made_at = (list(RULES).index(made.method), 0, lengths.index(made.shortest))
    return xr.Dataset(found, coords, {"made": made_at})


def choice_sentences(choices: xr.Dataset) -> np.ndarray:
    """Say what each combination of `every_choice` finds, (rule, season, length, fit)."""
    said = np.empty(choices["finding"].shape, object)
    for place, finding in np.ndenumerate(choices["finding"].values):
        change, low, high = (
            written_number(float(choices["change" + end].values[place]), 0, plus=True)
            for end in _ENDS
        )
        size = f"{change} % (95 %: {low} to {high} %)"
        said[place] = {
            "open": "No interval: too few recessions.",
            "none": f"No significant change: {size}.",
            "longer": f"Recessions became longer, {size}; something else could feign this.",
            "slower": f"The river drains its storage more slowly: {size}.",
            "shorter": f"Recessions became shorter, {size}; something else could feign this.",
            "faster": f"The river drains its storage faster: {size}.",
        }[FINDINGS[finding]]
    return said


def choices_verdict(choices: xr.Dataset) -> list[str]:
    """Say how many combinations find what, and with which choices the verdict flips."""
    finding = choices["finding"]
    share = {name: int((finding == place).sum()) for place, name in enumerate(FINDINGS)}
    told = finding.size - share["open"]
    counted = written_list(
        [f"{_COUNTED[n]} in {share[n]}" for n in FINDINGS if n != "open" and share[n]]
    )
    first = f"Of {finding.size} combinations of choices {told} have an interval"
    sentences = [f"{first}; they find {counted}." if told else f"{first}."]
    own = choices.isel(dict(zip(("rule", "season", "length"), choices.attrs["made"], strict=True)))
    here = own["finding"].values[0]
    flips = []
    for dim in ("rule", "season", "length", "fit"):
        varied = choices["finding"]
        for other, place in zip(("rule", "season", "length"), choices.attrs["made"], strict=True):
            varied = varied if other == dim else varied.isel({other: place})
        varied = varied if dim == "fit" else varied.isel(fit=0)
        away = varied[dim].values[(varied != here).values & (varied != 0).values]
        if away.size:
            names = written_list([str(name).replace("_", " ") for name in away])
            flips.append(f"another {_DIMS[dim]} ({names})")
    if here:
        what = f"{'; '.join(flips)}" if flips else "no single other choice that has an interval"
        sentences.append(f"The finding by the choice made changes with {what}.")
    return sentences


_DIMS = {"rule": "rule", "season": "season", "length": "shortest recession [d]", "fit": "fit"}
_COUNTED = {
    "none": "no significant change",
    "longer": "longer recessions that something else could feign",
    "slower": "slower storage",
    "shorter": "shorter recessions that something else could feign",
    "faster": "faster storage",
}


_ENDS = ("", "_lower", "_upper")


def _seasons(made: Choice) -> list[tuple[str, str]]:
    return [made.season, *_other_seasons(made.season)[:3]]


def _years(discharge: xr.DataArray, made: Choice) -> np.ndarray:
    """Years that any of the seasons may touch, one more before if one crosses New Year."""
    first, last = (int(year) for year in discharge["time"].dt.year.values[[0, -1]])
    return (
        np.arange(first - 1, last + 1)
        if made.season[0] > made.season[1]
        else np.arange(first, last + 1)
    )


def _ratios(days: xr.Dataset) -> tuple[dict[str, _Ratio], np.ndarray]:
    """Return the sums of every fit, and the years of the events."""
    log_flow, segment, year = chosen(days)
    held = events(log_flow, segment, year)
    number = np.cumsum(np.diff(segment, prepend=segment[0]) != 0)
    _, n = lengths(segment)
    fall, level = _falls(log_flow, segment)
    of = np.repeat(np.arange(n.size), n - 1)
    falls = fall > 0
    flow = np.exp(log_flow)
    earlier = np.flatnonzero(number[1:] == number[:-1])
    middle = (held.k @ held.xx) / held.xx.sum()
    noise = held.noise / held.xx / middle**2
    weight = 1 / (noise + between_events(held.k / middle - 1, noise, 1))

    def total(values: np.ndarray, where: np.ndarray = of) -> np.ndarray:
        return np.bincount(where, values, n.size)

    ratio = np.log(np.where(falls, fall, 1) / level)
    sums = {
        "events": (weight * held.k, weight),
        "log_linear": (held.k * held.xx, held.xx),
        "through_origin": (total(fall * level), total(level * level)),
        "log_log": (total(np.where(falls, ratio, 0)), total(falls.astype(float))),
        "master_curve": (
            total(flow[earlier + 1] * flow[earlier]),
            total(flow[earlier] ** 2),
        ),
    }
    ratios = {name: _Ratio(*sums[name], _INVERSES.get(name, np.asarray)) for name in _FITS}
    return ratios, held.year


def _window_constants(ratio: _Ratio, place: WindowSums, fits: xr.Dataset) -> list[np.ndarray]:
    """Ks of every window with its bounds, where the line of ln Q has them too."""
    told = fits["recession_constant"].notnull().values
    above, below = place.moving(ratio.above), place.moving(ratio.below)
    k = np.where(told, ratio.k(above, below), np.nan)
    without = ratio.k(place.of(above) - ratio.above, place.of(below) - ratio.below)
    count = place.moving(np.ones(ratio.above.size))
    departure = np.nan_to_num(without - place.of(k))
    mean = place.total(departure) / count.clip(1)
    squares = place.total(departure**2) - count * mean**2
    enough = told & (count >= 3)
    error = np.sqrt((count - 1).clip(0) / count.clip(1) * squares.clip(0))
    reach = np.where(enough, stdtrit((count - 1).clip(1), 0.975) * error, np.nan)
    return [1 / k, 1 / (k + reach), 1 / np.where(k > reach, k - reach, np.nan)]


def _period_ratio(
    ratio: _Ratio, year: np.ndarray, until: int, since: int
) -> tuple[float, float, float]:
    """Change of ln Ks between the periods and its bounds."""
    levels, influences, years = [], [], []
    for inside in _periods(year, until, since):
        some, number = np.unique(year[inside], return_inverse=True)
        if some.size < 3:
            return np.nan, np.nan, np.nan
        above = np.bincount(number, ratio.above[inside])
        below = np.bincount(number, ratio.below[inside])
        whole = ratio.k(above.sum(keepdims=True), below.sum(keepdims=True))
        without = -np.log(ratio.k(above.sum() - above, below.sum() - below))
        levels.append(-float(np.log(whole[0])))
        influences.append(_jackknifed(without, some.size))
        years.append(some)
    step = levels[1] - levels[0]
    error, dof, _ = _welch(step, influences, years)
    reach = float(stdtrit(dof, 0.975) * error)
    return step, step - reach, step + reach


def _by_fit(judged: str, low: float, high: float) -> str:
    """Name the change by one fit, given what is judged of its days."""
    if np.isnan(low):
        return "open"
    if low <= 0 <= high:
        return "none"
    storage, recessions = ("slower", "longer") if low > 0 else ("faster", "shorter")
    return storage if judged == storage else recessions
