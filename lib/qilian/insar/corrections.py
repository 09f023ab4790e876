"""What every pixel of an interferogram shares: its reference, ramps, delay that goes with height.

Each is a multiple of a map, one multiple a pair; an inversion takes them off as it reads.
"""

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import LINE_OF_SIGHT, attributes
from qilian.insar.coherence import temporal_mean_coherence

SAMPLE = 20_000  # pixels that ramps and height are fitted to, at most
STABLE_SHARE = 0.3  # of the pixels, the most coherent: what is least likely to move
TRIMMED = 3.0  # residuals beyond so many robust standard deviations do not count
ROUNDS = 4


def reference_by_coherence(
    stack: xr.Dataset, *, size: int = 5, mean_coherence: xr.DataArray | None = None
) -> xr.DataArray:
    """Choose the most coherent square of pixels that has phase in every pair.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract with `unwrapped_phase` and `coherence`.
    size : int, optional
        Side of the square [pixel], odd.
    mean_coherence : xarray.DataArray, optional
        (y, x), over the pairs; averaged here by default.

    Returns
    -------
    xarray.DataArray
        (y, x), True in the reference area.

    Raises
    ------
    InputError
        No such square.

    Examples
    --------
    >>> size = ("pair", "y", "x")
    >>> stack = xr.Dataset({"coherence": (size, [[[0.4, 0.9, 0.5]]])})
    >>> stack["unwrapped_phase"] = (size, [[[1.0, 2.0, 3.0]]])
    >>> reference_by_coherence(stack, size=1).values
    array([[False,  True, False]])
    """
    mean = _mean_coherence(stack) if mean_coherence is None else mean_coherence
    return _best_square(stack, mean, size)


def reference_by_phase(stack: xr.Dataset, *, size: int = 5) -> xr.DataArray:
    """Choose the square with phase in every pair that departs least from the scene's mean.

    For stacks without coherence. The phases of a pair are taken relative to their mean over the
    scene; the square is that of the smallest mean square over all pairs. If most of the scene
    moves, so does the reference.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract with `unwrapped_phase`.
    size : int, optional
        Side of the square [pixel], odd.

    Returns
    -------
    xarray.DataArray
        (y, x), True in the reference area.

    Raises
    ------
    InputError
        No such square.

    Examples
    --------
    >>> phase = [[[1.0, 2.0, 6.0]], [[0.0, 3.0, 9.0]]]
    >>> stack = xr.Dataset({"unwrapped_phase": (("pair", "y", "x"), phase)})
    >>> reference_by_phase(stack, size=1).values
    array([[False,  True, False]])
    """
    phase = stack["unwrapped_phase"]
    departure = ((phase - phase.mean(("y", "x"))) ** 2).mean("pair").compute()
    return _best_square(stack, -departure, size)


def _best_square(stack: xr.Dataset, merit: xr.DataArray, size: int) -> xr.DataArray:
    """Find the square of most merit in the mean that has phase in every pair."""
    require("size", size, size >= 1 and size % 2 == 1, "an odd number of pixels")
    complete = stack["unwrapped_phase"].notnull().all("pair").compute()
    window = {"y": size, "x": size}
    smooth = merit.where(complete).rolling(window, center=True).mean()
    if smooth.isnull().all():
        blank = stack["unwrapped_phase"].isnull().all(["y", "x"]).values
        if blank.any():
            raise InputError(
                f"{_pair_in_words(stack.isel(pair=int(blank.argmax())))} has no phase at all "
                f"({blank.sum()} of {blank.size} pairs), expected some in every pair."
            )
        raise InputError(
            f"no {size} × {size} pixels have phase in every pair, expected a reference area."
        )
    row, column = np.unravel_index(np.nanargmax(smooth.values), smooth.shape)
    half = size // 2
    area = xr.zeros_like(merit, dtype=bool).drop_attrs()
    area[{"y": slice(row - half, row + half + 1), "x": slice(column - half, column + half + 1)}] = 1
    return area


def _pair_in_words(pair: xr.Dataset) -> str:
    dates = [pair[name].values for name in ("reference_date", "secondary_date") if name in pair]
    return f"the pair {' to '.join(f'{date:.10}'.replace('-', '') for date in dates)}"


def reference_around(stack: xr.Dataset, x: float, y: float, *, size: int = 5) -> xr.DataArray:
    """Take the square of pixels around a place in the stack's coordinates, True inside."""
    require("size", size, size >= 1 and size % 2 == 1, "an odd number of pixels")
    area = xr.zeros_like(stack["unwrapped_phase"].isel(pair=0, drop=True), dtype=bool).compute()
    steps = {}
    for axis, value in (("x", x), ("y", y)):
        at = stack[axis].values
        near = int(np.abs(at - value).argmin())
        pixel = abs(at[1] - at[0]) if at.size > 1 else np.inf
        require(f"reference {axis}", value, abs(at[near] - value) <= pixel, f"a place in {axis}")
        steps[axis] = slice(max(near - size // 2, 0), near + size // 2 + 1)
    area[steps] = True
    return area


def fit_corrections(
    stack: xr.Dataset,
    reference: xr.DataArray,
    *,
    ramp: bool = False,
    height: bool = False,
    stable: xr.DataArray | None = None,
    mean_coherence: xr.DataArray | None = None,
) -> xr.Dataset:
    """Fit what to take off each pair so that its phase is zero, in the median, at the reference.

    A ramp is a plane in x and y; delay in the stratified troposphere is taken to go with height.
    Both are fitted to stable ground, residuals beyond three robust standard deviations left out.
    **Ground that deforms with height, or as a plane, loses that deformation.**

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract with `unwrapped_phase`; `height` and `coherence` if used.
    reference : xarray.DataArray
        (y, x), True in the reference area.
    ramp, height : bool, optional
        What to fit besides the reference.
    stable : xarray.DataArray, optional
        (y, x), True on ground that does not move; the most coherent 30 % by default.
    mean_coherence : xarray.DataArray, optional
        (y, x), over the pairs, which finds that ground; averaged here by default.

    Returns
    -------
    xarray.Dataset
        `coefficient` (pair, term) [rad], `basis` (term, y, x) [1] and the `reference` area.

    Raises
    ------
    InputError
        No phase in the reference area of some pair, no height, too little stable ground.

    Examples
    --------
    >>> stack = xr.Dataset({"unwrapped_phase": (("pair", "y", "x"), [[[1.0, 2.0, 3.0]]])})
    >>> reference = xr.DataArray([[False, True, False]], dims=("y", "x"))
    >>> fit_corrections(stack, reference).coefficient.values
    array([[2.]])
    """
    phase = stack["unwrapped_phase"]
    basis = _basis(stack, ramp, height)
    coefficient = np.zeros((phase.sizes["pair"], basis.sizes["term"]))
    if basis.sizes["term"] > 1:
        if stable is None:
            mean = _mean_coherence(stack) if mean_coherence is None else mean_coherence
            stable = mean >= mean.quantile(1 - STABLE_SHARE)
        rows, columns = _thinned(stable.values & basis.notnull().all("term").values)
        design = basis.values[:, rows, columns].T.astype(float)
        for pair, values in enumerate(_at(phase, rows, columns)):
            coefficient[pair] = _robust(design, values, _dates(stack, pair))
    rows, columns = np.nonzero(reference.values)
    left = _at(phase, rows, columns) - coefficient @ basis.values[:, rows, columns]
    empty = np.flatnonzero(np.isnan(left).all(axis=1))
    if empty.size:
        raise InputError(
            f"the pair {_dates(stack, empty[0])} has no phase in the reference area, "
            "expected some in every pair."
        )
    coefficient[:, 0] += np.nanmedian(left, axis=1)
    terms = {"coefficient": (("pair", "term"), coefficient, attributes("multiple", "rad"))}
    area = reference.astype("int8").assign_attrs(attributes("reference area"))
    return xr.Dataset({**terms, "basis": basis, "reference": area})


def pair_displacement(stack: xr.Dataset) -> xr.DataArray:
    """Turn each pair's phase into displacement, for stacks in memory: d = -λ / 4π · φ.

    An inversion of a network does so as it reads, and needs no such step.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract with `unwrapped_phase`.

    Returns
    -------
    xarray.DataArray
        (pair, y, x) along the line of sight, positive towards the sensor [mm].
    """
    moved = stack["unwrapped_phase"] * (-1000 * stack["wavelength"] / (4 * np.pi))
    about = attributes("displacement of the pair", "mm", LINE_OF_SIGHT)
    return moved.transpose("pair", "y", "x").assign_attrs(about | {"grid_mapping": "spatial_ref"})


def _basis(stack: xr.Dataset, ramp: bool, height: bool) -> xr.DataArray:
    """Draw up the maps that corrections are multiples of, each about 1 in size."""
    ones = xr.ones_like(stack["unwrapped_phase"].isel(pair=0, drop=True), dtype="float32").compute()
    maps = {"reference": ones}
    if ramp:
        for axis in ("x", "y"):
            at = stack[axis]
            maps[f"ramp_{axis}"] = ones * ((at - at.mean()) / abs(at - at.mean()).max())
    if height:
        if "height" not in stack:
            raise InputError("the stack has no height, expected it to correct the delay by.")
        field = stack["height"].compute()
        maps["height"] = (field - field.mean()) / field.std()
    basis = xr.concat(list(maps.values()), "term", coords="minimal", compat="override")
    basis = basis.assign_coords(term=list(maps)).astype("float32")
    return basis.assign_attrs(attributes("maps that corrections are multiples of"))


def _mean_coherence(stack: xr.Dataset) -> xr.DataArray:
    """Average the coherence of each pixel, (y, x), NaN where there is none."""
    if "coherence" not in stack:
        raise InputError("the stack has no coherence, expected it to judge its pixels by.")
    return temporal_mean_coherence(stack["coherence"], minimum_fraction=0)["mean_coherence"]


def _thinned(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(chosen)
    if rows.size < 100:
        raise InputError(f"stable ground has {rows.size} pixels, expected 100 at least.")
    step = -(-rows.size // SAMPLE)
    return rows[::step], columns[::step]


def _at(phase: xr.DataArray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Phase of some pixels, (pair, pixel)."""
    points = {"y": xr.DataArray(rows, dims="pixel"), "x": xr.DataArray(columns, dims="pixel")}
    return phase.isel(points).compute().values.astype(float)


def _robust(design: np.ndarray, values: np.ndarray, pair: str) -> np.ndarray:
    """Least squares, then again without what lies far off.

    By normal equations, which lose no digit that counts: the columns of the design are about 1.
    """
    kept, known = np.isfinite(values), np.nan_to_num(values)
    for _ in range(ROUNDS):
        if kept.sum() < 10 * design.shape[1]:
            raise InputError(f"the pair {pair} has too little phase on stable ground.")
        used = design * kept[:, np.newaxis]
        solution = np.linalg.lstsq(used.T @ design, used.T @ known)[0]
        off = np.abs(values - design @ solution)
        kept = off <= TRIMMED * 1.4826 * np.nanmedian(off)
    return solution


def _dates(stack: xr.Dataset, pair: int) -> str:
    ends = stack["reference_date"].values[pair], stack["secondary_date"].values[pair]
    return " to ".join(str(end)[:10] for end in ends)
