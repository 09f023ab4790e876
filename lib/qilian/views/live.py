"""What answers a reader, drawn by Bokeh: in a static page a few lines of script redraw it."""

from typing import TYPE_CHECKING

import holoviews as hv
import panel as pn

if TYPE_CHECKING:
    from bokeh.models import Model


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
