"""What answers a reader, drawn by Bokeh: in a static page a few lines of script redraw it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
import xarray as xr
from bokeh.models import (
    ColorBar,
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    LinearColorMapper,
    Model,
    Slider,
)
from bokeh.plotting import figure

from qilian.figures.style import MISSING, axis_label, titled

if TYPE_CHECKING:
    from holoviews import Dimensioned

# Of the page's width a map takes what there is; its height follows.
_IN_PROPORTION = "plot.frame_height = Math.round(plot.inner_width / ratio)"


def interactive(view: "Model | Dimensioned") -> pn.pane.PaneBase:
    """Return a view as a notebook shows it, after loading what shows it into the notebook.

    Parameters
    ----------
    view : bokeh Model or HoloViews object
        Drawn by Bokeh, either way.
    """
    pn.extension()
    return pn.panel(view)


def live_map(
    values: np.ndarray,
    data: xr.Dataset,
    *,
    title: str,
    tools: str,
    palette: Sequence[str],
    limits: tuple[float, float],
    label: str,
) -> tuple[figure, ColumnDataSource]:
    """Draw a map whose values a script may change.

    Parameters
    ----------
    values : numpy.ndarray
        (y, x), along ascending coordinates.
    data : xarray.Dataset
        Has the ascending coordinates `y` and `x`, and the simulated mark.
    title, tools, label : str
        Title, Bokeh's names of tools, and title of the colour bar.
    palette : sequence of str
        Colours from low to high; what is missing is grey.
    limits : tuple of float
        Values of the first and the last colour.

    Returns
    -------
    figure, ColumnDataSource
        The plot, and the source whose `image` holds the values.
    """
    x0, width = _edge(data["x"].values)
    y0, height = _edge(data["y"].values)
    plot = figure(
        title=titled(title, data),
        frame_height=250,
        sizing_mode="stretch_width",
        tools=tools,
        x_range=(x0, x0 + width),
        y_range=(y0, y0 + height),
        x_axis_label=axis_label(data["x"]),
        y_axis_label=axis_label(data["y"]),
        background_fill_color=MISSING,
    )
    true = CustomJS(args={"plot": plot, "ratio": _ratio(data)}, code=_IN_PROPORTION)
    plot.js_on_change("inner_width", true)
    low, high = limits
    colors = LinearColorMapper(list(palette), low=low, high=high, nan_color="rgba(0, 0, 0, 0)")
    source = ColumnDataSource({"image": [values.astype("float32")]})
    extent = {"x": x0, "y": y0, "dw": width, "dh": height}
    plot.image("image", source=source, color_mapper=colors, **extent)
    plot.add_layout(ColorBar(color_mapper=colors, title=label, height=10), "below")
    plot.grid.visible = False
    return plot, source


def live_slider(title: str, names: Sequence[str], value: int) -> Slider:
    """Slider through named steps, that shows the name of its step."""
    shown = CustomJSTickFormatter(args={"names": names}, code="return names[tick]")
    slider = Slider(title=title, start=0, end=len(names) - 1, value=value, step=1, format=shown)
    slider.update(sizing_mode="stretch_width", margin=(5, 60, 5, 60))
    return slider


def _ratio(data: xr.Dataset) -> float:
    """Width over height on the ground."""
    (_, width), (south, height) = _edge(data["x"].values), _edge(data["y"].values)
    geographic = data["x"].attrs["units"].startswith("degree")
    return width / height * (np.cos(np.radians(south + height / 2)) if geographic else 1.0)


def _edge(axis: np.ndarray) -> tuple[float, float]:
    """Outer edge of the first pixel, and length of all of them."""
    step = axis[1] - axis[0]
    return axis[0] - step / 2, step * axis.size
