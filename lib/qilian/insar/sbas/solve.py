"""Carrying a program out: from interferograms to displacement, block of pixels by block."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from qilian.insar.sbas import machine
from qilian.insar.sbas.loops import Loops
from qilian.insar.sbas.machine import BLOCKS, LANES, Weights
from qilian.insar.sbas.recorded import Recorded, Task


class Network(NamedTuple):
    """What is the same for all blocks of a stack.

    Attributes
    ----------
    task : Task
        What is asked.
    program : Recorded
        How it is found.
    loops : Loops
        Those to screen.
    kind : int
        Of `machine.Weights`.
    correction : numpy.ndarray
        Multiples of the basis maps to subtract from each pair, float32, (pair, term).
    """

    task: Task
    program: Recorded
    loops: Loops
    kind: int
    correction: np.ndarray


class Stack(NamedTuple):
    """What pixels have, each its own; the last axis is over pixels.

    Attributes
    ----------
    phase, quality : numpy.ndarray
        Phase [rad], and coherence or weights (the phase itself, for equal ones), float32,
        (pair, pixel), NaN where missing.
    basis : numpy.ndarray
        Maps that corrections are multiples of, float32, (term, pixel).
    prior : numpy.ndarray
        A rate known beforehand and its error [rad year-1], NaN where not, (2 or 0, pixel).
    """

    phase: np.ndarray
    quality: np.ndarray
    basis: np.ndarray
    prior: np.ndarray


def solve_pixels(network: Network, stack: Stack, runs: Iterator[int], out: np.ndarray) -> None:
    """Solve runs of pixels of a stack, each from its first one on, into `out` (row, pixel)."""
    program, (pairs, pixels) = network.program, stack.phase.shape
    w = np.zeros((program.rows, LANES))
    s = np.zeros((BLOCKS, program.short_rows, LANES), np.float32)
    found = np.zeros((len(out), BLOCKS, LANES), np.float32)
    bound = [
        [
            partial(machine.replay, part, program.constants, pairs, w, s[block], block, found)
            for part in program.parts
        ]
        for block in range(BLOCKS)
    ]
    weights = slice(machine.SHORT + pairs, machine.SHORT + 2 * pairs)
    factorised = False
    for first in runs:
        last = min(first + BLOCKS * LANES, pixels)
        if last < first + BLOCKS * LANES:
            s[:] = 0
        layers = stack.phase, stack.quality, network.correction, stack.basis
        machine.read_pairs(*layers, network.kind, first, last, s)
        for block, pixel in enumerate(range(first, last, LANES)):
            factorise, tie, solve, mask, store = bound[block]
            machine.drop_unclosed(*network.loops, pairs, w, s[block])
            # Pixels that lack nothing and weigh all pairs alike share one factorisation.
            alike = network.kind == Weights.NONE and bool(s[block, weights].all())
            if not (alike and factorised):
                factorise()
            factorised = alike
            prior = stack.prior[:, pixel : min(pixel + LANES, last)]
            w[machine.PRIOR : machine.PRIOR + len(prior), : prior.shape[1]] = prior
            torn = w[machine.PIECES].any()
            for part in (tie, solve, mask, store) if torn else (solve, store):
                part()
        out[:, first:last] = found.reshape(len(out), -1)[:, : last - first]
