"""Datasets of an HDF5 file as lazy arrays, in blocks of whole rows."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dask.array as da
import h5py
import numpy as np

from qilian.archive.readers.files import foreign
from qilian.archive.readers.lazy import at_once, lazy_layers
from qilian.archive.readers.raster import Decode, Grid
from qilian.contracts.errors import InputError


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file, or say in one sentence why it, or a part of it, can't be read."""
    with foreign(path, "a whole HDF5 file"), h5py.File(path) as file:
        yield file


@dataclass(frozen=True)
class Held:
    """What a file holds: shape, chunks and type of each dataset, by its name under its groups."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    chunks: Mapping[str, tuple[int, ...]]
    types: Mapping[str, np.dtype]

    @classmethod
    def of(cls, file: h5py.File, path: Path) -> "Held":
        """Look into an open file."""
        found: dict[str, h5py.Dataset] = {}

        def note(name: str, item: h5py.HLObject) -> None:
            if isinstance(item, h5py.Dataset) and item.shape is not None:
                found[name] = item

        file.visititems(note)
        chunks = {name: item.chunks or (1,) * item.ndim for name, item in found.items()}
        types = {name: item.dtype for name, item in found.items()}
        return cls(path, {name: item.shape for name, item in found.items()}, chunks, types)

    def lazy(
        self,
        name: str,
        grid: Grid,
        decode: Decode,
        layers: int | None = None,
        kept: np.ndarray | None = None,
    ) -> da.Array:
        """Return a dataset, or those of its layers that are kept, as a float32 dask array.

        A block holds whole chunks of the file, so that each is read once, and all layers, unless
        a row of chunks has more than a block may hold.
        """
        shape = self.shapes.get(name)
        if shape != (grid.shape if layers is None else (layers, *grid.shape)):
            stacked = "" if layers is None else f" in {layers} layers"
            raise InputError(
                f"{self.path} has {name} of shape {shape}, "
                f"expected {' × '.join(map(str, grid.shape))} pixels{stacked}."
            )
        if self.types[name].kind not in "fiub":
            kind = "complex" if self.types[name].kind == "c" else "no"
            raise InputError(
                f"{self.path} holds {kind} numbers, expected real ones, such as phase."
            )
        count = layers or 1
        kept = np.arange(count) if kept is None else kept
        deep, high, _ = (1, *self.chunks[name])[-3:]
        width = grid.shape[1]
        rows = at_once(-(-count // deep) * deep * width, high)
        together = kept // at_once(rows * width, deep)
        chunks = tuple(np.unique(together, return_counts=True)[1].tolist()), rows, width
        read = partial(_read_dataset, self.path, name, decode, kept)
        array = lazy_layers(read, (kept.size, *grid.shape), chunks)
        return array[0] if layers is None else array


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
