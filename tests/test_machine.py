"""The machine of the inversion against plain arithmetic on whole arrays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qilian.insar.sbas import machine
from qilian.insar.sbas.joining import joined
from qilian.insar.sbas.machine import LANES, OWN, Op
from qilian.insar.sbas.program import (
    Program,
    known,
    not_negative,
    positive,
    reciprocal,
    root,
    untied,
)

ROWS = 6
PLAIN = {
    Op.FILL: lambda w, i, j, k, c: np.full(LANES, c[j]),
    Op.COPY: lambda w, i, j, k, c: w[j],
    Op.ADD: lambda w, i, j, k, c: w[i] + w[j],
    Op.SUBTRACT: lambda w, i, j, k, c: w[i] - w[j],
    Op.MULTIPLY: lambda w, i, j, k, c: w[j] * w[k],
    Op.ADD_PRODUCT: lambda w, i, j, k, c: w[i] + w[j] * w[k],
    Op.SUBTRACT_PRODUCT: lambda w, i, j, k, c: w[i] - w[j] * w[k],
    Op.SCALE: lambda w, i, j, k, c: c[k] * w[j],
    Op.ADD_SCALED: lambda w, i, j, k, c: w[i] + c[k] * w[j],
}


def replay(operations, constants, w):
    """Have the machine carry operations out on rows of float64."""
    short = np.zeros((machine.SHORT, LANES), np.float32)
    machine.replay(operations, np.asarray(constants, float), 0, w, short, 0, short[:, np.newaxis])


@given(st.data())
def test_joined_operations_do_what_single_ones_do_one_after_the_other(data):
    """Any arithmetic on rows, those that a term is added to among its factors."""
    own = st.integers(int(OWN), int(OWN) + ROWS - 1)
    constants = [0.0, 1.0, -0.5]
    operations = []
    for op in data.draw(st.lists(st.sampled_from(list(PLAIN)), max_size=40)):
        i, j, k = data.draw(own), data.draw(own), data.draw(own)
        j = data.draw(st.integers(0, 2)) if op == Op.FILL else j
        k = data.draw(st.integers(0, 2)) if op in (Op.SCALE, Op.ADD_SCALED) else k
        operations.append((op, i, j, k))
    w = np.zeros((OWN + ROWS, LANES))
    w[OWN:] = np.random.default_rng(0).uniform(-1, 1, (ROWS, LANES))
    expected = w.copy()
    for op, i, j, k in operations:
        expected[i] = PLAIN[op](expected, i, j, k, constants)
    replay(joined(operations, 0), constants, w)
    np.testing.assert_allclose(w, expected, rtol=1e-9, atol=1e-9)


def test_terms_on_one_row_are_joined_by_three():
    """Seven products that are added up take three operations, and a sum begun anew none for 0."""
    program = Program()
    rows, total = program.rows(8), program.row()
    total.set(0.0)
    for k in range(7):
        total += rows[k] * rows[k + 1]
    assert [op for op, *_ in program.cut()] == [Op.DOT_3, Op.DOT_3, Op.ADD_PRODUCT]


def test_rows_without_a_value_are_told_from_rows_of_zero():
    """Reciprocals, roots and choices at 0, below it, at NaN."""
    values = np.resize([4.0, 0.0, -1.0, np.nan], LANES)
    program = Program()
    row, count, kept = program.row(), program.row(), program.row()
    found = program.rows(5)
    count.set(0.0)
    count += untied(row)
    kept.set(1.0)
    kept.keep_where(row)
    for k, choose in enumerate((reciprocal, positive, known, not_negative, root)):
        found[k] = choose(row)
    w = np.zeros((program.size, LANES))
    w[row.at] = values
    replay(program.cut(), program.constants(), w)
    np.testing.assert_array_equal(w[count.at, :4], [0, 1, 0, 0])
    np.testing.assert_array_equal(w[kept.at, :4], [1, np.nan, np.nan, np.nan])
    expected = [[0.25, 0, 0, 0], [1, 0, 0, 0], [4, 0, -1, 0], [4, 0, 0, np.nan]]
    np.testing.assert_array_equal(w[found.at[:4], :4], expected)
    np.testing.assert_array_equal(w[found.at[4], :4], [2, 0, np.nan, np.nan])
