"""Loops of three pairs: which there are, and which pairs keep a pixel's phase from closing."""

from typing import NamedTuple

import numpy as np

from qilian.insar.sbas.elimination import LANES, compiled

HALF_CYCLE = np.float32(np.pi)


class Loops(NamedTuple):
    """Loops of three pairs in a network.

    Attributes
    ----------
    pairs : numpy.ndarray
        Pairs i-j, j-k and i-k of each loop, shape (loop, 3).
    start, loop : numpy.ndarray
        Loops that each pair is in: those of pair m are `loop[start[m]:start[m + 1]]`.
    """

    pairs: np.ndarray
    start: np.ndarray
    loop: np.ndarray


def find_loops(first: np.ndarray, second: np.ndarray) -> Loops:
    """List the loops of three pairs, given the earlier and later date of each pair, (pair,)."""
    pair = {ends: m for m, ends in enumerate(zip(first.tolist(), second.tolist(), strict=True))}
    later: dict[int, list[int]] = {}
    for i, j in pair:
        later.setdefault(i, []).append(j)
    found = [
        (pair[i, j], pair[j, k], pair[i, k])
        for i, j in pair
        for k in later.get(j, ())
        if (i, k) in pair
    ]
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 3)
    count = np.bincount(pairs.ravel(), minlength=first.size)
    by_pair = np.argsort(pairs.ravel(), kind="stable") // 3
    return Loops(pairs, np.concatenate([[0], np.cumsum(count)]), by_pair)


def no_loops(pairs: int) -> Loops:
    """Return what says that none of so many pairs is screened."""
    return Loops(np.zeros((0, 3), np.int64), np.zeros(pairs + 1, np.int64), np.zeros(0, np.int64))


@compiled
def drop_unclosed(phase, weight, loops, dropped):
    """Set the weight of pairs to 0 until every loop closes to within half a cycle.

    Where several pairs could be at fault, the one goes first that stands in most loops that don't
    close, less those that do; between equals, the one of least weight. One wrong pair that others
    check is thus all that goes.

    Parameters
    ----------
    phase, weight : numpy.ndarray
        Of each pair, shape (pair, LANES); weights are changed in place.
    loops : Loops
        Of the network.
    dropped : numpy.ndarray
        Out: number of pairs dropped, shape (LANES,).
    """
    dropped[:] = 0
    unclosed = np.zeros(LANES, np.float32)
    for n in range(loops.pairs.shape[0]):
        one, two, three = loops.pairs[n]
        for b in range(LANES):
            whole = weight[one, b] * weight[two, b] * weight[three, b] > 0
            misclosure = abs(phase[one, b] + phase[two, b] - phase[three, b])
            unclosed[b] += np.float32(1) if whole & (misclosure > HALF_CYCLE) else np.float32(0)
    for b in range(LANES):
        if unclosed[b] > 0:
            dropped[b] = _drop_worst(phase[:, b], weight[:, b], loops)


@compiled
def _drop_worst(phase, weight, loops):
    """Drop one pair after another at one pixel; return how many."""
    # Of each loop 1 where it does not close, -1 where it does, 0 where a pair is missing.
    fault = np.zeros(loops.pairs.shape[0], np.int64)
    unclosed, score = np.zeros((2, weight.size), np.int64)
    for n in range(fault.size):
        one, two, three = loops.pairs[n]
        if weight[one] > 0 and weight[two] > 0 and weight[three] > 0:
            fault[n] = 1 if abs(phase[one] + phase[two] - phase[three]) > HALF_CYCLE else -1
        for m in loops.pairs[n]:
            score[m] += fault[n]
            unclosed[m] += fault[n] > 0
    count = 0
    while True:
        worst = -1
        for m in range(weight.size):
            if unclosed[m] > 0 and (worst < 0 or _worse(score, weight, m, worst)):
                worst = m
        if worst < 0:
            return count
        weight[worst] = 0
        count += 1
        for n in loops.loop[loops.start[worst] : loops.start[worst + 1]]:
            for m in loops.pairs[n]:
                score[m] -= fault[n]
                unclosed[m] -= fault[n] > 0
            fault[n] = 0


@compiled
def _worse(score, weight, one, other):
    if score[one] == score[other]:
        return weight[one] < weight[other]
    return score[one] > score[other]
