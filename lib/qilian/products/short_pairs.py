"""The bias of Sentinel-1's short pairs: what loops show of it, and its rate by every remedy."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.archive.scratch import read_once
from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import VERTICAL, attributes
from qilian.insar import bias_remedies as remedies
from qilian.insar import rates, short_pair_bias
from qilian.insar.coherence import temporal_mean_coherence
from qilian.insar.delay import RATE_SLOPE_SPREAD, krige_delay
from qilian.insar.sbas import invert
from qilian.insar.sparse_networks import fit_pairs, prepare_pairs
from qilian.insar.verdicts import version_verdict
from qilian.products.alos2 import alos2_rate
from qilian.products.inversion import displacement
from qilian.products.matched_rates import matching_correction
from qilian.products.sentinel1 import sentinel1_rates, sentinel1_season
from qilian.spatial.grids import relative_to
from qilian.spatial.zonal import ring_means, zonal_mean
from qilian.spatial.zones import mine_zones, thaw_zones

UNCORRECTED = "uncorrected"
_THAW_SPREAD = 40.0  # mm, as S12's


def loop_bias(source: Archive, entry: str, *, seasonal: str = "auto") -> xr.Dataset:
    """Return what a stack's loops tell of its bias, and what that adds to the stack's rate.

    Parameters
    ----------
    source : Archive
        Holds `entry`.
    entry : str
        Interferograms of one satellite.
    seasonal : str, optional
        As `displacement` has it.

    Returns
    -------
    xarray.Dataset
        In memory: `strength` (segment, y, x), as from `insar.loop_strength`, vertical if the stack
        has a look vector [mm year-1]; (y, x) `gain` [1], the rate that a unit of it adds, and
        `firm`, as from `insar.firm_ground`, or the reference area where there is no coherence.

    Raises
    ------
    InputError
        As `displacement` and `insar.loop_strength` say.
    """
    options = {"seasonal": seasonal, "thaw_season": source.fact("thaw_season")}
    needs = [entry, *({"climate"} & set(source.entries))]

    def make(scratch: Path) -> xr.Dataset:
        series = displacement(source, entry, seasonal=seasonal)
        stack = read_once(source.load(entry), scratch)
        found = short_pair_bias.loop_strength(stack).to_dataset(name="strength")
        if "line_of_sight_up" in stack:
            found = rates.vertical(found, stack["line_of_sight_up"].load())
        false, weight = short_pair_bias.with_false_phase(stack), series.attrs["weight"]
        model = series["model"].load()
        unit = invert(false, weight=weight, model=model, screen_loops=False, uncertainty=False)
        gain = unit["parameters"].sel(parameter="rate", drop=True)
        gain = gain.drop_vars("unit", errors="ignore").compute().drop_attrs()
        firm = series["reference"].load() == 1
        if "coherence" in stack:
            coherence = temporal_mean_coherence(stack["coherence"], minimum_fraction=0)
            firm = short_pair_bias.firm_ground(coherence["mean_coherence"].compute())
        about = attributes("rate by a unit false rate of twelve-day pairs")
        return found.assign(gain=gain.assign_attrs(about), firm=firm)

    return kept(f"loop-bias-{entry}", source, needs, options, make).load()


def detected_bias(source: Archive, entry: str, *, seasonal: str = "auto") -> xr.Dataset:
    """Test whether a stack's loops show a bias of its rate, on less coherent ground.

    Parameters
    ----------
    source, entry, seasonal
        As `loop_bias` has them.

    Returns
    -------
    xarray.Dataset
        As from `insar.detect_bias`, of the rate [mm year-1]; empty, with the reason as its
        attribute `left_out`, where the stack has too few loops.
    """
    try:
        told = loop_bias(source, entry, seasonal=seasonal)
    except InputError as error:
        return xr.Dataset(attrs={"left_out": str(error)})
    firm = told["firm"].astype(bool)
    of_rate = (told["gain"] * told["strength"]).assign_attrs(told["strength"].attrs)
    return short_pair_bias.detect_bias(of_rate, {"less coherent ground": ~firm}, firm)


def remedied_rate(source: Archive, remedy: str = "loops") -> xr.Dataset:
    """Return Sentinel-1's vertical rate by one remedy, zero on stable ground, for all pages.

    Stable ground also shows the delay, which is taken off.

    Parameters
    ----------
    source : Archive
        With `sentinel1` and `climate`, and `alos2` for some remedies; `outlines` are used.
    remedy : str, optional
        `uncorrected`, `loops`, `ALOS-2 as prior`, `matching`, `matching, noise known` or `long
        pairs`.

    Returns
    -------
    xarray.Dataset
        (y, x), in memory: `rate` and `rate_standard_error` [mm year-1].

    Raises
    ------
    InputError
        Another remedy, or one that the archive does not allow.
    """
    _require_known(remedy)
    make_rate, other = _REMEDIES[remedy]
    needs = ["sentinel1", "climate", *other, *({"outlines"} & set(source.entries))]
    options = {"remedy": remedy, "thaw_season": source.fact("thaw_season")}

    def make(_: Path) -> xr.Dataset:
        found = make_rate(source)[["rate", "rate_standard_error"]].reset_coords(drop=True)
        radar = sentinel1_rates(source)
        found = relative_to(found, radar["stable"]).assign_attrs(radar.attrs)
        return found.assign_coords(spatial_ref=radar["spatial_ref"])

    return kept("remedied-rate", source, needs, options, make).load()


def _require_known(remedy: str) -> None:
    require("remedy", repr(remedy), remedy in _REMEDIES, f"one of {'; '.join(_REMEDIES)}")


def bias_remedies(source: Archive) -> xr.Dataset:
    """Return Sentinel-1's rate by every remedy for the bias of short pairs that the archive allows.

    Parameters
    ----------
    source : Archive
        With `sentinel1` and `climate`; `alos2` and `outlines` are used.

    Returns
    -------
    xarray.Dataset
        (remedy, y, x) what `remedied_rate` returns; the first remedy is `uncorrected`. Its
        attribute `left_out` holds, as JSON, why a remedy is missing.
    """
    found, left_out = {}, {}
    for remedy in _REMEDIES:
        try:
            found[remedy] = remedied_rate(source, remedy)
        except InputError as error:
            left_out[remedy] = str(error)
    names = xr.Variable("remedy", list(found))
    both = xr.concat(found.values(), names, combine_attrs="override")
    return both.assign_attrs(left_out=json.dumps(left_out))


def rate_versions(
    source: Archive, remedy: str = "loops", *, near: float = 2000.0, far: float = 8000.0
) -> xr.Dataset:
    """Return Sentinel-1's rate uncorrected and corrected, with its means near mines and elsewhere.

    Pages that tell of the same ground take it from here, and so tell the same.

    Parameters
    ----------
    source, remedy
        As `remedied_rate` has them.
    near, far : float, optional
        As `spatial.mine_zones` has them [m].

    Returns
    -------
    xarray.Dataset
        Along `version`, `uncorrected` and `corrected`, the second only if the archive allows the
        remedy; else the attribute `left_out` says why not. (version, y, x) what `remedied_rate`
        returns; (y, x) the `change` by the correction, 0 without one; (ground, version) the `mean`
        of zones, its `standard_error`, and along `version` `of_difference`, the standard error of
        the first zone minus the second.
    """
    _require_known(remedy)
    maps = {"uncorrected": remedied_rate(source, UNCORRECTED)}
    said = {}
    try:
        maps["corrected"] = remedied_rate(source, remedy)
    except InputError as refusal:
        said["left_out"] = str(refusal)
    radar = sentinel1_rates(source)
    zones = mine_zones(source.get("outlines"), radar["stable"], near=near, far=far)
    delay = _delay_of_rate(radar, zones)
    names = xr.Variable("version", list(maps))
    found = xr.concat(maps.values(), names, combine_attrs="override")
    error = found["rate_standard_error"]
    beyond = (error**2 - error.isel(version=0) ** 2).clip(min=0) ** 0.5
    of_zones = zonal_mean(beyond.assign_attrs(error.attrs), error, zones)["mean"]
    of_mean = (delay["of_mean"] ** 2 + of_zones**2) ** 0.5
    means = zonal_mean(found["rate"], error, zones, of_mean=of_mean)
    apart = (delay["of_difference"] ** 2 + (of_zones**2).sum("ground")) ** 0.5
    told = means[["mean", "standard_error"]].assign(of_difference=apart.drop_attrs())
    found = found.assign(told.data_vars)
    change = found["rate"].isel(version=-1, drop=True) - found["rate"].isel(version=0, drop=True)
    about = attributes("change of the rate by the correction", "mm year-1", VERTICAL)
    return found.assign(change=change.assign_attrs(about)).assign_attrs(said)


def displacement_versions(
    source: Archive, entry: str, series: xr.Dataset, area: xr.DataArray, remedy: str = "loops"
) -> xr.DataArray:
    """Return a series' last displacement uncorrected and, for Sentinel-1's own pairs, corrected.

    Parameters
    ----------
    source, remedy
        As `remedied_rate` has them.
    entry : str
        What the series comes from.
    series : xarray.Dataset
        As from `displacement`, vertical, in memory.
    area : xarray.DataArray
        (y, x), True in the reference area, where the correction is zero.

    Returns
    -------
    xarray.DataArray
        (version, y, x) [mm]; its attribute `told` is what `insar.version_verdict` says, or why
        there is one version only.
    """
    found = {"uncorrected": series["displacement"].isel(time=-1, drop=True)}
    versions, told = _versions_of(source, entry, remedy)
    if versions is not None:
        change = versions["change"] - versions["change"].where(area).mean()
        corrected = rates.correct_series(series, change)["displacement"]
        found["corrected"] = corrected.isel(time=-1, drop=True)
    both = xr.concat(found.values(), xr.Variable("version", list(found)), join="exact")
    return both.assign_attrs(told=told)


def site_versions(
    source: Archive,
    entry: str,
    rate: xr.DataArray,
    rings: xr.DataArray | None,
    remedy: str = "loops",
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return Sentinel-1's corrected rate, zero on stable ground, on a site and in its rings.

    Parameters
    ----------
    source, remedy
        As `remedied_rate` has them.
    entry : str
        What the site's rate comes from.
    rate : xarray.DataArray
        (y, x) of some of Sentinel-1's pixels; where it is missing, the corrected one is.
    rings : xarray.DataArray or None
        (ring, y, x) on the site's pixels, as from `spatial.rings`.

    Returns
    -------
    xarray.Dataset
        (y, x) `corrected_rate` and its `_standard_error` and `_half_width` of 95 % [mm year-1], or
        nothing where there is none; its attribute `told` as `displacement_versions` has it.
    xarray.Dataset
        (ground, ring) its mean, `corrected`, and `corrected_excess`, as from `spatial.ring_means`.
    """
    versions, told = _versions_of(source, entry, remedy)
    if versions is None:
        return xr.Dataset(attrs={"told": told}), xr.Dataset()
    own = versions[["rate", "rate_standard_error"]].isel(version=-1, drop=True)
    own = own.reindex_like(rate).where(rate.notnull())
    own["rate"].attrs["long_name"] = "rate, corrected"
    width = rates.half_width(own["rate_standard_error"], xr.full_like(rate, np.inf))
    found = {
        "corrected_rate": own["rate"],
        "corrected_rate_standard_error": own["rate_standard_error"],
        "corrected_rate_half_width": width,
    }
    maps, both = xr.Dataset(found, attrs={"told": told}), (own["rate"], own["rate_standard_error"])
    if rings is None:
        return maps, xr.Dataset()
    grounds = thaw_zones(sentinel1_season(source), source.get("outlines"), rate)
    means = ring_means(*both, rings, grounds)
    means = means[["mean", "excess"]].rename(mean="corrected", excess="corrected_excess")
    means["corrected_excess"].attrs["long_name"] += ", corrected"
    return maps, means


def _versions_of(source: Archive, entry: str, remedy: str) -> tuple[xr.Dataset | None, str]:
    """Give both versions of the rate of Sentinel-1's own pairs, or none, and what to say of it."""
    if entry != "sentinel1" or "climate" not in source.entries:
        return None, "Only Sentinel-1's own pairs, with air temperature, are corrected."
    try:
        versions = rate_versions(source, remedy)
    except InputError as refusal:
        return None, f"The bias of short pairs is not corrected: {refusal}"
    both = versions.sizes["version"] > 1
    return versions if both else None, version_verdict(versions)


def _uncorrected(source: Archive) -> xr.Dataset:
    """Take the delay that stable ground shows off Sentinel-1's rate, and add its error."""
    radar = sentinel1_rates(source)
    delay = _delay_of_rate(radar)
    error = (radar["rate_standard_error"] ** 2 + delay["standard_error"] ** 2) ** 0.5
    return radar.assign(
        rate=(radar["rate"] - delay["delay"]).assign_attrs(radar["rate"].attrs),
        rate_standard_error=error.assign_attrs(radar["rate_standard_error"].attrs),
    )


def _delay_of_rate(
    radar: xr.Dataset, zones: Mapping[str, xr.DataArray] | None = None
) -> xr.Dataset:
    """Krige what delay leaves in the rate of many dates."""
    return krige_delay(
        radar["rate"].expand_dims("map"),
        radar["stable"],
        height=radar.get("height"),
        slope_spread=RATE_SLOPE_SPREAD,
        zones=zones,
    ).isel(map=0)


def _bias_by_loops(source: Archive) -> xr.Dataset:
    """Compute the bias of Sentinel-1's vertical rate that its loops tell."""
    series = displacement(source, "sentinel1", seasonal="thaw")
    told = loop_bias(source, "sentinel1", seasonal="thaw")
    area = series["reference"].load() == 1
    strength = told["strength"] - told["strength"].where(area).mean(("y", "x"))
    strength = strength.assign_attrs(told["strength"].attrs)
    stable = sentinel1_rates(source)["stable"]
    return short_pair_bias.bias_of_rate(strength, told["gain"], stable)


def _by_loops(source: Archive) -> xr.Dataset:
    bias = _bias_by_loops(source)
    own = remedied_rate(source, UNCORRECTED)
    return rates.correct_rate(own, -bias["bias"], bias["standard_error"])


def _by_prior(source: Archive) -> xr.Dataset:
    stable = sentinel1_rates(source)["stable"]
    bias = None
    with suppress(InputError):  # too few loops
        bias = _bias_by_loops(source)["bias"]
    own = remedied_rate(source, UNCORRECTED)
    return remedies.rate_with_prior(own, alos2_rate(source), ~stable, bias=bias)


def _by_matching(source: Archive, *, noise_known: bool) -> xr.Dataset:
    added = matching_correction(source, noise_known=noise_known)
    of_alos2 = alos2_rate(source)["rate_standard_error"]
    error = (added["standard_error"] ** 2 + of_alos2**2) ** 0.5
    return rates.correct_rate(remedied_rate(source, UNCORRECTED), added["correction"], error)


def _by_long_pairs(source: Archive) -> xr.Dataset:
    """Fit rate and season to Sentinel-1's long pairs, as to those of a satellite with few."""
    stable = sentinel1_rates(source)["stable"]
    stack = remedies.long_pairs(source.load("sentinel1")).compute()
    air, season = source.load("climate")["air_temperature"], source.fact("thaw_season")
    few = prepare_pairs(stack, stable, air, thaw_season=season)
    return rates.vertical(fit_pairs(few, thaw_spread=_THAW_SPREAD), few["line_of_sight_up"])


# How each is made, and of what entries besides Sentinel-1's and the weather.
_REMEDIES: Mapping[str, tuple[Callable[[Archive], xr.Dataset], tuple[str, ...]]] = {
    UNCORRECTED: (_uncorrected, ()),
    "loops": (_by_loops, ()),
    "ALOS-2 as prior": (_by_prior, ("alos2",)),
    "matching": (partial(_by_matching, noise_known=False), ("alos2",)),
    "matching, noise known": (partial(_by_matching, noise_known=True), ("alos2",)),
    "long pairs": (_by_long_pairs, ()),
}
