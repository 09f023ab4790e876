"""What stable ground tells of the delay elsewhere, and how surely: kriging with drift.

Ground that does not move shows what the atmosphere adds to a pair, or to any map that is linear in
pairs, such as a rate. Between places this delay is taken as a drift, that is a plane and a multiple
of the height, and a random field about it of covariance σ² exp(-r / ℓ). Both the field and the
drift are carried to all other ground with their errors (universal kriging, Cressie 1993, Statistics
for Spatial Data, §3.4; for InSAR, Knospe & Jónsson 2010, doi:10.1109/TGRS.2009.2033937).

Stable ground often lies higher than ground that moves. So the multiple of the height has a prior of
mean zero: what a narrow range of heights does not determine stays small, and adds to the error.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy import linalg
from scipy.spatial import distance

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.spatial.grids import mask_onto, pixel_size

SMALLEST_STABLE = 100  # pixels
RATE_SLOPE_SPREAD = 1.0  # mm a⁻¹ km⁻¹: what 10 mm/km of each date leave in a rate of many
_SAMPLE, _OF_ZONE = 400, 200  # pixels
_LENGTHS = 2.0 ** np.arange(6)  # km, of which the likeliest is taken
_NUGGETS = 0.01, 0.03, 0.1, 0.3, 1.0  # variance of single pixels over that of the field
_FAR_OFF = 3.0  # robust standard deviations, to which a value beyond is drawn in
_STEP = 1.0  # km, at which the smooth part is computed


def krige_delay(
    fields: xr.DataArray,
    stable: xr.DataArray,
    *,
    height: xr.DataArray | None = None,
    slope_spread: float = 10.0,
    zones: Mapping[str, xr.DataArray] | None = None,
) -> xr.Dataset:
    """Estimate the delay in maps from what they show on stable ground.

    Parameters
    ----------
    fields : xarray.DataArray
        (n, y, x), such as displacements of pairs [mm], along a first dimension of any name.
    stable : xarray.DataArray
        (y, x), on any grid, True on ground that does not move.
    height : xarray.DataArray, optional
        (y, x) [m]; without it the drift is a plane.
    slope_spread : float, optional
        Prior standard deviation of the delay's change with height, in units of `fields` per km.
        The default is that of two dates: stratified delay differs by some 10 mm/km.
    zones : mapping of str to xarray.DataArray, optional
        (y, x), on any grid, True inside: ground whose means' errors are wanted.

    Returns
    -------
    xarray.Dataset
        `delay` and its `standard_error` (n, y, x); along n `delay_spread` σ, `delay_length` ℓ [km],
        the `pixel_noise` of a single pixel of stable ground, `height_slope` and
        `height_slope_error` where there are heights; and with `zones`
        `zonal_covariance` (n, ground, other) of the errors of their means, in squared units, the
        standard errors `of_mean` (n, ground) and, of the first minus the second, `of_difference`
        (n,), missing for a single one. All are missing of a zone without pixels.

    Raises
    ------
    InputError
        Fewer than 100 stable pixels that all maps have a value on.
    """
    along = str(fields.dims[0])
    fields = fields.transpose(along, "y", "x")
    values = fields.values.astype(float).reshape(fields.sizes[along], -1)
    place, like = _places(fields), fields.isel({along: 0}, drop=True)
    at = np.flatnonzero(mask_onto(stable, like).transpose("y", "x").values.ravel())
    at = at[np.isfinite(values[:, at]).all(axis=0)]
    require(
        "the number of stable pixels with a value",
        at.size,
        at.size >= SMALLEST_STABLE,
        "100 or more",
    )
    at = _some(at, _SAMPLE)
    drift = _drift(place, height, at)
    shown = _drawn_in(drift[at], values[:, at])
    apart = distance.squareform(distance.pdist(place[at]))
    laws = _likeliest(apart, drift[at], shown)
    prior = np.zeros(drift.shape[1])
    prior[3:] = slope_spread**-2.0
    known = [
        _Known.of(law, place[at], apart, drift[at], z, prior)
        for law, z in zip(laws, shown, strict=True)
    ]
    found = _mapped(fields, along, known, place, drift)
    if zones is not None:
        masks = [mask_onto(zone, like).transpose("y", "x").values for zone in zones.values()]
        grounds = [_some(np.flatnonzero(mask), _OF_ZONE) for mask in masks]
        held = np.flatnonzero([ground.size for ground in grounds])
        values = np.full((len(known), len(grounds), len(grounds)), np.nan)
        for number, each in enumerate(known):
            some = each.covariance(place, drift, [grounds[zone] for zone in held])
            values[number][np.ix_(held, held)] = some
        names = {"ground": list(zones), "other": list(zones)}
        covariance = xr.DataArray(values, names, (along, "ground", "other"))
        found = found.assign(_zonal_errors(covariance, fields.attrs["units"]))
    return found


def without_delay(
    field: xr.DataArray,
    stable: xr.DataArray,
    *,
    height: xr.DataArray | None = None,
    slope_spread: float = 10.0,
    zones: Mapping[str, xr.DataArray] | None = None,
) -> xr.Dataset:
    """Take off a map what `krige_delay` estimates of its delay, and give the errors of zonal means.

    Parameters
    ----------
    field : xarray.DataArray
        (y, x), such as a rate, which is linear in pairs.
    stable, height, slope_spread, zones
        As `krige_delay` has them.

    Returns
    -------
    xarray.Dataset
        The map by its own name, and with `zones` the covariance (ground, other) of the errors of
        their means, and of these `of_mean` (ground,) and `of_difference`, as `krige_delay` has
        them. Errors also hold the noise of single pixels, which falls with their number.

    Raises
    ------
    InputError
        As `krige_delay` says.
    """
    fields = field.expand_dims("map")
    kriged = krige_delay(fields, stable, height=height, slope_spread=slope_spread, zones=zones)
    kriged = kriged.isel(map=0, drop=True)
    left = (field - kriged["delay"]).assign_attrs(field.attrs)
    found = xr.Dataset({str(field.name): left})
    if zones is None:
        return found
    counts = [int((mask_onto(z, field) & field.notnull()).sum()) for z in zones.values()]
    noise = np.diag(kriged["pixel_noise"].item() ** 2 / np.maximum(counts, 1))
    covariance = kriged["zonal_covariance"] + noise
    return found.assign(_zonal_errors(covariance, field.attrs["units"]))


def _zonal_errors(covariance: xr.DataArray, units: str) -> dict[str, xr.DataArray]:
    """Errors of the means of zones, from their covariance (..., ground, other)."""
    own = xr.DataArray(np.einsum("...gg->...g", covariance.values), dims=covariance.dims[:-1])
    apart = xr.full_like(own.isel(ground=0), np.nan)
    if own.sizes["ground"] > 1:
        both = covariance.isel(ground=0, other=1).drop_vars(["ground", "other"])
        apart = own.isel(ground=0) + own.isel(ground=1) - 2 * both
    about = attributes("standard error of zonal means", units)
    of_covariance = attributes("covariance of the errors of zonal means")
    return {
        "zonal_covariance": covariance.assign_attrs(of_covariance),
        "of_mean": (own**0.5).assign_attrs(about),
        "of_difference": (apart**0.5).assign_attrs(about),
    }


class _Law(NamedTuple):
    """Covariance of the field: σ², ℓ [km], and the variance of single pixels."""

    sill: float
    length: float
    nugget: float

    def __call__(self, apart: np.ndarray) -> np.ndarray:
        return self.sill * np.exp(-apart / self.length)


class _Known(NamedTuple):
    """What a sample of stable ground says of one map."""

    law: _Law
    place: np.ndarray
    factor: Any
    seen: np.ndarray  # K⁻¹ F
    drift: np.ndarray
    drift_covariance: np.ndarray
    rest: np.ndarray  # K⁻¹ (z - F β)

    @classmethod
    def of(
        cls,
        law: _Law,
        place: np.ndarray,
        apart: np.ndarray,
        drift: np.ndarray,
        z: np.ndarray,
        prior: np.ndarray,
    ) -> "_Known":
        matrix = law(apart)
        matrix[np.diag_indices_from(matrix)] += law.nugget
        factor = linalg.cho_factor(matrix, lower=True)
        seen = linalg.cho_solve(factor, drift)
        covariance = np.linalg.inv(drift.T @ seen + np.diag(prior))
        beta = covariance @ (seen.T @ z)
        rest = linalg.cho_solve(factor, z - drift @ beta)
        return cls(law, place, factor, seen, beta, covariance, rest)

    def smooth(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give kᵀ K⁻¹ (z - F β), kᵀ K⁻¹ k and Fᵀ K⁻¹ k at places (pixel, axis)."""
        near = self.law(distance.cdist(place, self.place))
        whitened = linalg.solve_triangular(self.factor[0], near.T, lower=True)
        return near @ self.rest, np.sum(whitened**2, axis=0), near @ self.seen

    def covariance(
        self, place: np.ndarray, drift: np.ndarray, grounds: list[np.ndarray]
    ) -> np.ndarray:
        """Covariance of the errors of the means over some pixels each, (ground, other)."""
        near = np.stack([self.law(distance.cdist(place[g], self.place)).mean(0) for g in grounds])
        own = [
            [self.law(distance.cdist(place[g], place[other])).mean() for other in grounds]
            for g in grounds
        ]
        left = np.stack([drift[g].mean(axis=0) for g in grounds]) - near @ self.seen
        told = near @ linalg.cho_solve(self.factor, near.T)
        return np.array(own) - told + left @ self.drift_covariance @ left.T


def _places(fields: xr.DataArray) -> np.ndarray:
    """Positions of all pixels (pixel, axis) [km]."""
    width, height = pixel_size(fields.isel({fields.dims[0]: 0}))
    rows, columns = np.indices((fields.sizes["y"], fields.sizes["x"])).reshape(2, -1)
    return np.stack([columns * width, rows * height], axis=-1) / 1000


def _some(pixels: np.ndarray, number: int) -> np.ndarray:
    """Draw some of many pixels, always the same."""
    if pixels.size <= number:
        return pixels
    return np.sort(np.random.default_rng(0).choice(pixels, number, replace=False))


def _drift(place: np.ndarray, height: xr.DataArray | None, at: np.ndarray) -> np.ndarray:
    """Draw up the drift's terms, (pixel, term): one, a plane, and heights above the sample's."""
    middle = place - place[at].mean(axis=0)
    terms = [np.ones(len(place)), *(middle / np.abs(middle).max()).T]
    if height is not None:
        metres = height.transpose("y", "x").values.ravel()
        terms.append(np.nan_to_num(metres - metres[at].mean()) / 1000)
    return np.stack(terms, axis=-1)


def _drawn_in(drift: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Draw in what lies far from the drift, such as cycles that unwrapping lost, (n, pixel)."""
    for _ in range(2):
        along = (drift @ np.linalg.lstsq(drift, values.T)[0]).T
        limit = _FAR_OFF * 1.4826 * np.median(abs(values - along), axis=1, keepdims=True)
        values = along + np.clip(values - along, -limit, limit)
    return values


def _likeliest(apart: np.ndarray, drift: np.ndarray, values: np.ndarray) -> list[_Law]:
    """Choose the law of each map by restricted likelihood; all are tried on one factor each."""
    drift = drift[:, [0, *np.flatnonzero(np.ptp(drift, axis=0))]]  # ridges of one height tell none
    freedom = len(drift) - drift.shape[1]
    tried, likelihood = [], []
    for length in _LENGTHS:
        for nugget in _NUGGETS:
            matrix = np.exp(-apart / length)
            matrix[np.diag_indices_from(matrix)] += nugget
            lower = linalg.cholesky(matrix, lower=True)
            white = linalg.solve_triangular(lower, np.column_stack([drift, values.T]), lower=True)
            of_drift, of_values = white[:, : drift.shape[1]], white[:, drift.shape[1] :]
            base, triangle = np.linalg.qr(of_drift)
            sill = (np.sum(of_values**2, 0) - np.sum((base.T @ of_values) ** 2, 0)) / freedom
            determinant = np.log(np.diag(lower)).sum() + np.log(abs(np.diag(triangle))).sum()
            tried.append((sill, length, nugget))
            likelihood.append(-0.5 * freedom * np.log(sill) - determinant)
    best = np.argmax(likelihood, axis=0)
    laws = []
    for number, which in enumerate(best):
        sill, length, nugget = tried[which]
        laws.append(_Law(sill[number], length, nugget * sill[number]))
    return laws


def _mapped(
    fields: xr.DataArray, along: str, known: list[_Known], place: np.ndarray, drift: np.ndarray
) -> xr.Dataset:
    shape = fields.shape[1:]
    coarse, spread = _spread_out(shape, place)
    delay, error = (np.empty(fields.shape, dtype=np.float32) for _ in range(2))
    for number, each in enumerate(known):
        parts = each.smooth(place[coarse.ravel()])
        field, told, of_drift = (spread(part.reshape(*coarse.shape, -1)) for part in parts)
        left = drift - of_drift
        variance = each.law.sill - told[:, 0]
        variance += np.einsum("pi,ij,pj->p", left, each.drift_covariance, left)
        delay[number] = (drift @ each.drift + field[:, 0]).reshape(shape)
        error[number] = np.sqrt(np.maximum(variance, 0)).reshape(shape)
    units, direction = fields.attrs["units"], fields.attrs.get("direction")
    named = {
        "delay": (fields.dims, delay, "delay", units),
        "standard_error": (fields.dims, error, "standard error of the delay", units),
        "delay_spread": (along, [e.law.sill**0.5 for e in known], "spread of the delay", units),
        "delay_length": (along, [e.law.length for e in known], "length of the delay", "km"),
        "pixel_noise": (along, [e.law.nugget**0.5 for e in known], "noise of a pixel", units),
    }
    if drift.shape[1] > 3:
        slope = [e.drift[3] for e in known]
        its_error = [e.drift_covariance[3, 3] ** 0.5 for e in known]
        named["height_slope"] = along, slope, "change of the delay with height", f"{units} km-1"
        named["height_slope_error"] = along, its_error, "its standard error", f"{units} km-1"
    found = {
        name: (dims, values, attributes(words, of, direction))
        for name, (dims, values, words, of) in named.items()
    }
    return xr.Dataset(found, fields.coords)


def _spread_out(shape: tuple[int, ...], place: np.ndarray) -> tuple[np.ndarray, Any]:
    """Choose a coarse grid of pixels, and give what interpolates from it to all, (pixel, part)."""
    last = place[-1]
    picks = [
        np.unique(np.linspace(0, n - 1, min(n, 2 + int(length / _STEP))).astype(int))
        for n, length in zip(shape, last[::-1], strict=True)
    ]
    coarse = np.arange(len(place)).reshape(shape)[np.ix_(*picks)]

    def spread(parts: np.ndarray) -> np.ndarray:
        fine = xr.DataArray(parts, {"y": picks[0], "x": picks[1]}, ("y", "x", "part"))
        fine = fine.interp(y=np.arange(shape[0]), x=np.arange(shape[1]))
        return fine.values.reshape(-1, parts.shape[-1])

    return coarse, spread
