"""Pairs of dates: taken from names, read from tables, checked in one place."""

import math
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.archive.readers.table import column, numbers, quoted, read_table
from qilian.contracts.datasets import INTERFEROGRAMS, PAIR_TABLE, conform
from qilian.contracts.errors import InputError, require

# From the first satellites on, and without a second meaning such as 2018-11-1 for 2018111.
_DATE = re.compile(r"((?:19|20)\d\d)(?:-(?=\d\d-)|(?=\d{4}$))(\d\d)-?(\d\d)", re.ASCII)


def parse_date(text: str, source: str) -> pd.Timestamp:
    """Turn YYYYMMDD or YYYY-MM-DD into a date, or say where a date was expected."""
    parts = _DATE.fullmatch(text)
    with suppress(ValueError):
        if parts:
            return pd.Timestamp(*map(int, parts.groups()))
    raise InputError(f"{source}: {quoted(text)} is not a date, expected YYYYMMDD or YYYY-MM-DD.")


def rising_dates(dates: Iterable[str], source: str) -> np.ndarray:
    """Turn dates of a series into its time axis, or say that they don't rise."""
    time = np.array([parse_date(date, source) for date in dates], "datetime64[ns]")
    if (np.diff(time) <= np.timedelta64(0)).any():
        raise InputError(f"{source}: the dates don't rise, expected each once and in order.")
    return time


def parse_metres(text: str, source: str) -> float:
    """Turn text into a perpendicular baseline, or say where metres were expected."""
    with suppress(ValueError):
        if math.isfinite(metres := float(text)):
            return metres
    raise InputError(f"{source}: {quoted(text)} is no baseline, expected metres.")


def checked_wavelength(metres: float, path: Path) -> float:
    """Pass a wavelength on, or say that no radar has it."""
    low, high = INTERFEROGRAMS.variables["wavelength"].valid_range  # type: ignore[misc]  # has one
    require(f"{path}: wavelength", f"{metres:g}", low <= metres <= high, f"{low:g} to {high:g} m")
    return metres


def pair_dates(pairs: Sequence[tuple[str, str]], sources: Sequence[str]) -> xr.Dataset:
    """Dates of each pair as coordinates, checked to be ordered and listed once.

    Parameters
    ----------
    pairs : sequence of (reference, secondary)
        Dates as text.
    sources : sequence of str
        File or line of each pair, for messages.

    Returns
    -------
    xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.

    Raises
    ------
    InputError
        A date isn't one, a pair is reversed or listed twice.
    """
    seen: dict[tuple[pd.Timestamp, pd.Timestamp], str] = {}
    for (first, second), source in zip(pairs, sources, strict=True):
        pair = parse_date(first, source), parse_date(second, source)
        if pair[0] >= pair[1]:
            raise InputError(
                f"{source}: the pair {first}, {second} does not run forward in time, "
                "expected the earlier date first."
            )
        if pair in seen:
            raise InputError(
                f"{source}: the pair {first}, {second} stands already in {seen[pair]}, "
                "expected each pair once."
            )
        seen[pair] = source
    dates = np.array(list(seen), dtype="datetime64[ns]").reshape(-1, 2)
    return xr.Dataset(
        coords={"reference_date": ("pair", dates[:, 0]), "secondary_date": ("pair", dates[:, 1])}
    )


def table_dates(
    table: pd.DataFrame, first: str, second: str, path: Path
) -> tuple[list[tuple[str, str]], xr.Dataset]:
    """Pairs that two columns of a table name, as text and as checked dates."""
    ends = column(table, first, path), column(table, second, path)
    pairs = list(zip(*ends, strict=True))
    return pairs, pair_dates(pairs, [f"{path}, line {line}" for line in table.index])


def read_csv(path: Path, *, separator: str = ",", decimal: str = ".") -> xr.Dataset:
    """Read a table of pairs such as Table S1.

    Columns: satellite, image_1, image_2 (YYYYMMDD), perpendicular_baseline_m, time_span_days.

    Parameters
    ----------
    path : Path
        The table.
    separator, decimal : str, optional
        What stands between fields and the decimal mark.
    """
    table = read_table(path, separator)
    _, pairs = table_dates(table, "image_1", "image_2", path)
    pairs["sensor"] = "pair", column(table, "satellite", path).to_numpy(str)
    baseline = numbers(table, "perpendicular_baseline_m", path, decimal)
    pairs["perpendicular_baseline"] = "pair", baseline, {"units": "m"}
    days = numbers(table, "time_span_days", path, decimal)
    if (days % 1).any():
        raise InputError(f"{path}: time_span_days is no whole number, expected days.")
    pairs["stated_days"] = "pair", days.astype(int), {"units": "day"}
    return conform(pairs, PAIR_TABLE, str(path))
