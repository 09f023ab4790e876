"""What answers a reader, drawn by Bokeh: in a static page a few lines of script redraw it."""

from typing import TYPE_CHECKING

import holoviews as hv
import panel as pn
from bokeh.models import CustomJS, Plot, Slider

if TYPE_CHECKING:
    from bokeh.models import Model

# Once its plot is laid out: Bokeh writes a title beside the handle, which those who listen miss.
_NAME_HANDLE = """
const drawn = Bokeh.index.query_one((view) => view.model === slider);
for (const handle of drawn?.shadow_el.querySelectorAll(".noUi-handle") ?? [])
  handle.setAttribute("aria-label", slider.title);
"""


def interactive(view: "Model | hv.Dimensioned") -> pn.pane.PaneBase:
    """Return a view as a notebook shows it, after loading what draws it into the notebook.

    The scripts come out of the installed packages, so that JupyterLab needs no network.

    Parameters
    ----------
    view : bokeh Model or HoloViews object
        Drawn by Bokeh, either way.
    """
    hv.extension("bokeh", inline=True, logo=False)
    return pn.panel(view)


def slider_below(plot: Plot, **options: object) -> Slider:
    """Slider over the width of a plot that it changes, named also for those who listen.

    Parameters
    ----------
    plot : bokeh Plot
        Above it.
    **options
        Of `bokeh.models.Slider`, with a title.
    """
    slider = Slider(sizing_mode="stretch_width", margin=(5, 60, 5, 60), step=1, **options)
    plot.js_on_change("inner_width", CustomJS(args={"slider": slider}, code=_NAME_HANDLE))
    return slider
