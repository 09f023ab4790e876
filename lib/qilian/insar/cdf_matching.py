"""CDF matching: give one map the distribution of another, and see what that does to agreement.

**Matching corrects the marginal distribution, not the agreement pixel by pixel.** The correction
is one rising function of the value, the same everywhere: the order of the pixels, and so every
spatial pattern, stays as it was. What two maps agree on is for `map_agreement` to say, and for
ground that the fit has not seen `evaluate_matching`. The reference's noise is part of its
distribution. Unless its standard error is given, it is matched along with its signal.
"""

import geopandas as gpd
import numpy as np
import xarray as xr
from scipy.stats import norm

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes
from qilian.insar.coherence import temporal_mean_coherence
from qilian.insar.rates import half_width
from qilian.spatial import grids
from qilian.spatial.zones import covered

SMALLEST_BIN = 20  # values; with fewer, bins are made wider
_NOISES = norm.ppf((np.arange(9) + 0.5) / 9)
_NOISES /= _NOISES.std()  # a normal distribution of few values


def fit_cdf_matching(
    source: xr.DataArray,
    reference: xr.DataArray,
    mask: xr.DataArray,
    *,
    bins: int = 100,
    noise: xr.DataArray | None = None,
) -> xr.Dataset:
    """Fit the rising, piecewise linear function that gives one map another's distribution.

    Percentiles of the source go to the same percentiles of the reference (Reichle & Koster 2004,
    doi:10.1029/2004GL020938), at plotting positions (i + 1/2) / n; equal percentiles are spread
    out so that the function rises. In the outermost bins, and beyond them, it is a straight line
    through the bin's inner edge, whose slope is fitted by least squares to the bin's values,
    paired by rank (Moesinger et al. 2020, doi:10.5194/essd-12-177-2020): extremes do not decide it.
    Where no values are equal, this is what pytesmo's CDFMatching does with percentiles up to 100.

    Parameters
    ----------
    source, reference : xarray.DataArray
        The same dims, grid and units; NaN where missing.
    mask : xarray.DataArray
        True where to fit; a pixel counts if both maps have a value.
    bins : int, optional
        At most, all holding the same number of values; fewer if one would hold less than 20.
    noise : xarray.DataArray, optional
        Standard deviation of the noise that the reference has beyond the source's. The source is
        given as much before its percentiles are taken, so that a reference which is the source with
        noise leaves it as it is. A bias that stretches the source is corrected a little less.

    Returns
    -------
    xarray.Dataset
        `source` and `reference` (percentile,) in the maps' units, and the slopes
        `slope_below` and `slope_above` [1] of the outermost bins.

    Raises
    ------
    InputError
        Maps on different grids, fewer than 40 common values, a map that is constant.
    """
    require("bins", bins, bins >= 2, "2 or more")
    x, y = _common(source, reference, mask)
    require("the number of common values", x.size, x.size >= 2 * SMALLEST_BIN, "40 or more")
    share = np.linspace(0, 1, min(bins, x.size // SMALLEST_BIN) + 1)
    if noise is not None:
        spread, _ = _common(noise.fillna(0), source.where(reference.notnull()), mask)
        x, y = x + np.multiply.outer(_NOISES, spread), np.tile(y, _NOISES.size)
    x, y = np.sort(x, axis=None), np.sort(y)
    for name, values in (("source", x), ("reference", y)):
        require(
            f"the {name}", f"{values[0]:g} everywhere", values[0] < values[-1], "values that differ"
        )
    at, to = (_distinct(np.quantile(values, share, method="hazen")) for values in (x, y))
    in_bin = round(x.size * share[1])
    about = {"units": source.attrs.get("units", "1")}
    return xr.Dataset(
        {
            "source": ("percentile", at, {"long_name": "percentile of the source", **about}),
            "reference": ("percentile", to, {"long_name": "percentile of the reference", **about}),
            "slope_below": _slope(at[1] - x[:in_bin], to[1] - y[:in_bin]),
            "slope_above": _slope(x[-in_bin:] - at[-2], y[-in_bin:] - to[-2]),
        },
        {"percentile": ("percentile", 100 * share, attributes("percentile", "percent"))},
    )


def apply_cdf_matching(fitted: xr.Dataset, field: xr.DataArray) -> xr.DataArray:
    """Correct a map by a fitted function.

    Parameters
    ----------
    fitted : xarray.Dataset
        As from `fit_cdf_matching`.
    field : xarray.DataArray
        Any shape, in the units of the source, in memory or lazy.

    Returns
    -------
    xarray.DataArray
        Its values with the reference's distribution, NaN where they were.
    """
    at, to = fitted["source"].values[1:-1], fitted["reference"].values[1:-1]
    below, above = float(fitted["slope_below"]), float(fitted["slope_above"])

    def correct(values: np.ndarray) -> np.ndarray:
        edges = below * np.minimum(values - at[0], 0) + above * np.maximum(values - at[-1], 0)
        return np.interp(values, at, to) + edges

    corrected = xr.apply_ufunc(correct, field, dask="parallelized", output_dtypes=[float])
    name = f"{field.attrs.get('long_name', field.name)}, matched to the reference"
    return corrected.assign_attrs({**field.attrs, "long_name": name})


def cumulative_distribution(
    field: xr.DataArray, mask: xr.DataArray, *, count: int = 501
) -> xr.DataArray:
    """Give an empirical distribution for drawing: values below which a share of the pixels lies.

    Parameters
    ----------
    field : xarray.DataArray
        Any shape.
    mask : xarray.DataArray
        True where to count; missing values do not.
    count : int, optional
        Points of the curve.

    Returns
    -------
    xarray.DataArray
        (share,) from the least value to the greatest.
    """
    values, _ = _common(field, field, mask)
    share = np.linspace(0, 1, count)
    about = attributes("share of the pixels at or below")
    quantiles = np.quantile(values, share, method="hazen")
    return xr.DataArray(
        quantiles, {"share": ("share", share, about)}, ("share",), attrs=field.attrs
    )


def map_agreement(one: xr.DataArray, other: xr.DataArray, mask: xr.DataArray) -> xr.Dataset:
    """Compare two maps where both have values.

    No test of significance: neighbouring pixels are not independent.

    Parameters
    ----------
    one, other : xarray.DataArray
        The same dims, grid and units.
    mask : xarray.DataArray
        True where to compare.

    Returns
    -------
    xarray.Dataset
        Scalars: `number` of pixels, Pearson's `correlation` [1], `root_mean_square` and `mean` of
        one minus the other in the maps' units, `kolmogorov_smirnov` distance [1].

    Raises
    ------
    InputError
        Maps on different grids, fewer than 20 common values.
    """
    a, b = _common(one, other, mask)
    require("the number of common values", a.size, a.size >= SMALLEST_BIN, "20 or more")
    units = one.attrs.get("units", "1")
    at = np.concatenate([a, b])
    shares = (np.searchsorted(np.sort(v), at, side="right") / v.size for v in (a, b))
    distance = np.abs(np.subtract(*shares)).max()
    return xr.Dataset(
        {
            "number": ((), a.size, attributes("pixels")),
            "correlation": ((), np.corrcoef(a, b)[0, 1], attributes("correlation")),
            "root_mean_square": (
                (),
                np.sqrt(np.mean((a - b) ** 2)),
                attributes("RMSE", units),
            ),
            "mean": ((), np.mean(a - b), attributes("mean difference", units)),
            "kolmogorov_smirnov": ((), distance, attributes("KS distance")),
        }
    )


def spatial_blocks(like: xr.DataArray, *, rows: int, columns: int) -> xr.DataArray:
    """Cut a map into blocks of neighbouring pixels, numbered from 1 row by row.

    Parameters
    ----------
    like : xarray.DataArray
        (y, x).
    rows, columns : int
        How many blocks along y and x.

    Returns
    -------
    xarray.DataArray
        (y, x), number of each pixel's block.
    """
    for axis, count in (("y", rows), ("x", columns)):
        size = like.sizes[axis]
        require(f"blocks along {axis}", count, 1 <= count <= size, f"1 to {size}")
    row, column = (
        xr.DataArray(np.arange(like.sizes[axis]) * count // like.sizes[axis], dims=axis)
        for axis, count in (("y", rows), ("x", columns))
    )
    number = (1 + row * columns + column).transpose("y", "x")
    number = number.assign_coords(y=like["y"], x=like["x"])
    return number.assign_attrs(attributes("number of the block"))


def evaluate_matching(
    source: xr.DataArray,
    reference: xr.DataArray,
    mask: xr.DataArray,
    parts: xr.DataArray,
    *,
    bins: int = 100,
    noise: xr.DataArray | None = None,
) -> xr.Dataset:
    """Compare before and after matching, on the fitted area and on blocks that the fit left out.

    Parameters
    ----------
    source, reference, mask, bins, noise
        As `fit_cdf_matching` has them.
    parts : xarray.DataArray
        Number of each pixel's block, as from `spatial_blocks`.

    Returns
    -------
    xarray.Dataset
        Variables of `map_agreement` along (area, matching): the fitted area, then each block,
        matched by a fit to all other blocks; before and after. Blocks with fewer than 20 common
        pixels are passed over. Along `area` too, the number of the `block` held out, 0 for none.
    """
    mask = mask & source.notnull() & reference.notnull()
    areas = {"fitted area": (mask, mask)}
    numbers, counts = np.unique(parts.values[mask.values], return_counts=True)
    numbers = numbers[counts >= SMALLEST_BIN]
    for number in numbers:
        held_out = parts == number
        areas[f"block {number}, held out"] = mask & ~held_out, mask & held_out
    compared = []
    for seen, judged in areas.values():
        fitted = fit_cdf_matching(source, reference, seen, bins=bins, noise=noise)
        corrected = apply_cdf_matching(fitted, source)
        pair = [map_agreement(field, reference, judged) for field in (source, corrected)]
        compared.append(xr.concat(pair, xr.DataArray(["before", "after"], dims="matching")))
    found = xr.concat(compared, xr.DataArray(list(areas), dims="area"))
    return found.assign_coords(block=("area", [0, *numbers], attributes("block held out")))


def matching_error(
    source: xr.DataArray,
    reference: xr.DataArray,
    mask: xr.DataArray,
    parts: xr.DataArray,
    *,
    bins: int = 100,
    noise: xr.DataArray | None = None,
    draws: int = 50,
) -> xr.DataArray:
    """Compute how surely a correction by matching is known, by a bootstrap over blocks.

    The function is fitted again to as many blocks, drawn with replacement, and its values scatter
    from draw to draw, most in the tails, where few blocks have pixels. Errors that all blocks
    share, such as that of the reference's zero, do not show.

    Parameters
    ----------
    source, reference, mask, bins, noise
        As `fit_cdf_matching` has them.
    parts : xarray.DataArray
        Number of each pixel's block, as from `spatial_blocks`.
    draws : int, optional
        Number of draws.

    Returns
    -------
    xarray.DataArray
        (y, x), standard error of the corrected source.
    """
    noises = xr.zeros_like(source) if noise is None else noise.fillna(0)
    known = (mask & source.notnull() & reference.notnull()).values
    drawn = xr.Dataset({"source": source, "reference": reference, "noise": noises})
    table = {name: field.values[known] for name, field in drawn.items()}
    block = parts.values[known]
    of_block = [np.flatnonzero(block == number) for number in np.unique(block)]
    rng = np.random.default_rng(0)
    at = xr.DataArray(np.linspace(float(source.min()), float(source.max()), 201), dims="value")
    found = []
    for _ in range(draws):
        some = np.concatenate(
            [of_block[k] for k in rng.integers(len(of_block), size=len(of_block))]
        )
        x, y, spread = (xr.DataArray(values[some], dims="pixel") for values in table.values())
        given = None if noise is None else spread
        fitted = fit_cdf_matching(x, y, xr.ones_like(x, dtype=bool), bins=bins, noise=given)
        found.append(apply_cdf_matching(fitted, at).values)
    error = np.std(found, axis=0, ddof=1)
    about = {**source.attrs, "long_name": "standard error of the correction by matching"}
    return source.copy(data=np.interp(source, at, error)).assign_attrs(about)


def rates_on_one_grid(c_band: xr.Dataset, l_band: xr.Dataset) -> xr.Dataset:
    """Put the rates of two radars, and how well each is known, on the first one's grid.

    Parameters
    ----------
    c_band, l_band : xarray.Dataset
        (y, x): `rate`, `rate_standard_error` [mm year-1] and `degrees_of_freedom`, as from
        `model_rates`, of Sentinel-1 and of ALOS-2.

    Returns
    -------
    xarray.Dataset
        (y, x): `sentinel1` and `alos2` [mm year-1], each with its `{name}_half_width` of 95 %; a
        pixel without standard error, whose pairs only just determine the model, has no rate.
    """
    found = xr.Dataset(attrs=c_band.attrs)
    for name, radar in (("sentinel1", c_band), ("alos2", l_band)):
        known = radar["rate"].where(radar["rate_standard_error"].notnull())
        width = half_width(radar["rate_standard_error"], radar["degrees_of_freedom"])
        found[name] = grids.onto(known, c_band["rate"])
        found[f"{name}_half_width"] = grids.onto(width, c_band["rate"])
    return found


def comparable_ground(
    rates: xr.Dataset,
    sentinel1: xr.Dataset,
    alos2: xr.Dataset,
    outlines: gpd.GeoDataFrame | None,
    *,
    minimum_mean_coherence: float,
) -> xr.DataArray:
    """Mark pixels that both radars see coherently, outside of the outlines.

    Parameters
    ----------
    rates : xarray.Dataset
        As from `rates_on_one_grid`.
    sentinel1, alos2 : xarray.Dataset
        Their interferograms, with `coherence`.
    outlines : geopandas.GeoDataFrame or None
        Of pits and spoil, whose motion is not that of permafrost.
    minimum_mean_coherence : float
        Mean coherence that a pixel needs, of both radars.

    Returns
    -------
    xarray.DataArray
        (y, x), True where to compare.
    """
    like = rates["sentinel1"]
    mask = like.notnull() & rates["alos2"].notnull()
    for stack in (sentinel1, alos2):
        mean = temporal_mean_coherence(stack["coherence"])["mean_coherence"]
        mask &= grids.onto(mean, like) >= minimum_mean_coherence
    if outlines is not None:
        mask &= ~covered(outlines, like)
    return mask.drop_attrs(deep=False).assign_attrs(attributes("pixels compared"))


def _common(
    one: xr.DataArray, other: xr.DataArray, mask: xr.DataArray
) -> tuple[np.ndarray, np.ndarray]:
    """Values of two maps where both have one and the mask is True, (pixel,) each."""
    try:
        one, other, mask = xr.align(one, other, mask, join="exact")
    except ValueError as error:
        raise InputError("the maps are on different grids, expected one (grids.onto).") from error
    a, b, chosen = (field.transpose(*one.dims).values for field in (one, other, mask))
    valid = chosen & np.isfinite(a) & np.isfinite(b)
    return a[valid].astype(float), b[valid].astype(float)


def _distinct(percentiles: np.ndarray) -> np.ndarray:
    """Spread runs of equal percentiles evenly up to the next value; the last run, down."""
    _, first = np.unique(percentiles, return_index=True)
    first[-1] = percentiles.size - 1
    return np.interp(np.arange(percentiles.size), first, percentiles[first])


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Least-squares slope through the origin, of distances outwards from a bin's inner edge."""
    x, y = np.maximum(x, 0), np.maximum(y, 0)  # only ties lie inwards
    return float(x @ y / (x @ x))
