"""The inversion of a labelled stack, in memory or block by block."""

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError, require
from qilian.contracts.labels import LINE_OF_SIGHT, attributes
from qilian.insar.network import incidence
from qilian.insar.sbas.elimination import plan
from qilian.insar.sbas.loops import find_loops, no_loops
from qilian.insar.sbas.machine import BLOCKS, LANES, Weights
from qilian.insar.sbas.recorded import Task, record
from qilian.insar.sbas.solve import Network, Stack, solve_pixels

# What comes out besides the series: dims without the pixel's, type, long name, units.
_OUTPUTS = {
    "displacement": (("time",), "f4", "displacement", "mm"),
    "standard_error": (("time",), "f4", "standard error of the displacement", "mm"),
    "bridged": (("time",), "bool", "date reached by the temporal model alone", "1"),
    "parameters": (("parameter",), "f4", "parameters of the temporal model", None),
    "covariance": (("parameter", "parameter_"), "f4", "covariance of the parameters", None),
    "degrees_of_freedom": ((), "f4", "degrees of freedom of the standard errors", "1"),
    "temporal_coherence": ((), "f4", "temporal coherence of the residuals", "1"),
    "residual": ((), "f4", "root mean square residual of the pairs", "mm"),
    "pairs": ((), "u2", "pairs used", "1"),
    "pieces": ((), "u2", "pieces of the network that no pair ties to the first date", "1"),
    "dropped": ((), "u2", "pairs dropped since their loops do not close", "1"),
}
_DIRECTED = {"displacement", "standard_error", "parameters", "covariance", "residual"}


def invert(
    stack: xr.Dataset,
    *,
    weight: str | xr.DataArray = "fisher",
    corrections: xr.Dataset | None = None,
    model: xr.DataArray | None = None,
    constraint: float = 1e-4,
    prior: xr.Dataset | None = None,
    memory: xr.Dataset | None = None,
    screen_loops: bool = True,
    uncertainty: bool = True,
) -> xr.Dataset:
    """Invert interferograms for a displacement series, every pixel by its own data.

    Weighted least squares (SBAS; Berardino et al. 2002, doi:10.1109/TGRS.2002.803792) with, if
    given, weak rows that tie the series to a temporal model (NSBAS; López-Quiroz et al. 2009,
    doi:10.1016/j.jappgeo.2009.02.006) and a rate known beforehand. With d the pairs' phases:

        minimise Σ w_ij (x_j - x_i - d_ij)² + c² w̄ Σ (x_i - M_i m)²,   x_first = 0

    **Where the data do not tie a date to the first one**, it is missing, or, given a model,
    reached by the model's rows alone and flagged as `bridged`; it then has no standard error. No
    solution of least norm is filled in.

    **Standard errors** know two noises: of pairs, judged by their residuals and propagated through
    the network, and, given a model, of dates (delay in the atmosphere), judged by the residuals of
    the series about the model. Without a model the second is unknown and left out. They hold if the
    model does, the constraint is weak, and the noise of one date says nothing about the next's,
    unless its `memory` is given, which makes them as wide as that asks.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, in memory or lazy; `unwrapped_phase`, and `coherence` if it
        weighs. A phase or coherence of NaN is missing; one of exactly 0 is not.
    weight : {"fisher", "coherence", "none"} or xarray.DataArray, optional
        Fisher information g² / (1 - g²) of coherence g, coherence itself, both with g between
        0.05 and 0.999; equal weights; or weights (pair, y, x), 0 for a pair to be left out.
    corrections : xarray.Dataset, optional
        As from `corrections.fit_corrections`: reference area, ramps, delay that goes with height.
    model : xarray.DataArray, optional
        (time, parameter) at the stack's dates, as from `thaw_model` or its like.
    constraint : float, optional
        c, relative to a pixel's mean pair. Small values only bridge; large ones smooth.
    prior : xarray.Dataset, optional
        `rate` and `standard_error` (y, x), along the line of sight [mm year-1]; NaN where unknown.
        It is weighed against the stack's own rate by their variances.
    memory : xarray.Dataset, optional
        Of the noise of dates, as from `memory.noise_memory` for a sample of the pixels.
    screen_loops : bool, optional
        Drop pairs whose loops of three do not close to within half a cycle, pixel by pixel.
    uncertainty : bool, optional
        Compute standard errors; a prior needs them.

    Returns
    -------
    xarray.Dataset
        (time, y, x) `displacement` and `standard_error` [mm], positive towards the sensor,
        `bridged` with a model; its `parameters` (parameter, y, x), their `covariance`, and the
        `model` itself;
        (y, x) `degrees_of_freedom`, `temporal_coherence` (missing where no pair is redundant),
        `residual` [mm], and the counts `pairs`, `pieces`, `dropped`. Lazy if the stack is.

    Raises
    ------
    InputError
        An option out of range, a variable that is missing or on another grid, phases that have no
        common reference.

    Examples
    --------
    A loop of three pairs that does not close by 0.5 rad, less than half a cycle:

    >>> import numpy as np
    >>> june = np.array(["2020-06-01", "2020-06-13", "2020-06-25"], "datetime64[ns]")
    >>> stack = xr.Dataset(
    ...     {
    ...         "reference_date": ("pair", june[[0, 1, 0]]),
    ...         "secondary_date": ("pair", june[[1, 2, 2]]),
    ...         "unwrapped_phase": (("pair", "y", "x"), [[[1.0]], [[2.0]], [[3.5]]]),
    ...         "wavelength": 0.0555,
    ...     }
    ... )
    >>> series = invert(stack, weight="none")
    >>> series.displacement.values.ravel().round(2)  # mm, positive towards the sensor
    array([  0.  ,  -5.15, -14.72], dtype=float32)
    """
    _check(stack, weight, corrections, model, constraint, prior, memory, uncertainty)
    dates, first, second = incidence(stack)
    phase = stack["unwrapped_phase"]
    if isinstance(weight, str):
        kind = Weights[weight.upper()]
        quality = phase if kind is Weights.NONE else stack["coherence"]
    else:
        kind, quality = Weights.GIVEN, weight
    matrix = np.zeros((dates.size, 0)) if model is None else model.values
    terms = np.zeros((first.size, 0)) if corrections is None else corrections["coefficient"].values
    task = Task(
        plan(first, second, dates.size),
        matrix.astype(float),
        float(constraint) ** 2,
        uncertainty,
        prior is not None,
        memory is not None,
        -1000 * float(stack["wavelength"]) / (4 * np.pi),
    )
    program = record(task)
    if memory is not None:
        known = np.concatenate([_remembered(memory, matrix.shape), program.constants])
        program = program._replace(constants=known)
    network = Network(
        task,
        program,
        find_loops(first, second) if screen_loops else no_loops(first.size),
        int(kind),
        np.ascontiguousarray(terms, dtype=np.float32),
    )
    layers = [
        phase,
        quality,
        _layer(corrections, "basis", phase),
    ]
    if prior is not None:
        layers += [_layer(prior, name, phase) for name in ("rate", "standard_error")]
    # Coordinates may differ in name or precision; the grid is the stack's.
    layers = [layer.drop_vars(layer.coords) for layer in layers]
    return _label(_apply(network, layers), stack, dates, model)


def _remembered(memory: xr.Dataset, shape: tuple[int, int]) -> np.ndarray:
    """Put a memory as the program takes it; `shape` is that of the model (date, parameter)."""
    independent = shape[0] - shape[1]
    variances = memory["parameter_variance"].values, memory["displacement_variance"].values
    return np.concatenate([*variances, [-float(memory["degrees_of_freedom"]) / independent]])


def _check(stack, weight, corrections, model, constraint, prior, memory, uncertainty) -> None:
    known = [kind.name.lower() for kind in Weights if kind is not Weights.GIVEN]
    if isinstance(weight, str):
        require("weight", repr(weight), weight in known, f"one of {', '.join(known)} or weights")
        if weight != "none" and "coherence" not in stack:
            raise InputError(f"weight is {weight!r} but the stack has no coherence, expected it.")
    if "unwrapped_phase" not in stack:
        raise InputError("the stack has no unwrapped_phase, expected it for an inversion.")
    if corrections is None and stack.attrs.get("phase_reference"):
        raise InputError(
            f"phases refer to {stack.attrs['phase_reference']}, expected corrections with a "
            "reference area."
        )
    require("constraint", constraint, constraint > 0, "more than 0")
    if prior is not None and (model is None or not uncertainty):
        raise InputError("a prior rate is given, expected a model and uncertainty with it.")
    if memory is not None:
        fits = model is not None and uncertainty
        require("memory", "given", fits, "a model and uncertainty with it")
        same = np.array_equal(memory["time"].values, model["time"].values)
        require("memory", f"at {memory.sizes['time']} dates", same, "the model's dates")
    if model is not None:
        ends = np.concatenate([stack["reference_date"].values, stack["secondary_date"].values])
        same = np.array_equal(model["time"].values, np.unique(ends))
        require("model", f"at {model.sizes['time']} dates", same, "the stack's dates")
        named = list(model["parameter"].values[:2]) == ["offset", "rate"]
        require("model", list(model["parameter"].values), named, "offset and rate first")


def _layer(source: xr.Dataset | None, name: str, like: xr.DataArray) -> xr.DataArray:
    """Give the maps of `source`, chunked as the stack; NaN where there is no source."""
    template = like.isel(pair=0, drop=True).astype(np.float64)
    if source is None:
        return xr.full_like(template, np.nan)
    field = source[name].transpose(..., "y", "x")
    for axis in ("y", "x"):
        if not np.array_equal(field[axis], like[axis]):
            raise InputError(f"{name} has another {axis} than the stack, expected its grid.")
    return field if like.chunks is None else field.chunk(template.chunksizes)


def _wanted(task: Task) -> list[str]:
    """Names of the results that a task brings."""
    needs = {
        "standard_error": task.uncertainty,
        "degrees_of_freedom": task.uncertainty,
        "bridged": task.model.size > 0,
        "parameters": task.model.size > 0,
        "covariance": task.model.size > 0 and task.uncertainty,
    }
    return [name for name in _OUTPUTS if needs.get(name, True)]


def _apply(network: Network, layers: list[xr.DataArray]) -> dict[str, xr.Variable]:
    """Solve all pixels, where the stack is: in memory by threads here, or lazily by blocks."""
    layers = [field.transpose(..., "y", "x") for field in layers]
    wanted = _wanted(network.task)
    results: Sequence[Any]
    if layers[0].chunks is None:
        threads = len(os.sched_getaffinity(0))
        results = _solve(*(field.values for field in layers), network=network, threads=threads)
    else:
        results = _lazily(network, layers, wanted)
    return {
        name: xr.Variable((*_OUTPUTS[name][0], "y", "x"), array)
        for name, array in zip(wanted, results, strict=True)
    }


def _lazily(network: Network, layers: list[xr.DataArray], wanted: list[str]) -> list[da.Array]:
    """Make one Dask task of each block, which reads it too, and one of each of its results.

    The dims that a solution sums over stay with a block, one long: Dask fuses no reading into a
    contraction, and would then send what one worker has read to another. Nor does it copy a block.
    """
    blocks = {axis: layers[0].chunksizes[axis] for axis in ("y", "x")}
    own = dict.fromkeys(dim for field in layers for dim in field.dims if dim not in blocks)
    whole = dict.fromkeys(own, -1) | blocks
    inputs = [(field.chunk({d: whole[d] for d in field.dims}).data, field.dims) for field in layers]
    dims = (*own, *blocks)
    solved = da.blockwise(
        _solve,
        dims,
        *itertools.chain(*inputs),
        network=network,
        threads=1,
        dtype=object,
        meta=np.empty((0,) * len(dims), object),
    )
    dates, parameters = network.task.model.shape
    sizes = {"time": dates, "parameter": parameters, "parameter_": parameters}
    return [
        da.blockwise(
            _result,
            (*_OUTPUTS[name][0], *blocks),
            solved,
            dims,
            number=number,
            new_axes={dim: sizes[dim] for dim in _OUTPUTS[name][0]},
            dtype=_OUTPUTS[name][1],
            meta=np.empty((0,) * (len(_OUTPUTS[name][0]) + 2), _OUTPUTS[name][1]),
        )
        for number, name in enumerate(wanted)
    ]


def _result(solved, number: int) -> np.ndarray:
    """Take one result out of a block's, which Dask hands over in a list for each dim of its own."""
    while isinstance(solved, list):
        (solved,) = solved
    return solved[number]


def _solve(
    phase: np.ndarray,
    quality: np.ndarray,
    basis: np.ndarray,
    *prior: np.ndarray,
    network: Network,
    threads: int,
) -> tuple[np.ndarray, ...]:
    """Solve one block of pixels; y and x are the last dims of all that comes in and out."""
    task, shape = network.task, phase.shape[-2:]
    stack, worth, maps = (_flat(layer) for layer in (phase, quality, basis))
    maps = maps[: network.correction.shape[1]]
    pixels, output = stack.shape[1], network.program.output
    before = np.array([layer.ravel() for layer in prior], float).reshape(-1, pixels)
    layers = Stack(stack, worth, maps, before / task.millimetres)
    out = np.empty((max(rows.stop for rows in output.values()), pixels), np.float32)
    runs = iter(range(0, pixels, BLOCKS * LANES))

    def solve(_: int) -> None:
        solve_pixels(network, layers, runs, out)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(solve, range(threads)))
    dates, parameters = task.model.shape
    sizes = {"time": dates, "parameter": parameters, "parameter_": parameters}
    return tuple(
        out[output[name]]
        .astype(_OUTPUTS[name][1], copy=False)
        .reshape(*(sizes[dim] for dim in _OUTPUTS[name][0]), *shape)
        for name in _wanted(task)
    )


def _flat(layer: np.ndarray) -> np.ndarray:
    """Bring (…, y, x) to (k, pixel), float32 and contiguous: no copy, if it was so before."""
    return np.ascontiguousarray(layer, dtype=np.float32).reshape(
        -1, layer.shape[-2] * layer.shape[-1]
    )


def _label(
    results: dict[str, xr.Variable],
    stack: xr.Dataset,
    dates: np.ndarray,
    model: xr.DataArray | None,
) -> xr.Dataset:
    """Give results their coordinates and CF attributes."""
    for name, field in results.items():
        _, _, long_name, units = _OUTPUTS[name]
        direction = LINE_OF_SIGHT if name in _DIRECTED else None
        field.attrs = attributes(long_name, units, direction) | {"grid_mapping": "spatial_ref"}
    coordinates = {
        axis: stack[axis].variable for axis in ("y", "x", "spatial_ref") if axis in stack.coords
    }
    coordinates["time"] = xr.Variable("time", dates)
    if model is not None:
        parameter = model["parameter"].values
        coordinates["parameter"] = xr.Variable("parameter", parameter)
        coordinates["parameter_"] = xr.Variable("parameter_", parameter)
        coordinates["unit"] = model["unit"].variable
        about = attributes("temporal model", None)
        results["model"] = xr.Variable(("time", "parameter"), model.values, about)
    kept = {k: v for k, v in stack.attrs.items() if k != "phase_reference"}
    return xr.Dataset(results, coordinates, kept)
