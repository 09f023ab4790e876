"""A file of MintPy's: what its attributes say, and its datasets as lazy arrays."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import rasterio
from rasterio.errors import CRSError

from qilian.archive.readers.files import foreign
from qilian.archive.readers.lazy import at_once, lazy_layers
from qilian.archive.readers.raster import Decode, Grid
from qilian.contracts.errors import InputError

_REAL = {"unwrapPhase", "coherence", "timeseries", "velocity", "height"}


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file, or say in one sentence why it, or a part of it, can't be read."""
    with foreign(path, "a whole HDF5 file of MintPy's"), h5py.File(path) as file:
        yield file


@dataclass(frozen=True)
class Stored:
    """What a file of MintPy's says of itself: attributes, grid, shapes of its datasets."""

    path: Path
    attributes: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    chunks: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, file: h5py.File, path: Path, kind: str, unit: str = "") -> "Stored":
        """Look into an open file, which must be of this kind and, if given, unit."""
        text = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in file.attrs.items()}
        found = text.get("FILE_TYPE")
        if found != kind:
            raise InputError(f"{path} has FILE_TYPE {found}, expected MintPy's {kind}.")
        if unit and text.get("UNIT", unit).replace("year", "yr") != unit:
            raise InputError(f"{path} is in {text['UNIT']}, expected {unit}.")
        held = {name: item for name, item in file.items() if isinstance(item, h5py.Dataset)}
        if any(item.dtype.kind == "c" for name, item in held.items() if name in _REAL):
            raise InputError(f"{path} holds complex numbers, expected real ones, such as phase.")
        chunks = {name: item.chunks or (1,) * item.ndim for name, item in held.items()}
        return cls(path, text, {name: item.shape for name, item in held.items()}, chunks)

    def number(self, key: str) -> float:
        """Return an attribute as a number; all are stored as text."""
        try:
            return float(self.attributes[key])
        except (KeyError, ValueError) as error:
            found = self.attributes.get(key, "missing")
            raise InputError(f"{self.path}: {key} is {found}, expected a number.") from error

    @property
    def grid(self) -> Grid:
        """Grid from X_FIRST, Y_FIRST (upper-left corner of the first pixel) and the steps."""
        if not {"X_FIRST", "Y_FIRST"} <= set(self.attributes):
            raise InputError(
                f"{self.path} is in radar coordinates, expected a geocoded file "
                "such as MintPy's geocode.py writes."
            )
        left, top, right, down = map(self.number, ("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
        shape = int(self.number("LENGTH")), int(self.number("WIDTH"))
        return Grid(shape, rasterio.Affine(right, 0, left, 0, down, top), self._crs())

    def _crs(self) -> rasterio.CRS:
        zone = re.fullmatch(r"(\d{1,2})([NS])", self.attributes.get("UTM_ZONE", ""))
        code = 4326 if self.attributes.get("X_UNIT", "degrees").startswith("deg") else None
        if zone:
            code = (32600 if zone[2] == "N" else 32700) + int(zone[1])
        if "EPSG" in self.attributes:
            code = int(self.number("EPSG"))
        try:
            return rasterio.CRS.from_epsg(code)
        except (TypeError, CRSError) as error:
            raise InputError(f"{self.path} has no coordinate system, expected EPSG.") from error

    def at_reference(self) -> da.Array | bool:
        """Mask (y, x), True at the reference point; False if there is none."""
        if not {"REF_Y", "REF_X"} <= set(self.attributes):
            return False
        y, x = (da.arange(size, chunks=-1) for size in self.grid.shape)
        return (y == self.number("REF_Y"))[:, None] & (x == self.number("REF_X"))

    def lazy(self, name: str, decode: Decode, kept: np.ndarray | None = None) -> da.Array:
        """Return a dataset as a float32 dask array in blocks of whole rows.

        A block holds whole chunks of the file, so that each is read once, and all layers, unless
        a row of chunks has more than a block may hold.
        """
        shape = self.shapes.get(name)
        if shape is None or shape[-2:] != self.grid.shape:
            raise InputError(
                f"{self.path} has {name} of shape {shape}, "
                f"expected {' × '.join(map(str, self.grid.shape))} pixels."
            )
        count = shape[0] if len(shape) == 3 else 1
        kept = np.arange(count) if kept is None else kept
        deep, high, _ = (1, *self.chunks[name])[-3:]
        rows = at_once(-(-count // deep) * deep * shape[-1], high)
        together = kept // at_once(rows * shape[-1], deep)
        chunks = tuple(np.unique(together, return_counts=True)[1].tolist()), rows, shape[-1]
        read = partial(_read_dataset, self.path, name, decode, kept)
        layers = lazy_layers(read, (kept.size, *self.grid.shape), chunks)
        return layers if len(shape) == 3 else layers[0]


def _read_dataset(
    path: Path,
    name: str,
    decode: Decode,
    kept: np.ndarray,
    layers: np.ndarray,
    rows: slice,
    columns: slice,
) -> np.ndarray:
    """Read a box of rows and columns of some of the layers kept, or of a dataset without layers."""
    picked = kept[layers]
    with opened(path) as file:
        stored = file[name]
        if stored.ndim == 2:
            return decode(stored[rows, columns], path)[np.newaxis]
        block = stored[picked.min() : picked.max() + 1, rows, columns]
    return decode(block[picked - picked.min()], path)
