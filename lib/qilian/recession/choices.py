"""Every combination of choices at once: rule for days, season, shortest segment, fit and window."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes, written_list, written_number
from qilian.recession._choice_fits import FITS, by_laws, by_ratios
from qilian.recession.change import _other_seasons, compare_periods, exponents
from qilian.recession.conditions import feigned, period_conditions
from qilian.recession.days import Choice, select_days
from qilian.recession.rules import RULES
from qilian.recession.segments import gauge_sums
from qilian.recession.verdicts import judge
from qilian.recession.windows import fit_windows

FINDINGS = ("open", "none", "longer", "slower", "shorter", "faster")


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
    seasons, years = _seasons(made), _years(discharge, made)
    sizes = (len(RULES), len(seasons), len(lengths))
    counts = np.zeros((*sizes, len(windows), years.size), int)
    constants = np.full((3, *sizes, len(FITS), len(windows), years.size), np.nan)
    steps = np.full((3, *sizes, len(FITS)), np.nan)
    findings = np.zeros((*sizes, len(FITS)), int)
    for (m, method), (s, season), (n, length) in itertools.product(
        enumerate(RULES), enumerate(seasons.values()), enumerate(lengths)
    ):
        choice: dict[str, Any] = asdict(replace(season, method=method, minimum_length=length))
        days = select_days(discharge, precipitation, **choice)
        if not days["segment"].values.any():
            continue
        sums, reported = gauge_sums(discharge, precipitation, **choice)
        lines = [fit_windows(sums, reported, window=window) for window in windows]
        columns = np.isin(years, reported["year"].values)
        counts[m, s, n][:, columns] = [fits["segments"] for fits in lines]
        cell = [
            by_ratios(days, sums, reported, lines, until, since),
            by_laws(days, lines, until, since),
        ]
        ks, step = (np.concatenate(parts, 1) for parts in zip(*cell, strict=True))
        constants[:, m, s, n][..., columns] = ks
        steps[:, m, s, n] = step[:3]
        compared = compare_periods(days, until=until, since=since)
        around = period_conditions(
            days, discharge, precipitation, season.without, until=until, since=since
        )
        bent = exponents(days, until=until, since=since)
        feigners = feigned(days, compared)
        judged = judge(compared, bent, feigners, around).finding
        most = float(abs(np.log1p(feigners["makes"] / 100)).max())
        findings[m, s, n] = [FINDINGS.index(_by_fit(judged, most, *one)) for one in step[1:].T]
    names = ("rule", "season", "length", "fit", "window", "year")
    found: dict[str, tuple] = {
        "segments": ((*names[:3], *names[4:]), counts, attributes("recessions")),
        "finding": (names[:4], findings, attributes("finding")),
    }
    for end, of, *values in zip(_ENDS, _OF, constants, 100 * np.expm1(steps), strict=True):
        found["recession_constant" + end] = (names, values[0], attributes(f"{of}Ks", "day"))
        found["change" + end] = (names[:4], values[1], attributes(f"{of}change", "%"))
    labels = (list(RULES), list(seasons), lengths, list(FITS), windows, years)
    made_at = (list(RULES).index(made.method), 0, lengths.index(made.shortest))
    return xr.Dataset(found, dict(zip(names, labels, strict=True)), {"made": made_at})


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
            "longer": f"Recessions became longer, {size}; something else could also cause this.",
            "slower": f"The river drains its storage more slowly: {size}.",
            "shorter": f"Recessions became shorter, {size}; something else could also cause this.",
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
            names = written_list(
                [f"“{name}{_UNITS.get(dim, '')}”".replace("_", " ") for name in away]
            )
            flips.append(f"the {_DIMS[dim]}{'s' if away.size > 1 else ''} {names}")
    if here:
        others = f"Not so {'; '.join(flips)}" if flips else "So does each other choice alone"
        sentences += [f"Our choice finds {_COUNTED[FINDINGS[here]]}.", f"{others}."]
    return sentences


_DIMS = {"rule": "rule", "season": "season", "length": "shortest recession", "fit": "fit"}
_UNITS = {"length": " d"}
_COUNTED = {
    "none": "no significant change",
    "longer": "longer recessions that something else could also cause",
    "slower": "slower storage",
    "shorter": "shorter recessions that something else could also cause",
    "faster": "faster storage",
}


_ENDS = ("", "_lower", "_upper")
_OF = ("", "lower 95 % bound of ", "upper 95 % bound of ")


def _seasons(made: Choice) -> dict[str, Choice]:
    """Name the seasons tried, the choice's own first, and again to its last day if ice ends it."""
    others = {" to ".join(season): season for season in _other_seasons(made.season)[:3]}
    own = " to ".join(made.season)
    first = {own: made}
    if made.without is not None:
        first = {
            f"{own}, at most to freeze-up": made,
            f"{own}, frozen or not": replace(made, without=None),
        }
    return first | {name: replace(made, season=season) for name, season in others.items()}


def _years(discharge: xr.DataArray, made: Choice) -> np.ndarray:
    """Years that any of the seasons may touch, one more before if one crosses New Year."""
    first, last = (int(year) for year in discharge["time"].dt.year.values[[0, -1]])
    return (
        np.arange(first - 1, last + 1)
        if made.season[0] > made.season[1]
        else np.arange(first, last + 1)
    )


def _by_fit(judged: str, made: float, low: float, high: float, least: float) -> str:
    """Name the change by one fit, given what is judged of its days and what other causes make.

    Of storage it is if its days are judged so and if it too is beyond what each stated cause makes.
    """
    if np.isnan(low):
        return "open"
    if low <= 0 <= high:
        return "none"
    storage, recessions = ("slower", "longer") if low > 0 else ("faster", "shorter")
    return storage if judged == storage and least > made else recessions
