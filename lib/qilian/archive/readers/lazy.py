"""Layers of files as one lazy array: what is sliced is read, and no more."""

from collections.abc import Callable
from dataclasses import dataclass

import dask
import dask.array as da
import dask.threaded
import numpy as np

# Where no scheduler is chosen, Dask imports all of its cluster's part to see whether there is one.
if not dask.config.get("scheduler", None):
    dask.config.set(scheduler=dask.threaded.get)

# Of float32 that are read at once, so that a dozen such blocks fit into memory.
BLOCK_BYTES = 64 * 2**20

Chunks = tuple[int | tuple[int, ...], ...]  # as dask takes them
# From numbers of layers and a box of rows and columns to float32 (layer, row, column).
Read = Callable[[np.ndarray, slice, slice], np.ndarray]


@dataclass(frozen=True)
class _Layers:
    """What looks like an array (layer, y, x) and is read where it is sliced."""

    read: Read
    shape: tuple[int, int, int]
    whole: Chunks
    dtype = np.dtype("float32")
    ndim = 3

    def __getitem__(self, key: tuple[slice | int, ...]) -> np.ndarray:
        # Dask hands down slices of slices and single indices; one box covers what is picked.
        picks = [np.arange(size)[k] for size, k in zip(self.shape, key, strict=True)]
        layers, rows, columns = (np.atleast_1d(pick) for pick in picks)
        block = self.read(layers, *(slice(p.min(), p.max() + 1) for p in (rows, columns)))
        for axis, pick in ((1, rows), (2, columns)):
            if (np.diff(pick) != 1).any():
                block = block.take(pick - pick.min(), axis)
        return block.reshape([pick.size for pick in picks if pick.ndim])


def lazy_layers(
    read: Read, shape: tuple[int, int, int], chunks: Chunks, whole: Chunks | None = None
) -> da.Array:
    """Return layers as a float32 dask array (layer, y, x) that is read on demand.

    Parameters
    ----------
    read : callable
        From numbers of layers, rows and columns, the latter two as slices, to what they hold.
    shape : tuple of int
        Layers, rows and columns.
    chunks : tuple
        As dask takes them.
    whole : tuple, optional
        Chunks for who reads everything once and for all, `chunks` by default.
    """
    return _chunked(_Layers(read, shape, whole or chunks), chunks)


def in_whole_files(array: da.Array) -> da.Array:
    """Chunk lazy layers, if nothing has been done to them, so that files are opened least often."""
    source = array.dask.get(f"original-{array.name}")  # where dask keeps what it slices
    # Named by chance, since a hash of all its files takes long.
    return _chunked(source, source.whole, False) if isinstance(source, _Layers) else array


def _chunked(source: _Layers, chunks: Chunks, name: bool | None = None) -> da.Array:
    return da.from_array(source, chunks, name, meta=np.empty((0, 0, 0), "float32"))


def at_once(size: float, whole: int = 1) -> int:
    """Count what a block holds of things of `size` float32 each, in multiples of `whole`."""
    return max(1, int(BLOCK_BYTES // (4 * size * whole))) * whole
