"""OPERA's displacement from Sentinel-1 (DISP-S1): a netCDF file from each reference date on."""

import re
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import rasterio
import xarray as xr

from qilian.archive.readers.files import files_under, refuse_packed
from qilian.archive.readers.hdf5 import Held, opened
from qilian.archive.readers.layers import add_vector
from qilian.archive.readers.raster import (
    Grid,
    Stored,
    as_stored,
    checked_motion,
    coordinates,
    look_vector,
    read_layer,
)
from qilian.archive.readers.series import add_up
from qilian.archive.readers.table import quoted
from qilian.contracts.datasets import DISPLACEMENT, conform
from qilian.contracts.errors import InputError
from qilian.contracts.labels import LINE_OF_SIGHT

_NAME = re.compile(
    r"OPERA_L3_DISP-S1_\w+_(F\d{5})_[VH]{2}_(\d{8})T\d{6}Z_(\d{8})T\d{6}Z_v[\d.]+_.*\.nc"
)


def read(
    path: Path, *, mask: str = "recommended_mask", line_of_sight: str | None = None
) -> xr.Dataset:
    """Open DISP-S1 products as displacement in mm, positive towards the sensor.

    A product holds the displacement in metres from its reference date to a second one, and the
    reference moves on as a series grows: products are added up from the date that all go back to.
    A sum is missing where a part of it is missing or masked. The corrections that a product brings
    are not applied.

    Parameters
    ----------
    path : Path
        A folder of one frame's products, under their own names (`OPERA_L3_DISP-S1_IW_F…nc`).
    mask : str, optional
        The product's layer whose 1 keeps a pixel, such as `water_mask`. Without a name (""),
        nothing is masked.
    line_of_sight : str, optional
        The static product `…_line_of_sight_enu.tif`, relative to the folder: unit vector from
        ground to sensor.

    Returns
    -------
    xarray.Dataset
        The displacement contract, lazy.

    Raises
    ------
    InputError
        No product, several frames, grids that differ, a product missing between two.
    """
    names = [(file, _NAME.fullmatch(file.name)) for file in files_under(path, "*.nc")]
    named = [(file, fit) for file, fit in names if fit]
    if not named:
        refuse_packed(path)
        raise InputError(f"{path} holds no OPERA_L3_DISP-S1_…nc, expected one a date.")
    frames = sorted({fit[1] for _, fit in named})
    if len(frames) > 1:
        raise InputError(f"{path} holds frames {frames[0]} and {frames[1]}, expected one.")
    products = [_open_product(file, mask) for file, _ in named]
    grid, _ = products[0]
    for (file, _), (own, _) in zip(named, products, strict=True):
        difference = own.differs(grid)
        if difference:
            raise InputError(f"{file} has {difference}, expected the grid of {named[0][0]}.")
    layers = da.stack([moved for _, moved in products])
    pairs = [(fit[2], fit[3]) for _, fit in named]
    time, series = add_up(pairs, layers, str(path))
    data = coordinates(grid).assign_coords(time=time)
    about = {"units": "mm", "direction": LINE_OF_SIGHT}
    data["displacement"] = ("time", "y", "x"), series, about
    if line_of_sight:
        vector = path / line_of_sight
        parts = [read_layer(vector, grid, as_stored, Stored(band=k)) for k in (1, 2, 3)]
        add_vector(data, look_vector(*(values for values, _ in parts)), parts[0][1])
    return conform(data, DISPLACEMENT, str(path))


def _open_product(path: Path, mask: str) -> tuple[Grid, da.Array]:
    """Open a product's displacement (y, x) in mm, missing where the mask does not keep it."""
    with opened(path) as product:
        grid, held = _grid(product, path), Held.of(product, path)
    moved = held.lazy("displacement", grid, checked_motion)
    if mask and mask not in held.shapes:
        raise InputError(f"{path} holds no layer {quoted(mask)}, expected one such as water_mask.")
    if mask:
        moved = da.where(held.lazy(mask, grid, as_stored) == 1, moved, np.float32(np.nan))
    return grid, moved


def _grid(product: h5py.File, path: Path) -> Grid:
    """Read a product's grid from the centres of its columns and rows.

    Its `GeoTransform` may be that of the whole frame where a part has been cut out.
    """
    if not {"x", "y", "spatial_ref"} <= set(product):
        raise InputError(f"{path} holds no x, y and spatial_ref, expected a DISP-S1 product.")
    x, y = product["x"][:], product["y"][:]
    if min(x.size, y.size) < 2 or not np.isfinite([x[0], x[-1], y[0], y[-1]]).all():
        raise InputError(f"{path} has {y.size} × {x.size} pixels, expected two or more each way.")
    right, down = (x[-1] - x[0]) / (x.size - 1), (y[-1] - y[0]) / (y.size - 1)
    transform = rasterio.Affine(right, 0, x[0] - right / 2, 0, down, y[0] - down / 2)
    text = product["spatial_ref"].attrs["crs_wkt"]
    crs = rasterio.CRS.from_wkt(text.decode() if isinstance(text, bytes) else str(text))
    return Grid((y.size, x.size), transform, crs)
