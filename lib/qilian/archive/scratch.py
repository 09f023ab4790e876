"""A stack that is looked at several times: every file is decoded once."""

import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import dask.threaded
import numpy as np
import xarray as xr
from numpy.lib.format import open_memmap

from qilian.archive._notes import noticed
from qilian.archive.readers.lazy import at_once, in_whole_files
from qilian.archive.readers.raster import clipped
from qilian.contracts.errors import InputError

MEMORY = 3e9  # bytes of a stack that are held in memory

Box = tuple[slice, ...]


def read_once(
    stack: xr.Dataset, scratch: Path | None = None, *, memory: float = MEMORY
) -> xr.Dataset:
    """Read lazy layers into memory or, where they are too large, into scratch files.

    What looks at a stack of files several times, or in blocks of pixels, would else decode its
    files again each time. Maps (y, x) come into memory. While files are read, each thread holds two
    blocks of 64 MiB, or two rows of a file's tiles, if those are larger.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, lazy.
    scratch : Path, optional
        Folder for files of the size of the stack, which must last as long as what is returned.
        Without one, layers that memory does not hold stay as they are.
    memory : float, optional
        Bytes of layers that memory may hold.

    Returns
    -------
    xarray.Dataset
        The same numbers: in memory, or lazy in blocks of 64 MiB that have all pairs of some rows.
        Coherence that had to be clipped is counted among what is `noticed`.

    Raises
    ------
    InputError
        As the reader says of a file that is damaged; too little space for scratch files.
    """
    lazy = {str(k): v for k, v in stack.data_vars.items() if v.chunks and "pair" in v.dims}
    maps = stack.drop_vars(list(lazy)).compute()
    size = sum(field.nbytes for field in lazy.values())
    held: dict[str, Any]
    scheduler: Callable[..., Any] | None = None
    if size <= memory:
        # Threads here fill what is in memory here, even where a cluster computes by default.
        held = {name: _Memory(field.shape) for name, field in lazy.items()}
        scheduler = dask.threaded.get  # by its name dask would import its cluster's part
    elif scratch is not None:
        _require_space(scratch, size)
        files = {name: scratch / f"{name}.npy" for name in lazy}
        held = {k: _Scratch.new(files[k], v.shape) for k, v in lazy.items()}
    else:
        return maps.assign(lazy)
    sources = [in_whole_files(field.data) for field in lazy.values()]
    before = clipped()
    da.store(sources, list(held.values()), lock=False, scheduler=scheduler)
    whole = maps.assign({name: field.copy(data=held[name].layers) for name, field in lazy.items()})
    if count := clipped() - before:
        whole.coherence.attrs["clipped"] = count
        whole.attrs["noticed"] = noticed(whole)
    return whole


def _require_space(folder: Path, size: int) -> None:
    """Say so before there is no space left: then a write to a mapped file ends the process."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise InputError(
            f"{folder} has {free / 1e9:.1f} GB free, "
            f"expected {size / 1e9:.1f} GB for scratch files."
        )


class _Memory:
    """Layers (pair, y, x) in memory, under a name that costs Dask no look at them."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.layers = np.empty(shape, "float32")

    def __setitem__(self, box: Box, values: np.ndarray) -> None:
        self.layers[box] = values

    def __dask_tokenize__(self) -> str:
        return uuid.uuid4().hex


@dataclass(frozen=True)
class _Scratch:
    """Layers (pair, y, x) in a file that is open only while a part is read or written."""

    path: Path
    shape: tuple[int, ...]
    dtype = np.dtype("float32")
    ndim = 3

    @classmethod
    def new(cls, path: Path, shape: tuple[int, ...]) -> "_Scratch":
        open_memmap(path, "w+", cls.dtype, shape)
        return cls(path, shape)

    @property
    def layers(self) -> da.Array:
        pairs, _, columns = self.shape
        return da.from_array(self, chunks=(pairs, at_once(pairs * columns), columns))

    def __getitem__(self, box: Box) -> np.ndarray:
        return np.array(np.load(self.path, mmap_mode="r")[box])

    def __setitem__(self, box: Box, values: np.ndarray) -> None:
        layers = np.load(self.path, mmap_mode="r+")
        layers[box] = values
        layers.flush()  # other machines see the file, and this one's memory only then
