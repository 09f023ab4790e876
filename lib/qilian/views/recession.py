"""The river's record, year by year, and fits of windows with all that is known of them."""

import holoviews as hv
import holoviews.plotting.bokeh  # what options are held against
import numpy as np
import panel as pn
import xarray as xr
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, DatetimeTickFormatter
from bokeh.plotting import figure

from qilian.contracts.labels import written_units
from qilian.figures.style import titled
from qilian.views.live import interactive, slider_below


def hydrograph(days: xr.Dataset, data: xr.Dataset) -> pn.pane.Bokeh:
    """Draw discharge and the days chosen, a year at a time with a slider; pan and zoom go on.

    Parameters
    ----------
    days : xarray.Dataset
        As from `days.select_days`.
    data : xarray.Dataset
        The loaded input, for its units and its simulated mark.
    """
    time = days["time"].values.astype("datetime64[ms]").astype(float)
    flow, segment = np.exp(days["log_discharge"].values), days["segment"].values
    used = np.flatnonzero(segment)
    years = days["season_year"].values
    shown = int(years[used[-1]]) if used.size else int(years[-1])
    begins = days.indexes["time"][0]  # as every year does
    plot = figure(
        title=titled("discharge, the days used in red", data),
        height=330,
        sizing_mode="stretch_width",
        x_axis_type="datetime",
        y_axis_type="log",
        x_range=_year_ends(shown, f"{begins:%m-%d}"),
        y_axis_label=f"discharge ({written_units(data['discharge'])})",
        tools="pan,wheel_zoom,box_zoom,reset,hover",
        tooltips=[("day", "@time{%F}"), ("discharge", "@flow"), ("recession", "@segment")],
    )
    plot.xaxis.formatter = DatetimeTickFormatter(months="%b")  # the slider names the year
    plot.line(time, flow.astype("float32"), color="#9a9a9a")
    columns = {"time": time[used], "flow": flow[used].astype("float32"), "segment": segment[used]}
    dots = plot.scatter("time", "flow", source=ColumnDataSource(columns), size=5, color="#d6452b")
    plot.hover.update(renderers=[dots], formatters={"@time": "datetime"})
    ends = {"start": int(years[0]), "end": int(years[-1])}
    args = {"range": plot.x_range, "month": begins.month - 1, "day": begins.day}
    slider = slider_below(plot, title="year", value=shown, **ends)
    slider.js_on_change("value", CustomJS(args=args, code=_GO_TO_YEAR))
    return interactive(column(plot, slider, sizing_mode="stretch_width"))


_GO_TO_YEAR = """
const start = (year) => Date.UTC(year, month, day);
range.setv({start: start(cb_obj.value), end: start(cb_obj.value + 1)});
"""


def _year_ends(year: int, begins: str) -> tuple[float, float]:
    """First and last moment of a year that begins on mm-dd, as milliseconds since 1970."""
    ends = np.array([f"{year}-{begins}", f"{year + 1}-{begins}"], "datetime64[ms]")
    return tuple(ends.astype(float))


def hover_band(
    fit: xr.Dataset, name: str, *, color: str, label: str, ceiling: float, shaded: bool = True
) -> hv.Overlay:
    """Line, points with everything known about them on hover, and the 95 % interval's shade.

    A value whose neighbours have no interval gets a bar, since a shade needs two.

    Parameters
    ----------
    fit : xarray.Dataset
        Along one dimension: `name`, `{name}_lower`, `{name}_upper` and what else hover shows.
    name : str
        The estimate.
    color, label : str
        Of the line, its shade and its entry in the legend.
    ceiling : float
        Where the shade of an interval without upper bound ends.
    shaded : bool, optional
        Otherwise every interval is a bar, as for values that have nothing in common.
    """
    frame = fit.to_dataframe().reset_index()
    frame["top"] = frame[f"{name}_upper"].fillna(ceiling)
    axis = next(iter(fit[name].dims))
    held = frame[f"{name}_lower"].notna()
    alone = held & ~held.shift(fill_value=False) & ~held.shift(-1, fill_value=False)
    lone = frame[alone if shaded else held]
    wide = frame if shaded else frame.iloc[:0]
    shade = hv.Area(wide, axis, [f"{name}_lower", "top"])
    ends = (lone[axis], lone[f"{name}_lower"], lone[axis], lone["top"])
    bars = hv.Segments(ends, [axis, f"{name}_lower", "end", "top"])
    points = hv.Scatter(frame, axis, [name, *frame.columns.difference([axis, name, "top"])])
    return (
        shade.opts(color=color, alpha=0.15, line_width=0)
        * bars.opts(color=color, alpha=0.4)
        * hv.Curve(frame, axis, name, label=label).opts(color=color)
        * points.relabel(label).opts(color=color, size=6, tools=["hover"])
    )
