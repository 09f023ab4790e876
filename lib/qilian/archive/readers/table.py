"""The one door for text tables: read as text, so that every complaint can name its line."""

import csv
import difflib
import re
import reprlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from qilian.archive.readers.files import foreign
from qilian.contracts.errors import InputError

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", " ": "blanks"}
_LINE_END = re.compile(r"\r\n|\n|\r")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# Headings under which agencies name the station of each row.
_STATION = re.compile(r"(station|site|gauge|gage|stn)[_ ]?(id|no|nr|code|number)?", re.IGNORECASE)

_WIDTH = re.compile(r"\d+[sdn]")  # in the line that may follow the names of an RDB file
_DECIMAL = re.compile(r"-?\d+[.,]\d+")  # a gauge's height, no code of a station


def read_table(
    path: Path, separator: str = ",", columns: str | None = None, below: str | None = None
) -> pd.DataFrame:
    """Read a table as text, its index the line numbers of the file.

    Parameters
    ----------
    path : Path
        The table; blank lines and those that begin with ``#`` are left out wherever they stand.
    separator : str, optional
        What stands between fields: a comma, a semicolon, a tab, or a blank for any number of them.
    columns : str, optional
        Names of the columns, between commas, of a file without a line that names them.
    below : str, optional
        Begin of the line above the table, where other text goes before it.

    Raises
    ------
    InputError
        No text, no table, nothing to stand below, a line with more fields than there are columns,
        several stations.
    """
    if separator not in _SEPARATORS:
        known = ", ".join(f"{key!r} ({name})" for key, name in _SEPARATORS.items())
        raise InputError(
            f"{path}: separator is {reprlib.repr(separator)}, expected one of {known}."
        )
    lines = dict(enumerate(_LINE_END.split(read_text(path)), start=1))
    above = 0 if below is None else _line_above(lines, below, path)
    rows = {
        number: _fields(line, separator, f"{path}, line {number}")
        for number, line in lines.items()
        if number > above and line.strip() and not line.startswith("#")
    }
    if not rows:
        raise InputError(f"{path} is empty, expected a table.")
    if columns is None:
        first = next(iter(rows))
        header = rows.pop(first)
        _refuse_header(header, lines[first], separator, f"{path}, line {first}")
    else:
        header = [name.strip() for name in columns.split(",")]
    for number, fields in rows.items():
        if any(fields[len(header) :]):
            raise InputError(
                f"{path}, line {number} has {len(fields)} fields, expected {len(header)} as there "
                "are columns; a decimal comma needs decimal and separator in the catalogue."
            )
        rows[number] = (fields + [""] * len(header))[: len(header)]
    table = pd.DataFrame(list(rows.values()), list(rows), header, dtype=str)
    table = table[(table != "").any(axis=1)]
    _refuse_stations(table, path)
    return table


def _line_above(lines: dict[int, str], below: str, path: Path) -> int:
    """Return the number of the first line that begins so."""
    for number, line in lines.items():
        if line.strip().startswith(below):
            return number
    raise InputError(
        f"{path} has no line that begins with {quoted(below)}, expected its table below."
    )


def _fields(line: str, separator: str, place: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' not in line:
        return [field.strip() for field in line.split(separator)]
    try:
        (fields,) = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
    except csv.Error as error:
        raise InputError(f"{place} cannot be split, expected quotes in pairs ({error}).") from None
    return [field.strip() for field in fields]


def _refuse_header(header: list[str], line: str, separator: str, place: str) -> None:
    others = [other for other in _SEPARATORS if other != " " and other in line]
    if len(header) == 1 and others:
        raise InputError(
            f"{place} has {_SEPARATORS[others[0]]} between its fields, expected "
            f"{_SEPARATORS[separator]} (separator in the catalogue)."
        )
    values = [name for name in header if re.fullmatch(_NUMBER.replace(r"\.", "[.,]"), name)]
    if values:
        raise InputError(
            f"{place} holds {quoted(values[0])}, expected the columns' names (columns in the "
            "catalogue gives them to a file that has none)."
        )


def _refuse_stations(table: pd.DataFrame, path: Path) -> None:
    """Refuse several stations in a file, which would take turns in one record."""
    for position, name in enumerate(table.columns):
        if _STATION.fullmatch(name):
            cells = table.iloc[:, position]
            names = [code for code in cells.unique() if re.search(r"\w", code)]
            names = [code for code in names if not _WIDTH.fullmatch(code)]
            if len(names) > 1 and not any(_DECIMAL.fullmatch(code) for code in names):
                raise InputError(
                    f"{path}, line {cells.index[cells == names[1]][0]}: {name} is "
                    f"{quoted(names[1])} and was {quoted(names[0])}, expected one station a file."
                )


def read_text(path: Path) -> str:
    """Decode a file as UTF-8 or UTF-16, as its mark says, or, as older agencies write, Latin-1."""
    with foreign(path, "a text table"):
        raw = path.read_bytes()
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return raw.decode("utf-16")
        if b"\0" in raw or raw.startswith((b"PK\x03\x04", b"\x1f\x8b")):
            raise ValueError("not text")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("latin-1")


def quoted(text: str, most: int = 40) -> str:
    """Show text of a file in a message, cut where it is long."""
    return repr(text if len(text) <= most else f"{text[:most]}…")


def some(names: Iterable[str], most: int = 8) -> str:
    """List names in a message, not all where they are many."""
    told = [name if len(name) <= 30 else f"{name[:30]}…" for name in names]
    return ", ".join(told[:most]) + (f" and {len(told) - most} more" if len(told) > most else "")


def column(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """Return one column, or say which there are."""
    count = list(table.columns).count(name)
    if count == 1:
        return table[name]
    if count:
        raise InputError(f"{path} has {count} columns {name!r}, expected one.")
    near = difflib.get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {near[0]!r}" if near else f"it has {some(table.columns)}"
    raise InputError(f"{path} has no column {name!r}, {hint}.")


def parse_numbers(text: pd.Series, path: Path, decimal: str = ".") -> pd.Series:
    """Return numbers, NaN for what is written in any other way, such as 1,046.1 or 0x10.

    Parameters
    ----------
    text : pandas.Series
        Cells without blanks around them.
    path : Path
        Named in the message.
    decimal : str, optional
        The decimal mark, a point or a comma.
    """
    if decimal not in (".", ","):
        raise InputError(f"{path}: decimal is {decimal!r}, expected '.' or ','.")
    if decimal == ",":
        text = text.str.replace(".", "?").str.replace(",", ".")
    values = pd.to_numeric(text.where(text.str.fullmatch(_NUMBER)), errors="coerce")
    return values.astype(float).where(np.isfinite(values))


def decimal_hint(text: str, decimal: str) -> str:
    """Say which key helps where a cell looks like a number with the other decimal mark."""
    other = "," if decimal == "." else "."
    if re.fullmatch(_NUMBER.replace(r"\.", re.escape(other)), text):
        return f" (decimal in the catalogue: {other!r}, if that is its mark)"
    return ""


def numbers(table: pd.DataFrame, name: str, path: Path, decimal: str = ".") -> np.ndarray:
    """Return one column as numbers, or name the line that isn't one."""
    text = column(table, name, path)
    values = parse_numbers(text, path, decimal)
    if values.isna().any():
        line = values.index[values.isna()][0]
        raise InputError(
            f"{path}, line {line}: {name} is {quoted(text[line])}, expected a number"
            f"{decimal_hint(text[line], decimal)}."
        )
    return values.to_numpy(float)
