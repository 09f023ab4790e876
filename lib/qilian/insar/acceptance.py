"""NISAR's permafrost requirement: how well pairs of points are known over 90 days of summer.

Two points L km apart, L up to 50, may differ by an error of 4 (1 + √L) mm at most, in 80 % of cases
at least. The mission's own notebook (https://github.com/nisar-solid/ATBD) tests this in two ways:
method 1 compares with displacement that is known, at stations or here from a truth; method 2 has
no such displacement and looks at what pairs of pixels differ by, the structure function of the map.
What the ground itself does counts as error in method 2, unless it is removed before.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes, labelled, written_list
from qilian.contracts.seasons import THAW_SEASON, in_season
from qilian.insar.cdf_matching import spatial_blocks
from qilian.spatial.grids import pixel_size

REQUIRED_SHARE = 0.8
LONGEST_DISTANCE = 50.0  # km
_BINS = np.linspace(0, LONGEST_DISTANCE, 11)
_NOT_NINETY = 30  # days that a span may differ from the one that is asked for
_PAIRS = 20_000
_BLOCK = 25.0  # km; delay of places farther apart than a block is hardly correlated
_FEWEST_BLOCKS, _FEWEST_YEARS = 6, 3  # without which nothing tells how sure a share is
_RESAMPLED = 400
_LEVEL = 0.95


def allowed_error(distance: xr.DataArray) -> xr.DataArray:
    """Compute the error that two points may have to one another, 4 (1 + √L) mm.

    Parameters
    ----------
    distance : xarray.DataArray
        Between the points, L [km].

    Returns
    -------
    xarray.DataArray
        [mm], of the same shape.

    Examples
    --------
    >>> allowed_error(xr.DataArray([0.0, 1.0, 25.0], dims="pair")).values
    array([ 4.,  8., 24.])
    """
    allowed = 4 * (1 + distance**0.5)
    return allowed.assign_attrs(attributes("error that is allowed", "mm"))


def remove_model(series: xr.Dataset) -> xr.DataArray:
    """Subtract from a series its temporal model, fitted to all years, at the measured dates.

    What is left holds the noise, and how far the ground's seasons differ from year to year. A fit
    to the one season that is tested would take away part of its noise as well.

    Parameters
    ----------
    series : xarray.Dataset
        As from `sbas.invert` with a model, or `rates.modelled`.

    Returns
    -------
    xarray.DataArray
        (time, y, x) [mm].
    """
    followed = series["model"].rename(None).dot(series["parameters"], "parameter")
    left = (series["displacement"] - followed).where(~series["bridged"])
    return left.drop_vars("unit", errors="ignore").assign_attrs(series["displacement"].attrs)


def summer_differences(
    displacement: xr.DataArray, *, days: int = 90, thaw_season: tuple[str, str] = THAW_SEASON
) -> xr.DataArray:
    """Subtract, in each thaw season, two acquisitions that are about so many days apart.

    Of the season's pairs of acquisitions it is the one whose span is closest, and of several the
    one closest to the season's middle.

    Parameters
    ----------
    displacement : xarray.DataArray
        (time, y, x) [mm]; may be lazy.
    days : int, optional
        Span that is asked for [day]; a season without one within 30 days of it is left out.
    thaw_season : (str, str), optional
        Its first and last day as mm-dd; it may cross New Year.

    Returns
    -------
    xarray.DataArray
        (year, y, x) [mm], later minus earlier, in memory, with the days `first` and `last` and
        their `span` [day] along `year`, the year in which the season began.

    Raises
    ------
    InputError
        No season has two such acquisitions.
    """
    require("days", days, days > 0, "more than 0")
    times = displacement["time"].values
    dates, pairs = times.astype("datetime64[D]"), {}
    first, last = thaw_season
    crossing = first > last
    written = displacement["time"].dt.strftime("%m-%d").values
    inside = in_season(written, first, last)
    year = displacement["time"].dt.year.values - (crossing & (written <= last))
    for season in np.unique(year[inside]):
        at = np.flatnonzero(inside & (year == season))
        begin = np.datetime64(f"{season}-{first}")
        middle = begin + (np.datetime64(f"{season + crossing}-{last}") - begin) // 2
        start, end = (dates[at[side]] for side in np.triu_indices(at.size, 1))
        off = abs((end - start).astype(int) - days)
        if off.size and off.min() <= _NOT_NINETY:
            late = abs((start - middle).astype(int) + (end - middle).astype(int))
            best = np.lexsort([late, off])[0]
            pairs[int(season)] = start[best], end[best]
    if not pairs:
        raise InputError(
            f"no thaw season has two acquisitions {days} ± {_NOT_NINETY} days apart, expected one."
        )
    ends = np.array(list(pairs.values()))
    earlier, later = (
        displacement.isel(time=np.searchsorted(dates, ends[:, side])).drop_vars("time")
        for side in (0, 1)
    )
    found = (later - earlier).rename(time="year").assign_coords(year=list(pairs)).compute()
    about = attributes("displacement of the summer", "mm", displacement.attrs.get("direction"))
    span = (ends[:, 1] - ends[:, 0]).astype(int)
    return found.assign_attrs(about).assign_coords(
        first=("year", ends[:, 0].astype("datetime64[ns]"), attributes("first day", None)),
        last=("year", ends[:, 1].astype("datetime64[ns]"), attributes("last day", None)),
        span=("year", span, attributes("time span", "day")),
    )


def point_pairs(differences: xr.DataArray) -> xr.Dataset:
    """Pair pixels at random, each used once, and subtract one of the other.

    Parameters
    ----------
    differences : xarray.DataArray
        (year, y, x) as from `summer_differences`, or the errors of such [mm], with a coordinate
        system.

    Returns
    -------
    xarray.Dataset
        `difference` (year, pair) [mm]; (pair,) `distance` [km], up to 50, and the `block` of 25 km
        of either point, `other_block`. The pixels are the same each time.

    Raises
    ------
    InputError
        Fewer than two pixels with a value within 50 km of one another.
    """
    differences = differences.transpose("year", "y", "x")
    like = differences.isel(year=0, drop=True)
    rows, columns = np.nonzero(differences.notnull().any("year").values)
    width, height = (size / 1000 for size in pixel_size(like))
    counts = [
        max(1, round(n * size / _BLOCK))
        for n, size in zip(like.shape, (height, width), strict=True)
    ]
    block = spatial_blocks(like, rows=counts[0], columns=counts[1]).values
    drawn = np.random.default_rng(0).permutation(rows.size)
    one, other = drawn[: rows.size // 2 * 2].reshape(-1, 2).T
    distance = np.hypot((rows[one] - rows[other]) * height, (columns[one] - columns[other]) * width)
    near = np.flatnonzero(distance <= LONGEST_DISTANCE)[:_PAIRS]
    require("pairs of pixels within 50 km", near.size, near.size > 0, "one at least")
    one, other = one[near], other[near]
    at_one, at_other = (differences.values[:, rows[at], columns[at]] for at in (one, other))
    about = attributes("difference of the two points", "mm", differences.attrs.get("direction"))
    return xr.Dataset(
        {
            "difference": (("year", "pair"), at_one - at_other, about),
            "distance": ("pair", distance[near], attributes("distance", "km")),
            "block": ("pair", block[rows[one], columns[one]], attributes("block of the one")),
            "other_block": (
                "pair",
                block[rows[other], columns[other]],
                attributes("block of the other"),
            ),
        },
        {name: c.variable for name, c in differences.coords.items() if c.dims == ("year",)},
    )


def requirement_shares(pairs: xr.Dataset) -> xr.Dataset:
    """Count in how many cases pairs of points meet the requirement, and how sure that is.

    Pairs are not independent: of one summer they share the delay of two days. How sure a year's
    share is comes from resampling blocks of ground, where a pair counts as often as the blocks of
    both its points were drawn together (Owen 2007, doi:10.1214/07-AOAS122); that of all years from
    the scatter of the years' shares.

    Parameters
    ----------
    pairs : xarray.Dataset
        As from `point_pairs`, `difference` being errors, or what is taken for them.

    Returns
    -------
    xarray.Dataset
        `share` of cases and the `half_width` of its 95 % interval, over years of equal weight;
        (year,) `share_of_year`, `half_width_of_year` and `pairs`; by the middle of the bins of
        `distance` [km] `share_by_distance`, `half_width_by_distance`, and `reached`, the error that
        80 % of the cases do not exceed [mm]. Shares and half-widths in percent; half-widths are
        missing with fewer than 6 blocks or 3 years.
    """
    pairs = pairs.dropna("year", how="all", subset=["difference"])
    size = abs(pairs["difference"].transpose("year", "pair"))
    met = (size <= allowed_error(pairs["distance"])).where(size.notnull())
    middle = (_BINS[1:] + _BINS[:-1]) / 2
    of_bin = np.digitize(pairs["distance"].values, _BINS[1:-1], right=True)
    bins = xr.DataArray(middle[of_bin], dims="pair", name="distance")
    of_year, by_distance = met.mean("pair"), met.groupby(bins).mean("pair")
    parts = {
        "share": (of_year.mean("year"), "cases that meet the requirement"),
        "half_width": (_half_width(of_year), "half-width of the 95 % interval"),
        "share_of_year": (of_year, "cases of the year that meet it"),
        "half_width_of_year": (_by_blocks(met, pairs), "half-width of the 95 % interval"),
        "share_by_distance": (by_distance.mean("year"), "cases that meet it"),
        "half_width_by_distance": (_half_width(by_distance), "half-width of the 95 % interval"),
    }
    found = labelled({name: (100 * part, text, "percent") for name, (part, text) in parts.items()})
    reached = size.groupby(bins).quantile(REQUIRED_SHARE, ...).drop_vars("quantile")
    of_it = attributes("error not exceeded in 80 % of cases", "mm")
    found["reached"] = reached.assign_attrs(of_it)
    found["pairs"] = size.count("pair").assign_attrs(attributes("pairs of points"))
    found = found.reindex(distance=middle)
    found["distance"].attrs = attributes("distance", "km")
    return found


def _half_width(of_years: xr.DataArray) -> xr.DataArray:
    """Find how far a mean over years may be off, by their scatter."""
    years = of_years.count("year")
    years = years.where(years >= _FEWEST_YEARS)
    factor = stdtrit(years - 1, (1 + _LEVEL) / 2)
    return factor * of_years.std("year", ddof=1) / years**0.5


def _by_blocks(met: xr.DataArray, pairs: xr.Dataset) -> xr.DataArray:
    """Find how far each year's share may be off, by resampling the blocks of both points."""
    ends = np.array([pairs["block"].values, pairs["other_block"].values])
    blocks, number = np.unique(ends, return_inverse=True)
    if blocks.size < _FEWEST_BLOCKS:
        return xr.full_like(met.isel(pair=0, drop=True), np.nan)
    chances = np.full(blocks.size, 1 / blocks.size)
    times = np.random.default_rng(0).multinomial(blocks.size, chances, _RESAMPLED).astype(float)
    one, other = number.reshape(ends.shape)
    weights = xr.DataArray(times[:, one] * times[:, other], dims=("sample", "pair"))
    shares = weights.dot(met.fillna(0), "pair") / weights.dot(1.0 * met.notnull(), "pair")
    return stdtrit(blocks.size - 1, (1 + _LEVEL) / 2) * shares.std("sample")


def acceptance_verdicts(tested: Mapping[str, xr.Dataset]) -> list[str]:
    """Say whether the requirement is met, in which summer least, and what other errors would say.

    Parameters
    ----------
    tested : mapping of str to xarray.Dataset
        As from `requirement_shares`, by what the errors are from, such as `against the truth`; the
        first decides.

    Returns
    -------
    list of str
        One or two sentences; the first stands alone.
    """
    (first, found), *others = tested.items()
    share, width = float(found["share"]), float(found["half_width"])
    meets = "is met" if share >= 100 * REQUIRED_SHARE else "is not met"
    near = abs(share - 100 * REQUIRED_SHARE) <= width
    unsure = ", though not significantly at the 5 % level" if near else ""
    said = (
        f"NISAR's permafrost requirement {meets}{unsure}: {_written(found)} of the pairs of points "
        f"stay within it {first}, and 80 % must"
    )
    of_year = found["share_of_year"]
    if of_year.size > 1:
        below = int((of_year < 100 * REQUIRED_SHARE).sum())
        lowest = f"{int(of_year.idxmin('year'))} has {float(of_year.min()):.0f} %"
        said += f"; {below or 'none'} of {of_year.size} summers fall below ({lowest})"
    rest = [f"{_written(other)} {name}" for name, other in others]
    return [f"{said}.", f"It would be {written_list(rest)}."] if rest else [f"{said}."]


def _written(found: xr.Dataset) -> str:
    """Write a share and its interval."""
    width = float(found["half_width"])
    interval = "" if np.isnan(width) else f" ± {width:.0f}"
    return f"{float(found['share']):.0f}{interval} %"
