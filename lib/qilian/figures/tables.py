"""How tables look: one style, so that a page's tables scan alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from IPython.display import Markdown

from qilian.contracts.labels import heading, typeset


@dataclass(frozen=True)
class Table:
    """A table as a notebook and a page show it: HTML here, a numbered one of Sphinx there.

    Attributes
    ----------
    written : pandas.DataFrame
        Every cell as text.
    numeric : list
        Columns that go right.
    caption, name : str
        What it shows in a few words, and its label for `{numref}`.
    folded : bool
        Whether a page shows the caption alone until it is clicked.
    """

    written: pd.DataFrame
    numeric: list[str]
    caption: str
    name: str
    folded: bool

    def _repr_html_(self) -> str:
        styled = self.written.style.hide(axis="index").format(escape="html")
        styled = styled.format_index(escape="html", axis="columns").set_caption(self.caption)
        styled = styled.set_properties(subset=self.numeric, **{"text-align": "right"})
        return styled.set_table_attributes('class="dataframe house"').to_html()

    def _repr_markdown_(self) -> str:
        heads = [plain_markdown(str(name)) for name in self.written]
        rules = ["--:" if name in self.numeric else ":--" for name in self.written]
        body = [[plain_markdown(text) for text in row] for row in self.written.values]
        lines = "\n".join("| " + " | ".join(row) + " |" for row in (heads, rules, *body))
        name = f":name: {self.name}\n" if self.name else ""
        shown = (
            f"````{{table}} {self.caption}\n:align: left\n:class: house\n{name}\n{lines}\n````\n"
        )
        if not self.folded:
            return shown
        return f"`````{{dropdown}} {self.caption}\n{shown}`````\n"


def plain_markdown(text: str) -> str:
    r"""Escape text for a page, so that nothing in it is markup.

    Examples
    --------
    >>> print(plain_markdown("P1 | a*b <i>"))
    P1 \| a\*b \<i\>
    """
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$~&])", r"\\\1", " ".join(text.split()))


def table(
    frame: pd.DataFrame,
    caption: str = "",
    *,
    name: str = "",
    formats: Mapping[str, str] | None = None,
    folded: bool = False,
) -> Table:
    """Show a frame's columns in the house style, without its index.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a line; text goes left, numbers go right, answers are yes or no.
    caption : str
        What the table shows, in a few words.
    name : str, optional
        Label that `{numref}` finds it by, such as `tab-s05-windows`; unique in the book.
    formats : mapping of str to str, optional
        Format of a column's numbers, such as `{"span (d)": "{:.0f}"}`; three digits otherwise.
    folded : bool, optional
        Show the caption alone until it is clicked.
    """
    forms: dict[Any, Any] = dict.fromkeys(frame.select_dtypes("float"), "{:.3g}")
    forms |= dict.fromkeys(frame.select_dtypes("bool"), _answer)
    forms |= frame.attrs.get("formats", {}) | dict(formats or {})
    written = pd.DataFrame(
        {head: [_written(value, forms.get(head, "{}")) for value in frame[head]] for head in frame}
    )
    return Table(written, list(frame.select_dtypes("number")), caption, name, folded)


def _written(value: Any, form: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    text = form(value) if callable(form) else form.format(value)
    return typeset(text) if pd.api.types.is_number(value) or _of_numbers(text) else text


def _of_numbers(text: str) -> bool:
    """Tell a cell such as `-2.44 → 0.00` or `99.8%` from words and dates."""
    number = r"[-+]?\d+(\.\d+)?%?"
    return re.fullmatch(rf"{number}( (→|to) {number})?", text) is not None


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


def with_intervals(data: xr.Dataset, form: str = "{:.3g}") -> pd.DataFrame:
    """Put an estimate and its bounds, `_lower` and `_upper`, into one cell: `25 (21 to 30)`."""
    bounds = {name: [f"{name}_lower", f"{name}_upper"] for name in data if f"{name}_lower" in data}
    frame = columns(data.drop_vars([end for ends in bounds.values() for end in ends]))
    for name, ends in bounds.items():
        rows = data[[name, *ends]].reset_coords(drop=True).to_dataframe()[[name, *ends]].values
        frame[heading(data[name])] = [_interval(row, form) for row in rows]
    return frame


def _interval(row: np.ndarray, form: str) -> str:
    value, low, high = (_written(one, form) for one in row)
    return value if low == high == "–" else f"{value} ({low} to {high})"


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
    return typeset(f"{value:.3g}") if isinstance(value, float) else str(value) or "–"


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
