"""Solving a network: its order of elimination, and the elimination itself, for many pixels at once.

The normal matrix of a network of pairs is its weighted graph Laplacian, held at the reference
date: off the diagonal minus the weights of pairs, on it their sum. All pixels share the places of
its entries, so that the order of elimination and the fill are found once. Since no off-diagonal
entry is positive, elimination can do without subtraction (Grassmann, Taksar & Heyman 1985,
doi:10.1287/opre.33.5.1107): a pivot is the *sum* of what still couples its date to others. Hence
no digit is lost however unequal the weights are, and a pivot is exactly zero exactly where the
data leave a date untied.

The functions below `plan` record what they do (see `program`): arrays are rows, each of which holds
one number of every pixel of a block.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import splu

from qilian.insar.sbas.program import Row, Rows, reciprocal, untied


class Elimination(NamedTuple):
    """Symbolic factorisation of a network of n + 1 dates and m pairs, the first date held.

    Attributes
    ----------
    date : numpy.ndarray
        Date that is eliminated at each position, shape (n,).
    start : numpy.ndarray
        Where each position's couplings start in `row`, shape (n + 1,).
    row : numpy.ndarray
        Later position that a coupling leads to, ascending within each position, shape (coupling,).
    before : numpy.ndarray
        Where the couplings that lead to each position start in the two below, shape (n + 1,).
    link, giver : numpy.ndarray
        Those couplings, and the positions that they come from, shape (coupling,).
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
    before: np.ndarray
    link: np.ndarray
    giver: np.ndarray
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
    row = np.array([i for rows in columns for i in rows], dtype=np.int64)
    link = np.argsort(row, kind="stable")
    parts = (
        order,
        start,
        row,
        np.searchsorted(row[link], np.arange(order.size + 1)),
        link,
        np.repeat(np.arange(order.size), np.diff(start))[link],
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


def eliminate(
    e: Elimination, coupling: Rows, ground: Rows, spring: Rows | None, pivot: Rows, pieces: Row
) -> None:
    """Factorise in place.

    Parameters
    ----------
    e : Elimination
        Of the network.
    coupling : Rows
        In: weight between dates, (coupling,). Out: share of a date's neighbour in it.
    ground, spring : Rows
        In: weight that ties a date to the held one, and to its own zero if any does, (n,).
        Out: what it has gathered of either when its turn came.
    pivot : Rows
        Out: inverse pivots, 0 where nothing ties a date, (n,).
    pieces : Row
        Out: pieces of the network that no pair ties to the held date.
    """
    pieces.set(0.0)
    total = pieces.program.row()
    for k in range(e.date.size):
        a0, a1 = e.start[k], e.start[k + 1]
        _gather(e, coupling, ground, k)
        total.set(ground[k])
        for a in range(a0, a1):
            total += coupling[a]
        pieces += untied(total)
        if spring is not None:
            _gather(e, coupling, spring, k)
            total += spring[k]
        pivot[k] = reciprocal(total)
        fill = e.fill_start[k + 1]
        # From the last row back, each overwritten once no later one needs it.
        for a in range(a1 - 1, a0 - 1, -1):
            fill -= a - a0
            coupling[a] *= pivot[k]
            for c in range(a0, a):
                coupling[e.fill[fill + c - a0]] += coupling[a] * coupling[c]


def forward(e: Elimination, share: Rows, *sides: Rows) -> None:
    """Carry right-hand sides, each (n,), through the elimination, in place."""
    for k in range(e.date.size):
        for values in sides:
            _gather(e, share, values, k)


def _gather(e: Elimination, share: Rows, values: Rows, k: int) -> None:
    """Add to a date's value what those eliminated before it hand on."""
    for a in range(e.before[k], e.before[k + 1]):
        values[k] += share[e.link[a]] * values[e.giver[a]]


def backward(e: Elimination, share: Rows, pivot: Rows, *sides: Rows) -> None:
    """Solve for the unknowns from what `forward` left of each side, in place."""
    for k in reversed(range(e.date.size)):
        for values in sides:
            values[k] *= pivot[k]
            for a in range(e.start[k], e.start[k + 1]):
                values[k] += share[a] * values[e.row[a]]


def inverse_diagonal(
    e: Elimination, share: Rows, pivot: Rows, between: Rows, diagonal: Rows
) -> None:
    """Diagonal of the inverse, from its entries at the couplings alone (Takahashi et al. 1973).

    Out: `between`, the inverse at the couplings, and `diagonal`, (n,).
    """
    for k in reversed(range(e.date.size)):
        links = range(e.start[k], e.start[k + 1])
        fill = iter(e.fill[e.fill_start[k] : e.fill_start[k + 1]])
        across = {(a, c): next(fill) for a in links for c in links if c < a}
        for a in links:
            between[a] = share[a] * diagonal[e.row[a]]
            for c in links:
                if c != a:
                    between[a] += share[c] * between[across[max(a, c), min(a, c)]]
        diagonal[k] = pivot[k]
        for a in links:
            diagonal[k] += share[a] * between[a]
