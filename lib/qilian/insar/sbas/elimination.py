"""Solving a network: its order of elimination, and the elimination itself, for many pixels at once.

The normal matrix of a network of pairs is its weighted graph Laplacian, held at the reference
date: off the diagonal minus the weights of pairs, on it their sum. All pixels share the places of
its entries, so that the order of elimination and the fill are found once. Since no off-diagonal
entry is positive, elimination can do without subtraction (Grassmann, Taksar & Heyman 1985,
doi:10.1287/opre.33.5.1107): a pivot is the *sum* of what still couples its date to others. Hence
no digit is lost however unequal the weights are, and a pivot is exactly zero exactly where the
data leave a date untied.

Arrays of numbers have the shape (entry, LANES): the last axis runs over pixels, innermost.
"""

from typing import NamedTuple

import numba
import numpy as np
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import splu

LANES = 128  # pixels side by side; their workspace stays within a core's cache

compiled = numba.njit(nogil=True, fastmath={"contract"}, error_model="numpy")


class Elimination(NamedTuple):
    """Symbolic factorisation of a network of n + 1 dates and m pairs, the first date held.

    Attributes
    ----------
    date : numpy.ndarray
        Date that is eliminated at each position, shape (n,).
    start : numpy.ndarray
        Where each position's couplings start in `row`, shape (n + 1,).
    row : numpy.ndarray
        Later position that a coupling leads to, ascending within each position.
    fill : numpy.ndarray
        Coupling between two rows of one position, row by row of the strict lower triangle.
    fill_start : numpy.ndarray
        Where each position's triangle starts in `fill`, shape (n + 1,).
    coupling : numpy.ndarray
        Coupling that each pair adds to, -1 for a pair with the held date, shape (m,).
    first, second : numpy.ndarray
        Positions of each pair's dates, -1 for the held one, shape (m,).
    """

    date: np.ndarray
    start: np.ndarray
    row: np.ndarray
    fill: np.ndarray
    fill_start: np.ndarray
    coupling: np.ndarray
    first: np.ndarray
    second: np.ndarray


def plan(first: np.ndarray, second: np.ndarray, n_dates: int) -> Elimination:
    """Order a network's dates for elimination and find every coupling that will arise.

    Parameters
    ----------
    first, second : numpy.ndarray
        Index of the earlier and later date of each pair, shape (pair,).
    n_dates : int
        Number of dates; date 0 is held at zero.
    """
    orders = [_minimum_degree(first, second, n_dates), np.arange(1, n_dates)]
    columns, order = min(
        ((_couplings(first, second, order), order) for order in orders),
        key=lambda found: sum(len(rows) ** 2 for rows in found[0]),
    )
    position = np.full(n_dates, -1)
    position[order] = np.arange(order.size)
    start = np.cumsum([0, *map(len, columns)])
    at = {(k, i): start[k] + a for k, rows in enumerate(columns) for a, i in enumerate(rows)}
    fill = [at[rows[c], rows[a]] for rows in columns for a in range(len(rows)) for c in range(a)]
    ends = np.sort(np.stack([position[first], position[second]]), axis=0).T
    coupling = [at[low, high] if low >= 0 else -1 for low, high in ends.tolist()]
    parts = (
        order,
        start,
        [i for rows in columns for i in rows],
        fill,
        np.cumsum([0, *(len(rows) * (len(rows) - 1) // 2 for rows in columns)]),
        coupling,
        position[first],
        position[second],
    )
    return Elimination(*(np.array(part, dtype=np.int64) for part in parts))


def _minimum_degree(first: np.ndarray, second: np.ndarray, n_dates: int) -> np.ndarray:
    inner = (first > 0) & (second > 0)
    ends = first[inner] - 1, second[inner] - 1
    links = coo_array((-np.ones(ends[0].size), ends), shape=(n_dates - 1,) * 2)
    # A dominant diagonal keeps SuperLU, which is asked for its order only, from pivoting.
    matrix = (links + links.T + 2 * n_dates * eye_array(n_dates - 1)).tocsc()
    symmetric = {"SymmetricMode": True}
    factors = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0, options=symmetric)
    return 1 + np.argsort(factors.perm_c)


def _couplings(first: np.ndarray, second: np.ndarray, order: np.ndarray) -> list[list[int]]:
    """Later positions that each position is coupled to when its turn comes."""
    position = dict(zip(order.tolist(), range(order.size), strict=True))
    later: list[set[int]] = [set() for _ in order]
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        if i in position and j in position:
            low, high = sorted((position[i], position[j]))
            later[low].add(high)
    for rows in later:
        if rows:
            nearest = min(rows)
            later[nearest] |= rows - {nearest}
    return [sorted(rows) for rows in later]


@compiled
def copy(values, into):
    """Copy (row, column) values; a plain loop, which compiles in a tenth of a slice's time."""
    for k in range(values.shape[0]):
        for b in range(values.shape[1]):
            into[k, b] = values[k, b]


@compiled
def eliminate(e, coupling, ground, spring, springs, pivot, pieces):
    """Factorise in place.

    Parameters
    ----------
    e : Elimination
        Of the network.
    coupling : numpy.ndarray
        In: weight between dates, shape (couplings, LANES). Out: share of a date's neighbour in it.
    ground, spring : numpy.ndarray
        In: weight that ties a date to the held one, and to its own zero, shape (n, LANES).
        Out: what it has gathered of either when its turn came.
    springs : bool
        Whether any spring is not zero.
    pivot : numpy.ndarray
        Out: inverse pivots, 0 where nothing ties a date, shape (n, LANES).
    pieces : numpy.ndarray
        Out: pieces of the network that no pair ties to the held date, shape (LANES,).
    """
    pieces[:] = 0
    for k in range(e.date.size):
        a0, a1 = e.start[k], e.start[k + 1]
        for b in range(LANES):
            pivot[k, b] = ground[k, b]
        for a in range(a0, a1):
            for b in range(LANES):
                pivot[k, b] += coupling[a, b]
        for b in range(LANES):
            tied = pivot[k, b]
            pieces[b] += 1.0 if tied == 0 else 0.0
            total = tied + spring[k, b]
            pivot[k, b] = 1 / total if total > 0 else 0.0
        fill = e.fill_start[k + 1]
        # From the last row back, each overwritten once no later one needs it.
        for a in range(a1 - 1, a0 - 1, -1):
            i = e.row[a]
            fill -= a - a0
            for b in range(LANES):
                coupling[a, b] *= pivot[k, b]
                ground[i, b] += coupling[a, b] * ground[k, b]
            if springs:
                for b in range(LANES):
                    spring[i, b] += coupling[a, b] * spring[k, b]
            for c in range(a0, a):
                f = e.fill[fill + c - a0]
                for b in range(LANES):
                    coupling[f, b] += coupling[a, b] * coupling[c, b]


@compiled
def forward(e, share, values):
    """Carry right-hand sides (n, LANES) through the elimination, in place."""
    for k in range(e.date.size):
        for a in range(e.start[k], e.start[k + 1]):
            i = e.row[a]
            for b in range(LANES):
                values[i, b] += share[a, b] * values[k, b]


@compiled
def backward(e, share, pivot, values):
    """Solve for the unknowns from what `forward` left, in place."""
    for k in range(e.date.size - 1, -1, -1):
        for b in range(LANES):
            values[k, b] *= pivot[k, b]
        for a in range(e.start[k], e.start[k + 1]):
            i = e.row[a]
            for b in range(LANES):
                values[k, b] += share[a, b] * values[i, b]


@compiled
def inverse_diagonal(e, share, pivot, between, diagonal):
    """Diagonal of the inverse, from its entries at the couplings alone (Takahashi et al. 1973).

    Out: `between`, the inverse at the couplings, and `diagonal`, shape (n, LANES).
    """
    for k in range(e.date.size - 1, -1, -1):
        a0, a1 = e.start[k], e.start[k + 1]
        fill = e.fill_start[k]
        for a in range(a0, a1):
            for b in range(LANES):
                between[a, b] = share[a, b] * diagonal[e.row[a], b]
        for a in range(a0, a1):
            for c in range(a0, a):
                f = e.fill[fill]
                fill += 1
                for b in range(LANES):
                    between[a, b] += share[c, b] * between[f, b]
                    between[c, b] += share[a, b] * between[f, b]
        for b in range(LANES):
            diagonal[k, b] = pivot[k, b]
        for a in range(a0, a1):
            for b in range(LANES):
                diagonal[k, b] += share[a, b] * between[a, b]
