"""What several notebooks need and no one should compute twice: products of an archive, kept.

A product lies in the cache under a name that holds a hash of its input, its options and the code
that makes it. It is written beside that name and renamed when complete, under a lock: processes
that ask for it together build it once, and one that is killed leaves nothing that looks finished.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr
from distributed import Client
from filelock import FileLock

from qilian import corrections, temporal, thaw
from qilian.archive import PROJECT, Archive, read_if_small
from qilian.contracts import InputError, require
from qilian.network import dates
from qilian.sbas import invert

CACHE = Path(os.environ.get("QILIAN_CACHE", PROJECT / "data" / "cache"))
ROWS = 64  # of a kept block, where the result was in memory

# Code and packages that a product's numbers depend on.
_MAKERS = (
    "contracts.py",
    "corrections.py",
    "network.py",
    "products.py",
    "readers",
    "sbas",
    "sensors.py",
    "temporal.py",
    "thaw.py",
)
_PACKAGES = ("numba", "numpy", "rasterio", "scipy", "xarray")
_GROUND = ("line_of_sight_east", "line_of_sight_north", "line_of_sight_up", "height")


def displacement(
    source: Archive,
    entry: str = "sentinel1",
    *,
    weight: str = "fisher",
    seasonal: str = "auto",
    constraint: float = 1e-4,
    reference: tuple[float, float] | None = None,
    ramp: bool = False,
    height: bool = False,
    scheduler: str | None = None,
    cache: Path = CACHE,
) -> xr.Dataset:
    """Invert an archive's interferograms, or open what came of it before.

    Parameters
    ----------
    source : Archive
        Holds `entry`, and `climate` for the thaw model.
    entry : str, optional
        Interferograms of one satellite.
    weight, constraint : optional
        As `sbas.invert` has them.
    seasonal : {"auto", "thaw", "periodic", "none"}, optional
        Season of the temporal model beside its rate: by the air's thawing index, a yearly wave, or
        none. By itself the first that the archive can carry: a `climate` entry, two years.
    reference : (x, y), optional
        Middle of the reference area in the stack's coordinates; the most coherent by default.
    ramp, height : bool, optional
        Corrections besides the reference, as `corrections.fit` has them.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the same files; threads here by default.
    cache : Path, optional
        Folder of kept products.

    Returns
    -------
    xarray.Dataset
        As from `sbas.invert`, lazy, along the line of sight; with the stack's look vector and
        height as far as it has them, and the `reference` area.

    Raises
    ------
    InputError
        As the archive, `corrections` and `sbas.invert` say.
    """
    known = ["auto", *_SEASONS]
    require("seasonal", repr(seasonal), seasonal in known, f"one of {', '.join(known)}")
    if seasonal == "auto":
        seasonal = _season(source, entry)
    needs = [entry, "climate"] if seasonal == "thaw" else [entry]
    options = {
        "weight": weight,
        "seasonal": seasonal,
        "constraint": constraint,
        "reference": reference,
        "ramp": ramp,
        "height": height,
    }

    def make() -> xr.Dataset:
        stack = source.load(entry, "unwrapped_phase", "coherence")
        stack = read_if_small(stack) if scheduler is None else stack
        if reference is None:
            area = corrections.reference_by_coherence(stack)
        else:
            area = corrections.reference_around(stack, *reference)
        fitted = corrections.fit(stack, area, ramp=ramp, height=height)
        model = _SEASONS[seasonal](source, stack)
        result = invert(
            stack, weight=weight, corrections=fitted, model=model, constraint=constraint
        )
        ground = {name: stack[name] for name in _GROUND if name in stack}
        return result.assign(ground | {"reference": fitted["reference"]})

    return kept(
        f"displacement-{entry}", source, needs, options, make, scheduler=scheduler, cache=cache
    )


def _season(source: Archive, entry: str) -> str:
    """Choose the season that the archive can carry."""
    if "climate" in source.entries:
        return "thaw"
    two_years = temporal.years(dates(source.load(entry)))[-1] >= 2
    return "periodic" if two_years else "none"


def _thaw_model(source: Archive, stack: xr.Dataset) -> xr.DataArray:
    temperature = source.load("climate")["air_temperature"]
    return temporal.thaw(thaw.settlement_course(temperature, dates(stack)))


_SEASONS: Mapping[str, Callable[[Archive, xr.Dataset], xr.DataArray]] = {
    "thaw": _thaw_model,
    "periodic": lambda _, stack: temporal.periodic(dates(stack)),
    "none": lambda _, stack: temporal.linear(dates(stack)),
}


def kept(
    name: str,
    source: Archive,
    needs: Sequence[str],
    options: Mapping[str, Any],
    make: Callable[[], xr.Dataset],
    *,
    makers: Sequence[str] = (),
    scheduler: str | None = None,
    cache: Path = CACHE,
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
        Makes the product.
    makers : sequence of str, optional
        Modules of this package that the product's numbers depend on, besides those of an inversion.
    scheduler, cache : optional
        As `displacement` has them.

    Returns
    -------
    xarray.Dataset
        Lazy, from the cache.
    """
    key = _key(source.identity(needs), options, makers)
    source.used.update(needs)
    path = cache / f"{name}-{key}.zarr"
    if not path.is_dir():
        _folder(cache)
        with FileLock(cache / f".{path.name}.lock"):
            if not path.is_dir():
                _build(path, make, scheduler, {"options": json.dumps(options)})
    return xr.open_zarr(path, decode_coords="all")


def _key(identity: str, options: Mapping[str, Any], makers: Sequence[str]) -> str:
    total = hashlib.blake2b(digest_size=10)
    versions = [f"{package} {version(package)}" for package in _PACKAGES]
    total.update(json.dumps([identity, options, versions], sort_keys=True).encode())
    here = Path(__file__).parent
    for maker in (*_MAKERS, *makers):
        path = here / maker
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            total.update(file.read_bytes())
    return total.hexdigest()


def _folder(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cache folder {cache} cannot be made: {error.strerror}.") from error


def _build(
    path: Path, make: Callable[[], xr.Dataset], scheduler: str | None, about: Mapping[str, str]
) -> None:
    """Write a product under a name of its own, and give it its name when it is whole."""
    for abandoned in path.parent.glob(f".{path.name}.*.unfinished"):
        shutil.rmtree(abandoned)  # whoever wrote it no longer holds the lock
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}.unfinished")
    try:
        store(make().assign_attrs(about), unfinished, scheduler=scheduler)
        unfinished.rename(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


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
    product = product if product.chunks else product.chunk(y=ROWS)
    # Noise does not compress, and trying costs more than the inversion.
    plain = {name: {"compressors": None} for name in product.data_vars}
    try:
        client = Client(scheduler) if scheduler else nullcontext()
    except (OSError, ValueError) as error:
        raise InputError(
            f"scheduler {scheduler} does not answer, expected a Dask scheduler's address."
        ) from error
    with client:
        product.to_zarr(path, encoding=plain, zarr_format=2)
