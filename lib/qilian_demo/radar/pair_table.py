"""The paper's table of pairs: which satellite, which dates, which baseline."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Pair:
    """One line of the table.

    Attributes
    ----------
    dates : tuple of numpy.datetime64
        Earlier and later acquisition.
    baseline : float
        Perpendicular baseline [m].
    """

    dates: tuple[np.datetime64, np.datetime64]
    baseline: float


def read_pairs(path: Path) -> dict[str, list[Pair]]:
    """Pairs of each satellite, in the table's order."""
    pairs: dict[str, list[Pair]] = {}
    with Path(path).open(newline="") as lines:
        for row in csv.DictReader(lines):
            dates = (_date(row["image_1"]), _date(row["image_2"]))
            pair = Pair(dates, float(row["perpendicular_baseline_m"]))
            pairs.setdefault(row["satellite"], []).append(pair)
    return pairs


def compact(date: np.datetime64) -> str:
    """Write a date as YYYYMMDD."""
    return str(date).replace("-", "")


def _date(text: str) -> np.datetime64:
    return np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:8]}")
