"""The temporal model of a block of pixels: its parameters, what they bridge, how sure they are.

Model rows x(t) = M(t) m, weakly weighted, join the network's normal equations as a thin border:

    A x - g M m = b,    -g Mᵀ x + g MᵀM m = 0,    A = Laplacian + g

with g their weight. With x̂ = A⁻¹ b and V = A⁻¹ M, S m = Mᵀ x̂ where S = MᵀM - g MᵀV, and
x = x̂ + g V m. As g goes to zero, x is the plain solution wherever pairs tie the dates, m its
least-squares fit, and pieces of a torn network are set against one another by the model alone.

Two sources of error are told apart. Pairs differ from the series they are fitted by: noise of
pairs, such as decorrelation. The series differs from the model: noise of dates, such as the delay
in the atmosphere, which closes around every loop. Either reaches the parameters by a known matrix.

Everything here records, as `elimination` does. Parameters are counted by p, dates but the held one
by n.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from qilian.insar.sbas.elimination import Elimination, backward, forward
from qilian.insar.sbas.program import (
    Given,
    Row,
    Rows,
    known,
    not_negative,
    positive,
    reciprocal,
    root,
)

SINGULAR = 1e-9  # a pivot this small, relative to its diagonal, is rounding
RATE = 1  # the parameter that a prior and the degrees of freedom speak of


def solve_columns(
    e: Elimination, model: np.ndarray, share: Rows, pivot: Rows, columns: Rows
) -> None:
    """Solve A V = M for every parameter into `columns`, (p, n); `model` is (date, p)."""
    for p in range(len(columns)):
        for k in range(e.date.size):
            columns[p, k] = model[e.date[k], p]
    forward(e, share, *columns)
    backward(e, share, pivot, *columns)


def invert_border(
    e: Elimination, model: np.ndarray, columns: Rows, g: Row, inverse: Rows, mv: Rows
) -> None:
    """Sum MᵀV and invert S = MᵀM - g MᵀV, (p, p); NaN where it is singular."""
    size = len(columns)
    system = g.program.rows(size, size)
    square = model.T @ model
    mv[:] = 0.0
    for some in _by_three(e):
        for p in range(size):
            for q in range(p + 1):
                for k in some:
                    mv[p, q] += model[e.date[k], q] * columns[p, k]
    for p in range(size):
        for q in range(p + 1):
            system[p, q] = square[p, q]
            system[p, q] -= g * mv[p, q]
            # A pixel without any pair has no weight either, and nothing to fit.
            system[p, q].keep_where(g)
            if q < p:
                mv[q, p], system[q, p] = mv[p, q], system[p, q]
    _invert(system, inverse)


def _by_three(e: Elimination) -> Iterator[range]:
    """Take three dates at a time, which one operation adds, into every sum over them.

    Their rows are then at hand for all sums.
    """
    n = e.date.size
    return (range(k, min(k + 3, n)) for k in range(0, n, 3))


def _invert(matrix: Rows, inverse: Rows) -> None:
    """Invert symmetric matrices (p, p) by Gauss-Jordan, in place; NaN where they are singular."""
    size = len(matrix)
    program = matrix.program
    diagonal, scale, factor, left = program.rows(size), program.row(), program.row(), program.row()
    for p in range(size):
        diagonal[p] = matrix[p, p]
        for q in range(size):
            inverse[p, q] = float(p == q)
    for p in range(size):
        left.set(matrix[p, p])
        left += -SINGULAR * diagonal[p]
        scale.set(reciprocal(matrix[p, p]))
        scale.keep_where(left)
        for q in range(size):
            matrix[p, q] *= scale
            inverse[p, q] *= scale
        for r in range(size):
            if r != p:
                factor.set(matrix[r, p])
                for q in range(size):
                    matrix[r, q] -= factor * matrix[p, q]
                    inverse[r, q] -= factor * inverse[p, q]


def fit(
    e: Elimination, model: np.ndarray, columns: Rows, g: Row, inverse: Rows, x: Rows, found: Rows
) -> None:
    """Fit the model to x̂, and add to x̂ what its rows change.

    Out: `found`, the parameters (p,), NaN where undetermined; `x`, in place.
    """
    size = len(columns)
    right = g.program.rows(size)
    for p in range(size):
        right[p] = 0.0
        for k in range(e.date.size):
            right[p] += model[e.date[k], p] * x[k]
    for p in range(size):
        found[p] = inverse[p, 0] * right[0]
        for q in range(1, size):
            found[p] += inverse[p, q] * right[q]
    move(columns, g, found, x)


def move(columns: Rows, g: Row, parameters: Rows, x: Rows) -> None:
    """Add g V m to the series in place; nothing where m is undetermined."""
    size = len(columns)
    step = g.program.rows(size)
    for p in range(size):
        step[p] = g * parameters[p]
        step[p] = known(step[p])
    for k in range(len(x)):
        for p in range(size):
            x[k] += step[p] * columns[p, k]


def misfit(e: Elimination, model: np.ndarray, x: Rows, parameters: Rows, square: Row) -> None:
    """Sum the squared residuals of the series about the model, the held date's among them."""
    rest = square.program.row()
    square.set(0.0)
    for k in range(-1, e.date.size):
        row = model[e.date[k] if k >= 0 else 0]
        rest.set(x[k] if k >= 0 else 0.0)
        for p in range(row.size):
            rest += -row[p] * parameters[p]
        square += rest * rest


def spreads(
    e: Elimination,
    model: np.ndarray,
    columns: Rows,
    g: Row,
    inverse: Rows,
    mv: Rows,
    of_pairs: Rows,
    of_dates: Rows,
) -> None:
    """How unit noise of pairs and of dates spreads to the parameters: their covariances (p, p).

    Of pairs S⁻¹ Vᵀ (A - g) V S⁻¹; of dates S⁻¹ (Σ K Kᵀ + (Σ K)(Σ K)ᵀ) S⁻¹ with K = M - g V,
    where the second part is the noise of the held date, which all others are counted from. Both
    come from MᵀV, VᵀV and Σ V.
    """
    size, program = len(columns), g.program
    v, vv, total = program.rows(size), program.rows(size, size), program.rows(size)
    pairs, dates = program.rows(size, size), program.rows(size, size)
    inner = model[e.date]
    square = inner.T @ inner
    gg, twice = program.row(), program.row()
    gg.set(g * g)
    twice.set(2.0 * g)
    v[:] = 0.0
    vv[:] = 0.0
    for some in _by_three(e):
        for p in range(size):
            for k in some:
                v[p] += columns[p, k]
            for q in range(p + 1):
                for k in some:
                    vv[p, q] += columns[p, k] * columns[q, k]
    for p in range(size):
        total[p] = float(inner[:, p].sum())
        total[p] -= g * v[p]
        for q in range(p + 1):
            pairs[p, q] = mv[p, q]
            pairs[p, q] -= g * vv[p, q]
            dates[p, q] = square[p, q]
            dates[p, q] -= twice * mv[p, q]
            dates[p, q] += gg * vv[p, q]
            dates[p, q] += total[p] * total[q]
            if q < p:
                pairs[q, p], dates[q, p] = pairs[p, q], dates[p, q]
    _between(inverse, pairs, of_pairs)
    _between(inverse, dates, of_dates)


def _between(outer: Rows, inner: Rows, out: Rows) -> None:
    """Multiply outer · inner · outer, all (p, p) and symmetric."""
    half = outer.program.rows(*outer.shape)
    _multiply(outer, inner, half)
    _multiply(half, outer, out)


def _multiply(one: Rows, other: Rows, out: Rows) -> None:
    size = len(one)
    for p in range(size):
        for q in range(size):
            out[p, q] = one[p, 0] * other[0, q]
            for r in range(1, size):
                out[p, q] += one[p, r] * other[r, q]


def date_noise(
    square: Row,
    pieces: Row,
    variance: Rows,
    inverse: Rows,
    mv: Rows,
    pair_noise: Row,
    noise: Row,
    scatter: Row,
    dof: Row,
) -> None:
    """Variance of a date's noise, and the degrees of freedom it rests on.

    Before that the `scatter`, the mean square of the series' residuals, with both noises in it.

    The series' squared residuals hold both noises; what pairs bring to them, their noise times
    tr(Q) - tr(S⁻¹ MᵀV) with Q = A⁻¹, is taken off where the whole network is tied.
    """
    size, program = len(mv), square.program
    brought, tied = program.row(), program.row()
    brought.set(0.0)
    for k in range(len(variance)):
        brought += variance[k]
    for p in range(size):
        for q in range(size):
            brought -= inverse[p, q] * mv[p, q]
    tied.set(1.0)
    tied -= pieces
    tied.set(positive(tied))
    brought *= tied
    dof.set(float(1 + len(variance) - size))
    dof -= pieces
    scatter.set(reciprocal(dof))
    scatter *= square
    square -= pair_noise * brought
    square.set(not_negative(square))
    noise.set(reciprocal(dof))
    noise *= square
    noise.keep_where(dof)


def covariances(
    of_pairs: Rows,
    of_dates: Rows,
    pair_noise: Row,
    pair_dof: Row,
    noise: Row,
    dof: Row,
    covariance: Rows,
) -> None:
    """Covariance of the parameters (p, p); `dof` becomes that of the rate (Satterthwaite)."""
    size, program = len(of_pairs), dof.program
    for p in range(size):
        for q in range(size):
            covariance[p, q] = pair_noise * of_pairs[p, q]
            covariance[p, q] += noise * of_dates[p, q]
    parts, part, whole = program.row(), program.row(), program.row()
    parts.set(0.0)
    whole.set(0.0)
    for spread, of, its_dof in ((of_pairs, pair_noise, pair_dof), (of_dates, noise, dof)):
        part.set(of * spread[RATE, RATE])
        whole += part
        part *= part
        weight = program.row()
        weight.set(reciprocal(its_dof))
        parts += part * weight
    # (Σ parts)² / Σ parts² / dof, and the dates' own where that says nothing.
    whole *= whole
    part.set(reciprocal(parts))
    whole *= part
    whole.set(known(whole))
    part.set(positive(parts))
    whole += dof
    whole -= dof * part
    dof.set(whole)


def remember(
    relative: Sequence[Given],
    less_left: Given,
    scatter: Row,
    of_dates: Rows,
    dates_dof: Row,
    covariance: Rows,
    dof: Row,
) -> None:
    """Widen the covariance of the parameters (p, p) to that of noise with memory, where it is less.

    That is `relative` (p,) to what the same scatter would be by noise of independent dates; of its
    degrees of freedom a share is left, of which `less_left` is the negative.
    """
    size, program = len(covariance), dof.program
    scale = program.rows(size)
    for p in range(size):
        scale[p] = scatter * of_dates[p, p]
        scale[p] *= relative[p]
        widen(scale[p], covariance[p, p])
        part = program.row()
        part.set(reciprocal(covariance[p, p]))
        scale[p] *= part
        scale[p] = root(scale[p])
    for p in range(size):
        for q in range(size):
            covariance[p, q] *= scale[p]
            covariance[p, q] *= scale[q]
    excess = program.row()
    excess.set(dof)
    excess += dates_dof * less_left
    excess.set(not_negative(excess))
    dof -= excess


def widen(wide: Row, narrow: Row) -> None:
    """Make `wide` the larger of the two."""
    wide -= narrow
    wide.set(not_negative(wide))
    wide += narrow


def join_prior(
    prior: Row, error: Row, columns: Rows, g: Row, x: Rows, parameters: Rows, covariance: Rows
) -> None:
    """Combine the rate with one known beforehand, each by its own variance; NaN is not known."""
    size, program = len(parameters), g.program
    precision, excess, pull = program.row(), program.row(), program.row()
    steps, gain = program.rows(size), program.rows(size)
    pull.set(error * error)
    pull += covariance[RATE, RATE]
    precision.set(reciprocal(pull))
    excess.set(prior)
    excess -= parameters[RATE]
    excess *= precision
    # Where the one is unknown nothing moves.
    pull.set(0.0 * excess)
    precision += pull
    precision.set(known(precision))
    excess.set(known(excess))
    for p in range(size):
        gain[p] = covariance[p, RATE]
    for p in range(size):
        steps[p] = gain[p] * excess
        steps[p] = known(steps[p])
        parameters[p] += steps[p]
        for q in range(size):
            pull.set(gain[p] * gain[q])
            covariance[p, q] -= pull * precision
    move(columns, g, steps, x)
