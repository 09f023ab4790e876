"""Text tables with a header line, read as text so that every complaint can name its line."""

import difflib
import io
from pathlib import Path

import numpy as np
import pandas as pd

from qilian.contracts.errors import InputError


def read_table(path: Path, separator: str = ",") -> pd.DataFrame:
    """Read a table as text, its index the line numbers of the file."""
    text = read_text(path)
    lines = text.splitlines()
    skipped = next((i for i, line in enumerate(lines) if not line.startswith("#")), 0)
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            skiprows=skipped,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            index_col=False,
        )
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty, expected a table.") from None
    except pd.errors.ParserError as error:
        raise InputError(f"{path} is not a table of equal rows: {str(error).strip()}.") from None
    table.index += skipped + 2
    table.columns = table.columns.str.strip()
    table = table.apply(lambda column: column.fillna("").str.strip())
    return table[(table != "").any(axis=1)]


def read_text(path: Path) -> str:
    """Decode a file as UTF-8 or, as older agencies write, Latin-1."""
    if not path.is_file():
        raise InputError(f"{path} does not exist, expected a table.")
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def column(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """Return one column, or say which there are."""
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table.columns, n=1)
    hint = f"did you mean {near[0]!r}" if near else f"it has {', '.join(table.columns)}"
    raise InputError(f"{path} has no column {name!r}, {hint}.")


def numbers(table: pd.DataFrame, name: str, path: Path) -> np.ndarray:
    """Return one column as numbers, or name the line that isn't one."""
    text = column(table, name, path)
    values = pd.to_numeric(text, errors="coerce")
    if values.isna().any():
        line = values.index[values.isna()][0]
        raise InputError(f"{path}, line {line}: {name} is {text[line]!r}, expected a number.")
    return values.to_numpy(float)
