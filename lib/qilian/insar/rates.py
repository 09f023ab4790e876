"""Rates and seasonal deformation: out of an inversion, or out of any displacement series."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import LINE_OF_SIGHT, VERTICAL, attributes
from qilian.insar.memory import memory_attributes, noise_memory, spread_out

_MEANING = {
    "rate": ("rate", "mm year-1"),
    "thaw_deformation": ("thaw-season deformation", "mm"),
    "seasonal_amplitude": ("half the range of the yearly wave", "mm"),
}


def model_rates(result: xr.Dataset) -> xr.Dataset:
    """Name what an inversion's temporal model found, with standard errors.

    Parameters
    ----------
    result : xarray.Dataset
        As from `sbas.invert` with a model, or `fit_series`.

    Returns
    -------
    xarray.Dataset
        (y, x): `rate` [mm year-1] and `thaw_deformation` or `seasonal_amplitude` [mm] as the model
        has them, each with `{name}_standard_error`, and `degrees_of_freedom`. The error of an
        amplitude is that of its first-order expansion, too low where it is near zero itself.
    """
    estimate, covariance = result["parameters"], result["covariance"]
    names = [str(name) for name in estimate["parameter"].values]

    def variance(one: str, other: str) -> xr.DataArray:
        return covariance.sel(parameter=one, parameter_=other, drop=True)

    found: dict[str, tuple[Any, xr.DataArray]] = {
        name: (estimate.sel(parameter=name, drop=True), variance(name, name))
        for name in ("rate", "thaw_deformation")
        if name in names
    }
    if {"sine", "cosine"} <= set(names):
        sine, cosine = (estimate.sel(parameter=n, drop=True) for n in ("sine", "cosine"))
        amplitude = np.hypot(sine, cosine)
        own = sine**2 * variance("sine", "sine") + cosine**2 * variance("cosine", "cosine")
        shared = 2 * sine * cosine * variance("sine", "cosine")
        found["seasonal_amplitude"] = amplitude, (own + shared) / amplitude**2
    named = xr.Dataset(attrs=result.attrs)
    direction = estimate.attrs.get("direction")
    for name, (value, square) in found.items():
        named = named.assign(_with_error(name, value, square**0.5, direction))
    named["degrees_of_freedom"] = result["degrees_of_freedom"]
    return named.drop_vars(["unit"], errors="ignore")


def _with_error(
    name: str, value: xr.DataArray, error: xr.DataArray, direction: str | None
) -> dict[str, xr.DataArray]:
    """Name a map of `_MEANING` and its standard error, with CF attributes."""
    long_name, units = _MEANING[name]
    grid = {"grid_mapping": "spatial_ref"}
    about = attributes(long_name, units, direction) | grid
    of_error = attributes(f"standard error of the {long_name}", units, direction) | grid
    return {
        name: value.assign_attrs(about),
        f"{name}_standard_error": error.assign_attrs(of_error),
    }


def correct_rate(
    maps: xr.Dataset, correction: xr.DataArray, reference_error: xr.DataArray
) -> xr.Dataset:
    """Add a correction to a rate, and the error of what it was corrected by to its own.

    Parameters
    ----------
    maps : xarray.Dataset
        (y, x) `rate` [mm year-1] and `rate_standard_error`.
    correction : xarray.DataArray
        (y, x), such as from `products.matching_correction` [mm year-1].
    reference_error : xarray.DataArray
        (y, x) standard error of the rate that the correction came from [mm year-1].

    Returns
    -------
    xarray.Dataset
        `maps` with both changed; the errors add in squares.
    """
    other = reference_error.reset_coords(drop=True)
    error = (maps["rate_standard_error"] ** 2 + other**2) ** 0.5
    new = {"rate": maps["rate"] + correction, "rate_standard_error": error}
    return maps.assign({name: value.assign_attrs(maps[name].attrs) for name, value in new.items()})


def correct_series(inversion: xr.Dataset, correction: xr.DataArray) -> xr.Dataset:
    """Add a correction of the rate to an inversion's model, and to its series what it makes there.

    Parameters
    ----------
    inversion : xarray.Dataset
        As from `invert` with a model.
    correction : xarray.DataArray
        (y, x), such as from `products.matching_correction` [mm year-1].

    Returns
    -------
    xarray.Dataset
        `inversion` with `parameters` and `displacement` changed.
    """
    model, estimate = inversion["model"], inversion["parameters"]
    growth = correction * model.sel(parameter="rate", drop=True)
    new = {
        "parameters": estimate + correction * (estimate["parameter"] == "rate"),
        "displacement": inversion["displacement"] + growth,
    }
    return inversion.assign(
        {name: value.assign_attrs(inversion[name].attrs) for name, value in new.items()}
    )


def fit_series(displacement: xr.DataArray, model: xr.DataArray) -> xr.Dataset:
    """Fit a temporal model to a displacement series by ordinary least squares.

    For series that come without their network. Errors are as wide as the memory of the series'
    noise asks, where `memory.noise_memory` can tell it.

    Parameters
    ----------
    displacement : xarray.DataArray
        (time, y, x) [mm], NaN where missing.
    model : xarray.DataArray
        (time, parameter) at the same dates.

    Returns
    -------
    xarray.Dataset
        `parameters` (parameter, y, x), `covariance` and `degrees_of_freedom`; NaN where fewer dates
        than parameters, or just as many, have a value.
        Of its memory `displacement_variance` (time,), `persistence` and `walk`.

    Examples
    --------
    >>> from qilian.insar.temporal_models import linear_model
    >>> dates = xr.date_range("2019-01-01", periods=4, freq="365D")
    >>> series = xr.DataArray([0.0, -4.0, -11.0, -15.0], {"time": dates}, "time")
    >>> fit = fit_series(series, linear_model(series.time))
    >>> fit.parameters.sel(parameter="rate").round(1).item()  # mm year-1
    -5.2
    """
    if not np.array_equal(displacement["time"], model["time"]):
        raise InputError("the model is at other dates than the displacement, expected the same.")
    shape = displacement.shape[1:]
    d = displacement.transpose("time", ...).values.reshape(model.sizes["time"], -1)
    m = model.values
    valid = np.isfinite(d).astype(float)
    p = m.shape[1]
    products = (m[:, :, np.newaxis] * m[:, np.newaxis]).reshape(-1, p * p)
    normal = (valid.T @ products).reshape(-1, p, p)
    right = np.where(valid, d, 0).T @ m
    dof = valid.sum(axis=0) - p
    spread = np.linalg.eigvalsh(normal)
    usable = (dof > 0) & (spread[:, 0] > 1e-12 * spread[:, -1])
    inverse = np.full(normal.shape, np.nan)
    inverse[usable] = np.linalg.inv(normal[usable])
    parameters = np.einsum("npq,nq->np", inverse, right)
    residual = valid * (np.where(valid, d, 0) - m @ parameters.T)
    variance = (residual**2).sum(axis=0) / np.where(usable, dof, np.nan)
    covariance = inverse * variance[:, np.newaxis, np.newaxis]
    along = (
        {"direction": displacement.attrs["direction"]} if "direction" in displacement.attrs else {}
    )
    dims = displacement.dims[1:]
    about = {"parameter": model["parameter"], "unit": model["unit"]}
    found = xr.Dataset(
        {
            "parameters": (("parameter", *dims), parameters.T.reshape(p, *shape), along),
            "covariance": (
                ("parameter", "parameter_", *dims),
                np.moveaxis(covariance, 0, -1).reshape(p, p, *shape),
                along,
            ),
            "degrees_of_freedom": (dims, np.where(usable, dof, np.nan).reshape(shape)),
        },
        {**about, "parameter_": model["parameter"].values},
        displacement.attrs,
    ).assign_coords({k: v for k, v in displacement.coords.items() if "time" not in v.dims})
    return _widened(found, displacement, model)


def _widened(found: xr.Dataset, displacement: xr.DataArray, model: xr.DataArray) -> xr.Dataset:
    """Give a fit the errors that the memory of its residuals asks for, and keep that memory."""
    series = found.assign(displacement=displacement, model=model)
    lasting = noise_memory(spread_out(series) if {"y", "x"} <= set(series.dims) else series)
    scale = lasting["parameter_variance"] ** 0.5
    covariance = found["covariance"] * scale * scale.rename(parameter="parameter_")
    independent = model.sizes["time"] - model.sizes["parameter"]
    dof = found["degrees_of_freedom"] * (lasting["degrees_of_freedom"] / independent)
    covariance = covariance.transpose(*found["covariance"].dims)
    found = found.assign(lasting[["displacement_variance", "persistence", "walk"]])
    return found.assign(
        covariance=covariance.assign_attrs(found["covariance"].attrs),
        degrees_of_freedom=dof.assign_attrs(found["degrees_of_freedom"].attrs),
    )


def rate_change(inversion: xr.Dataset, model: xr.DataArray) -> xr.DataArray:
    """Compute what another temporal model makes of the rate, in some 400 pixels.

    Parameters
    ----------
    inversion : xarray.Dataset
        As from `invert` with a model.
    model : xarray.DataArray
        (time, parameter) at the same dates.

    Returns
    -------
    xarray.DataArray
        (y, x) the rate by `model` minus that by the inversion's own, both by ordinary least squares
        of the measured dates [mm year-1].
    """
    few = spread_out(inversion[["displacement", "bridged", "model"]]).load()
    measured = few["displacement"].where(~few["bridged"])
    own, other = (fit_series(measured, one)["parameters"] for one in (few["model"], model))
    changed = (other - own).sel(parameter="rate", drop=True).drop_vars("unit", errors="ignore")
    direction = measured.attrs.get("direction")
    return changed.assign_attrs(attributes("change of the rate", "mm year-1", direction))


def modelled(series: xr.Dataset, model: xr.DataArray) -> xr.Dataset:
    """Describe a series that was inverted elsewhere as `sbas.invert` describes its own.

    Parameters
    ----------
    series : xarray.Dataset
        The displacement contract, in memory; what else it holds is passed on.
    model : xarray.DataArray
        (time, parameter) at the same dates.

    Returns
    -------
    xarray.Dataset
        With `displacement` since the first date, what `fit_series` finds, the `model`, and
        `reference`, 1 where the series is 0 throughout. The `standard_error` (time, y, x) [mm] is
        that of a difference of two dates, with the scatter about the model and its memory; noise
        that all ground shares does not show in it. No date is `bridged`, no pair
        `dropped`.

    Examples
    --------
    >>> from qilian.insar.temporal_models import linear_model
    >>> dates = xr.date_range("2019-01-01", periods=4, freq="365D")
    >>> about = {"direction": LINE_OF_SIGHT}
    >>> moved = xr.DataArray([[[5.0]], [[1.0]], [[-6.0]], [[-10.0]]], {"time": dates},
    ...                      ("time", "y", "x"), attrs=about)
    >>> found = modelled(moved.to_dataset(name="displacement"), linear_model(moved.time))
    >>> found.displacement.values.ravel()
    array([  0.,  -4., -11., -15.])
    >>> found.standard_error.values.ravel().round(2)
    array([0.  , 1.34, 1.34, 1.34], dtype=float32)
    """
    whole = series["displacement"]
    direction, grid = whole.attrs["direction"], {"grid_mapping": "spatial_ref"}
    moved = whole - whole.isel(time=0, drop=True)
    moved = moved.assign_attrs(attributes("displacement", "mm", direction) | grid)
    fitted = fit_series(moved, model)
    residual = moved - model.rename(None).dot(fitted["parameters"], "parameter")
    left = moved.notnull().sum("time") - model.sizes["parameter"]
    scatter = ((residual**2).sum("time") / left.where(left > 0)) ** 0.5
    spread = fitted["displacement_variance"] ** 0.5
    error = (spread * scatter).where(moved.notnull()).transpose("time", "y", "x")
    about = attributes("standard error of the displacement", "mm", direction) | grid
    still = (whole == 0).all("time").astype("int8")
    fit = fitted[["parameters", "covariance", "degrees_of_freedom"]].drop_vars("unit")
    return (
        series.merge(fit)
        .assign_attrs(memory_attributes(fitted))
        .assign(
            displacement=moved,
            standard_error=error.astype("float32").assign_attrs(about),
            bridged=moved.isnull() & False,
            dropped=xr.zeros_like(still),
            reference=still.assign_attrs(attributes("reference area") | grid),
            model=model,
        )
    )


def given_rate(result: xr.Dataset) -> xr.Dataset:
    """Name a rate that was found elsewhere, and its standard error, as `model_rates` does.

    Parameters
    ----------
    result : xarray.Dataset
        The rate contract; made vertical if it has `line_of_sight_up`.

    Returns
    -------
    xarray.Dataset
        (y, x): `rate` and `rate_standard_error` [mm year-1], NaN if none was given, and
        `degrees_of_freedom`, infinite: the error is taken for known.
    """
    found = vertical_if_known(result)
    rate = found["rate"]
    error = found.get("standard_error", xr.full_like(rate, np.nan))
    named = _with_error("rate", rate, error, rate.attrs["direction"])
    known = xr.full_like(rate, np.inf).drop_attrs()
    return xr.Dataset(named, attrs=result.attrs).assign(degrees_of_freedom=known)


def fit_years(inversion: xr.Dataset, years: Sequence[int]) -> xr.Dataset:
    """Fit rate and season to the measured dates of some years, and turn them vertical.

    Parameters
    ----------
    inversion : xarray.Dataset
        As from `invert` with a model, and `line_of_sight_up`. Dates that the model alone reaches
        are left out.
    years : (int, int)
        First and last calendar year.

    Returns
    -------
    xarray.Dataset
        As from `model_rates`, in memory.
    """
    overlap = inversion.sel(time=slice(*map(str, years)))
    measured = overlap["displacement"].where(~overlap["bridged"]).compute()
    fitted = fit_series(measured, overlap["model"].load())
    return vertical(model_rates(fitted), inversion["line_of_sight_up"].load())


def half_width(
    standard_error: xr.DataArray, degrees_of_freedom: xr.DataArray, *, level: float = 0.95
) -> xr.DataArray:
    """Compute the half-width of the interval that covers the truth in `level` of cases."""
    require("level", level, 0 < level < 1, "a share between 0 and 1")
    factor = xr.apply_ufunc(
        stdtrit, degrees_of_freedom, (1 + level) / 2, dask="parallelized", output_dtypes=[float]
    )
    about = {**standard_error.attrs, "long_name": f"half-width of its {100 * level:g} % interval"}
    return (standard_error * factor).assign_attrs(about)


def mask_incoherent(result: xr.Dataset, *, minimum: float) -> xr.Dataset:
    """Mask the pixels of an inversion whose pairs disagree: temporal coherence below `minimum`.

    A series stays as it is if no pixel has a temporal coherence: one from elsewhere may come
    without, and pairs of which none is redundant cannot disagree.
    """
    require("minimum", minimum, 0 <= minimum <= 1, "0 to 1")
    coherence = result.get("temporal_coherence")
    if coherence is None or not coherence.notnull().any():
        return result
    kept = coherence >= minimum
    masked = result.copy()
    for name, field in result.items():
        if {"y", "x"} <= set(field.dims) and field.dtype.kind == "f":
            masked[name] = field.where(kept)
    return masked


def vertical_if_known(result: xr.Dataset) -> xr.Dataset:
    """Turn an inversion vertical by its own look vector, as far as it has one and is not so yet."""
    up = result.get("line_of_sight_up")
    along = any(field.attrs.get("direction") == LINE_OF_SIGHT for field in result.values())
    return vertical(result, up) if along and up is not None else result


def certainly_vertical(result: xr.Dataset) -> xr.Dataset:
    """Turn a series vertical by its own look vector, or refuse it.

    Raises
    ------
    InputError
        The displacement stays along the line of sight.
    """
    turned = vertical_if_known(result)
    direction = turned["displacement"].attrs["direction"]
    need = "vertical motion, or unit vectors of the line of sight beside it"
    require("direction of the displacement", direction, direction == VERTICAL, need)
    return turned


def vertical(deformation: xr.Dataset, up: xr.DataArray) -> xr.Dataset:
    """Turn deformation along the line of sight into vertical, taking all motion for vertical.

    Divides by the upward part of the unit vector ground to sensor, the cosine of the incidence
    angle. On pit walls and slopes that creep the assumption fails.

    Parameters
    ----------
    deformation : xarray.Dataset
        Variables whose attribute `direction` is `line of sight`, such as those of `model_rates` or
        `invert`; others stay as they are.
    up : xarray.DataArray
        (y, x) [1], as `line_of_sight_up` of the interferograms contract.

    Returns
    -------
    xarray.Dataset
        The same, with the direction `vertical`.

    Raises
    ------
    InputError
        A variable is vertical already, or none has a direction.

    Examples
    --------
    >>> along = xr.DataArray([-8.0], dims="x", attrs={"direction": LINE_OF_SIGHT})
    >>> down = vertical(along.to_dataset(name="rate"), up=xr.DataArray([0.8], dims="x")).rate
    >>> down.values, down.attrs["direction"]
    (array([-10.]), 'vertical')
    """
    directions = {n: v.attrs["direction"] for n, v in deformation.items() if "direction" in v.attrs}
    if not directions:
        raise InputError(f"no variable has a direction, expected {LINE_OF_SIGHT!r} of one or more.")
    up = up.drop_vars(up.coords)
    turned = deformation.copy()
    for name, direction in directions.items():
        require(
            f"direction of {name}", repr(direction), direction == LINE_OF_SIGHT, "line of sight"
        )
        field, power = deformation[name], 2 if name == "covariance" else 1
        upward = (field / up**power).astype(field.dtype).transpose(*field.dims)
        turned[name] = upward.assign_attrs(field.attrs | {"direction": VERTICAL})
    return turned
