"""Geocoded unwrapped interferograms as products: ARIA's of Sentinel-1, NISAR's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from qilian.archive.readers.files import files_under, refuse_packed
from qilian.archive.readers.hdf5 import opened
from qilian.archive.readers.layers import (
    Layers,
    add_vector,
    coherence_or_nothing,
    signed_or_nothing,
    stack_layers,
)
from qilian.archive.readers.raster import (
    Layer,
    Stored,
    look_from_angles,
    look_vector,
)
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import SPEED_OF_LIGHT

_ARIA = re.compile(r"\w+-GUNW-([AD]-[RL]-\d+)-\w+-(\d{8})_(\d{8})-.*\.nc", re.ASCII)
_NISAR = re.compile(r"NISAR_L2_\w+_GUNW_\w+\.h5", re.ASCII)
_FREQUENCY = "science/LSAR/GUNW/grids/frequencyA"


@dataclass(frozen=True)
class _Product:
    """One pair: its file, its dates in the product's order, its track, its wavelength (m)."""

    path: Path
    reference: str
    secondary: str
    track: str
    wavelength: float

    @property
    def dates(self) -> tuple[str, str]:
        """The earlier date and the later."""
        first, last = sorted((self.reference, self.secondary))
        return first, last

    @property
    def turned(self) -> bool:
        """Tell whether the reference is the later date."""
        return self.reference > self.secondary


@dataclass(frozen=True)
class _Layout:
    """Where a kind of product has its layers, and the coarse cube (height, y, x) around them."""

    phase: str
    coherence: str
    cube: str
    axes: tuple[str, str, str]
    look: tuple[str, str]
    vector: Callable[[np.ndarray, np.ndarray], dict[str, Layer]]


def read_aria(path: Path) -> xr.Dataset:
    """Open a folder of ARIA's GUNW products as an interferogram stack.

    The reference of a product is its later date, which stands first in its name. Its phase (rad,
    reference minus secondary) and perpendicular baseline are turned, as MintPy does: phase is
    positive away from the sensor from the earlier date to the later. 0 is missing in phase and
    coherence. Products are cropped to the ground that they share. The unit vector is that of the
    first product, at the level of its cube that is nearest to 0 m.

    Parameters
    ----------
    path : Path
        Folder of products of one track, under their own names
        (`S1-GUNW-D-R-087-tops-20180622_20180529-….nc`).

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No products, two tracks, two products of a pair, a layer missing, grids that don't fit.
    """
    products = []
    for file in files_under(path, "*.nc"):
        fit = _ARIA.fullmatch(file.name)
        if fit:
            with opened(file) as held:
                metres = _number(held, "science/radarMetaData/wavelength", file)
            products.append(_Product(file, fit[2], fit[3], fit[1], metres))
    if not products:
        refuse_packed(path)
        raise InputError(f"{path} holds no product of ARIA's, expected S1-GUNW-….nc in it.")
    return _stack(path, products, _ARIAS)


def read_nisar(path: Path) -> xr.Dataset:
    """Open a folder of NISAR's GUNW products (L-band, frequency A) as an interferogram stack.

    Phase (rad) is that of the reference date minus that of the secondary, which is the later:
    positive away from the sensor. Were the reference the later date, it would be turned. 0 and NaN
    are missing in phase and coherence. Products are cropped to the ground that they share. The
    unit vector is that of the first product, at the level of its cube that is nearest to 0 m.

    Parameters
    ----------
    path : Path
        Folder of products of one track, under their own names (`NISAR_L2_PR_GUNW_….h5`).

    Returns
    -------
    xarray.Dataset
        The interferograms contract; phase and coherence (pair, y, x) are lazy.

    Raises
    ------
    InputError
        No products, two tracks, two products of a pair, a layer missing, grids that don't fit.
    """
    products = []
    about = "science/LSAR/identification"
    for file in files_under(path, "*.h5"):
        if not _NISAR.fullmatch(file.name):
            continue
        with opened(file) as held:
            reference, secondary = (
                _text(held, f"{about}/{which}ZeroDopplerStartTime", file)[:10].replace("-", "")
                for which in ("reference", "secondary")
            )
            track = _text(held, f"{about}/orbitPassDirection", file)
            metres = SPEED_OF_LIGHT / _number(held, f"{_FREQUENCY}/centerFrequency", file)
        products.append(_Product(file, reference, secondary, track, metres))
    if not products:
        refuse_packed(path)
        raise InputError(f"{path} holds no product of NISAR's, expected NISAR_L2_…_GUNW_….h5.")
    return _stack(path, products, _nisars(products[0].path))


def _nisars(path: Path) -> _Layout:
    """Layout of the polarisation that a product has."""
    group = f"{_FREQUENCY}/unwrappedInterferogram"
    with opened(path) as held:
        found = [name for name in ("HH", "VV") if f"{group}/{name}/unwrappedPhase" in held]
    if not found:
        raise InputError(f"{path} holds no {group}/HH/unwrappedPhase, nor VV, expected one.")
    return _Layout(
        phase=f"/{group}/{found[0]}/unwrappedPhase",
        coherence=f"/{group}/{found[0]}/coherenceMagnitude",
        cube="science/LSAR/GUNW/metadata/radarGrid",
        axes=("heightAboveEllipsoid", "yCoordinates", "xCoordinates"),
        look=("losUnitVectorX", "losUnitVectorY"),
        vector=_from_parts,
    )


def _from_parts(east: np.ndarray, north: np.ndarray) -> dict[str, Layer]:
    """Complete a unit vector ground to sensor, which points up."""
    return look_vector(east, north, np.sqrt((1 - east**2 - north**2).clip(min=0)))


def _from_east(incidence: np.ndarray, azimuth: np.ndarray) -> dict[str, Layer]:
    """Turn angles into a unit vector; ARIA counts azimuth from East, anticlockwise."""
    return look_from_angles(incidence, azimuth - 90)


_ARIAS = _Layout(
    phase="/science/grids/data/unwrappedPhase",
    coherence="/science/grids/data/coherence",
    cube="science/grids/imagingGeometry",
    axes=("heightsMeta", "latitudeMeta", "longitudeMeta"),
    look=("incidenceAngle", "azimuthAngle"),
    vector=_from_east,
)


def _stack(path: Path, products: list[_Product], layout: _Layout) -> xr.Dataset:
    """Stack products of one track."""
    products = sorted(products, key=lambda product: product.dates)
    for product in products:
        if product.track != products[0].track:
            raise InputError(
                f"{product.path.name} and {products[0].path.name} are of two tracks, "
                f"{product.track} and {products[0].track}, expected one track a folder."
            )
    files = [product.path for product in products]
    turned = frozenset(product.path for product in products if product.turned)
    stack, _ = stack_layers(
        [product.dates for product in products],
        [str(file) for file in files],
        Layers(files, partial(signed_or_nothing, turned=turned), Stored(layer=layout.phase)),
        Layers(files, coherence_or_nothing, Stored(layer=layout.coherence)),
    )
    stack["wavelength"] = (), products[0].wavelength, {"units": "m"}
    _add_look(stack, files[0], layout)
    metres = [_baseline(product, layout) for product in products]
    if not np.isnan(metres).all():
        stack["perpendicular_baseline"] = "pair", np.array(metres), {"units": "m"}
    return conform(stack, INTERFEROGRAMS, str(path))


def _number(held: h5py.File, name: str, path: Path) -> float:
    return float(np.ravel(_dataset(held, name, path)[()])[0])


def _text(held: h5py.File, name: str, path: Path) -> str:
    value = np.ravel(_dataset(held, name, path)[()])[0]
    return value.decode() if isinstance(value, bytes) else str(value)


def _dataset(held: h5py.File, name: str, path: Path) -> h5py.Dataset:
    if name not in held:
        raise InputError(f"{path} holds no {name}, expected a geocoded unwrapped interferogram.")
    return held[name]


def _values(held: h5py.File, name: str) -> np.ndarray:
    """Numbers of a part of the cube, NaN where its tag says missing."""
    values = held[name][()].astype(float)
    return np.where(values == held[name].attrs.get("_FillValue", np.nan), np.nan, values)


def _add_look(stack: xr.Dataset, path: Path, layout: _Layout) -> None:
    """Add the unit vector, from the cube's level nearest to 0 m, between its points."""
    names = [f"{layout.cube}/{name}" for name in (*layout.axes, *layout.look)]
    with opened(path) as held:
        if not all(name in held for name in names):
            return
        height, y, x, first, second = (_values(held, name) for name in names)
        level = int(np.abs(height).argmin())
        parts = layout.vector(first[level], second[level]).items()
        cube = xr.Dataset({name: (("y", "x"), part) for name, part in parts}, {"y": y, "x": x})
        between = cube.interp(y=stack["y"], x=stack["x"])
    add_vector(stack, {str(name): part.values.astype("float32") for name, part in between.items()})


def _baseline(product: _Product, layout: _Layout) -> float:
    """Mean perpendicular baseline (m), later date minus earlier; NaN where there is none."""
    name = f"{layout.cube}/perpendicularBaseline"
    with opened(product.path) as held:
        values = _values(held, name) if name in held else np.array(np.nan)
    known = values[np.isfinite(values)]
    metres = float(known.mean()) if known.size else np.nan
    return -metres if product.turned else metres
