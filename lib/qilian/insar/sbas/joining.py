"""Up to three terms that a program adds to one row, in one operation that reads it once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from qilian.insar.sbas.machine import ZERO, Op

Operation = tuple[Op, int, int, int]  # on rows i, j and k


@dataclass
class _Sum:
    """Terms that are added to one row, which then is read and written once for all of them."""

    i: int
    base: int  # row that they are added to
    kind: Op | None = None  # of ADD, ADD_PRODUCT and ADD_SCALED
    terms: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def begun(cls, operation: Operation, no: int) -> "_Sum | None":
        """Begin one by an operation, if that can be; `no` is the place of the constant 0."""
        op, i, j, k = operation
        if op in _JOINED and _apart(op, i, j, k):
            return cls(i, i, op, [(j, k)])
        if op == Op.COPY:
            return cls(i, j)
        if op in _BEGUN and _apart(_BEGUN[op], i, j, k):
            return cls(i, ZERO, _BEGUN[op], [(j, k)])
        return cls(i, ZERO) if op == Op.FILL and j == no else None

    def takes(self, operation: Operation) -> bool:
        """Whether another operation adds a term of the same kind, which there is room for."""
        op, i, j, k = operation
        fits = op in _JOINED and self.kind in (None, op) and len(self.terms) < 3
        return fits and i == self.i and _apart(op, i, j, k)

    def operation(self, no: int) -> tuple[int, ...]:
        """Make one operation of it."""
        if self.kind is None:
            return (Op.FILL, self.i, no) if self.base == ZERO else (Op.COPY, self.i, self.base)
        if len(self.terms) == 1 and self.base == self.i:
            return self.kind, self.i, *self.terms[0]
        if len(self.terms) == 1 and self.base == ZERO:
            return _ALONE[self.kind], self.i, *self.terms[0]
        rest = 3 - len(self.terms)
        if self.kind == Op.ADD_PRODUCT and rest:
            return Op.DOT_2, self.i, self.base, *chain(*self.terms, *[(ZERO, ZERO)] * (rest - 1))
        return _JOINED[self.kind], self.i, self.base, *chain(*self.terms, *[(ZERO, no)] * rest)


_JOINED = {Op.ADD: Op.SUM_3, Op.ADD_PRODUCT: Op.DOT_3, Op.ADD_SCALED: Op.MIX_3}
_ALONE = {Op.ADD: Op.COPY, Op.ADD_PRODUCT: Op.MULTIPLY, Op.ADD_SCALED: Op.SCALE}
_BEGUN = {alone: kind for kind, alone in _ALONE.items()}


def _apart(op: Op, i: int, j: int, k: int) -> bool:
    """Whether the row that is added to is none of those that are added."""
    return i != j and (i != k or op != Op.ADD_PRODUCT)


def _joined(operations: Sequence[Operation], no: int) -> Iterator[tuple[int, ...]]:
    held: _Sum | None = None
    for operation in operations:
        if held and held.takes(operation):
            held.kind = operation[0]
            held.terms.append((operation[2], operation[3]))
            continue
        if held:
            yield held.operation(no)
        held = _Sum.begun(operation, no)
        if held is None:
            yield operation
    if held:
        yield held.operation(no)


def joined(operations: Sequence[Operation], no: int) -> np.ndarray:
    """Join operations that follow one another on the same row.

    Parameters
    ----------
    operations : sequence of Operation
        As recorded.
    no : int
        Place of the constant 0.

    Returns
    -------
    numpy.ndarray
        Operations and their operands, uint32 (operation, 9).
    """
    found = list(_joined(operations, no))
    part = np.zeros((len(found), 9), np.uint32)
    for at, operation in enumerate(found):
        part[at, : len(operation)] = operation
    return part
