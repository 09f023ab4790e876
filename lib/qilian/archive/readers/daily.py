"""What tables of daily values share: dates, words in place of numbers, one value a day."""

import re
from collections.abc import Collection
from datetime import date
from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.archive.readers.table import column, decimal_hint, parse_numbers, quoted
from qilian.contracts.errors import InputError

YEARS = 1700, 2100  # which a record on paper or of an instrument may hold
# What agencies put in place of a value: ice, broken gauge, backwater, season's end and the like.
_WORDS = r"ice|eqp|\*{3}|bkw|dis|ssn|rat|mnt|fld|dry|pr|zfl|n/?a|nan|null|none|--?|lücke|blank"
_MONTH = pd.Timedelta(28, "D")  # the shortest
ISO = "YYYY-MM-DD"
_ALSO_ISO = "YYYYMMDD", "YYYY/MM/DD"
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<year>\d{2})",
    "MM": r"(?P<month>\d{2})",
    "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})",
    "D": r"(?P<day>\d{1,2})",
}
# The time of day and its zone count for nothing: what is written is the station's calendar day.
_TIME_OF_DAY = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?)?"
_ZONE = r"\s*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?)?"


def find_days(table: pd.DataFrame, time: str, path: Path, dates: str | None = None) -> pd.Series:
    """Return the days that a column of dates, or three of year, month and day, hold.

    Parameters
    ----------
    table : pandas.DataFrame
        As `read_table` returns it.
    time : str
        Name of the column, or of three between commas.
    path : Path
        Named in messages.
    dates : str, optional
        How a date is written, such as D.M.YYYY or M/D/YY, where the catalogue has such a key.

    Raises
    ------
    InputError
        A column is missing, a date is none, no rows.
    """
    if time in table or time.count(",") != 2:
        return parse_days(column(table, time, path), path, dates)
    year, month, day = (column(table, name.strip(), path) for name in time.split(","))
    return parse_days(year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2), path)


def parse_days(text: pd.Series, path: Path, dates: str | None = None) -> pd.Series:
    """Return the days of a column of dates, or name the line that is none; a month is no day."""
    if text.empty:
        raise InputError(f"{path} has no rows below its header, expected daily values.")
    days = _days(text, _form(dates or ISO, path))
    for form in _ALSO_ISO if dates in (None, ISO) else ():
        if days.isna().any():
            days = days.fillna(_days(text[days.isna()], _form(form, path)))
    if days.isna().any():
        strange = text[days.isna()]
        hint = " (dates in the catalogue gives another form)" if dates == ISO else ""
        raise InputError(
            f"{path}, line {strange.index[0]}: {quoted(strange.iloc[0])} is not a date, expected "
            f"{(dates or ISO).lower()}{hint}."
        )
    return days


def _form(dates: str, path: Path) -> str:
    """Turn a form such as D.M.YYYY into an expression with year, month and day."""
    found = re.findall(r"YYYY|YY|MM?|DD?", dates)
    if sorted(part[0] for part in found) != ["D", "M", "Y"]:
        raise InputError(f"{path}: dates is {dates!r}, expected a form such as D.M.YYYY.")
    pattern = re.sub(r"YYYY|YY|MM?|DD?", lambda part: _PARTS[part[0]], re.escape(dates))
    return rf"^{pattern}{_TIME_OF_DAY}{_ZONE}$"


def _days(text: pd.Series, form: str) -> pd.Series:
    parts = text.str.extract(form).astype(float)
    if r"(?P<year>\d{2})" in form:
        today = date.today().year
        parts["year"] += 2000 - 100 * (parts["year"] + 2000 > today)
    parts = parts.where(parts["year"].between(*YEARS))
    return pd.to_datetime(parts, errors="coerce").astype("datetime64[ns]")


def parse_values(
    text: pd.Series,
    path: Path,
    any_word: bool = False,
    decimal: str = ".",
    each: str = "days",
    missing: Collection[float | None] = (),
) -> tuple[pd.Series, dict[str, str]]:
    """Return numbers, NaN for words and what is `missing`, and the attribute that counts these.

    With `any_word` every text free of digits is a word, otherwise only what agencies are known
    to print. A row is one of `each`.
    """
    text = text.replace("", "blank")
    numbers = parse_numbers(text, path, decimal)
    words = text[numbers.isna()]
    strange = ~words.str.casefold().str.fullmatch(_WORDS)
    if any_word:
        strange &= words.str.contains(r"\d")
    if strange.any():
        line = words.index[strange][0]
        raise InputError(
            f"{path}, line {line}: {quoted(text[line])} stands in column {text.name!r}, expected "
            f"a number or a word such as Ice{decimal_hint(text[line], decimal)}."
        )
    numbers = numbers.mask(numbers.isin(missing))
    counts = counted(text[numbers.isna()], each)
    return numbers, {"words": counts} if counts else {}


def counted(words: pd.Series, each: str = "days") -> str:
    """Count the rows of each word, such as `Ice: 2 days`."""
    return ", ".join(f"{word}: {n} {each}" for word, n in words.value_counts().items())


def one_a_day(values: pd.DataFrame, days: pd.Series, path: Path) -> xr.Dataset:
    """Return the columns along ascending `time`; a day with two values and months are refused."""
    record = values.assign(time=days).drop_duplicates().set_index("time").sort_index()
    if record.index.has_duplicates:
        day = record.index[record.index.duplicated()][0]
        raise InputError(f"{path}: {day:%Y-%m-%d} has two different values, expected one a day.")
    step = record.index.diff().median()
    if len(record) > 2 and step >= _MONTH:
        raise InputError(f"{path} has {step.days} days from row to row, expected daily values.")
    dataset = record.to_xarray()
    dataset["time"].attrs["long_name"] = "day"
    return dataset
