"""The temporal model of a block of pixels: its parameters, what they bridge, how sure they are.

Model rows x(t) = M(t) m, weakly weighted, join the network's normal equations as a thin border:

    A x - g M m = b,    -g Mᵀ x + g MᵀM m = 0,    A = Laplacian + g

with g their weight. With x̂ = A⁻¹ b and V = A⁻¹ M, S m = Mᵀ x̂ where S = MᵀM - g MᵀV, and
x = x̂ + g V m. As g goes to zero, x is the plain solution wherever pairs tie the dates, m its
least-squares fit, and pieces of a torn network are set against one another by the model alone.

Two sources of error are told apart. Pairs differ from the series they are fitted by: noise of
pairs, such as decorrelation. The series differs from the model: noise of dates, such as the delay
in the atmosphere, which closes around every loop. Either reaches the parameters by a known matrix.
"""

import numpy as np

from qilian.insar.sbas.elimination import LANES, backward, compiled, forward

SINGULAR = 1e-9  # a pivot this small, relative to its diagonal, is rounding
RATE = 1  # the parameter that a prior and the degrees of freedom speak of


@compiled
def solve_columns(e, model, share, pivot, columns):
    """Solve A V = M for every parameter into `columns`, shape (parameter, n, LANES)."""
    for p in range(columns.shape[0]):
        for k in range(e.date.size):
            columns[p, k] = model[e.date[k], p]
        forward(e, share, columns[p])
        backward(e, share, pivot, columns[p])


@compiled
def invert_border(e, model, columns, g, inverse, mv):
    """Sum MᵀV and invert S = MᵀM - g MᵀV, (parameter, parameter, LANES); NaN if singular."""
    size = columns.shape[0]
    system = np.zeros((size, size, LANES))
    for p in range(size):
        for q in range(p + 1):
            mv[p, q] = 0
            for k in range(e.date.size):
                factor = model[e.date[k], q]
                for b in range(LANES):
                    mv[p, q, b] += factor * columns[p, k, b]
            square = 0.0
            for d in range(model.shape[0]):
                square += model[d, p] * model[d, q]
            for b in range(LANES):
                # A pixel without any pair has no weight either, and nothing to fit.
                system[p, q, b] = square - g[b] * mv[p, q, b] if g[b] > 0 else 0.0
                system[q, p, b], mv[q, p, b] = system[p, q, b], mv[p, q, b]
    _invert(system, inverse)


@compiled
def fit(e, model, columns, g, inverse, x, parameters):
    """Fit the model to x̂, and add to x̂ what its rows change.

    Out: `parameters` (parameter, LANES), NaN where undetermined; `x`, in place.
    """
    size = columns.shape[0]
    right = np.zeros((size, LANES))
    for p in range(size):
        for k in range(e.date.size):
            factor = model[e.date[k], p]
            for b in range(LANES):
                right[p, b] += factor * x[k, b]
    parameters[:] = 0
    for p in range(size):
        for q in range(size):
            for b in range(LANES):
                parameters[p, b] += inverse[p, q, b] * right[q, b]
    move(columns, g, parameters, x)


@compiled
def move(columns, g, parameters, x):
    """Add g V m to the series in place; nothing where m is undetermined."""
    step = np.empty(LANES)
    for p in range(columns.shape[0]):
        for b in range(LANES):
            step[b] = g[b] * parameters[p, b]
            step[b] = step[b] if step[b] == step[b] else 0.0
        for k in range(x.shape[0]):
            for b in range(LANES):
                x[k, b] += step[b] * columns[p, k, b]


@compiled
def _invert(matrix, inverse):
    """Invert symmetric matrices (p, p, LANES) by Gauss-Jordan; NaN where they are singular."""
    size = matrix.shape[0]
    work = matrix.copy()
    inverse[:] = 0
    scale = np.empty(LANES)
    for p in range(size):
        inverse[p, p] = 1
    for p in range(size):
        for b in range(LANES):
            small = work[p, p, b] <= SINGULAR * matrix[p, p, b]
            scale[b] = np.nan if small else 1 / work[p, p, b]
        for q in range(size):
            for b in range(LANES):
                work[p, q, b] *= scale[b]
                inverse[p, q, b] *= scale[b]
        for r in range(size):
            if r != p:
                for b in range(LANES):
                    factor = work[r, p, b]
                    for q in range(size):
                        work[r, q, b] -= factor * work[p, q, b]
                        inverse[r, q, b] -= factor * inverse[p, q, b]


@compiled
def misfit(e, model, x, parameters):
    """Sum the squared residuals of the series about the model, the held date's among them."""
    square = np.zeros(LANES)
    fitted = np.empty(LANES)
    for k in range(-1, e.date.size):
        row = model[0] if k < 0 else model[e.date[k]]
        fitted[:] = 0
        for p in range(row.size):
            for b in range(LANES):
                fitted[b] += row[p] * parameters[p, b]
        for b in range(LANES):
            rest = (x[k, b] if k >= 0 else 0.0) - fitted[b]
            square[b] += rest * rest
    return square


@compiled
def spreads(e, model, columns, g, inverse, mv, of_pairs, of_dates):
    """How unit noise of pairs and of dates spreads to the parameters: their covariances.

    Of pairs S⁻¹ Vᵀ (A - g) V S⁻¹; of dates S⁻¹ (Σ K Kᵀ + (Σ K)(Σ K)ᵀ) S⁻¹ with K = M - g V,
    where the second part is the noise of the held date, which all others are counted from.
    """
    size = columns.shape[0]
    total = np.zeros((size, LANES))
    row = np.empty((size, LANES))
    pairs, dates = mv.copy(), np.zeros_like(mv)
    for k in range(e.date.size):
        for p in range(size):
            factor = model[e.date[k], p]
            for b in range(LANES):
                row[p, b] = factor - g[b] * columns[p, k, b]
                total[p, b] += row[p, b]
        for p in range(size):
            for q in range(p + 1):
                for b in range(LANES):
                    dates[p, q, b] += row[p, b] * row[q, b]
                    pairs[p, q, b] -= g[b] * columns[p, k, b] * columns[q, k, b]
    for p in range(size):
        for q in range(p + 1):
            for b in range(LANES):
                dates[p, q, b] += total[p, b] * total[q, b]
                dates[q, p, b], pairs[q, p, b] = dates[p, q, b], pairs[p, q, b]
    _between(inverse, pairs, of_pairs)
    _between(inverse, dates, of_dates)


@compiled
def _between(outer, inner, out):
    """Multiply outer · inner · outer, all (p, p, LANES) and symmetric."""
    size = outer.shape[0]
    half = np.zeros_like(inner)
    out[:] = 0
    for p in range(size):
        for q in range(size):
            for r in range(size):
                for b in range(LANES):
                    half[p, q, b] += outer[p, r, b] * inner[r, q, b]
    for p in range(size):
        for q in range(size):
            for r in range(size):
                for b in range(LANES):
                    out[p, q, b] += half[p, r, b] * outer[r, q, b]


@compiled
def date_noise(square, pieces, variance, inverse, mv, pair_noise, noise, dof):
    """Variance of a date's noise, and the degrees of freedom it rests on, (LANES,).

    The series' squared residuals hold both noises; what pairs bring to them, their noise times
    tr(Q) - tr(S⁻¹ MᵀV) with Q = A⁻¹, is taken off where the whole network is tied.
    """
    size = mv.shape[0]
    total = np.zeros(LANES)
    for k in range(variance.shape[0]):
        for b in range(LANES):
            total[b] += variance[k, b]
    for b in range(LANES):
        dof[b] = 1 + variance.shape[0] - size - pieces[b]
        brought = 0.0
        if pieces[b] == 0:
            brought = total[b]
            for p in range(size):
                for q in range(size):
                    brought -= inverse[p, q, b] * mv[p, q, b]
        left = max(square[b] - pair_noise[b] * brought, 0.0)
        noise[b] = left / dof[b] if dof[b] > 0 else np.nan


@compiled
def covariances(of_pairs, of_dates, pair_noise, pair_dof, noise, dof, covariance):
    """Covariance of the parameters; `dof` becomes that of the rate (Satterthwaite)."""
    size = of_pairs.shape[0]
    for b in range(LANES):
        for p in range(size):
            for q in range(size):
                covariance[p, q, b] = (
                    pair_noise[b] * of_pairs[p, q, b] + noise[b] * of_dates[p, q, b]
                )
        of_pair = pair_noise[b] * of_pairs[RATE, RATE, b]
        of_date = noise[b] * of_dates[RATE, RATE, b]
        parts = of_date**2 / dof[b]
        if pair_dof[b] > 0:
            parts += of_pair**2 / pair_dof[b]
        dof[b] = (of_pair + of_date) ** 2 / parts if parts > 0 else dof[b]


@compiled
def join_prior(prior, prior_error, pixel, lanes, columns, g, x, parameters, covariance):
    """Combine the rate with one known beforehand, each by its own variance; NaN is not known."""
    size = parameters.shape[0]
    step = np.zeros((size, LANES))
    for b in range(lanes):
        variance = prior_error[pixel + b] ** 2 + covariance[RATE, RATE, b]
        excess = (prior[pixel + b] - parameters[RATE, b]) / variance
        if excess == excess:
            gain = covariance[:, RATE, b].copy()
            for p in range(size):
                step[p, b] = gain[p] * excess
                parameters[p, b] += step[p, b]
                for q in range(size):
                    covariance[p, q, b] -= gain[p] * gain[q] / variance
    move(columns, g, step, x)
