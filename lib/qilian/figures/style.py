"""How figures look: style, a network, a confidence band, the stamp of simulated data."""

from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Any

import cmcrameri.cm as crameri
import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, Normalize, to_hex
from matplotlib.figure import Figure

COHERENCE_MAP = crameri.batlow
COHERENCE_NORM = Normalize(0, 1)
INK = "#1a1a1a"
WIDTH = 7.2  # inches, 183 mm: both columns of a journal's page
MISSING = "#b0b0b0"  # ground without a value, on any map: darker than the colours near zero
DISPLACEMENT_MAP = crameri.vik_r  # red where the ground sinks, blue where it rises
# The same maps for Bokeh.
COHERENCE_PALETTE = [to_hex(color) for color in COHERENCE_MAP.colors]
DISPLACEMENT_PALETTE = [to_hex(color) for color in DISPLACEMENT_MAP(np.linspace(0, 1, 256))]
# The caption of Figure S5 names black, blue and red; these hues stay apart for colour-blind eyes
# and in print, since the blue is darker than the red is light.
WINDOW_COLORS = ("#1a1a1a", "#1f5fbf", "#d6452b", "#2a8f6d", "#9a6ab0")

STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "figure.dpi": 230,  # more than 1600 pixels across, sharp where a screen has two a point
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.constrained_layout.w_pad": 0.06,
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "date.converter": "concise",
        "legend.frameon": False,
        "image.interpolation": "auto",  # averaged where a map has more pixels than the paper
    }
)


def stamp(figure: Figure, data: xr.Dataset) -> None:
    """Write below a figure what its input is, in red where it is simulated."""
    simulated = data.attrs["simulated"]
    text = "SIMULATED DATA, not the paper's · " if simulated else "Data: "
    color = "#b3261e" if simulated else "#555555"
    figure.supxlabel(text + data.attrs["title"], x=0.99, ha="right", fontsize=8, color=color)


def displacement_scale(field: xr.DataArray) -> dict[str, Any]:
    """Return a map's colours and their norm, white at zero, without the shades that it lacks.

    A millimetre of sinking changes the colour by as much as one of rising; the scale ends on
    either side where all but a hundredth of the pixels do.
    """
    low, high = field.quantile([0.01, 0.99]).values
    step = 10 ** np.floor(np.log10(max(-low, high, 1e-9))) / 10
    low, high = (
        step * end for end in (min(np.floor(low / step), -1), max(np.ceil(high / step), 1))
    )
    reach = max(-low, high)
    shades = DISPLACEMENT_MAP(0.5 + np.linspace(low, high, 256) / (2 * reach))
    return {"cmap": ListedColormap(shades), "norm": Normalize(low, high)}


def letters() -> Iterator[str]:
    """Letters of a figure's panels, from (a) on."""
    return (f"({chr(97 + number)})" for number in count())


def titled(text: str, data: xr.Dataset) -> str:
    """Title of a view, marked in front, where no screen cuts it, if its input is simulated."""
    return f"Simulated: {text}" if data.attrs["simulated"] else text


def axis_label(axis: xr.DataArray) -> str:
    """Name a coordinate with its units."""
    units = axis.attrs["units"]
    if units == "metre":
        return "easting (m)" if axis.name == "x" else "northing (m)"
    return f"{axis.attrs['long_name']} ({'°' if units.startswith('degree') else units})"
