"""Named checks that a notebook ends with: one small table, or a failure that names them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import Markdown, display
from numpy.typing import ArrayLike

from qilian.contracts.labels import typeset
from qilian.figures.tables import Table, plain_markdown, table


class CheckError(AssertionError):
    """A result breaks an invariant that holds on any valid input."""


@dataclass(frozen=True)
class Check:
    """What must hold: its limit, what was found, and what failing would mean."""

    name: str
    passed: bool
    found: str
    limit: str
    otherwise: str = ""


def within(
    name: str,
    values: ArrayLike,
    low: float,
    high: float,
    *,
    otherwise: str = "",
    may_be_empty: bool = False,
) -> Check:
    """Every finite value lies between `low` and `high`; none at all passes if it `may_be_empty`."""
    numbers = np.asarray(values, dtype=float)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return Check(name, may_be_empty, "no value", _range(low, high), otherwise)
    passed = bool((finite >= low).all() and (finite <= high).all())
    found = _range(finite.min(), finite.max())
    return Check(name, passed, found, _range(low, high), otherwise)


def equal(name: str, found: ArrayLike, expected: ArrayLike, *, otherwise: str = "") -> Check:
    """Two things that must be the same are."""
    one, other = np.asarray(found), np.asarray(expected)
    same = bool(np.array_equal(one, other))
    if one.ndim == 0:
        return Check(name, same, str(found), str(expected), otherwise)
    differ = "not equal"
    if one.shape == other.shape:
        differ = f"{(one != other).sum()} of {one.size} differ"
    return Check(name, same, "all equal" if same else differ, "all equal", otherwise)


def check_all(*invariants: Check, notes: Sequence[Check] = ()) -> Table:
    """Return the checks as a table, or raise naming the invariants that failed.

    Parameters
    ----------
    *invariants : Check
        What holds on any valid input: only a wrong sign, unit, grid or mask breaks it.
    notes : sequence of Check, optional
        What most input holds. One that doesn't fails no page: it is told as unusual above the
        table, and on a page below the figure.

    Raises
    ------
    CheckError
        One sentence that lists the failed invariants and what was found.
    """
    failed = [check for check in invariants if not check.passed]
    if failed:
        listing = "; ".join(f"{check.name} (found {check.found})" for check in failed)
        raise CheckError(f"{len(failed)} of {len(invariants)} checks failed: {listing}.")
    unusual = [note for note in notes if not note.passed]
    if unusual:
        text = " ".join(map(_told, unusual))
        display(Markdown(f"**Unusual.** {text}"), metadata={"qilian": {"unusual": text}})
    rows = [
        {
            "check": check.name,
            "found": check.found,
            "limit": check.limit,
            "result": "passed" if check.passed else "unusual",
            "if outside the limit": check.otherwise,
        }
        for check in (*invariants, *notes)
    ]
    passed = f"{len(rows) - len(unusual)} passed, {len(unusual)} unusual"
    counts = passed if unusual else f"all {len(rows)} passed"
    return table(pd.DataFrame(rows), f"Checks of this build, {counts}", folded=True)


def _told(note: Check) -> str:
    said = f"{note.name}: found {note.found}, usual is {note.limit}"
    about = f" ({note.otherwise})" if note.otherwise else ""
    return plain_markdown(f"{said[0].upper()}{said[1:]}{about}.")


def _range(low: float, high: float) -> str:
    if low == high:
        return typeset(f"{low:.4g}")
    if np.isneginf(low):
        return typeset(f"at most {high:.4g}")
    return typeset(f"at least {low:.4g}" if np.isposinf(high) else f"{low:.4g} to {high:.4g}")
