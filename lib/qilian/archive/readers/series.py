"""A series of displacement from files that each tell what happened between two dates."""

from collections.abc import Sequence

import dask.array as da
import numpy as np

from qilian.archive.readers.pairs import rising_dates
from qilian.contracts.errors import InputError


def add_up(
    pairs: Sequence[tuple[str, ...]], layers: da.Array, source: str
) -> tuple[np.ndarray, da.Array]:
    """Add displacements up from the one date that all of them go back to.

    The displacement of a file's second date is that of its reference plus what the file holds,
    and missing where either is. That of the date where all begins is 0 wherever a later one is
    known.

    Parameters
    ----------
    pairs : sequence of (reference, second date)
        Of each file, YYYYMMDD; the reference of a file is the second date of another, or where all
        begins.
    layers : dask array
        (file, y, x).
    source : str
        The folder, for messages.

    Returns
    -------
    numpy.ndarray, dask array
        Dates, and displacement (date, y, x) in the unit of the files.

    Raises
    ------
    InputError
        Two files that end on a date, none that leads to a reference, a date that isn't one.
    """
    ends = [second for _, second in pairs]
    twice = sorted({end for end in ends if ends.count(end) > 1})
    if twice:
        raise InputError(f"{source} has several files that end on {twice[0]}, expected one a date.")
    begins = sorted({first for first, _ in pairs} - set(ends))
    if len(begins) > 1:
        raise InputError(
            f"{source} has no file that ends on {begins[1]}, which another takes for its "
            f"reference, expected one, so that displacement adds up from {begins[0]} on."
        )
    known: dict[str, da.Array] = {}
    reached = begins
    for date in reached:  # and those that are reached from there
        for k in (k for k, (first, _) in enumerate(pairs) if first == date):
            known[ends[k]] = layers[k] + known[date] if date in known else layers[k]
            reached.append(ends[k])
    if len(known) < len(ends):
        raise InputError(
            f"{source} has files whose dates go round in a circle, expected one where all begins."
        )
    somewhere = da.isfinite(da.stack(list(known.values()))).any(axis=0)
    known[reached[0]] = da.where(somewhere, np.float32(0), np.float32(np.nan))
    dates = sorted(known)
    return rising_dates(dates, source), da.stack([known[date] for date in dates])
