"""Two pictures of one ground, one over the other, with a border that a reader moves."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
import xarray as xr
from IPython.display import HTML
from matplotlib.image import imsave

from qilian.figures.maps import scale_length
from qilian.figures.style import titled

_QUALITY = 85  # of JPEG
_UNKNOWN = 215  # grey

# The slider is the browser's own, so that keys and screen readers know it; a print shows both
# pictures one after the other. Nothing is loaded.
_PAGE = """\
<style>
.swipe {{position: relative; max-width: 46rem; margin: 1rem 0; --at: 50%}}
.swipe .side {{position: relative}}
.swipe img {{display: block; width: 100%; height: auto; margin: 0}}
.swipe .over {{position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at))}}
.swipe .frame {{position: relative}}
.swipe .border {{position: absolute; top: 0; bottom: 0; left: var(--at); width: 2px;
  margin-left: -1px; background: #fff; box-shadow: 0 0 3px #000}}
.swipe .name, .swipe .bar {{position: absolute; font-size: 0.85rem; color: #111;
  background: rgba(255, 255, 255, 0.8); padding: 0.1rem 0.4rem; box-sizing: border-box}}
.swipe .name {{top: 0.4rem; left: 0.4rem; max-width: 47%; overflow-wrap: anywhere}}
.swipe .over .name {{left: auto; right: 0.4rem}}
.swipe .bar {{bottom: 0.5rem; left: 0.5rem; padding: 0; text-align: center;
  border-bottom: 3px solid #111}}
.swipe input {{width: 100%; margin: 0.5rem 0}}
@media (max-width: 40rem) {{ .swipe .name {{font-size: 0.7rem}} }}
@media print {{
  .swipe .over {{position: relative; clip-path: none; margin-top: 0.5rem}}
  .swipe .border, .swipe input {{display: none}}
}}
</style>
<div class="swipe">
<div class="frame">
<div class="side"><img src="{before}" alt="{first}"><span class="name">{first}</span>
<span class="bar" style="width: {width:.2f}%">{length:g} m</span></div>
<div class="side over"><img src="{after}" alt="{second}"><span class="name">{second}</span></div>
<div class="border"></div>
</div>
<input type="range" min="0" max="100" value="50" aria-label="border between {first} and {second}"
 oninput="this.parentNode.style.setProperty('--at', this.value + '%')">
</div>
"""


def swipe_view(
    before: xr.DataArray, after: xr.DataArray, data: xr.Dataset, *, names: Sequence[str]
) -> HTML:
    """Lay a later picture over an earlier one; a slider moves the border between them.

    Parameters
    ----------
    before, after : xarray.DataArray
        (band, y, x) of one or three bands, 0 to 255, on one grid in metres.
    data : xarray.Dataset
        The loaded input, for its simulated mark.
    names : sequence of str
        What the two are called.

    Returns
    -------
    HTML
        With both pictures in it, about a fifth of a byte a pixel each.
    """
    wide = before.sizes["x"] * abs(float(before["x"][1] - before["x"][0]))
    length = scale_length(wide)
    first, second = (escape(titled(name, data)) for name in names)
    share = {"length": length, "width": 100 * length / wide}
    shown = {"before": _embedded(before), "after": _embedded(after)}
    return HTML(_PAGE.format(first=first, second=second, **share, **shown))


def _embedded(picture: xr.DataArray) -> str:
    """Write a picture as the address of itself."""
    colors = picture.transpose("y", "x", "band").sortby("y", ascending=False).values
    colors = np.where(np.isfinite(colors), colors, _UNKNOWN).clip(0, 255).astype("uint8")
    stream = io.BytesIO()
    shown = np.broadcast_to(colors, (*colors.shape[:2], 3))
    imsave(stream, shown, format="jpeg", pil_kwargs={"quality": _QUALITY})
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}"
