"""Rate and thaw deformation from pairs too few for a network, with errors known beforehand.

One to five interferograms of a period leave no residuals to judge noise by, and are often in
pieces that share no date. So nothing is inverted to a series: rate R and thaw deformation E of a
pixel are found from the pairs themselves,

    d = R Δt + E Δs,

with the years Δt between the two dates and the difference Δs of their shares of a mean year's thaw
settlement (Liu et al. 2012, doi:10.1029/2011JF002041), by generalised least squares, and the noise
of each pair is judged by ground that does not move.
"""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.insar.network import incidence
from qilian.insar.periods import ABOUT_A_YEAR
from qilian.insar.temporal_models import DAYS_PER_YEAR

_MEDIAN_SQUARE = 0.4549  # median of the square of a standard normal
_JUDGED = 0.3  # coherence from which on phase noise goes with (1 - γ²) / 2γ²
SMALLEST_STABLE = 100  # pixels


def pair_regressors(pairs: xr.Dataset, course: xr.DataArray) -> xr.Dataset:
    """Tell what a unit of rate and of thaw deformation brings to each pair.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    course : xarray.DataArray
        (time,) share of a mean year's settlement at all their dates, as from
        `index.settlement_course`.

    Returns
    -------
    xarray.Dataset
        (pair,): `years` [year] and `thaw` [1], the leverage on the thaw deformation.
    """
    first, second = (pairs[end].values for end in ("reference_date", "secondary_date"))
    years = (second - first) / np.timedelta64(1, "D") / DAYS_PER_YEAR
    thaw = course.sel(time=second).values - course.sel(time=first).values
    return xr.Dataset(
        {
            "years": ("pair", years, attributes("years between the dates", "year")),
            "thaw": ("pair", thaw, attributes("share of a mean thaw season between the dates")),
        }
    )


def describe_pairs(
    pairs: xr.Dataset, displacement: xr.DataArray, course: xr.DataArray, stable: xr.DataArray
) -> xr.Dataset:
    """Give pairs all that `fit_pairs` needs: displacement, regressors and noise.

    Parameters
    ----------
    pairs : xarray.Dataset
        Interferograms with `coherence` and both dates.
    displacement : xarray.DataArray
        (pair, y, x) [mm], corrected.
    course, stable : xarray.DataArray
        As `pair_regressors` and `pair_noise` have them.

    Returns
    -------
    xarray.Dataset
        `pairs` with `displacement`, `years`, `thaw`, `delay` and `decorrelation`.
    """
    noise = pair_noise(displacement, pairs["coherence"], stable)
    regressors = pair_regressors(pairs, course)
    return pairs.assign({**regressors.data_vars, **noise.data_vars, "displacement": displacement})


def pair_noise(
    displacement: xr.DataArray, coherence: xr.DataArray, stable: xr.DataArray
) -> xr.Dataset:
    """Judge the noise of each pair, σ² = a + b (1 - γ²) / 2γ², by the pair itself.

    Decorrelation b by differences of neighbours, which share the delay of the atmosphere; a by
    what else is left on stable ground, the delay above all. Medians, so that neither real steps
    nor patches wrongly unwrapped count. Where a processor has smoothed the phase, neighbours share
    noise and b is too low.

    Parameters
    ----------
    displacement, coherence : xarray.DataArray
        (pair, y, x) [mm], [1].
    stable : xarray.DataArray
        (y, x), True on ground that does not move.

    Returns
    -------
    xarray.Dataset
        (pair,): standard deviations `delay` √a, and `decorrelation` √b at a coherence of 0.58 [mm].

    Raises
    ------
    InputError
        Too little stable ground with phase.
    """
    odds = (1 - coherence**2) / (2 * coherence**2)
    step = displacement.diff("x", label="lower") ** 2
    both = odds.where(coherence >= _JUDGED)
    both = both + both.shift(x=-1)
    b = (step / both.isel(x=slice(0, -1))).median(("y", "x")) / _MEDIAN_SQUARE
    still = displacement.where(stable)
    count = int(still.notnull().sum(("y", "x")).min())
    require(
        "the number of stable pixels with phase", count, count >= SMALLEST_STABLE, "100 or more"
    )
    spread = abs(still - still.median(("y", "x"))).median(("y", "x"))
    a = spread**2 / _MEDIAN_SQUARE - b * odds.where(stable).median(("y", "x"))
    b = b.fillna(0)  # no ground above the least coherence: all noise counts as delay
    parts = {"delay": a.clip(min=0), "decorrelation": b}
    return xr.Dataset(
        {n: (v**0.5).assign_attrs(attributes(f"noise by {n}", "mm")) for n, v in parts.items()}
    )


def fit_pairs(pairs: xr.Dataset, *, thaw_spread: float | None = None) -> xr.Dataset:
    """Find rate and thaw deformation of each pixel by generalised least squares.

    With design X = (Δt, Δs) and the pairs' covariance C the estimate is

        (Xᵀ C⁻¹ X + P)⁻¹ Xᵀ C⁻¹ d

    and the inverse its covariance. Pairs that share a date share half of their delay: it enters
    C with correlation 1/2, the sign telling whether the date is first or second in both. P is 0,
    or holds for E the inverse square of `thaw_spread`, its prior standard deviation, so that a pair
    which misses a part of the season widens the rate's error instead of shifting the rate silently.

    Parameters
    ----------
    pairs : xarray.Dataset
        `displacement` [mm] and `coherence` (pair, y, x); along `pair` the dates, `years`, `thaw`,
        `delay` and `decorrelation` as from `pair_noise`; `wavelength` [m].
    thaw_spread : float, optional
        Standard deviation of the thaw deformation about zero [mm]; unknown by default.

    Returns
    -------
    xarray.Dataset
        (y, x): `rate` [mm year-1], `thaw_deformation` [mm], each with its `_standard_error`, and
        the number of `pairs`. Missing where the pairs don't tell the two apart.

    Raises
    ------
    InputError
        A spread that is not positive.
    """
    positive = thaw_spread is None or thaw_spread > 0
    require("thaw_spread", thaw_spread, positive, "a positive number of mm")
    moved = pairs["displacement"].transpose("y", "x", "pair")
    d = moved.values.reshape(-1, moved.sizes["pair"])
    known = np.isfinite(d)
    covariance = _covariance(pairs, known)
    design = np.where(known[..., np.newaxis], np.stack([pairs["years"], pairs["thaw"]], -1), 0.0)
    right = np.concatenate([design, np.where(known, d, 0)[..., np.newaxis]], -1)
    weighed = np.swapaxes(design, 1, 2) @ np.linalg.solve(covariance, right)
    normal, wanted = weighed[..., :2], weighed[..., 2]
    if thaw_spread is not None:
        normal[:, 1, 1] += thaw_spread**-2
    inverse = _inverse(normal)
    estimate = np.einsum("npq,nq->np", inverse, wanted)
    error = np.sqrt(np.einsum("npp->np", inverse))
    return _labelled(pairs, moved, estimate, error, known.sum(axis=1))


def stacking_deviation(pairs: xr.Dataset, fitted: xr.Dataset) -> xr.DataArray:
    """Compare fitted rates with a stack of the long pairs, in standard errors of the fit.

    Stacking averages the pairs of about a year and longer, each weighted by its time span,
    R = Σ d Δt / Σ Δt². It knows neither season nor prior, and takes Δt from the dates alone.

    Parameters
    ----------
    pairs : xarray.Dataset
        `displacement` (pair, y, x) [mm], the two dates along `pair`, and `line_of_sight_up`.
    fitted : xarray.Dataset
        (y, x) vertical `rate` [mm year-1] and `rate_standard_error` of the same pairs.

    Returns
    -------
    xarray.DataArray
        The median over pixels, stack minus fit [1]; missing where no pair is long enough.
    """
    span = pairs["secondary_date"] - pairs["reference_date"]
    years = span / np.timedelta64(1, "D") / DAYS_PER_YEAR
    moved = pairs["displacement"].where(years > ABOUT_A_YEAR)
    squares = (years**2).where(moved.notnull()).sum("pair")
    stacked = (moved * years).sum("pair") / squares.where(squares > 0) / pairs["line_of_sight_up"]
    return ((stacked - fitted["rate"]) / fitted["rate_standard_error"]).median()


def _covariance(pairs: xr.Dataset, known: np.ndarray) -> np.ndarray:
    """Covariance of the pairs at each pixel, (pixel, pair, pair) [mm²]; 1 for a missing pair."""
    _, first, second = incidence(pairs)
    number = np.arange(first.size)
    ends = np.zeros((first.size, max(first.max(), second.max()) + 1))
    ends[number, first], ends[number, second] = -1.0, 1.0
    spread = pairs["delay"].values
    delay = ends @ ends.T / 2 * spread * spread[:, np.newaxis]
    coherence = pairs["coherence"].transpose("y", "x", "pair").values.reshape(known.shape)
    # The phase of noise alone is spread evenly over a cycle, and no further.
    most = (1000 * float(pairs["wavelength"]) / (4 * np.pi)) ** 2 * np.pi**2 / 3
    square = np.clip(coherence, 1e-3, 1) ** 2
    speckle = pairs["decorrelation"].values ** 2 * (1 - square) / (2 * square)
    both = known[:, :, np.newaxis] & known[:, np.newaxis]
    covariance = np.where(both, delay, 0.0)
    covariance[:, number, number] += np.where(known, np.minimum(speckle, most), 1.0)
    return covariance


def _inverse(normal: np.ndarray) -> np.ndarray:
    """Invert 2 × 2 matrices, NaN where they are singular to rounding."""
    a, b, c = normal[:, 0, 0], normal[:, 0, 1], normal[:, 1, 1]
    determinant = a * c - b**2
    usable = determinant > 1e-9 * a * c
    swapped = np.stack([np.stack([c, -b], -1), np.stack([-b, a], -1)], -2)
    return swapped / np.where(usable, determinant, np.nan)[:, np.newaxis, np.newaxis]


def _labelled(
    pairs: xr.Dataset,
    moved: xr.DataArray,
    estimate: np.ndarray,
    error: np.ndarray,
    count: np.ndarray,
) -> xr.Dataset:
    dims, shape = ("y", "x"), moved.shape[:2]
    scalars = [name for name, coord in pairs.coords.items() if not coord.dims]
    found = xr.Dataset(coords={name: pairs[name] for name in (*dims, *scalars)})
    names = {"rate": ("rate", "mm year-1"), "thaw_deformation": ("thaw-season deformation", "mm")}
    for number, (name, (words, units)) in enumerate(names.items()):
        about = attributes(words, units, moved.attrs.get("direction"))
        about |= {"grid_mapping": "spatial_ref"}
        found[name] = dims, estimate[:, number].reshape(shape), about
        about = {**about, "long_name": f"standard error of the {words}"}
        found[f"{name}_standard_error"] = dims, error[:, number].reshape(shape), about
    found["pairs"] = dims, count.reshape(shape), attributes("pairs with phase")
    return found.assign_attrs(pairs.attrs)
