"""Daily discharge as CSV tables and as the tab-separated RDB files of the USGS."""

from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.contracts import DISCHARGE, InputError, conform
from qilian.readers.table import column, read_table

_CUBIC_METRES_PER_SECOND = {"m3 s-1": 1.0, "l s-1": 1e-3, "ft3 s-1": 0.028316846592}
# What agencies put in place of a value: ice, broken gauge, backwater, season's end and the like.
_WORDS = set("Ice Eqp *** Bkw Dis Ssn Rat Mnt Fld Dry Pr ZFl NA NaN -- blank".casefold().split())


def read_csv(
    path: Path,
    *,
    time: str = "date",
    discharge: str = "discharge",
    precipitation: str | None = None,
    unit: str = "m3 s-1",
    nodata: float | None = None,
) -> xr.Dataset:
    """Read daily discharge, and precipitation if it has a column, from a comma-separated table.

    Words that agencies print in place of a number, and blanks, become NaN and are counted in the
    attribute `words` of the variable. Days absent from the table stay absent.

    Parameters
    ----------
    path : pathlib.Path
        The table, its column names in the first line that does not begin with ``#``.
    time, discharge, precipitation : str
        Names of the columns; dates are ISO 8601, precipitation is in mm day-1.
    unit : str
        Unit of the discharge column: m3 s-1, l s-1 or ft3 s-1.
    nodata : float, optional
        A number that stands for a missing value, such as -9999.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1] and perhaps `precipitation` [mm day-1], days ascending.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    if unit not in _CUBIC_METRES_PER_SECOND:
        known = ", ".join(_CUBIC_METRES_PER_SECOND)
        raise InputError(f"{path}: the unit of discharge is {unit!r}, expected one of {known}.")
    table = read_table(path, ",")
    columns = {"discharge": discharge}
    if precipitation is not None:
        columns["precipitation"] = precipitation
    return _dataset(table, path, time, columns, _CUBIC_METRES_PER_SECOND[unit], nodata)


def read_usgs_rdb(path: Path, *, statistic: str = "00003") -> xr.Dataset:
    """Read daily discharge from an RDB file of the USGS, with or without its format line.

    Parameters
    ----------
    path : pathlib.Path
        The file of one site.
    statistic : str
        USGS code of the daily statistic, 00003 being the mean.

    Returns
    -------
    xarray.Dataset
        (time,) `discharge` [m3 s-1], days ascending; words in place of a number are NaN and
        counted in its attribute `words`.

    Raises
    ------
    InputError
        The file, a column, a date or a value is not as described; the message says where.
    """
    table = read_table(path, "\t")
    ending = f"_00060_{statistic}"
    columns = [name for name in table.columns if name.endswith(ending)]
    if len(columns) != 1:
        raise InputError(
            f"{path} has {len(columns)} columns ending in {ending}, expected one among "
            f"{', '.join(table.columns)}."
        )
    is_format_line = table.iloc[:1].apply(lambda cell: cell.str.fullmatch(r"\d+[sdn]")).all(axis=1)
    table = table.drop(index=table.index[:1][is_format_line])
    factor = _CUBIC_METRES_PER_SECOND["ft3 s-1"]
    return _dataset(table, path, "datetime", {"discharge": columns[0]}, factor, None, any_word=True)


def _dataset(
    table: pd.DataFrame,
    path: Path,
    time: str,
    columns: dict[str, str],
    factor: float,
    nodata: float | None,
    any_word: bool = False,
) -> xr.Dataset:
    """Put the named columns under the discharge contract."""
    if table.empty:
        raise InputError(f"{path} has no rows below its header, expected daily discharge.")
    days = _dates(column(table, time, path), path)
    numbers, words = {}, {}
    for name, heading in columns.items():
        text = column(table, heading, path)
        values, words[name] = _numbers(text, path, any_word)
        numbers[name] = values.where(values != nodata)
        _refuse_negative(numbers[name], text, path)
    record = pd.DataFrame(numbers).assign(time=days).drop_duplicates().set_index("time")
    if record.index.has_duplicates:
        day = record.index[record.index.duplicated()][0]
        raise InputError(f"{path}: {day:%Y-%m-%d} has two different values, expected one a day.")
    record["discharge"] *= factor
    dataset = record.sort_index().to_xarray()
    for name, unit in {"discharge": "m3 s-1", "precipitation": "mm day-1"}.items():
        if name in dataset:
            dataset[name].attrs = {"units": unit, **words[name]}
    dataset["time"].attrs["long_name"] = "day"
    return conform(dataset, DISCHARGE, str(path))


def _refuse_negative(values: pd.Series, text: pd.Series, path: Path) -> None:
    if (values < 0).any():
        line = values.index[values < 0][0]
        raise InputError(
            f"{path}, line {line}: {text.name!r} is {text[line]}, expected no negative value "
            "(nodata in the catalogue names one that means missing)."
        )


def _dates(text: pd.Series, path: Path) -> pd.Series:
    days = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if days.isna().any():
        line = days.index[days.isna()][0]
        raise InputError(f"{path}, line {line}: {text[line]!r} is not a date, expected yyyy-mm-dd.")
    return days.dt.normalize().astype("datetime64[ns]")


def _numbers(text: pd.Series, path: Path, any_word: bool) -> tuple[pd.Series, dict[str, str]]:
    """Return numbers, NaN for words, and the attribute that counts the words.

    With `any_word` every text free of digits is a word, otherwise only what agencies are known
    to print.
    """
    text = text.replace("", "blank")
    numbers = pd.to_numeric(text, errors="coerce")
    words = text[numbers.isna()]
    strange = ~words.str.casefold().isin(_WORDS)
    if any_word:
        strange &= words.str.contains(r"\d")
    if strange.any():
        line = words.index[strange][0]
        raise InputError(
            f"{path}, line {line}: {text[line]!r} stands in column {text.name!r}, "
            "expected a number or a word such as Ice."
        )
    counts = ", ".join(f"{word}: {n} days" for word, n in words.value_counts().items())
    return numbers, {"words": counts} if counts else {}
