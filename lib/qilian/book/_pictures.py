"""Pictures as a page carries them."""

import base64
import io

import numpy as np
from nbformat import NotebookNode
from PIL import Image
from scipy.spatial import cKDTree


def lighten_figures(notebook: NotebookNode) -> None:
    """Replace the figures of an executed notebook by ones of fewer bytes that look the same."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if picture := output.get("data", {}).get("image/png"):
                light = lighten(base64.b64decode(picture))
                output.data["image/png"] = base64.b64encode(light).decode()


def halve(picture: bytes) -> bytes:
    """Write a PNG at half of its width and height, for screens without twice as many pixels."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    written = io.BytesIO()
    size = image.width // 2, image.height // 2
    image.resize(size, Image.Resampling.LANCZOS).save(written, "png", compress_level=1)
    return lighten(written.getvalue())


_COLOURS = 256


def _palette(colours: Image.Image) -> np.ndarray:
    """Find the colours that suit a picture best on a sample of its pixels, (colour, 3)."""
    size = -(-colours.width // 4), -(-colours.height // 4)
    fewer = colours.resize(size, Image.Resampling.NEAREST)
    best = fewer.quantize(_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    return np.array(best.getpalette()).reshape(-1, 3)


def lighten(picture: bytes) -> bytes:
    """Write a PNG again in fewer bytes, with a palette of the 256 colours that suit it best.

    The palette is found on a sixteenth of the pixels. In a map of many shades one pixel in twenty
    is five of 255 levels off or more, white is not; the figure saved for print keeps all.

    Parameters
    ----------
    picture : bytes
        A PNG.

    Returns
    -------
    bytes
        A PNG of the same size; the one given where that is no larger or one can see through it.
    """
    image = Image.open(io.BytesIO(picture))
    if np.asarray(image.convert("RGBA"))[..., -1].min() < 255:
        return picture
    colours = image.convert("RGB")
    packed = np.asarray(colours).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    known, places = np.unique(packed, return_inverse=True)
    known = np.stack([known >> 16, known >> 8 & 255, known & 255], -1)
    palette = known if len(known) <= _COLOURS else _palette(colours)
    _, nearest = cKDTree(palette).query(known)
    light = Image.fromarray(nearest.astype(np.uint8)[places].reshape(packed.shape))
    light.putpalette(palette.ravel().tolist())
    written = io.BytesIO()
    light.save(written, "png", optimize=True)
    return min(written.getvalue(), picture, key=len)
