"""Pairs of dates: taken from names, read from tables, checked in one place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.contracts import PAIR_TABLE, InputError, conform


def parse_date(text: str, source: str) -> pd.Timestamp:
    """Turn YYYYMMDD or YYYY-MM-DD into a date, or say where a date was expected."""
    for form in ("%Y%m%d", "%Y-%m-%d"):
        try:
            return pd.to_datetime(text, format=form)
        except (ValueError, TypeError):
            continue
    raise InputError(f"{source}: {text!r} is not a date, expected YYYYMMDD or YYYY-MM-DD.")


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
                f"{source}: the pair {first}, {second} stands already in {seen[pair]}."
            )
        seen[pair] = source
    dates = np.array(list(seen), dtype="datetime64[ns]").reshape(-1, 2)
    return xr.Dataset(
        coords={"reference_date": ("pair", dates[:, 0]), "secondary_date": ("pair", dates[:, 1])}
    )


def read_text_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read a CSV as text, with these columns at least; `#` lines are comments."""
    if not path.is_file():
        raise InputError(f"{path} does not exist, expected a CSV with {', '.join(columns)}.")
    try:
        table = pd.read_csv(path, dtype=str, comment="#", skipinitialspace=True)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a table, expected a CSV.") from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}, only {', '.join(table)}.")
    return table


def numbers(table: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    """Read a text column as numbers, or name the row that isn't one."""
    values = pd.to_numeric(table[column], errors="coerce")
    wrong = values.isna()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{path}: {column} of row {row + 1} is {table[column].iloc[row]!r}, expected a number."
        )
    return values.to_numpy(float)


def read_csv(path: Path) -> xr.Dataset:
    """Read a table of pairs such as Table S1.

    Columns: satellite, image_1, image_2 (YYYYMMDD), perpendicular_baseline_m, time_span_days.
    """
    columns = ["satellite", "image_1", "image_2", "perpendicular_baseline_m", "time_span_days"]
    table = read_text_table(path, columns)
    sources = [f"{path}, row {row + 1}" for row in range(len(table))]
    pairs = pair_dates(list(zip(table.image_1, table.image_2, strict=True)), sources)
    pairs["sensor"] = "pair", table.satellite.to_numpy(str)
    baseline = numbers(table, "perpendicular_baseline_m", path)
    pairs["perpendicular_baseline"] = "pair", baseline, {"units": "m"}
    days = numbers(table, "time_span_days", path)
    pairs["stated_days"] = "pair", days.astype(int), {"units": "day"}
    return conform(pairs, PAIR_TABLE, str(path))
