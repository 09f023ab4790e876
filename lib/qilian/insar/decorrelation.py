"""Why pairs lose coherence: geometry, and time by an exponential that need not end at zero.

    γ = (1 - abs(B) / B_c) · (γ∞ + (γ0 - γ∞) exp(-Δt / τ))

after Zebker & Villasenor (1992, doi:10.1109/36.175330) and, for the part that lasts, Parizzi and
others (2009) and Morishita & Hanssen (2015, doi:10.1109/TGRS.2014.2333814).
"""

from itertools import combinations

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes, stacked
from qilian.contracts.radars import Radar

DECAY_TIMES = np.geomspace(5, 5000, 400)  # days that are tried
PARAMETERS = 3
_ENDS = {"": "", "_lower": ", least", "_upper": ", most"}


def geometric_coherence(perpendicular_baseline: xr.DataArray, sensor: Radar) -> xr.DataArray:
    """Coherence that the baseline leaves on flat ground, 1 - abs(B) / B_c, and 0 beyond.

    Slopes that face the radar lose more, and a processor that filters the spectra gives some of
    it back for resolution.
    """
    left = (1 - abs(perpendicular_baseline) / sensor.critical_baseline).clip(min=0)
    return left.assign_attrs(attributes("coherence left by geometry on flat ground"))


def zonal_coherence(coherence: xr.DataArray, ground: dict[str, xr.DataArray]) -> xr.Dataset:
    """Average coherence over zones.

    Parameters
    ----------
    coherence : xarray.DataArray
        (pair, y, x) [1].
    ground : dict of str to xarray.DataArray
        (y, x), True inside, by name.

    Returns
    -------
    xarray.Dataset
        (ground, pair): `mean`, and `low` and `high`, between which four fifths of the pixels lie.
    """
    inside = stacked({name: coherence.where(mask) for name, mask in ground.items()}, "ground")
    low, high = (inside.quantile(q, ("y", "x")).drop_vars("quantile") for q in (0.1, 0.9))
    parts = {
        "mean": (inside.mean(("y", "x")), "mean coherence"),
        "low": (low, "10 % of the pixels below"),
        "high": (high, "10 % of the pixels above"),
    }
    return xr.Dataset({n: v.assign_attrs(attributes(about)) for n, (v, about) in parts.items()})


def compare_zones(means: xr.DataArray) -> pd.DataFrame:
    """Compare zones pair by pair; a loss that all share does not change their order.

    Parameters
    ----------
    means : xarray.DataArray
        (ground, pair) [1].

    Returns
    -------
    pandas.DataFrame
        One row for each two zones: in how many pairs the first has the higher coherence, and the
        smallest and the largest of their differences.
    """
    rows = []
    for first, second in combinations(means["ground"].values, 2):
        apart = (means.sel(ground=first) - means.sel(ground=second)).dropna("pair").values
        if apart.size:
            more = f"{(apart > 0).sum()} of {apart.size}"
            rows.append((first, second, more, apart.min(), apart.max()))
    differences = ["smallest difference", "largest difference"]
    heads = ["zone", "other zone", "pairs in which it is more coherent", *differences]
    return pd.DataFrame(rows, columns=heads)


def decay_sentences(
    means: xr.DataArray, fitted: xr.Dataset, days: xr.DataArray, sensor: str
) -> list[str]:
    """Return in sentences how much coherence the zones keep, and what is known of its decay.

    Parameters
    ----------
    means : xarray.DataArray
        (ground, pair) [1], the geometric part divided out.
    fitted : xarray.Dataset
        (ground,) as from `fit_decay`.
    days : xarray.DataArray
        (pair,) time span [day].
    sensor : str
        Name of the radar.
    """
    means = means.compute()
    kept = means.groupby(days.rename("span")).mean().dropna("span", how="all").dropna("ground")
    if not kept.size:
        return [f"No zone has a coherence of {sensor}."]
    first, last = kept.isel(span=0, drop=True), kept.isel(span=-1, drop=True)
    shortest, longest = (_span(days, span) for span in kept["span"].values[[0, -1]])
    best, worst = (int(at("ground")) for at in (last.argmax, last.argmin))
    names, values = last["ground"].values, last.values
    times = _decay_times(fitted.sel(ground=names))
    mean = f"the mean coherence of {sensor}, corrected for geometric decorrelation,"
    if names.size == 1:
        return [f"{longest} {mean} is {values[0]:.2f} ({names[0]}).", times]
    most, least = (f"“{names[zone]}”, {values[zone]:.2f}" for zone in (best, worst))
    of_zone = means.sel(ground=names).transpose("ground", "pair").values
    apart = [one - other for one, other in combinations(of_zone, 2)]
    agreed = sum(abs(np.nansum(np.sign(d))) == np.isfinite(d).sum() for d in apart)
    number = f"all {agreed}" if agreed == len(apart) > 1 else f"{agreed} of {len(apart)}"
    return [
        f"{longest} {mean} is highest in the zone {most}, and lowest in {least}.",
        f"{shortest} they have {first[best]:.2f} and {first[worst]:.2f}. In {number} comparisons "
        "of two zones the interferograms agree which is more coherent.",
        times,
    ]


def _span(days: xr.DataArray, span: float) -> str:
    """Name a time span, and how many pairs have it if several."""
    count = int((days == span).sum())
    return f"After {span:.0f} d{f' (mean of {count} pairs)' if count > 1 else ''}"


def _decay_times(fitted: xr.Dataset) -> str:
    """Say which decay time is known best, and how many are not known at all."""
    fitted = fitted.dropna("ground", subset=["decay_time"])
    if not fitted.sizes["ground"]:
        few = f"fewer than {PARAMETERS + 1} pairs have a coherence"
        return f"How fast coherence falls stays open: {few}."
    low, high = (fitted[f"decay_time_{end}"] for end in ("lower", "upper"))
    shortest, longest = DECAY_TIMES[[0, -1]]
    free = int(((low == shortest) & (high == longest)).sum())
    if free == low.size:
        return "How fast coherence falls stays open: every decay time tried fits."
    best = fitted.isel(ground=int((high / low).argmin("ground")))
    ends = "{:.0f} to {:.0f} d".format(*(best[f"decay_time_{end}"] for end in ("lower", "upper")))
    said = f"The decay time is known best in “{best['ground'].item()}”: {ends}"
    tried = f"{shortest:g} to {longest:g} d"
    rest = f"; in {free} of {low.size} zones every value tried fits ({tried})"
    return f"{said}{rest if free else ''}."


def fit_decay(
    coherence: xr.DataArray,
    days: xr.DataArray,
    *,
    at_once: tuple[float, float],
    scatter: float,
    curve: np.ndarray,
) -> xr.Dataset:
    """Fit the decay of coherence, and say which of its parameters the pairs can tell.

    For each γ0 and τ tried the best γ∞, and how far it may move, is a closed form. The range holds
    all whose sum of squares exceeds the least by less than t² s², with s² = least / (n - 3) and
    Student's t of 97.5 % with n - 3 degrees of freedom (the profile of Bates & Watts 1988), or by
    1.96² times the square of `scatter` if that is more; the band holds all their curves. Few pairs
    may lie on a curve by chance, and what a summer date takes from all grounds alike is no
    independent noise: hence the least scatter.

    Parameters
    ----------
    coherence : xarray.DataArray
        (ground, pair) [1], the geometric part divided out; a pair counts where it has a value.
    days : xarray.DataArray
        (pair,) time span [day].
    at_once : (float, float)
        Least and most that γ0 may be, the coherence of a pair without time between.
    scatter : float
        What a pair may be off the curve by, at least, as one standard deviation.
    curve : numpy.ndarray
        Time spans to give the curve and its band at [day].

    Returns
    -------
    xarray.Dataset
        (ground,): `decay_time` [day] and `lasting` [1] with `_lower` and `_upper`; `at_once`, the
        best γ0 [1]; `at_limit`, in words which of these end where trying ends, so that the limit
        says it and not the pairs. (ground, days): `curve`, `curve_lower`, `curve_upper`. All are
        NaN where fewer than four pairs have a value.

    Raises
    ------
    InputError
        Limits that are no coherence, a negative scatter.
    """
    low, high = at_once
    require("at_once", at_once, 0 < low <= high <= 1, "two coherences in order")
    require("scatter", scatter, scatter >= 0, "0 or more")
    start, time = (
        trial.reshape(-1, 1) for trial in np.meshgrid(np.linspace(low, high, 21), DECAY_TIMES)
    )
    measured = coherence.transpose("ground", "pair").values
    tried, best = _lasting(measured, start, np.exp(-days.values / time), scatter)
    later = np.exp(-curve / time)
    times = [time[:, 0] + 0 * part for part in tried]
    curves = [part[..., np.newaxis] * (1 - later) + start * later for part in tried]
    found = xr.Dataset(
        coords={"ground": coherence["ground"].variable, "days": ("days", curve, days.attrs)}
    )
    for name, about, trials, units in (
        ("decay_time", "decay time", times, "day"),
        ("lasting", "lasting coherence", tried, "1"),
        ("curve", "coherence", curves, "1"),
    ):
        dims = ("ground", "days")[: trials[0].ndim - 1]
        value = trials[0][np.arange(best.size), best]
        parts = value, np.fmin.reduce(trials[1], axis=1), np.fmax.reduce(trials[2], axis=1)
        for suffix, part in zip(_ENDS, parts, strict=True):
            found[name + suffix] = dims, part, attributes(about + _ENDS[suffix], units)
    started = (start[:, 0] + 0 * tried[0])[np.arange(best.size), best]
    found["at_once"] = "ground", started, attributes("coherence at zero time span")
    return found.assign(at_limit=_at_limits(found, at_once))


def _at_limits(found: xr.Dataset, at_once: tuple[float, float]) -> xr.DataArray:
    """Name what ends where trying ends, (ground,)."""
    shortest, longest = DECAY_TIMES[[0, -1]]
    ends = {f"γ0 = {end:g}": found["at_once"] == end for end in at_once}
    ends["γ∞ = 0"] = found["lasting_lower"] == 0
    ends[f"τ = {shortest:g} d"] = found["decay_time_lower"] == shortest
    ends[f"τ = {longest:g} d"] = found["decay_time_upper"] == longest
    held = zip(*(end.values for end in ends.values()), strict=True)
    named = [
        "; ".join(name for name, at in zip(ends, row, strict=True) if at) or "none" for row in held
    ]
    return xr.DataArray(named, dims="ground", attrs=attributes("at a limit", None))


def _lasting(
    measured: np.ndarray, start: np.ndarray, fade: np.ndarray, scatter: float
) -> tuple[list[np.ndarray], np.ndarray]:
    """Lasting coherence of each trial, best, least and most (ground, trial), and the best trial.

    Least and most are NaN for a trial that the pairs rule out, all of a ground with too few pairs.
    """
    # Linear in γ∞: γ - γ0 e = γ∞ (1 - e), limited to what is left of γ0.
    seen = np.isfinite(measured)[:, np.newaxis]
    left = seen.sum(-1) - PARAMETERS
    rest = np.where(seen, measured[:, np.newaxis] - start * fade, 0)
    weight = np.where(left > 0, (seen * (1 - fade) ** 2).sum(-1), np.nan)
    lasting = ((rest * (1 - fade)).sum(-1) / weight).clip(0, start[:, 0])
    squares = (np.where(seen, rest - lasting[..., np.newaxis] * (1 - fade), 0) ** 2).sum(-1)
    least = squares.min(-1, keepdims=True)
    more = np.maximum(least / left * stdtrit(left, 0.975) ** 2, (1.96 * scatter) ** 2)
    spare = least + more - squares
    reach = np.sqrt(np.where(spare >= 0, spare, np.nan) / weight)
    ends = [(lasting + sign * reach).clip(0, start[:, 0]) for sign in (-1, 1)]
    return [lasting, *ends], squares.argmin(-1)
