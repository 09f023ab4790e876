"""Recording: arithmetic on rows of pixels, written down once to be replayed for every block.

`Rows` are handled like an array whose last axis, over pixels, is left out, and a `Row` like a
number; what is done to them becomes operations of the `machine`. Loops and conditions on the
network run while recording, so that a program is one straight list.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from qilian.insar.sbas.joining import Operation, joined
from qilian.insar.sbas.machine import OWN, Op


class Term(NamedTuple):
    """What a row can be set to, increased or decreased by, each by an operation if it can."""

    j: int
    k: int = 0
    put: Op | None = None
    add: Op | None = None
    subtract: Op | None = None


class Given(NamedTuple):
    """A constant whose value is given only when a program is carried out."""

    place: int


class Program:
    """Rows of a workspace, constants, and the operations recorded on them.

    Parameters
    ----------
    given : int, optional
        How many constants, the first ones, are only given when it is carried out.

    Attributes
    ----------
    size : int
        Number of rows so far.
    operations : list of Operation
        What has been recorded since `cut` was last called.
    """

    def __init__(self, given: int = 0) -> None:
        self.size = int(OWN)
        self.operations: list[Operation] = []
        self._given = given
        self._constants: dict[float, int] = {}

    def rows(self, *shape: int) -> "Rows":
        """Take new rows of the workspace; their values are undefined."""
        count = int(np.prod(shape))
        self.size += count
        return Rows(self, np.arange(self.size - count, self.size).reshape(shape))

    def row(self, at: int | None = None) -> "Row":
        """Take one new row, or name one of the machine's own."""
        return Row(self, int(at)) if at is not None else Row(self, self.rows(1).at[0])

    def constant(self, value: float | Given) -> int:
        """Return the place of a constant."""
        if isinstance(value, Given):
            return value.place
        return self._constants.setdefault(float(value), self._given + len(self._constants))

    def emit(self, op: Op, i: int = 0, j: int = 0, k: int = 0) -> None:
        """Record one operation."""
        self.operations.append((op, i, j, k))

    def cut(self) -> np.ndarray:
        """Return what has been recorded, fit for the machine, and start a new part."""
        part = joined(self.operations, self.constant(0.0))
        self.operations = []
        return part

    def constants(self) -> np.ndarray:
        """Return the constants that follow those given."""
        return np.array([*self._constants])


class Row:
    """One quantity of all pixels of a block."""

    __slots__ = ("at", "program")
    __array_ufunc__ = None  # or a NumPy number times a row would be NumPy's business

    def __init__(self, program: Program, at: int) -> None:
        self.program, self.at = program, int(at)

    def set(self, value: "Value") -> None:
        """Give the row a value."""
        term = self._term(value)
        if term.put is not Op.COPY or term.j != self.at:
            self._emit(term.put, term)

    def __iadd__(self, value: "Row | Term") -> "Row":
        term = self._term(value)
        self._emit(term.add, term)
        return self

    def __isub__(self, value: "Row | Term") -> "Row":
        term = self._term(value)
        self._emit(term.subtract, term)
        return self

    def __imul__(self, other: "Row | float | Given") -> "Row":
        self.set(self * other)
        return self

    def __mul__(self, other: "Row | float | Given") -> Term:
        if isinstance(other, Row):
            products = Op.MULTIPLY, Op.ADD_PRODUCT, Op.SUBTRACT_PRODUCT
            return Term(self.at, other.at, *products)
        return Term(self.at, self.program.constant(other), Op.SCALE, Op.ADD_SCALED)

    __rmul__ = __mul__

    def keep_where(self, positive: "Row", or_positive: "Row | None" = None) -> None:
        """Make the row NaN where neither of one or two others is positive."""
        other = positive if or_positive is None else or_positive
        self.program.emit(Op.KEEP, self.at, positive.at, other.at)

    def _term(self, value: "Value") -> Term:
        if isinstance(value, Term):
            return value
        if isinstance(value, Row):
            return Term(value.at, 0, Op.COPY, Op.ADD, Op.SUBTRACT)
        return Term(self.program.constant(value), put=Op.FILL)

    def _emit(self, op: Op | None, term: Term) -> None:
        if op is None:
            raise TypeError(f"no operation of the machine does this with {term}")
        self.program.emit(op, self.at, term.j, term.k)


Value = Row | Term | float


class Rows:
    """Quantities of all pixels of a block, indexed like an array."""

    def __init__(self, program: Program, at: np.ndarray) -> None:
        self.program, self.at, self.shape = program, at, at.shape

    def __getitem__(self, key: Any) -> Any:
        at = self.at[key]
        return Rows(self.program, at) if at.ndim else Row(self.program, at)

    def __setitem__(self, key: Any, value: Value) -> None:
        at = self.at[key]
        for each in at.flat if at.ndim else (at,):
            Row(self.program, each).set(value)

    def __len__(self) -> int:
        return len(self.at)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))


def reciprocal(row: Row) -> Term:
    """1 / row, and 0 where it is not positive."""
    return Term(row.at, put=Op.RECIPROCAL)


def untied(row: Row) -> Term:
    """1 where a row is 0: to be added."""
    return Term(row.at, add=Op.COUNT_ZERO)


def positive(row: Row) -> Term:
    """1 where a row is positive, else 0."""
    return Term(row.at, put=Op.POSITIVE)


def known(row: Row) -> Term:
    """Take a row with 0 for NaN."""
    return Term(row.at, put=Op.KNOWN)


def not_negative(row: Row) -> Term:
    """Take a row with 0 for what is negative."""
    return Term(row.at, put=Op.NOT_NEGATIVE)


def root(row: Row) -> Term:
    """Take the square root of a row."""
    return Term(row.at, put=Op.ROOT)
