"""From a stack of interferograms to displacement, block of pixels by block of pixels."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np

from qilian.insar.sbas import elimination, loops, model, pixels
from qilian.insar.sbas.elimination import LANES, compiled

BLOCKS = 8  # read and written together, since memory is slow at short runs


class Task(NamedTuple):
    """What is the same for all pixels of a stack.

    Attributes
    ----------
    plan : Elimination
        Of the network.
    loops : Loops
        Those to screen.
    kind : int
        Of `pixels.Weights`.
    correction : numpy.ndarray
        Multiples of the basis maps to subtract from each pair, float32, (pair, term).
    model : numpy.ndarray
        Temporal model at each date, (date, parameter); no column for none. The first parameter is
        an offset, the second the rate that a prior speaks of.
    constraint : float
        Weight of a row of the model, squared, relative to a pixel's mean pair.
    uncertainty : bool
        Whether to compute standard errors.
    millimetres : float
        Displacement of one radian.
    """

    plan: elimination.Elimination
    loops: loops.Loops
    kind: int
    correction: np.ndarray
    model: np.ndarray
    constraint: float
    uncertainty: bool
    millimetres: float


class Result(NamedTuple):
    """Arrays to fill, the last axis over pixels; millimetres and years."""

    displacement: np.ndarray  # (date, pixel)
    standard_error: np.ndarray  # (date, pixel), or (0, pixel)
    bridged: np.ndarray  # (date, pixel), or (0, pixel) without a model
    parameters: np.ndarray  # (parameter, pixel)
    covariance: np.ndarray  # (parameter, parameter, pixel)
    degrees_of_freedom: np.ndarray  # (pixel,)
    temporal_coherence: np.ndarray  # (pixel,)
    residual: np.ndarray  # (pixel,)
    pairs: np.ndarray  # (pixel,)
    pieces: np.ndarray  # (pixel,)
    dropped: np.ndarray  # (pixel,)


class Work(NamedTuple):
    """Scratch of one thread; the last axis is LANES."""

    coupling: np.ndarray  # (coupling,), as is the inverse between coupled dates
    between: np.ndarray
    ground: np.ndarray  # (date,), as are the following
    spring: np.ndarray
    pivot: np.ndarray
    x: np.ndarray
    tie: np.ndarray
    variance: np.ndarray
    rounded: np.ndarray
    columns: np.ndarray  # (parameter, date)
    parameters: np.ndarray  # (parameter,)
    covariance: np.ndarray  # (parameter, parameter), as are the following
    inverse: np.ndarray
    mv: np.ndarray
    of_pairs: np.ndarray
    of_dates: np.ndarray
    pairs: np.ndarray  # (), as are the following
    pieces: np.ndarray
    dropped: np.ndarray
    g: np.ndarray
    pair_noise: np.ndarray
    pair_dof: np.ndarray
    noise: np.ndarray
    dof: np.ndarray
    coherence: np.ndarray
    square: np.ndarray
    weighted: np.ndarray


@compiled
def _workspace(task):
    n = task.plan.date.size
    links, size = task.plan.row.size, task.model.shape[1]
    kept = links if task.uncertainty else 0
    by_date = np.zeros((6, n, LANES))
    small = np.zeros((5, size, size, LANES))
    lane = np.zeros((7, LANES))
    short = np.zeros((4, LANES), np.float32)
    return Work(
        np.zeros((links, LANES)),
        np.zeros((kept, LANES)),
        by_date[0],
        by_date[1],
        by_date[2],
        by_date[3],
        by_date[4],
        by_date[5],
        np.zeros((n + 1, LANES), np.float32),
        np.zeros((size, n, LANES)),
        np.zeros((size, LANES)),
        small[0],
        small[1],
        small[2],
        small[3],
        small[4],
        short[0],
        lane[0],
        lane[1],
        lane[2],
        lane[3],
        lane[4],
        lane[5],
        lane[6],
        short[1],
        short[2],
        short[3],
    )


@compiled
def _factorise(task, weight, w):
    """Factorise a block's network, and with it all that depends on the weights alone."""
    e, n, modelled = task.plan, task.plan.date.size, task.model.shape[1] > 0
    pixels.assemble_matrix(e, weight, w.coupling, w.ground, w.pairs)
    if modelled:
        pixels.mean_weight(w.coupling, w.ground, w.pairs, w.g)
    for b in range(LANES):
        w.g[b] = task.constraint * w.g[b] if modelled else 0.0
    for k in range(n):
        for b in range(LANES):
            w.spring[k, b] = w.g[b]
    elimination.eliminate(e, w.coupling, w.ground, w.spring, modelled, w.pivot, w.pieces)
    if w.pieces.any():
        # How much of each date hangs on the held one: nothing, exactly, where no pair leads to it.
        elimination.copy(w.ground, w.tie)
        elimination.backward(e, w.coupling, w.pivot, w.tie)
    else:
        w.tie[:] = 1
    for b in range(LANES):
        w.pair_dof[b] = w.pairs[b] - (n - w.pieces[b])
    if task.uncertainty:
        elimination.inverse_diagonal(e, w.coupling, w.pivot, w.between, w.variance)
    if modelled:
        model.solve_columns(e, task.model, w.coupling, w.pivot, w.columns)
        model.invert_border(e, task.model, w.columns, w.g, w.inverse, w.mv)
    if modelled and task.uncertainty:
        model.spreads(e, task.model, w.columns, w.g, w.inverse, w.mv, w.of_pairs, w.of_dates)


@compiled
def _substitute(task, phase, weight, w):
    """Solve a factorised block for its series, and judge how well the pairs agree with it."""
    e = task.plan
    pixels.assemble_right(e, phase, weight, w.x)
    elimination.forward(e, w.coupling, w.x)
    elimination.backward(e, w.coupling, w.pivot, w.x)
    elimination.copy(w.x, w.rounded)
    pixels.residuals(e, phase, weight, w.rounded, w.pairs, w.coherence, w.square, w.weighted)
    for b in range(LANES):
        w.pair_noise[b] = w.weighted[b] / w.pair_dof[b] if w.pair_dof[b] > 0 else 0.0


@compiled
def _fit_model(task, w, prior, prior_error, pixel, lanes):
    """Fit the temporal model to a block's series, with covariances and the prior if asked for."""
    e = task.plan
    model.fit(e, task.model, w.columns, w.g, w.inverse, w.x, w.parameters)
    if task.uncertainty:
        square = model.misfit(e, task.model, w.x, w.parameters)
        model.date_noise(
            square, w.pieces, w.variance, w.inverse, w.mv, w.pair_noise, w.noise, w.dof
        )
        model.covariances(
            w.of_pairs, w.of_dates, w.pair_noise, w.pair_dof, w.noise, w.dof, w.covariance
        )
        model.join_prior(
            prior, prior_error, pixel, lanes, w.columns, w.g, w.x, w.parameters, w.covariance
        )


@compiled
def _store(task, w, pixel, lanes, result):
    """Write what a block has one number a pixel of."""
    for b in range(lanes):
        at = pixel + b
        result.temporal_coherence[at] = w.coherence[b] if w.pair_dof[b] > 0 else np.nan
        result.residual[at] = (
            np.sqrt(w.square[b]) * abs(task.millimetres) if w.pairs[b] > 0 else np.nan
        )
        result.pairs[at], result.pieces[at] = w.pairs[b], w.pieces[b]
        result.dropped[at] = w.dropped[b]
        result.degrees_of_freedom[at] = w.dof[b] if task.model.shape[1] > 0 else w.pair_dof[b]
    scale = task.millimetres
    for p in range(w.parameters.shape[0]):
        for b in range(lanes):
            result.parameters[p, pixel + b] = w.parameters[p, b] * scale
    for p in range(result.covariance.shape[0]):
        for q in range(result.covariance.shape[1]):
            for b in range(lanes):
                result.covariance[p, q, pixel + b] = w.covariance[p, q, b] * scale**2


@compiled
def _gather(task, w, block, series, errors, bridged):
    """Keep a block's series: missing where no pair ties a date, unless the model bridges it."""
    first, modelled = block * LANES, task.model.shape[1] > 0
    reach = np.zeros(LANES)  # not 0 where the model may bridge
    sure = np.zeros(LANES)  # NaN where pairs are too few to judge their noise
    for b in range(LANES):
        if modelled:
            reach[b] = 1.0 if w.parameters[0, b] == w.parameters[0, b] else 0.0
        series[0, first + b] = 0.0 if w.pairs[b] > 0 else np.nan
        sure[b] = 0.0 if w.pair_dof[b] > 0 else np.nan
    for k in range(task.plan.date.size):
        d = task.plan.date[k]
        for b in range(LANES):
            known = (w.tie[k, b] > 0) | (reach[b] > 0)
            series[d, first + b] = w.x[k, b] * task.millimetres if known else np.nan
    if modelled:
        for b in range(LANES):
            bridged[0, first + b] = False
        for k in range(task.plan.date.size):
            d = task.plan.date[k]
            for b in range(LANES):
                bridged[d, first + b] = (reach[b] > 0) & (w.tie[k, b] <= 0)
    if task.uncertainty:
        for b in range(LANES):
            errors[0, first + b] = sure[b]
        for k in range(task.plan.date.size):
            d = task.plan.date[k]
            for b in range(LANES):
                variance = w.pair_noise[b] * w.variance[k, b] + 2 * w.noise[b] + sure[b]
                variance = variance if w.tie[k, b] > 0 else np.nan
                errors[d, first + b] = np.sqrt(variance) * abs(task.millimetres)


def _compile(sources: str):
    @numba.njit(nogil=True, cache=True, error_model="numpy")
    def solve_pixels(task, stack, quality, basis, prior, prior_error, start, stop, result):
        """Solve pixels `start` to `stop` of a stack into `result`.

        Parameters
        ----------
        task : Task
            What is the same for all pixels.
        stack, quality : numpy.ndarray
            Phase [rad], and coherence or weights (the stack itself, for equal ones), float32,
            (pair, pixel), NaN where missing.
        basis : numpy.ndarray
            Maps that corrections are multiples of, float32, (term, pixel).
        prior, prior_error : numpy.ndarray
            A rate known beforehand and its error [rad year-1], NaN where not, (pixel,).
        start, stop : int
            First pixel, and the one after the last.
        result : Result
            To fill.
        """
        sources  # noqa: B018  part of the cached code's key, which forgets what it calls
        w = _workspace(task)
        n, m, run = task.model.shape[0], task.plan.first.size, BLOCKS * LANES
        phase = np.empty((BLOCKS, m, LANES), np.float32)
        weight = np.empty((BLOCKS, m, LANES), np.float32)
        series = np.empty((n, run), np.float32)
        errors = np.empty((result.standard_error.shape[0], run), np.float32)
        bridged = np.empty((result.bridged.shape[0], run), np.bool_)
        factorised = False
        for first in range(start, stop, run):
            last = min(first + run, stop)
            weight[:] = 0
            pixels.read_pairs(
                stack, quality, task.correction, basis, first, last, task.kind, phase, weight
            )
            for pixel in range(first, last, LANES):
                block, lanes = (pixel - first) // LANES, min(LANES, last - pixel)
                loops.drop_unclosed(phase[block], weight[block], task.loops, w.dropped)
                # Pixels that lack nothing and weigh all pairs alike share one factorisation.
                alike = task.kind == pixels.Weights.NONE and weight[block].all()
                if not (alike and factorised):
                    _factorise(task, weight[block], w)
                factorised = alike
                _substitute(task, phase[block], weight[block], w)
                if task.model.shape[1] > 0:
                    _fit_model(task, w, prior, prior_error, pixel, lanes)
                _gather(task, w, block, series, errors, bridged)
                _store(task, w, pixel, lanes, result)
            elimination.copy(series[:, : last - first], result.displacement[:, first:last])
            elimination.copy(errors[:, : last - first], result.standard_error[:, first:last])
            elimination.copy(bridged[:, : last - first], result.bridged[:, first:last])

    return solve_pixels


solve_pixels = _compile(
    hashlib.blake2b(
        b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    ).hexdigest()
)
