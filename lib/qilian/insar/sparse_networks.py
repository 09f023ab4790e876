"""Rate and thaw deformation from pairs too few for a network, with errors known beforehand.

One to five interferograms of a period leave no residuals to judge noise by, and are often in
pieces that share no date. So nothing is inverted to a series: rate R and thaw deformation E of a
pixel are found from the pairs themselves,

    d = R Δt + E Δs,

with the years Δt between the two dates and the difference Δs of their shares of a mean year's thaw
settlement (Liu et al. 2012, doi:10.1029/2011JF002041), by generalised least squares. Ground that
does not move tells the delay of each pair and its error, and neighbouring pixels the decorrelation.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import VERTICAL, attributes
from qilian.contracts.seasons import THAW_SEASON
from qilian.insar.corrections import pair_displacement
from qilian.insar.delay import krige_delay
from qilian.insar.network import acquisition_dates, incidence
from qilian.insar.periods import ABOUT_A_YEAR
from qilian.insar.temporal_models import DAYS_PER_YEAR
from qilian.spatial.grids import mask_onto
from qilian.thaw.index import settlement_course

_MEDIAN_SQUARE = 0.4549  # median of the square of a standard normal
_JUDGED = 0.3  # coherence from which on phase noise goes with (1 - γ²) / 2γ²


def pair_regressors(pairs: xr.Dataset, course: xr.DataArray) -> xr.Dataset:
    """Tell what a unit of rate and of thaw deformation brings to each pair.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    course : xarray.DataArray
        (time,) share of a mean year's settlement at all their dates, with `thaw_year`, as from
        `index.settlement_course`.

    Returns
    -------
    xarray.Dataset
        (pair,): `years` [year] and `thaw` [1], the leverage on the thaw deformation; the shares of
        the season `thaw_first` and `thaw_second` at its two dates, and the years
        `thaw_year_first` and `thaw_year_second` that these belong to.
    """
    first, second = (pairs[end].values for end in ("reference_date", "secondary_date"))
    years = (second - first) / np.timedelta64(1, "D") / DAYS_PER_YEAR
    before, after = (course.sel(time=dates) for dates in (first, second))
    year = attributes("year in which the thaw year began")
    share = "share of a mean thaw season"
    return xr.Dataset(
        {
            "years": ("pair", years, attributes("years between the dates", "year")),
            "thaw": (
                "pair",
                after.values - before.values,
                attributes(f"{share} between the dates"),
            ),
            "thaw_first": ("pair", before.values, attributes(f"{share} at the first date")),
            "thaw_second": ("pair", after.values, attributes(f"{share} at the second date")),
            "thaw_year_first": ("pair", before["thaw_year"].values, year),
            "thaw_year_second": ("pair", after["thaw_year"].values, year),
        }
    )


def prepare_pairs(
    stack: xr.Dataset,
    stable: xr.DataArray,
    air_temperature: xr.DataArray,
    *,
    thaw_season: tuple[str, str] = THAW_SEASON,
    zones: Mapping[str, xr.DataArray] | None = None,
) -> xr.Dataset:
    """Free pairs of the delay that stable ground shows, and describe them for `fit_pairs`.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, in memory.
    stable : xarray.DataArray
        (y, x), on any grid, True on ground that does not move.
    air_temperature : xarray.DataArray
        (time,) daily [degC], over all dates.
    thaw_season : (str, str), optional
        As `index.settlement_course` has it.
    zones : mapping of str to xarray.DataArray, optional
        As `delay.krige_delay` has them.

    Returns
    -------
    xarray.Dataset
        As from `describe_pairs`.
    """
    moved = pair_displacement(stack)
    delay = krige_delay(moved, stable, height=stack.get("height"), zones=zones)
    dates = acquisition_dates(stack)
    course = settlement_course(air_temperature, dates, thaw_season=thaw_season)
    return describe_pairs(stack, moved, delay, course)


def describe_pairs(
    pairs: xr.Dataset, displacement: xr.DataArray, delay: xr.Dataset, course: xr.DataArray
) -> xr.Dataset:
    """Give pairs all that `fit_pairs` needs: displacement without delay, regressors and noise.

    Parameters
    ----------
    pairs : xarray.Dataset
        Interferograms with `coherence` and both dates.
    displacement : xarray.DataArray
        (pair, y, x) [mm], as from `corrections.pair_displacement`.
    delay : xarray.Dataset
        As from `delay.krige_delay`.
    course : xarray.DataArray
        As `pair_regressors` has it.

    Returns
    -------
    xarray.Dataset
        `pairs` with `displacement`, `years`, `thaw`, `delay` (pair,), its spread on the ground,
        `delay_standard_error` (pair, y, x), `decorrelation`, and `zonal_covariance` where the
        delay has it.
    """
    left = (displacement - delay["delay"]).assign_attrs(displacement.attrs)
    noise = {
        "delay": delay["delay_spread"],
        "delay_standard_error": delay["standard_error"],
        "decorrelation": pair_decorrelation(displacement, pairs["coherence"]),
    }
    if "zonal_covariance" in delay:
        noise["zonal_covariance"] = delay["zonal_covariance"]
    regressors = pair_regressors(pairs, course)
    return pairs.assign({**regressors.data_vars, **noise, "displacement": left})


def pair_decorrelation(displacement: xr.DataArray, coherence: xr.DataArray) -> xr.DataArray:
    """Judge what decorrelation adds to each pair, √b of the variance b (1 - γ²) / 2γ².

    By differences of neighbours, which share the delay of the atmosphere. Medians, so that neither
    real steps nor patches wrongly unwrapped count. Where a processor has smoothed the phase,
    neighbours share noise and b is too low.

    Parameters
    ----------
    displacement, coherence : xarray.DataArray
        (pair, y, x) [mm], [1].

    Returns
    -------
    xarray.DataArray
        (pair,): standard deviation at a coherence of 0.58 [mm]; 0 where no ground is coherent.
    """
    odds = (1 - coherence**2) / (2 * coherence**2)
    step = displacement.diff("x", label="lower") ** 2
    both = odds.where(coherence >= _JUDGED)
    both = both + both.shift(x=-1)
    b = (step / both.isel(x=slice(0, -1))).median(("y", "x")) / _MEDIAN_SQUARE
    return (b.fillna(0) ** 0.5).assign_attrs(attributes("noise by decorrelation", "mm"))


def fit_pairs(
    pairs: xr.Dataset, *, thaw_spread: float | None = None, yearly_spread: float = 5.0
) -> xr.Dataset:
    """Find rate and thaw deformation of each pixel by generalised least squares.

    With design X = (Δt, Δs) and the pairs' covariance C the estimate is

        (Xᵀ C⁻¹ X + P)⁻¹ Xᵀ C⁻¹ d

    and the inverse its covariance. Pairs that share a date share half of their delay: it enters
    C with correlation 1/2, the sign telling whether the date is first or second in both. P is 0,
    or holds for E the inverse square of `thaw_spread`, its prior standard deviation, so that a pair
    which misses a part of the season widens the rate's error instead of shifting the rate silently.
    Each thaw year's settlement departs from E by its own ice; pairs that see the same year share
    that departure, in C too.

    Parameters
    ----------
    pairs : xarray.Dataset
        `displacement`, `delay_standard_error` [mm] and `coherence` (pair, y, x); along `pair` the
        dates, `decorrelation` and what `pair_regressors` gives, as from `describe_pairs`;
        `wavelength` [m].
    thaw_spread : float, optional
        Standard deviation of the thaw deformation about zero [mm]; unknown by default.
    yearly_spread : float, optional
        Standard deviation of a year's settlement about what the thawing index makes of E [mm].

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
    moved = pairs["displacement"].transpose("y", "x", "pair")
    d = moved.values.reshape(-1, moved.sizes["pair"])
    known = np.isfinite(d)
    delay = pairs["delay_standard_error"].transpose("y", "x", "pair").values.reshape(d.shape)
    coherence = pairs["coherence"].transpose("y", "x", "pair").values.reshape(d.shape)
    covariance = _covariance(pairs, known, delay, _speckle(pairs, coherence), yearly_spread)
    estimate, error = _solved(pairs, d, covariance, thaw_spread)
    return _labelled(pairs, moved, estimate, error, known.sum(axis=1))


def zonal_errors(
    pairs: xr.Dataset,
    zones: Mapping[str, xr.DataArray],
    quantity: str = "rate",
    *,
    thaw_spread: float | None = None,
    yearly_spread: float = 5.0,
) -> xr.Dataset:
    """Find how surely pairs tell the mean rate or thaw deformation of whole zones.

    As `fit_pairs` does it for a pixel, with the errors of a zone's mean: of delay by its covariance
    over the zone, which is neither that of a pixel nor that of independent pixels, and of
    decorrelation, which averages out.

    Parameters
    ----------
    pairs : xarray.Dataset
        As `fit_pairs` has it, with `zonal_covariance` and `line_of_sight_up`.
    zones : mapping of str to xarray.DataArray
        (y, x), those that `delay.krige_delay` was given.
    quantity : {"rate", "thaw_deformation"}
        Which of the two.
    thaw_spread, yearly_spread : float, optional
        As `fit_pairs` has them.

    Returns
    -------
    xarray.Dataset
        Standard errors `of_mean` (ground,), vertical [mm year-1] or [mm], and `of_difference`, of
        the first minus the second if there are several; what both share drops from it, and so, it
        is taken, does the departure of years.
    """
    delay = pairs["zonal_covariance"].transpose("ground", "other", "pair").values
    coherence = pairs["coherence"].transpose("y", "x", "pair")
    speckle, up = [], []
    for zone in zones.values():
        inside = mask_onto(zone, coherence.isel(pair=0)).transpose("y", "x").values
        held = coherence.values[inside]
        speckle.append(np.nanmean(_speckle(pairs, held), axis=0) / max(len(held), 1))
        up.append(float(pairs["line_of_sight_up"].where(inside).mean()))
    own = np.sqrt(np.einsum("ggp->gp", delay))
    upward = np.array(up)[:, np.newaxis]
    error = _zonal_error(pairs, own, np.array(speckle), thaw_spread, yearly_spread) / upward
    number, units = (0, "mm year-1") if quantity == "rate" else (1, "mm")
    about = attributes("standard error", units, VERTICAL)
    difference = np.nan
    if len(zones) > 1:
        apart = np.sqrt(delay[0, 0] + delay[1, 1] - 2 * delay[0, 1])[np.newaxis]
        both = np.sum(speckle[:2], axis=0)[np.newaxis]
        unshared = _zonal_error(pairs, apart, both, thaw_spread, 0.0)
        difference = unshared[0, number] / np.mean(up[:2])
    return xr.Dataset(
        {"of_mean": ("ground", error[:, number], about), "of_difference": ((), difference, about)},
        {"ground": pairs["ground"].values},
    )


def _zonal_error(
    pairs: xr.Dataset,
    delay: np.ndarray,
    speckle: np.ndarray,
    thaw_spread: float | None,
    yearly: float,
) -> np.ndarray:
    known = np.isfinite(speckle)
    covariance = _covariance(pairs, known, delay, speckle, yearly)
    return _solved(pairs, np.where(known, 0.0, np.nan), covariance, thaw_spread)[1]


def _solved(
    pairs: xr.Dataset, d: np.ndarray, covariance: np.ndarray, thaw_spread: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit rate and thaw deformation to pairs `d` (n, pair), and give their errors, (n, 2)."""
    positive = thaw_spread is None or thaw_spread > 0
    require("thaw_spread", thaw_spread, positive, "a positive number of mm")
    known = np.isfinite(d)
    design = np.where(known[..., np.newaxis], np.stack([pairs["years"], pairs["thaw"]], -1), 0.0)
    right = np.concatenate([design, np.where(known, d, 0)[..., np.newaxis]], -1)
    weighed = np.swapaxes(design, 1, 2) @ np.linalg.solve(covariance, right)
    normal, wanted = weighed[..., :2], weighed[..., 2]
    if thaw_spread is not None:
        normal[:, 1, 1] += thaw_spread**-2
    inverse = _inverse(normal)
    estimate = np.einsum("npq,nq->np", inverse, wanted)
    return estimate, np.sqrt(np.einsum("npp->np", inverse))


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


def _covariance(
    pairs: xr.Dataset, known: np.ndarray, delay: np.ndarray, speckle: np.ndarray, yearly: float
) -> np.ndarray:
    """Covariance of the pairs, (n, pair, pair) [mm²]; 1 for a missing pair.

    Of errors by `delay` [mm] and by `speckle` [mm²], (n, pair), and of what years differ by [mm].
    """
    _, first, second = incidence(pairs)
    number = np.arange(first.size)
    ends = np.zeros((first.size, max(first.max(), second.max()) + 1))
    ends[number, first], ends[number, second] = -1.0, 1.0
    shared = ends @ ends.T / 2 * delay[:, :, np.newaxis] * delay[:, np.newaxis]
    of_year = _of_thaw_years(pairs)
    shared = shared + yearly**2 * of_year @ of_year.T
    both = known[:, :, np.newaxis] & known[:, np.newaxis]
    covariance = np.where(both, shared, 0.0)
    covariance[:, number, number] += np.where(known, speckle, 1.0)
    return covariance


def _of_thaw_years(pairs: xr.Dataset) -> np.ndarray:
    """Share of each thaw year's settlement that each pair shows, (pair, year) [1]."""
    year = np.stack([pairs["thaw_year_first"].values, pairs["thaw_year_second"].values])
    share = np.stack([-pairs["thaw_first"].values, pairs["thaw_second"].values])
    return ((year[..., np.newaxis] == np.unique(year)) * share[..., np.newaxis]).sum(axis=0)


def _speckle(pairs: xr.Dataset, coherence: np.ndarray) -> np.ndarray:
    """Variance by decorrelation of coherences (n, pair) [mm²]."""
    # The phase of noise alone is spread evenly over a cycle, and no further.
    most = (1000 * float(pairs["wavelength"]) / (4 * np.pi)) ** 2 * np.pi**2 / 3
    square = np.clip(coherence, 1e-3, 1) ** 2
    return np.minimum(pairs["decorrelation"].values ** 2 * (1 - square) / (2 * square), most)


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
