"""Seasons of the year, given by their first and last day, which may cross New Year."""

from typing import TypeVar

import numpy as np

THAW_SEASON = ("05-01", "10-31")  # as mm-dd, where an archive names no other

_Day = TypeVar("_Day", str, int)


def in_season(days: np.ndarray, first: _Day, last: _Day) -> np.ndarray:
    """Tell which days of a year lie in a season.

    Parameters
    ----------
    days : numpy.ndarray
        As mm-dd or as month * 100 + day.
    first, last : str or int
        First and last day, alike; a season whose last day comes first crosses New Year.

    Examples
    --------
    >>> days = np.array([115, 715, 1115])
    >>> in_season(days, 501, 1031), in_season(days, 1101, 430)
    (array([False,  True, False]), array([ True, False,  True]))
    """
    since, until = first <= days, days <= last
    return since | until if first > last else since & until
