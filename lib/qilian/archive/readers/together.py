"""A band of each of several GeoTIFFs, decoded in one call.

A small raster takes as long to open in Python as to decode, and what else imports or computes in
Python meanwhile stands in its way. GDAL opens and decodes all of them by itself, as the bands of
one virtual raster.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from rasterio.dtypes import dtype_rev, typename_fwd
from rasterio.enums import MaskFlags
from rasterio.env import env_ctx_if_needed
from rasterio.io import DatasetReader
from rasterio.windows import Window

_VIRTUAL = (
    '<VRTDataset rasterXSize="{}" rasterYSize="{}">'
    "<GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform>{}</VRTDataset>"
)
_BAND = (
    '<VRTRasterBand dataType="{kind}"><SimpleSource>'
    '<SourceFilename relativeToVRT="0">{path}</SourceFilename><SourceBand>{band}</SourceBand>'
    '<SourceProperties RasterXSize="{columns}" RasterYSize="{rows}" DataType="{kind}" '
    'BlockXSize="{wide}" BlockYSize="{high}"/>'
    '<SrcRect xOff="{x}" yOff="{y}" xSize="{width}" ySize="{height}"/>'
    '<DstRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/>'
    "</SimpleSource></VRTRasterBand>"
)


@dataclass(frozen=True)
class Tags:
    """How a band's numbers lie in a file, and what they mean if nobody else says so."""

    kind: str
    size: tuple[int, int]
    block: tuple[int, int]
    scale: float
    offset: float
    nodata: float | None
    masked: bool


def tags_of(raster: DatasetReader, band: int) -> Tags:
    """Read the tags of a band of an open raster."""
    at = band - 1
    return Tags(
        raster.dtypes[at],
        raster.shape,
        raster.block_shapes[at],
        raster.scales[at],
        raster.offsets[at],
        raster.nodatavals[at],
        MaskFlags.per_dataset in raster.mask_flag_enums[at],
    )


def read_together(
    paths: Sequence[Path], windows: Sequence[Window], tags: Sequence[Tags], band: int
) -> np.ndarray:
    """Read windows of one size as stored, (file, y, x); all files are of one type, without mask."""
    width, height = windows[0].width, windows[0].height
    bands = (
        _BAND.format(
            kind=typename_fwd[dtype_rev[one.kind]],
            path=escape(str(path)),
            band=band,
            columns=one.size[1],
            rows=one.size[0],
            wide=one.block[1],
            high=one.block[0],
            x=window.col_off,
            y=window.row_off,
            width=width,
            height=height,
        )
        for path, window, one in zip(paths, windows, tags, strict=True)
    )
    virtual = _VIRTUAL.format(width, height, "".join(bands))
    with env_ctx_if_needed(), DatasetReader(virtual) as raster:
        return raster.read()
