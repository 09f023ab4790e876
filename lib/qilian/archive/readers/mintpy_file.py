"""A file of MintPy's: what its attributes say, and its datasets as lazy arrays."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dask.array as da
import h5py
import numpy as np
import rasterio
from rasterio.errors import CRSError

from qilian.archive.readers.hdf5 import Held
from qilian.archive.readers.raster import Decode, Grid
from qilian.contracts.errors import InputError


@dataclass(frozen=True)
class Stored:
    """What a file of MintPy's says of itself: attributes, grid, shapes of its datasets."""

    path: Path
    attributes: Mapping[str, str]
    held: Held

    @classmethod
    def of(cls, file: h5py.File, path: Path, kind: str, unit: str = "") -> "Stored":
        """Look into an open file, which must be of this kind and, if given, unit."""
        text = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in file.attrs.items()}
        found = text.get("FILE_TYPE")
        if found != kind:
            raise InputError(f"{path} has FILE_TYPE {found}, expected MintPy's {kind}.")
        if unit and text.get("UNIT", unit).replace("year", "yr") != unit:
            raise InputError(f"{path} is in {text['UNIT']}, expected {unit}.")
        return cls(path, text, Held.of(file, path))

    def __contains__(self, name: str) -> bool:
        """Tell whether the file holds a dataset of this name."""
        return name in self.held.shapes

    def number(self, key: str) -> float:
        """Return an attribute as a number; all are stored as text."""
        found = self.attributes.get(key, "missing")
        with suppress(ValueError):
            if math.isfinite(value := float(found)):
                return value
        raise InputError(f"{self.path}: {key} is {found}, expected a number.")

    @property
    def geocoded(self) -> bool:
        """Tell whether the file lies on a map."""
        return {"X_FIRST", "Y_FIRST"} <= set(self.attributes)

    @property
    def grid(self) -> Grid:
        """Grid from X_FIRST, Y_FIRST (upper-left corner of the first pixel) and the steps."""
        if not self.geocoded:
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

    def lazy(
        self,
        name: str,
        decode: Decode,
        layers: int | None = None,
        kept: np.ndarray | None = None,
    ) -> da.Array:
        """Return a dataset, or those of its layers that are kept, as a float32 dask array."""
        return self.held.lazy(name, self.grid, decode, layers, kept)
