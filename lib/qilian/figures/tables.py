"""How tables look: one style, so that a page's tables scan alike."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import xarray as xr
from IPython.display import Markdown
from pandas.io.formats.style import Styler

from qilian.contracts.labels import heading


def table(frame: pd.DataFrame, formats: Mapping[str, str] | None = None) -> Styler:
    """Show a frame's columns in the house style, without its index.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a line; text goes left, numbers go right, answers are yes or no.
    formats : mapping of str to str, optional
        Format of a column's numbers, such as `{"span (d)": "{:.0f}"}`; three digits otherwise.
    """
    numeric = list(frame.select_dtypes("number"))
    written: dict[Any, Any] = dict.fromkeys(frame.select_dtypes("float"), "{:.3g}")
    written |= dict.fromkeys(frame.select_dtypes("bool"), _answer)
    written |= frame.attrs.get("formats", {}) | dict(formats or {})
    styled = frame.style.hide(axis="index").format(written, na_rep="–")
    styled = styled.set_properties(subset=numeric, **{"text-align": "right"})
    return styled.set_table_attributes('class="dataframe house"')


def columns(data: xr.Dataset) -> pd.DataFrame:
    """Put variables into a frame, headed by their long names and units.

    An answer is written as yes or no, or as a dash where a number of its row is missing. `table`
    shows millimetres with one digit, and what is named a fraction or a coverage as percent.
    """
    frame = data.reset_coords(drop=True).to_dataframe().reset_index()
    unknown = frame.select_dtypes("float").isna().any(axis=1)
    for name in frame.select_dtypes("bool"):
        frame[name] = frame[name].map({True: "yes", False: "no"}).mask(unknown, "–")
    heads = {name: heading(data[name]) for name in frame}
    written = frame.rename(columns=heads)
    written.attrs["formats"] = {
        heads[name]: form for name in frame if (form := _format(str(name), data[name]))
    }
    return written


def _format(name: str, data: xr.DataArray) -> str | None:
    if name.endswith(("fraction", "coverage")):
        return "{:.0%}"
    return "{:.1f}" if data.attrs.get("units") in ("mm", "mm year-1") else None


def facts(data: xr.Dataset) -> pd.DataFrame:
    """Scalars as a frame of two columns, their long names with units and their values."""
    rows = [(heading(value), _shown(value.item())) for value in data.values()]
    return pd.DataFrame(rows, columns=["quantity", "value"])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return _answer(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value) or "–"


def _answer(value: bool) -> str:
    return "yes" if value else "no"


def said(*sentences: str) -> Markdown:
    """Show sentences as a paragraph of the page."""
    return Markdown(" ".join(sentences))


def before_and_after(scores: xr.Dataset, dim: str) -> pd.DataFrame:
    """Put two stages of each number into one cell, such as `3.10 → 2.20`.

    Parameters
    ----------
    scores : xarray.Dataset
        Along `dim`, whose two items are the stages, and one more dim, a row each.
    """
    was, now = (columns(scores.isel({dim: stage}, drop=True)) for stage in (0, 1))
    for name in was.select_dtypes("float"):
        both = zip(was[name], now[name], strict=True)
        was[name] = [f"{one:z.2f} → {other:z.2f}" for one, other in both]
    was.attrs.clear()
    return was
