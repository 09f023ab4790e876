"""Pictures as a page carries them: of some size, in few bytes."""

import io

import numpy as np
from PIL import Image

_COLOURS = 256
_STEP = 6  # pixels between those on which a palette is found


def picture_of(image: Image.Image, width: int) -> bytes:
    """Write a picture at a width as PNG, with a palette of the 256 colours that suit it best.

    The palette is found on a few of the pixels. In a map of many shades one pixel in twenty
    is five of 255 levels off or more, white is not; the figure saved for print keeps all.

    Parameters
    ----------
    image : PIL Image
        Nobody can see through it.
    width : int
        In pixels; the height follows.
    """
    size = width, round(image.height * width / image.width)
    colours = image.convert("RGB")
    if size != image.size:
        colours = colours.resize(size, Image.Resampling.LANCZOS)
    written = io.BytesIO()
    _with_palette(colours).save(written, "png", compress_level=6)
    return written.getvalue()


def _with_palette(colours: Image.Image) -> Image.Image:
    from scipy.spatial import cKDTree  # slow to import where no picture is new

    parts = np.asarray(colours).astype(np.int32)
    code = parts[..., 0] << 16 | parts[..., 1] << 8 | parts[..., 2]
    nearest = np.zeros(1 << 24, np.uint8)
    nearest[code] = 1
    known = np.flatnonzero(nearest)
    each = np.stack([known >> 16, known >> 8 & 255, known & 255], -1)
    palette = each if len(known) <= _COLOURS else _best(colours)
    _, nearest[known] = cKDTree(palette).query(each)
    light = Image.fromarray(nearest[code])
    light.putpalette(palette.ravel().tolist())
    return light


def _best(colours: Image.Image) -> np.ndarray:
    """Find the colours that suit a picture best on a sample of its pixels, (colour, 3)."""
    size = -(-colours.width // _STEP), -(-colours.height // _STEP)
    sample = colours.resize(size, Image.Resampling.NEAREST)
    best = sample.quantize(_COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    return np.array(best.getpalette()).reshape(-1, 3)
