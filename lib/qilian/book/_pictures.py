"""Pictures as a page carries them."""

import base64
import io
import struct
import zlib

import numpy as np
from nbformat import NotebookNode
from PIL import Image

# Of each of 256 levels the nearest of 64, between black and white, which stay.
_NEAREST = np.round(np.round(np.arange(256) * (63 / 255)) * (255 / 63)).astype("uint8")


def lighten_figures(notebook: NotebookNode) -> None:
    """Replace the figures of an executed notebook by ones of fewer bytes that look the same."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if picture := output.get("data", {}).get("image/png"):
                light = lighten(base64.b64decode(picture))
                output.data["image/png"] = base64.b64encode(light).decode()


def lighten(picture: bytes) -> bytes:
    """Write a PNG again in fewer bytes, each colour at most 2 of 255 levels off.

    A map has few colours side by side in no order, so that the filters by which every writer of
    PNG predicts a pixel from its neighbours make it larger: there are none in what is written.

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
    *_, opacity = np.moveaxis(np.asarray(image.convert("RGBA")), -1, 0)
    if opacity.min() < 255:
        return picture
    rows = _NEAREST[np.asarray(image.convert("RGB"))].reshape(image.height, -1)
    unfiltered = np.pad(rows, ((0, 0), (1, 0))).tobytes()  # a row begins with its filter: none
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(unfiltered, 9)), (b"IEND", b""))
    written = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
    return min(written, picture, key=len)


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
