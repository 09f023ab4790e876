"""GAMMA's text files."""

from pathlib import Path

import numpy as np

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
    _, _, table = path.read_text().partition("****\n")
    rows = [line.split() for line in table.splitlines() if line.strip()]
    try:
        return float(np.mean([float(row[_BASELINE_COLUMN]) for row in rows if len(row) == 9]))
    except ValueError as error:
        raise InputError(
            f"{path} holds no table of bperp, expected a GAMMA base_perp file."
        ) from error
