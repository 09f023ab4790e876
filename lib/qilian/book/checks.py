"""Named checks that a notebook ends with: one small table, or a failure that names them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.io.formats.style import Styler

from qilian.figures.tables import table


class CheckError(AssertionError):
    """A result breaks an invariant that holds on any valid input."""


@dataclass(frozen=True)
class Check:
    """What must hold, whether it does, and what was found."""

    name: str
    passed: bool
    found: str


def within(
    name: str, values: ArrayLike, low: float, high: float, *, may_be_empty: bool = False
) -> Check:
    """Every finite value lies between `low` and `high`; none at all passes if it `may_be_empty`."""
    numbers = np.asarray(values, dtype=float)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return Check(name, may_be_empty, "no value")
    passed = bool((finite >= low).all() and (finite <= high).all())
    return Check(name, passed, f"{finite.min():.4g} to {finite.max():.4g}")


def equal(name: str, found: ArrayLike, expected: ArrayLike) -> Check:
    """Two things that must be the same are."""
    same = bool(np.array_equal(np.asarray(found), np.asarray(expected)))
    return Check(name, same, str(found) if np.ndim(found) == 0 else "all" if same else "differs")


def check_all(*checks: Check) -> Styler:
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
    rows = [{"check": c.name, "found": c.found, "result": "passed"} for c in checks]
    return table(pd.DataFrame(rows))
