"""Registration of an old picture by control points, with errors by leaving points out."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import attributes
from qilian.imagery.transforms import TRANSFORMS, Transform, _design


def fit_transform(points: xr.Dataset, model: str) -> Transform:
    """Fit a transform to control points by least squares.

    Parameters
    ----------
    points : xarray.Dataset
        Along `point`: `column` and `row` in the picture, counted from the outer corner of its
        first pixel, `x` and `y` on the ground [m].
    model : {"similarity", "affine", "quadratic"}
        Shift, turn and one scale (4 parameters); any linear transform (6); with squares (12).

    Returns
    -------
    Transform
        Calls give x and y.

    Raises
    ------
    InputError
        The points are too few, or lie so that the model can't be told from them.
    """
    require("model", repr(model), model in TRANSFORMS, f"one of {', '.join(TRANSFORMS)}")
    place, ground, centre, size, origin = _normalized(points)
    equations = _design(model, place).reshape(2 * len(place), -1)
    needed = equations.shape[1] // 2
    if np.linalg.matrix_rank(equations, tol=1e-6) < equations.shape[1]:
        raise InputError(
            f"{len(place)} control points don't determine a {model} transform, expected at least "
            f"{needed} that are spread over the picture."
        )
    cofactor = np.linalg.inv(equations.T @ equations)
    parameters = cofactor @ equations.T @ ground.ravel()
    return Transform(model, parameters, cofactor, centre, size, origin)


def _normalized(points: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray, float, np.ndarray]:
    """Places of order 1 and ground from its middle, and what brings them back."""
    place = np.stack([points["column"], points["row"]], -1).astype(float)
    ground = np.stack([points["x"], points["y"]], -1).astype(float)
    centre, origin = place.mean(axis=0), ground.mean(axis=0)
    size = float(np.abs(place - centre).max()) or 1.0
    return (place - centre) / size, ground - origin, centre, size, origin


def point_residuals(points: xr.Dataset, transform: Transform) -> xr.DataArray:
    """Compute each point's ground position minus that of the transform, (point, axis) [m]."""
    found = np.stack(transform(points["column"].values, points["row"].values), -1)
    stated = np.stack([points["x"], points["y"]], -1)
    about = attributes("residual of a control point", "m")
    return xr.DataArray(stated - found, {"axis": ["x", "y"]}, ("point", "axis"), attrs=about)


def left_out_residuals(points: xr.Dataset, model: str) -> xr.DataArray:
    """Compute by how much the transform of all other points misses each.

    Without fitting anew: the residuals $e_i$ of one point follow from those of the common fit and
    the point's own 2 × 2 block of the hat matrix, $(I - H_{ii})^{-1} e_i$ (Cook & Weisberg, 1982).

    Parameters
    ----------
    points : xarray.Dataset
        As `fit_transform` takes them.
    model : {"similarity", "affine", "quadratic"}
        As `fit_transform` takes it.

    Returns
    -------
    xarray.DataArray
        (point, axis) [m]; missing where all other points together don't determine the model.
    """
    transform = fit_transform(points, model)
    off = point_residuals(points, transform)
    about = attributes("residual of a control point that took no part", "m")
    return off.copy(data=_left_out(points, transform, off.values)).assign_attrs(about)


def _left_out(points: xr.Dataset, transform: Transform, off: np.ndarray) -> np.ndarray:
    equations = transform.equations(points["column"].values, points["row"].values)
    hat = np.einsum("pij,jk,plk->pil", equations, transform.cofactor, equations)
    rest = np.eye(2) - hat
    sound = np.linalg.det(rest) > 1e-9
    rest[~sound] = np.eye(2)
    missed = np.linalg.solve(rest, off[..., np.newaxis])[..., 0]
    missed[~sound] = np.nan
    return missed


def compare_transforms(points: xr.Dataset, shape: tuple[int, int]) -> xr.Dataset:
    """Compare the models by the points they are not fitted to.

    Parameters
    ----------
    points : xarray.Dataset
        As `fit_transform` takes them.
    shape : tuple of int
        Rows and columns of the picture.

    Returns
    -------
    xarray.Dataset
        Along `model`: the number of `parameters`; `fit_rmse` and `left_out_rmse`, root mean
        square distance of the points from where the transform of all, or of all others, puts them
        [m]; `excess`, by how much the mean square of the latter exceeds the least of the models,
        and its standard error `excess_error` by the points' own differences [m2]; `point_error`,
        standard error of a point along an axis, by the residuals and their degrees of freedom [m];
        `picture_error`, root mean square standard error of positions over the whole picture, noise
        of single points aside [m]. What can't be told is missing.

    Raises
    ------
    InputError
        There are too few points to leave one out of any model.
    """
    errors = [_errors(points, model, shape) for model in TRANSFORMS]
    squares = np.array([own for own, *_ in errors])
    mean = squares.mean(axis=1)
    if np.isnan(mean).all():
        raise InputError(
            f"{points.sizes['point']} control points are too few to leave one out, expected at "
            "least 3 that are spread over the picture, better 10."
        )
    more = squares - squares[np.nanargmin(mean)]
    fits = np.array([whole for _, *whole in errors]).T
    rows = {
        "parameters": ("parameters", "1", [_parameters(model) for model in TRANSFORMS]),
        "fit_rmse": ("RMSE of the fit", "m", fits[0]),
        "left_out_rmse": ("leave-one-out RMSE", "m", np.sqrt(mean)),
        "excess": ("mean square above the lowest", "m2", more.mean(axis=1)),
        "excess_error": ("its standard error", "m2", more.std(axis=1, ddof=1) / len(more.T) ** 0.5),
        "point_error": ("error of a point, each axis", "m", fits[1]),
        "picture_error": ("expected error of a position", "m", fits[2]),
    }
    table = {
        name: ("model", values, attributes(about, units))
        for name, (about, units, values) in rows.items()
    }
    return xr.Dataset(table, {"model": list(TRANSFORMS)})


def choose_transform(comparison: xr.Dataset) -> str:
    """Return the simplest model that is no worse than the best, given how sure the difference is.

    With a dozen points the least error left out is often least by chance. So a simpler model goes
    before the best one unless its mean square exceeds that by more than one standard error of
    their difference (the one-standard-error rule of Breiman et al., 1984, on paired errors).

    Parameters
    ----------
    comparison : xarray.Dataset
        As `compare_transforms` returns it.

    Returns
    -------
    str
        One of `TRANSFORMS`.
    """
    close = comparison["excess"] <= comparison["excess_error"]
    return str(comparison["model"].values[int(np.argmax(close.values))])


def _errors(
    points: xr.Dataset, model: str, shape: tuple[int, int]
) -> tuple[np.ndarray, float, float, float]:
    """Squares left out (point,) [m2], RMSE of the fit, error of a point and of a position [m]."""
    try:
        transform = fit_transform(points, model)
    except InputError:
        return np.full(points.sizes["point"], np.nan), np.nan, np.nan, np.nan
    off = point_residuals(points, transform).values
    freedom = off.size - _parameters(model)
    point = np.sqrt((off**2).sum() / freedom) if freedom else np.nan
    row, column = np.meshgrid(*(np.linspace(0, size, 30) for size in shape), indexing="ij")
    picture = point * np.sqrt((transform.standard_error(column, row) ** 2).mean())
    rmse = np.sqrt((off**2).sum(axis=1).mean())
    return (_left_out(points, transform, off) ** 2).sum(axis=1), rmse, point, picture


def _parameters(model: str) -> int:
    return _design(model, np.zeros((1, 2))).shape[-1]
