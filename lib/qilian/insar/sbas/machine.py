"""The machine that works a program of row operations through block after block of pixels.

Its workspace has a row for each quantity, `LANES` pixels long: those of the pairs in float32, all
others in float64. A program (`program`) is recorded once for a network and replayed for every
block. So little code is compiled, once on a machine, in seconds, whatever the program.
"""

from enum import IntEnum
from functools import partial

import numba
import numpy as np

LANES = 128  # pixels side by side
BLOCKS = 8  # read and written together, since memory is slow at short runs


class Weights(IntEnum):
    """What weighs a pair at a pixel."""

    NONE = 0
    COHERENCE = 1
    FISHER = 2  # g² / (1 - g²): the Fisher information of the phase, but for the number of looks
    GIVEN = 3


class Op(IntEnum):
    """Operations on rows of float64, w, of float32, s, and of the output; a constant is c."""

    FILL = 0  # w_i = c_j
    COPY = 1  # w_i = w_j
    ADD = 2  # w_i += w_j
    SUBTRACT = 3  # w_i -= w_j
    MULTIPLY = 4  # w_i = w_j w_k
    ADD_PRODUCT = 5  # w_i += w_j w_k
    SUBTRACT_PRODUCT = 6  # w_i -= w_j w_k
    SCALE = 7  # w_i = c_k w_j
    ADD_SCALED = 8  # w_i += c_k w_j
    RECIPROCAL = 9  # w_i = 1 / w_j, 0 where w_j is not positive
    COUNT_ZERO = 10  # w_i += 1 where w_j is 0
    POSITIVE = 11  # w_i = 1 where w_j is positive, else 0
    KEEP = 12  # w_i = NaN where neither w_j nor w_k is positive
    KNOWN = 13  # w_i = w_j, 0 where w_j is NaN
    NOT_NEGATIVE = 14  # w_i = w_j, 0 where w_j is negative
    ROOT = 15  # w_i = √w_j
    ROUND = 16  # s_i = w_j
    WIDEN = 17  # w_i = s_j
    ADD_WIDENED = 18  # w_i += s_j
    COUNT = 19  # s_i += 1 where s_j is positive
    PULL = 20  # w_i += weight times phase of pair k, and w_j -= it
    COMPARE = 21  # what pair k differs by from s_j - s_i is added up
    STORE = 22  # out_i = c_k w_j
    SUM_3 = 23  # w_i = w_j + Σ w, over the first of each of three pairs of further operands
    DOT_2 = 24  # w_i = w_j + Σ w w, over two
    DOT_3 = 25
    MIX_3 = 26  # w_i = w_j + Σ c w


# Rows that the machine itself reads or writes; the others are the program's.
ZERO, HELD, PAIRS, DROPPED, PIECES, PRIOR, PRIOR_ERROR, OWN = range(8)
# Those of float32; from SHORT on phases, weights, others.
COSINES, SINES, SQUARES, WEIGHTED, USED, SHORT = range(6)

HALF_CYCLE = np.float32(np.pi)
LOWEST_COHERENCE, HIGHEST_COHERENCE = np.float32(0.05), np.float32(0.999)

# Least-squares polynomials of r² for sin(r)/r and cos(r) on -π to π, within 1e-6.
_ANGLE = np.pi * np.cos(np.pi * (np.arange(64) + 0.5) / 128)
_POWERS = _ANGLE[:, np.newaxis] ** (2 * np.arange(6))
_SIN = tuple(np.linalg.lstsq(_POWERS, np.sinc(_ANGLE / np.pi))[0].astype("float32"))
_COS = tuple(np.linalg.lstsq(_POWERS, np.cos(_ANGLE))[0].astype("float32"))
_TURN, _PER_TURN = np.float32(2 * np.pi), np.float32(1 / (2 * np.pi))


# Types of arrays are named, so that all is compiled at the first import and nothing after.
_Given = partial(numba.types.Array, layout="C", readonly=True)
_STACK, _INDEX, _LIST = _Given(numba.float32, 2), _Given(numba.int64, 2), _Given(numba.int64, 1)
_LONG, _SHORT, _INT = numba.float64[:, ::1], numba.float32[:, ::1], numba.int64


def _compiled(result, *arguments):
    return numba.njit(
        result(*arguments), nogil=True, cache=True, fastmath={"contract"}, error_model="numpy"
    )


@_compiled(
    numba.void,
    _Given(numba.uint32, 2),
    _Given(numba.float64, 1),
    _INT,
    _LONG,
    _SHORT,
    _INT,
    numba.float32[:, :, ::1],
)
def replay(program, constants, pairs, w, s, block, out):
    """Carry out a program on one block of pixels.

    Parameters
    ----------
    program : numpy.ndarray
        Operations and their operands, as `joining.joined` has them.
    constants : numpy.ndarray
        What it multiplies by, (constant,).
    pairs : int
        Number of pairs.
    w, s : numpy.ndarray
        Workspace in float64 and float32, each (row, LANES).
    block : int
        Place of the block in the output.
    out : numpy.ndarray
        What is to be kept of several blocks, float32 (row, block, LANES).

    Notes
    -----
    Where a row is its own operand (i = j), a loop says so: else the compiled code finds that rows
    overlap, and goes lane by lane in twice the time.
    """
    for t in range(program.shape[0]):
        op, i, j, k = program[t, 0], program[t, 1], program[t, 2], program[t, 3]
        if op == Op.ADD_PRODUCT:
            for b in range(LANES):
                w[i, b] += w[j, b] * w[k, b]
        elif op == Op.MULTIPLY:
            if i == j:
                for b in range(LANES):
                    w[i, b] *= w[k, b]
            else:
                for b in range(LANES):
                    w[i, b] = w[j, b] * w[k, b]
        elif op == Op.PULL:
            phase, weight = SHORT + k, SHORT + pairs + k
            for b in range(LANES):
                pull = np.float64(s[weight, b]) * s[phase, b]
                w[i, b] += pull
                w[j, b] -= pull
        elif op == Op.COMPARE:
            phase, weight = SHORT + k, SHORT + pairs + k
            for b in range(LANES):
                there = np.float32(1) if s[weight, b] > 0 else np.float32(0)
                r = s[phase, b] - (s[j, b] - s[i, b])
                s[SQUARES, b] += there * r * r
                s[WEIGHTED, b] += s[weight, b] * r * r
                r -= _TURN * np.rint(r * _PER_TURN)
                q = r * r
                cosine = q * (q * (q * _COS[5] + _COS[4]) + _COS[3]) + _COS[2]
                sine = q * (q * (q * _SIN[5] + _SIN[4]) + _SIN[3]) + _SIN[2]
                s[COSINES, b] += there * (q * (q * cosine + _COS[1]) + _COS[0])
                s[SINES, b] += there * r * (q * (q * sine + _SIN[1]) + _SIN[0])
        elif op == Op.DOT_3:
            k1, k2, k3 = program[t, 4], program[t, 6], program[t, 8]
            j1, j2, j3 = k, program[t, 5], program[t, 7]
            if i != j:
                for b in range(LANES):
                    w[i, b] = w[j, b]
            for b in range(LANES):
                w[i, b] = w[i, b] + w[j1, b] * w[k1, b] + w[j2, b] * w[k2, b] + w[j3, b] * w[k3, b]
        elif op == Op.DOT_2:
            j1, k1, j2, k2 = k, program[t, 4], program[t, 5], program[t, 6]
            if i != j:
                for b in range(LANES):
                    w[i, b] = w[j, b]
            for b in range(LANES):
                w[i, b] = w[i, b] + w[j1, b] * w[k1, b] + w[j2, b] * w[k2, b]
        elif op == Op.MIX_3:
            c1, c2, c3 = (
                constants[program[t, 4]],
                constants[program[t, 6]],
                constants[program[t, 8]],
            )
            j1, j2, j3 = k, program[t, 5], program[t, 7]
            if i != j:
                for b in range(LANES):
                    w[i, b] = w[j, b]
            for b in range(LANES):
                w[i, b] = w[i, b] + c1 * w[j1, b] + c2 * w[j2, b] + c3 * w[j3, b]
        elif op == Op.SUM_3:
            j1, j2, j3 = k, program[t, 5], program[t, 7]
            if i != j:
                for b in range(LANES):
                    w[i, b] = w[j, b]
            for b in range(LANES):
                w[i, b] = w[i, b] + w[j1, b] + w[j2, b] + w[j3, b]
        elif op == Op.ADD_WIDENED:
            for b in range(LANES):
                w[i, b] += s[j, b]
        elif op == Op.COUNT:
            for b in range(LANES):
                s[i, b] += np.float32(1) if s[j, b] > 0 else np.float32(0)
        elif op == Op.ADD:
            for b in range(LANES):
                w[i, b] += w[j, b]
        elif op == Op.ADD_SCALED:
            factor = constants[k]
            for b in range(LANES):
                w[i, b] += factor * w[j, b]
        elif op == Op.SUBTRACT_PRODUCT:
            for b in range(LANES):
                w[i, b] -= w[j, b] * w[k, b]
        elif op == Op.SCALE:
            factor = constants[k]
            for b in range(LANES):
                w[i, b] = factor * w[j, b]
        elif op == Op.COPY:
            for b in range(LANES):
                w[i, b] = w[j, b]
        elif op == Op.FILL:
            value = constants[j]
            for b in range(LANES):
                w[i, b] = value
        elif op == Op.SUBTRACT:
            for b in range(LANES):
                w[i, b] -= w[j, b]
        elif op == Op.RECIPROCAL:
            for b in range(LANES):
                w[i, b] = 1 / w[j, b] if w[j, b] > 0 else 0.0
        elif op == Op.POSITIVE:
            for b in range(LANES):
                w[i, b] = 1.0 if w[j, b] > 0 else 0.0
        elif op == Op.COUNT_ZERO:
            for b in range(LANES):
                w[i, b] += 1.0 if w[j, b] == 0 else 0.0
        elif op == Op.KEEP:
            for b in range(LANES):
                w[i, b] = w[i, b] if (w[j, b] > 0) | (w[k, b] > 0) else np.nan
        elif op == Op.KNOWN:
            for b in range(LANES):
                w[i, b] = w[j, b] if w[j, b] == w[j, b] else 0.0
        elif op == Op.NOT_NEGATIVE:
            for b in range(LANES):
                w[i, b] = 0.0 if w[j, b] < 0 else w[j, b]
        elif op == Op.ROOT:
            for b in range(LANES):
                w[i, b] = np.sqrt(w[j, b])
        elif op == Op.ROUND:
            for b in range(LANES):
                s[i, b] = w[j, b]
        elif op == Op.STORE:
            factor = constants[k]
            for b in range(LANES):
                out[i, block, b] = factor * w[j, b] + 0.0  # no zero is negative
        elif op == Op.WIDEN:
            for b in range(LANES):
                w[i, b] = s[j, b]


@_compiled(numba.void, _STACK, _STACK, _STACK, _STACK, _INT, _INT, _INT, numba.float32[:, :, ::1])
def read_pairs(stack, quality, correction, basis, kind, first, last, s):
    """Take phases and weights of several blocks' pairs out of the stack, weight 0 if either lacks.

    Long runs of one pair after another, since memory is slow at short ones.

    Parameters
    ----------
    stack, quality : numpy.ndarray
        Phase [rad], and coherence or weights (the stack itself, for equal ones), float32,
        (pair, pixel), NaN where missing.
    correction, basis : numpy.ndarray
        Multiples of maps to subtract from each pair, float32, (pair, term) and (term, pixel).
    kind : int
        Of `Weights`.
    first, last : int
        First pixel, and the one after the last.
    s : numpy.ndarray
        Workspaces of the blocks, float32 (block, row, LANES).
    """
    zero, one, pairs = np.float32(0), np.float32(1), stack.shape[0]
    low, high = np.float32(-np.inf), np.float32(np.inf)
    if kind == Weights.NONE:
        low, high = one, one
    elif kind != Weights.GIVEN:
        low, high = LOWEST_COHERENCE, HIGHEST_COHERENCE
    for m in range(pairs):
        for block in range((last - first + LANES - 1) // LANES):
            start = first + block * LANES
            lanes = min(LANES, last - start)
            phase, weight = s[block, SHORT + m], s[block, SHORT + pairs + m]
            worth = quality[m, start : start + lanes]
            for b in range(lanes):
                phase[b] = stack[m, start + b]
            for k in range(basis.shape[0]):
                for b in range(lanes):
                    phase[b] -= correction[m, k] * basis[k, start + b]
            for b in range(lanes):
                value, g = phase[b], worth[b]
                g = low if g < low else g
                g = high if g > high else g
                valid = (value == value) & (g >= zero)
                phase[b] = value if valid else zero
                weight[b] = g if valid else zero
            if kind == Weights.FISHER:
                for b in range(lanes):
                    square = weight[b] * weight[b]
                    weight[b] = square / (one - square)


@_compiled(_INT, numba.float32[:], numba.float32[:], _INDEX, _LIST, _LIST)
def _drop_worst(phase, weight, triangles, loop_start, loop):
    """Drop one pair after another at one pixel; return how many."""
    # Of each loop 1 where it does not close, -1 where it does, 0 where a pair is missing.
    fault = np.zeros(triangles.shape[0], np.int64)
    unclosed, score = np.zeros((2, weight.size), np.int64)
    for n in range(fault.size):
        i, j, k = triangles[n, 0], triangles[n, 1], triangles[n, 2]
        if weight[i] > 0 and weight[j] > 0 and weight[k] > 0:
            fault[n] = 1 if abs(phase[i] + phase[j] - phase[k]) > HALF_CYCLE else -1
        for m in triangles[n]:
            score[m] += fault[n]
            unclosed[m] += fault[n] > 0
    count = 0
    while True:
        worst = -1
        for m in range(weight.size):
            if unclosed[m] > 0 and (
                worst < 0
                or score[m] > score[worst]
                or (score[m] == score[worst] and weight[m] < weight[worst])
            ):
                worst = m
        if worst < 0:
            return count
        weight[worst] = 0
        count += 1
        for at in range(loop_start[worst], loop_start[worst + 1]):
            n = loop[at]
            for m in triangles[n]:
                score[m] -= fault[n]
                unclosed[m] -= fault[n] > 0
            fault[n] = 0


@_compiled(numba.void, _INDEX, _LIST, _LIST, _INT, _LONG, _SHORT)
def drop_unclosed(triangles, loop_start, loop, pairs, w, s):
    """Set the weight of pairs to 0 until every loop closes to within half a cycle.

    Where several pairs could be at fault, the one goes first that stands in most loops that don't
    close, less those that do; between equals, the one of least weight. One wrong pair that others
    check is thus all that goes.

    Parameters
    ----------
    triangles, loop_start, loop : numpy.ndarray
        As `loops.Loops` has them.
    pairs : int
        Number of pairs.
    w, s : numpy.ndarray
        Workspace of one block; weights in `s` are changed, and counts of those dropped put in `w`.
    """
    phase, weight = s[SHORT : SHORT + pairs], s[SHORT + pairs : SHORT + 2 * pairs]
    unclosed = np.zeros(LANES, np.float32)
    for n in range(triangles.shape[0]):
        i, j, k = triangles[n, 0], triangles[n, 1], triangles[n, 2]
        for b in range(LANES):
            whole = weight[i, b] * weight[j, b] * weight[k, b] > 0
            misclosure = abs(phase[i, b] + phase[j, b] - phase[k, b])
            unclosed[b] += np.float32(1) if whole & (misclosure > HALF_CYCLE) else np.float32(0)
    for b in range(LANES):
        w[DROPPED, b] = 0
        if unclosed[b] > 0:
            w[DROPPED, b] = _drop_worst(phase[:, b], weight[:, b], triangles, loop_start, loop)
