"""ISCE-2: geocoded interferograms of its stack processors and applications."""

from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from rasterio.enums import Resampling

from qilian.archive.readers.files import files_like, is_there
from qilian.archive.readers.geotiff import add_baselines, later_first, match_all, read_baselines
from qilian.archive.readers.layers import (
    Layers,
    add_vector,
    coherence_or_nothing,
    signed_or_nothing,
    stack_layers,
)
from qilian.archive.readers.pairs import checked_wavelength
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    Stored,
    as_stored,
    checked_height,
    look_from_angles,
    open_raster,
    read_layer,
    zero_is_missing,
)
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError

_PHASE = "{reference}_{secondary}/filt_fine.unw.geo.vrt"
_COHERENCE = "{reference}_{secondary}/filt_fine.cor.geo.vrt"
_HEIGHT = "../geom_reference/hgt.rdr.geo.vrt"
_ANGLES = "../geom_reference/los.rdr.geo.vrt"


def read(
    path: Path,
    *,
    wavelength: float,
    phase: str = _PHASE,
    coherence: str = _COHERENCE,
    height: str = _HEIGHT,
    line_of_sight: str = _ANGLES,
    baselines: str | None = None,
) -> xr.Dataset:
    """Open ISCE-2's geocoded interferograms through the `.vrt` beside each file.

    Phase is band 2 of an unwrapped file (rad, the earlier date minus the later: positive away
    from the sensor), coherence band 2 or the only one; 0 is missing in both. Where names begin
    with the later date, the pattern has `{secondary}` first and the sign is turned.

    A `.vrt` of ISCE's has the place of the first pixel's centre, which is where `geocodeIsce.py`
    computes; that of any other raster is its corner, as GDAL means it.

    Parameters
    ----------
    path : Path
        Folder that patterns and names are relative to, such as topsStack's
        `merged/interferograms`.
    wavelength : float
        Radar wavelength in metres.
    phase, coherence : str, optional
        Patterns as of the `geotiff` format.
    height : str, optional
        Terrain height, metres; the default's if present.
    line_of_sight : str, optional
        Two bands: incidence angle and azimuth from North, anticlockwise, degrees, both from
        ground to sensor; the default's if present.
    baselines : str, optional
        A CSV (reference, secondary, perpendicular_baseline_m).

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No pairs, radar coordinates, files that miss a band or break off.
    """
    checked_wavelength(wavelength, path)
    _refuse_radar(path, phase)
    files = match_all(path, {"phase": phase, "coherence": coherence})
    dates = sorted(files["phase"])
    unwrapped, correlated = ([files[kind][pair] for pair in dates] for kind in files)
    bands = {min(_bands(file), 2) for file in correlated}
    for file in unwrapped:
        if (count := _bands(file)) != 2:
            raise InputError(
                f"{file} has bands 1 to {count}, expected two: amplitude and unwrapped phase."
            )
    turned = later_first(phase, unwrapped)
    stack, grid = stack_layers(
        dates,
        [f"the pair {first}-{last} of {path}" for first, last in dates],
        Layers(unwrapped, partial(signed_or_nothing, turned=turned), _stored(unwrapped[0], 2)),
        Layers(correlated, coherence_or_nothing, _stored(correlated[0], max(bands))),
    )
    stack["wavelength"] = (), wavelength, {"units": "m"}
    if height != _HEIGHT or is_there(path / height):
        layer, about = _on_grid(path / height, grid, 1, _height, Resampling.bilinear)
        stack["height"] = ("y", "x"), layer, {"units": "m", **about}
    if line_of_sight != _ANGLES or is_there(path / line_of_sight):
        # Not between angles, which jump from -180 to 180.
        at = partial(_on_grid, path / line_of_sight, grid, resampling=Resampling.nearest)
        (incidence, about), (azimuth, _) = at(1, zero_is_missing), at(2, as_stored)
        add_vector(stack, look_from_angles(incidence, azimuth), about)
    add_baselines(stack, dates, read_baselines(path, baselines) if baselines else {})
    return conform(stack, INTERFEROGRAMS, str(path))


def _stored(path: Path, band: int) -> Stored:
    return Stored(band=band, centred=path.suffix == ".vrt")


def _on_grid(
    path: Path, grid: Grid, band: int, decode: Decode, resampling: Resampling
) -> tuple[np.ndarray, dict[str, str]]:
    """Put one band of a file of the ground onto the grid of the pairs."""
    _bands(path)
    return read_layer(path, grid, decode, _stored(path, band), resampling)


def _height(values: np.ndarray, path: Path) -> np.ndarray:
    return checked_height(zero_is_missing(values, path), path)


def _refuse_radar(path: Path, phase: str) -> None:
    """Say what to do where only files that are not geocoded are found."""
    anywhere = phase.replace("{reference}", "*").replace("{secondary}", "*")
    radar = files_like(path, anywhere.replace(".geo", ""))
    if radar and not files_like(path, anywhere):
        raise _not_geocoded(radar[0])


def _not_geocoded(path: Path) -> InputError:
    return InputError(
        f"{path} is in radar coordinates, expected a geocoded file, such as ISCE's "
        "geocodeIsce.py writes (.geo)."
    )


def _bands(path: Path) -> int:
    """Count the bands of a file that is geocoded and whole."""
    with open_raster(path) as raster:
        if raster.crs is None:
            raise _not_geocoded(path)
        size = sum(np.dtype(kind).itemsize for kind in raster.dtypes) * raster.width * raster.height
        # GDAL reads what a flat file lacks as 0.
        flat = {"VRT": path.with_suffix(""), "ENVI": path}.get(raster.driver)
        if flat and is_there(flat) and flat.stat().st_size < size:
            raise InputError(f"{flat} holds {flat.stat().st_size} bytes, expected {size}.")
        return raster.count
