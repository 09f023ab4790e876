"""What tables of daily values share: dates, words in place of numbers, one value a day."""

from pathlib import Path

import pandas as pd
import xarray as xr

from qilian.contracts.errors import InputError

# What agencies put in place of a value: ice, broken gauge, backwater, season's end and the like.
_WORDS = set("Ice Eqp *** Bkw Dis Ssn Rat Mnt Fld Dry Pr ZFl NA NaN -- blank".casefold().split())


def parse_days(text: pd.Series, path: Path) -> pd.Series:
    """Return the days of a column of dates, or name the line that is none."""
    if text.empty:
        raise InputError(f"{path} has no rows below its header, expected daily values.")
    days = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if days.isna().any():
        line = days.index[days.isna()][0]
        raise InputError(f"{path}, line {line}: {text[line]!r} is not a date, expected yyyy-mm-dd.")
    return days.dt.normalize().astype("datetime64[ns]")


def parse_values(
    text: pd.Series, path: Path, any_word: bool = False
) -> tuple[pd.Series, dict[str, str]]:
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


def one_a_day(values: pd.DataFrame, days: pd.Series, path: Path) -> xr.Dataset:
    """Return the columns along ascending `time`, or name the day that has two values."""
    record = values.assign(time=days).drop_duplicates().set_index("time")
    if record.index.has_duplicates:
        day = record.index[record.index.duplicated()][0]
        raise InputError(f"{path}: {day:%Y-%m-%d} has two different values, expected one a day.")
    dataset = record.sort_index().to_xarray()
    dataset["time"].attrs["long_name"] = "day"
    return dataset
