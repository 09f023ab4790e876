"""GAMMA's text files."""

from pathlib import Path

import numpy as np

from qilian.archive.readers.pairs import parse_metres
from qilian.archive.readers.table import read_text
from qilian.contracts.errors import InputError

_BASELINE_COLUMN = 7


def mean_baseline(path: Path) -> float:
    """Mean over the image of the perpendicular baseline tabulated in a `_bperp.par` file.

    Parameters
    ----------
    path : Path
        Output of GAMMA's `base_perp`: a ruled table whose rows are line, range, three baseline
        components, look angle, parallel and perpendicular baseline and length (m, degrees).

    Returns
    -------
    float
        Metres.

    Raises
    ------
    InputError
        The file holds no such table.
    """
    _, _, table = read_text(path).partition("****\n")
    rows = [line.split() for line in table.splitlines()]
    values = [parse_metres(row[_BASELINE_COLUMN], str(path)) for row in rows if len(row) == 9]
    if not values:
        raise InputError(f"{path} holds no table of bperp, expected a GAMMA base_perp file.")
    return float(np.mean(values))
