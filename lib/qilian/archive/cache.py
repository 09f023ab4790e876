"""Products of an archive, kept: made once, whole or not at all.

A product lies in the cache under a name that holds a hash of its input, its options and the code
that makes it. It is written in a folder beside that name, which scratch files may share, and moved
when complete, under a lock: processes that ask for it together build it once, and one that is
killed leaves nothing that looks finished, and nothing at all after the next build of any product.
"""

import hashlib
import json
import shutil
import uuid
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import xarray as xr
from filelock import FileLock, Timeout

from qilian.archive.catalogue import Archive
from qilian.archive.closure import code_digest
from qilian.archive.project import cache_folder
from qilian.contracts.errors import InputError

ROWS = 64  # of a kept block, where the result was in memory


def kept(
    name: str,
    source: Archive,
    needs: Sequence[str],
    options: Mapping[str, Any],
    make: Callable[[Path], xr.Dataset],
    *,
    scheduler: str | None = None,
    cache: Path | None = None,
) -> xr.Dataset:
    """Open a product, after making it if the cache lacks it.

    Parameters
    ----------
    name : str
        What the product is.
    source : Archive
        Holds the input.
    needs : sequence of str
        Entries that the product comes from.
    options : mapping of str
        All else that it depends on, as JSON has it.
    make : callable
        Makes the product, given a folder for scratch files, which lasts until the product is
        written. What its module imports of ours, and the packages behind that, count as the code
        that makes it.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see `cache` and the input; threads here by
        default.
    cache : Path, optional
        Folder of kept products; `cache_folder()` by default.

    Returns
    -------
    xarray.Dataset
        Lazy, from the cache.
    """
    key = _key(source.identity(needs), options, code_digest(make.__module__))
    source.used.update(needs)

    def described(scratch: Path) -> xr.Dataset:
        product = make(scratch)
        notes = {name: note for name, note in source.notes.items() if name in needs}
        return product.assign_attrs(options=json.dumps(options), notes=json.dumps(notes))

    cache = cache or cache_folder()
    path = cache / f"{name}-{key}.zarr"
    if not path.is_dir():
        _folder(cache)
        _clear(cache)
        with FileLock(cache / f".{path.name}.lock"):
            if not path.is_dir():
                _build(path, described, scheduler)
    product = xr.open_zarr(path, decode_coords="all")
    source.notes.update(json.loads(product.attrs.pop("notes")))
    return product


def _key(identity: str, options: Mapping[str, Any], code: str) -> str:
    described = json.dumps([identity, options, code], sort_keys=True)
    return hashlib.blake2b(described.encode(), digest_size=10).hexdigest()


def _folder(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cache folder {cache} cannot be made: {error.strerror}.") from error


def _clear(cache: Path) -> None:
    """Remove what killed builds have left: nobody holds their lock."""
    for left in cache.glob(".*.unfinished"):
        product = left.name.rsplit(".", 2)[0]
        with suppress(Timeout), FileLock(cache / f"{product}.lock", blocking=False):
            shutil.rmtree(left, ignore_errors=True)


def _build(
    path: Path,
    make: Callable[[Path], xr.Dataset],
    scheduler: str | None,
) -> None:
    """Write a product in a folder of its own, and give it its place when it is whole."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.unfinished")
    unfinished.mkdir()
    try:
        with _connected(scheduler):
            store(make(unfinished), unfinished / path.name)
        (unfinished / path.name).rename(path)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def store(product: xr.Dataset, path: Path, *, scheduler: str | None = None) -> None:
    """Write a product to Zarr, block by block where it is lazy.

    Parameters
    ----------
    product : xarray.Dataset
        Such as a result of `sbas.invert`.
    path : Path
        Folder to write.
    scheduler : str, optional
        Address of a Dask scheduler; threads here by default.
    """
    # Noise does not compress, and trying costs more than the inversion.
    layout: dict[Hashable, dict[str, Any]] = {k: {"compressors": None} for k in product.data_vars}
    if not product.chunks:
        for name, field in product.data_vars.items():
            sizes = field.sizes.items()
            layout[name]["chunks"] = tuple(ROWS if dim == "y" else size for dim, size in sizes)
    with _connected(scheduler):
        product.to_zarr(path, encoding=layout, zarr_format=2)


def _connected(scheduler: str | None) -> AbstractContextManager:
    """Let a scheduler, if there is one, compute what is lazy."""
    if not scheduler:
        return nullcontext()
    from distributed import Client  # slow to import, and needed by few

    try:
        return Client(scheduler)
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler {scheduler} does not answer, expected a Dask scheduler's address."
        ) from error
