"""Noise with memory: how far the error of one date says something about that of another.

A series departs from its temporal model by delay in the atmosphere, which may last from one date to
the next, and by decorrelation. Pairs that share images share what decorrelates; their loops nearly
close, and the series carries it on as a random walk (Agram & Simons 2015,
doi:10.1002/2014JB011271). With the noise of date i, at the time t_i, of the mean variance σ²:

    C_ij = σ² [(1 - q) r^|t_i - t_j| + q min(t_i, t_j) / v]

r is the `persistence` over the median step between dates, q the `walk`, the share of the random
walk, and v its mean variance about its own mean. Both are the same for all pixels of a stack and
are found by restricted likelihood from the residuals of a sample of them, σ² from each pixel's own.
What all pixels share, the delay of their reference above all, is a single draw that says little
about r and q. So these come from departures from the pixels' mean; the rest of a pixel's noise is
taken to last as long, without a walk, since a reference area decorrelates less than a pixel.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.linalg import eigh
from scipy.special import stdtr, stdtrit

from qilian.contracts.labels import attributes
from qilian.insar.temporal_models import years_since_first

_SAMPLED = 400  # pixels that tell the memory of a stack
_FEWEST_PIXELS, _FEWEST_LEFT = 10, 8  # pixels and degrees of freedom without which nothing tells it
_PERSISTENCE = (0.0, 0.2, 0.4, 0.6, 0.75, 0.87)
_WALK = (0.0, 0.01, 0.02, 0.04, 0.07, 0.12, 0.2, 0.3, 0.45, 0.6, 0.8)
_AT_REST = 3.0  # times as likely as any single other, before the data: no random walk
_LEVEL = 0.95
_TOLD = ("persistence", "walk")


class _Noises(NamedTuple):
    """Candidates, one for each share of the random walk, and what follows from them for all pixels.

    `scaled` (share, left) are variances of the residuals' `left` independent parts, `penalty` is
    what restricted likelihood pays for them. `parameters` (share, parameter) and `dates` (share,
    date) are variances of the parameters and of the displacement since the first date for
    residuals of mean square 1, which have so many `degrees_of_freedom`.
    """

    parts: np.ndarray
    scaled: np.ndarray
    penalty: np.ndarray
    parameters: np.ndarray
    dates: np.ndarray
    degrees_of_freedom: np.ndarray


def spread_out(data: xr.Dataset) -> xr.Dataset:
    """Take some 400 pixels (y, x) of a stack or of maps, evenly spread over the scene."""
    step = max(1, round((data.sizes["y"] * data.sizes["x"] / _SAMPLED) ** 0.5))
    return data.isel(y=slice(step // 2, None, step), x=slice(step // 2, None, step))


def noise_memory(series: xr.Dataset) -> xr.Dataset:
    """Find how long the noise of a series lasts, and how much wider that makes its intervals.

    Candidates are weighed by their restricted likelihood, in which as many pixels count as vary
    independently of one another. The interval of a parameter holds 95 % of all candidates' Student
    distributions together.

    Parameters
    ----------
    series : xarray.Dataset
        (time, y, x) `displacement` [mm] in memory, its `parameters` (parameter, y, x) and `model`
        (time, parameter), as from `sbas.invert` or `rates.fit_series`: some hundred pixels, far
        apart.

    Returns
    -------
    xarray.Dataset
        For residuals of mean square 1: `parameter_variance` (parameter,) relative to that of
        independent noise, `displacement_variance` (time,), and `degrees_of_freedom`; `persistence`
        from one date to the next and `walk`, both NaN where fewer than 10 pixels have measured all
        dates, or fewer than 8 dates are left beside the parameters; noise is then taken to be
        independent.

    Examples
    --------
    >>> from qilian.insar.rates import fit_series
    >>> from qilian.insar.temporal_models import linear_model
    >>> days = xr.date_range("2016-01-01", periods=80, freq="12D")
    >>> steps = np.random.default_rng(0).standard_normal((80, 10, 10))
    >>> moved = xr.DataArray(steps.cumsum(0), {"time": days}, ("time", "y", "x"))
    >>> model = linear_model(moved.time)
    >>> found = fit_series(moved, model).assign(displacement=moved, model=model)
    >>> memory = noise_memory(found)
    >>> memory.walk.item() > 0.7, memory.degrees_of_freedom.item() < 20
    (True, True)
    """
    model = series["model"].values
    n, p = model.shape
    moved = series["displacement"].transpose("time", ...).values.reshape(n, -1).astype(float)
    found = series["parameters"].transpose("parameter", ...).values.reshape(p, -1)
    residual = moved - model @ found
    whole = np.isfinite(residual).all(axis=0)
    if "bridged" in series:
        whole &= ~series["bridged"].transpose("time", ...).values.reshape(n, -1).any(axis=0)
    residual = residual[:, whole]
    apart = residual - residual.sum(axis=1, keepdims=True) / max(residual.shape[1], 1)
    own = (apart**2).sum() / max((residual**2).sum(), np.finfo(float).tiny)
    apart = apart[:, apart.any(axis=0)]
    telling = apart.shape[1] >= _FEWEST_PIXELS and n - p >= _FEWEST_LEFT
    persistence, walk = (_PERSISTENCE, _WALK) if telling else ((np.nan,), (np.nan,))
    years = years_since_first(series["time"])
    shares = np.nan_to_num(walk)
    noises = [_noises(model, years, lasts, shares, own) for lasts in np.nan_to_num(persistence)]
    weight = _weigh(noises, shares, apart) if telling else np.ones((1, 1))
    variance, dates, dof = (
        np.concatenate([getattr(each, name) for each in noises])
        for name in ("parameters", "dates", "degrees_of_freedom")
    )
    each = weight.ravel()
    left = 1 / (each / dof).sum()
    half_width = [_half_width(each, of_one, dof) for of_one in variance.T]
    relative = (half_width / stdtrit(left, (1 + _LEVEL) / 2)) ** 2 / variance[0]
    about = {
        "parameter_variance": ("parameter", relative, "variance of parameters, to independent"),
        "displacement_variance": (
            "time",
            each @ dates,
            "variance of the displacement, to the residuals'",
        ),
        "degrees_of_freedom": ((), left, "degrees of freedom"),
        "persistence": ((), persistence @ weight.sum(axis=1), "persistence"),
        "walk": ((), own * (weight.sum(axis=0) @ walk), "share of the random walk"),
    }
    return xr.Dataset(
        {name: (dims, value, attributes(text)) for name, (dims, value, text) in about.items()},
        {"time": series["time"].values, "parameter": series["model"]["parameter"].values},
    )


def date_covariance(dates: xr.DataArray, persistence: float, walk: float) -> np.ndarray:
    """Compute the covariance (date, date) of noise of mean variance 1 about its own mean.

    Parameters
    ----------
    dates : xarray.DataArray
        (time,) of the whole series.
    persistence, walk : float
        As `noise_memory` finds them.

    Examples
    --------
    >>> dates = xr.DataArray(np.array(["2020-01-01", "2020-01-13"], "datetime64[ns]"), dims="time")
    >>> date_covariance(dates, 0.5, 0)
    array([[2., 1.],
           [1., 2.]])
    """
    lasting, steps = _kinds(years_since_first(dates), persistence)
    return (1 - walk) * lasting + walk * steps


def memory_attributes(memory: xr.Dataset) -> dict[str, float]:
    """Give persistence and walk of a memory as attributes, rounded, nothing where unknown."""
    numbers = {name: round(memory[name].item(), 3) for name in _TOLD}
    return {name: number for name, number in numbers.items() if np.isfinite(number)}


def memory_told(result: xr.Dataset) -> str:
    """Say what `memory_attributes` gave a result, in a cell of a table."""
    numbers = [result.attrs.get(name) for name in _TOLD]
    return "unknown" if None in numbers else ", ".join(f"{number:.2f}" for number in numbers)


def _kinds(years: np.ndarray, persistence: float) -> list[np.ndarray]:
    """Covariances of noise that persists and of a random walk, each of mean variance 1."""
    n = years.size
    lag = abs(years[:, np.newaxis] - years) / np.median(np.diff(years))
    lasting = persistence**lag if persistence else np.eye(n)
    steps = np.minimum.outer(years, years)
    return [one * (n - 1) / (np.trace(one) - one.sum() / n) for one in (lasting, steps)]


def _noises(
    model: np.ndarray, years: np.ndarray, persistence: float, walk: np.ndarray, own: float
) -> _Noises:
    """Work out what a persistence, with each share of a random walk, means for a model's residuals.

    The share is of departures from the pixels' mean, which are the part `own` of all noise.
    Residuals of a model (date, parameter) have n - p parts that are orthogonal to it. In those that
    turn both noises into diagonal matrices every share is a sum of the two.
    """
    n, p = model.shape
    both = _kinds(years, persistence)
    beside = np.linalg.qr(model, mode="complete")[0][:, p:]
    a, b = (beside.T @ one @ beside for one in both)
    ratios, turn = eigh(b, a)
    shares = np.column_stack([1 - walk, walk])
    scaled = shares @ np.array([np.ones(n - p), ratios])
    # tr Σ and tr Σ² of the residuals, by the share of either in all noise.
    shares = np.column_stack([1 - own * walk, own * walk])
    trace = shares @ [np.trace(a), np.trace(b)]
    squares = np.array([[(one * other).sum() for other in (a, b)] for one in (a, b)])
    fit = np.linalg.pinv(model)
    of_fit = [((fit @ one) * fit).sum(axis=1) for one in both]
    since_first = [np.diag(one) + one[0, 0] - 2 * one[0] for one in both]
    mean_square = trace[:, np.newaxis] / (n - p)
    return _Noises(
        (beside @ turn).T,
        scaled,
        np.log(scaled).sum(axis=1) + 2 * np.log(np.diag(np.linalg.cholesky(a))).sum(),
        shares @ of_fit / mean_square,
        shares @ since_first / mean_square,
        trace**2 / np.einsum("sa,ab,sb->s", shares, squares, shares),
    )


def _weigh(noises: Sequence[_Noises], walk: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Weigh candidates (persistence, walk) by their restricted likelihood for residuals."""
    parts = [each.parts @ residual for each in noises]
    likelihood = np.array(
        [
            -len(of) * np.log((1 / each.scaled) @ of**2).mean(axis=1) - each.penalty
            for each, of in zip(noises, parts, strict=True)
        ]
    )
    best, share = divmod(int(likelihood.argmax()), walk.size)
    white = parts[best] / np.sqrt(noises[best].scaled[share])[:, np.newaxis]
    alike = np.corrcoef(white.T)[~np.eye(white.shape[1], dtype=bool)] ** 2
    by_chance = 1 / len(white)
    shared = np.clip((alike.mean() - by_chance) / (1 - by_chance), 0, 1)
    independent = white.shape[1] / (1 + (white.shape[1] - 1) * shared)
    before = np.where(walk == 0, _AT_REST, 1)
    weight = before * np.exp(independent / 2 * (likelihood - likelihood.max()))
    return weight / weight.sum()


def _half_width(weight: np.ndarray, variance: np.ndarray, dof: np.ndarray) -> float:
    """Find the half-width that holds 95 % of a mixture of Student's distributions, by halving."""
    each = stdtrit(dof, (1 + _LEVEL) / 2) * np.sqrt(variance)
    low, high = each.min(), each.max()
    for _ in range(40):
        middle = (low + high) / 2
        outside = weight @ (2 * stdtr(dof, -middle / np.sqrt(variance)))
        low, high = (middle, high) if outside > 1 - _LEVEL else (low, middle)
    return high
