"""Loops of three pairs in a network."""

from typing import NamedTuple

import numpy as np


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
