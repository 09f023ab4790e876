"""Named checks that a notebook ends with: one small table, or a failure that names them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from qilian.contracts.labels import typeset
from qilian.figures.tables import Table, table


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
    same = bool(np.array_equal(np.asarray(found), np.asarray(expected)))
    shown = str(found) if np.ndim(found) == 0 else "all equal" if same else "not equal"
    limit = str(expected) if np.ndim(expected) == 0 else "all equal"
    return Check(name, same, shown, limit, otherwise)


def check_all(*checks: Check) -> Table:
    """Return the checks as a table, or raise naming those that failed.

    Raises
    ------
    CheckError
        One sentence that lists the failed checks and what was found.
    """
    failed = [check for check in checks if not check.passed]
    if failed:
        listing = "; ".join(f"{check.name} (found {check.found})" for check in failed)
        raise CheckError(f"{len(failed)} of {len(checks)} checks failed: {listing}.")
    rows = [
        {
            "check": check.name,
            "found": check.found,
            "limit": check.limit,
            "if it failed": check.otherwise,
        }
        for check in checks
    ]
    return table(pd.DataFrame(rows), f"Checks of this build, all {len(rows)} passed", folded=True)


def _range(low: float, high: float) -> str:
    if low == high:
        return typeset(f"{low:.4g}")
    if np.isneginf(low):
        return typeset(f"at most {high:.4g}")
    return typeset(f"at least {low:.4g}" if np.isposinf(high) else f"{low:.4g} to {high:.4g}")
