"""What happens to a block of pixels between its interferograms and its displacement series.

Phases stay in radians here. Arrays end in (…, LANES), see `elimination`.
"""

from enum import IntEnum

import numpy as np

from qilian.insar.sbas.elimination import LANES, compiled


class Weights(IntEnum):
    """What weighs a pair at a pixel."""

    NONE = 0
    COHERENCE = 1
    FISHER = 2  # g² / (1 - g²): the Fisher information of the phase, but for the number of looks
    GIVEN = 3


LOWEST_COHERENCE, HIGHEST_COHERENCE = np.float32(0.05), np.float32(0.999)

# Least-squares polynomials of r² for sin(r)/r and cos(r) on -π to π, within 1e-6.
_ANGLE = np.pi * np.cos(np.pi * (np.arange(64) + 0.5) / 128)
_POWERS = _ANGLE[:, np.newaxis] ** (2 * np.arange(6))
_SIN = tuple(np.linalg.lstsq(_POWERS, np.sinc(_ANGLE / np.pi))[0].astype("float32"))
_COS = tuple(np.linalg.lstsq(_POWERS, np.cos(_ANGLE))[0].astype("float32"))
_TURN, _PER_TURN = np.float32(2 * np.pi), np.float32(1 / (2 * np.pi))


@compiled
def read_pairs(stack, quality, correction, basis, start, stop, kind, phase, weight):
    """Take the phases and weights of several blocks' pairs out of the stack.

    Long runs of one pair after another, since memory is slow at short ones.

    Parameters
    ----------
    stack, quality : numpy.ndarray
        Phase [rad] and coherence or given weight, shape (pair, pixel), NaN where missing.
    correction, basis : numpy.ndarray
        Multiples of maps to subtract from each pair, shapes (pair, term) and (term, pixel).
    start, stop : int
        First pixel, and the one after the last.
    kind : int
        Of `Weights`.
    phase, weight : numpy.ndarray
        Out, shape (block, pair, LANES), weight 0 where either input is missing.
    """
    one = np.float32(1)
    corrected = np.empty(LANES, np.float32)
    for m in range(stack.shape[0]):
        for block in range((stop - start + LANES - 1) // LANES):
            first = start + block * LANES
            lanes = min(LANES, stop - first)
            value, worth = stack[m, first : first + lanes], quality[m, first : first + lanes]
            into, weigh = phase[block, m], weight[block, m]
            if basis.shape[0]:
                _correct(value, correction[m], basis[:, first : first + lanes], corrected)
                value = corrected
            # One loop for each kind, so that the compiler makes straight code of each.
            if kind == Weights.NONE:
                for b in range(lanes):
                    _take(value[b], one, into, weigh, b)
            elif kind == Weights.GIVEN:
                for b in range(lanes):
                    _take(value[b], worth[b], into, weigh, b)
            elif kind == Weights.COHERENCE:
                for b in range(lanes):
                    _take(value[b], _clipped(worth[b]), into, weigh, b)
            else:
                for b in range(lanes):
                    square = _clipped(worth[b])
                    square *= square
                    _take(value[b], square / (one - square), into, weigh, b)


@compiled
def _correct(value, correction, basis, corrected):
    for b in range(value.size):
        corrected[b] = value[b]
    for k in range(basis.shape[0]):
        for b in range(value.size):
            corrected[b] -= correction[k] * basis[k, b]


@compiled
def _clipped(coherence):
    g = LOWEST_COHERENCE if coherence < LOWEST_COHERENCE else coherence
    return HIGHEST_COHERENCE if g > HIGHEST_COHERENCE else g


@compiled
def _take(value, worth, phase, weight, b):
    valid = (value == value) & (worth >= 0)
    phase[b] = value if valid else np.float32(0)
    weight[b] = worth if valid else np.float32(0)


@compiled
def assemble_matrix(e, weight, coupling, ground, used):
    """Add up the normal matrix: couplings between dates, and ties to the held one.

    `used` counts a pixel's pairs, float32, (LANES,).
    """
    coupling[:], ground[:], used[:] = 0, 0, 0
    for m in range(weight.shape[0]):
        j, a = e.second[m], e.coupling[m]
        for b in range(LANES):
            used[b] += np.float32(1) if weight[m, b] > 0 else np.float32(0)
        if a < 0:
            for b in range(LANES):
                ground[j, b] += weight[m, b]
        else:
            for b in range(LANES):
                coupling[a, b] += weight[m, b]


@compiled
def mean_weight(coupling, ground, used, mean):
    """Average the weights of a pixel's pairs, from the matrix they add up to, (LANES,)."""
    mean[:] = 0
    for rows in (coupling, ground):
        for k in range(rows.shape[0]):
            for b in range(LANES):
                mean[b] += rows[k, b]
    for b in range(LANES):
        mean[b] /= max(used[b], np.float32(1))


@compiled
def assemble_right(e, phase, weight, right):
    """Add up the right-hand side of the normal equations, shape (n, LANES)."""
    right[:] = 0
    for m in range(phase.shape[0]):
        i, j = e.first[m], e.second[m]
        if i < 0:
            for b in range(LANES):
                right[j, b] += np.float64(weight[m, b]) * phase[m, b]
        else:
            for b in range(LANES):
                pull = np.float64(weight[m, b]) * phase[m, b]
                right[j, b] += pull
                right[i, b] -= pull


@compiled
def residuals(e, phase, weight, x, used, coherence, square, weighted):
    """Compare pairs with the series: |mean exp(i r)|, mean r² and Σ w r², shape (LANES,).

    Parameters
    ----------
    x : numpy.ndarray
        Displacement at each position, float32, with a row of zeros for the held date at the end.
    used : numpy.ndarray
        Number of pairs, shape (LANES,).
    """
    n = x.shape[0] - 1
    real, imaginary = np.zeros((2, LANES), np.float32)
    square[:], weighted[:] = 0, 0
    for m in range(phase.shape[0]):
        i, j = e.first[m], e.second[m]
        i, j = (n if i < 0 else i), (n if j < 0 else j)
        for b in range(LANES):
            w = weight[m, b]
            there = np.float32(1) if w > 0 else np.float32(0)
            r = phase[m, b] - (x[j, b] - x[i, b])
            square[b] += there * r * r
            weighted[b] += w * r * r
            r -= _TURN * np.rint(r * _PER_TURN)
            q = r * r
            cosine = q * (q * (q * _COS[5] + _COS[4]) + _COS[3]) + _COS[2]
            sine = q * (q * (q * _SIN[5] + _SIN[4]) + _SIN[3]) + _SIN[2]
            real[b] += there * (q * (q * cosine + _COS[1]) + _COS[0])
            imaginary[b] += there * r * (q * (q * sine + _SIN[1]) + _SIN[0])
    for b in range(LANES):
        number = max(used[b], np.float32(1))
        square[b] /= number
        coherence[b] = np.sqrt(real[b] ** 2 + imaginary[b] ** 2) / number
