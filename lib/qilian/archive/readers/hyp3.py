"""HyP3 products: geocoded interferograms of ASF's INSAR_GAMMA and INSAR_ISCE (multi-)burst jobs."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr

from qilian.archive.readers.files import files_under, refuse_packed
from qilian.archive.readers.pairs import pair_dates
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    Start,
    as_stored,
    checked_coherence,
    common_extent,
    coordinates,
    lazy_stack,
    zero_is_missing,
)
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

# <anything>_<date>_<date>[_<anything>]_<layer>.tif, with or without the time of day; some users
# hold files clipped to their area, as MintPy's and HyP3's own recipes write them.
_FILE = re.compile(
    r"(?P<product>.*?(?<!\d)(?P<first>\d{8})(?:T\d{6})?_(?P<second>\d{8})(?:T\d{6})?(?!\d).*?)"
    r"_(?P<layer>unw_phase|corr|lv_theta|lv_phi|dem)(?:_clip(?:ped)?)?\.tif"
)


@dataclass
class _Product:
    """One pair: its dates, the name its files share, the files by layer."""

    stem: Path
    dates: tuple[str, str]
    files: dict[str, Path] = field(default_factory=dict)


def read(path: Path, *, wavelength: float | None = None) -> xr.Dataset:
    """Open a folder of HyP3 products as an interferogram stack.

    `<product>_unw_phase.tif` (rad, positive away from the sensor) and `<product>_corr.tif`; 0 is
    no data in both, by the format's convention. Optional beside them `_lv_theta` and `_lv_phi`,
    `_dem` and `<product>.txt` with the perpendicular baseline; the look vector and heights are
    those of the first product that has them. Products that differ in extent are cropped to the
    ground they share.

    **Each pair is zero at its own reference pixel**, and missing there for the same reason: refer
    all pairs to one place before comparing or inverting them.

    Parameters
    ----------
    path : Path
        Folder of products, unpacked into folders or all in one.
    wavelength : float, optional
        Radar wavelength in metres; the product does not carry it. Sentinel-1's for products named
        S1…, to be given for others.

    Returns
    -------
    xarray.Dataset
        The interferograms contract; all (y, x) variables are lazy. `attrs["phase_reference"]`
        says that each pair has its own reference.

    Raises
    ------
    InputError
        No products, a file missing from one, rasters that don't fit or don't overlap, a date or
        baseline that isn't one, an unknown wavelength.
    """
    products = _products(path)
    metres = _sentinel1(products) if wavelength is None else wavelength
    stack = pair_dates([p.dates for p in products], [str(p.stem) for p in products])
    layers = _layers(products)
    grid, starts = common_extent(list(layers))
    place = dict(zip(layers, starts, strict=True))
    stack = stack.merge(coordinates(grid))
    for name, layer, decode, units in (
        ("unwrapped_phase", "unw_phase", zero_is_missing, "rad"),
        ("coherence", "corr", _coherence, "1"),
    ):
        files = {product.files[layer]: place[product.files[layer]] for product in products}
        stack[name] = ("pair", "y", "x"), _stacked(files, grid, decode), {"units": units}
    _add_ground(stack, {layer: {file: place[file]} for file, layer in layers.items()}, grid)
    stack["wavelength"] = (), metres, {"units": "m"}
    _add_baselines(stack, products)
    stack.attrs["phase_reference"] = "each pair its own pixel"
    return conform(stack, INTERFEROGRAMS, str(path))


def _products(path: Path) -> list[_Product]:
    """Products under a folder, each complete."""
    products: dict[Path, _Product] = {}
    # In this order a clipped file follows the whole one and takes its place.
    for file in files_under(path, "*.tif"):
        fit = _FILE.fullmatch(file.name)
        if fit:
            stem = file.with_name(fit["product"])
            product = products.setdefault(stem, _Product(stem, (fit["first"], fit["second"])))
            product.files[fit["layer"]] = file
        elif "_unw_phase" in file.name:
            raise InputError(
                f"{file} is not named as HyP3 names it, expected "
                "<satellite>_<date>_<date>_…_unw_phase.tif."
            )
    if not products:
        refuse_packed(path)
        raise InputError(
            f"{path} holds no HyP3 product, expected <satellite>_<date>_<date>_…_unw_phase.tif "
            "in it or in folders in it."
        )
    for product in products.values():
        for layer in ("unw_phase", "corr"):
            if layer not in product.files:
                raise InputError(f"{product.stem} lacks its _{layer}.tif, expected it beside.")
    return sorted(products.values(), key=lambda product: product.dates)


def _sentinel1(products: list[_Product]) -> float:
    """Sentinel-1's wavelength, which no other satellite's products may take."""
    for product in products:
        if not product.stem.name.startswith("S1"):
            raise InputError(f"{product.stem} is not Sentinel-1's, expected a wavelength for it.")
    return RADARS["Sentinel-1"].wavelength


def _layers(products: list[_Product]) -> dict[Path, str]:
    """Files to open and the layer in each: phases and correlations, the ground's only once."""
    layers = {p.files[name]: name for name in ("unw_phase", "corr") for p in products}
    for names in (("lv_theta", "lv_phi"), ("dem",)):
        complete = [p.files for p in products if set(names) <= set(p.files)]
        if complete:
            layers |= {complete[0][name]: name for name in names}
    return layers


def _stacked(files: dict[Path, Start], grid: Grid, decode: Decode) -> da.Array:
    return lazy_stack(list(files), grid, decode, list(files.values()))


def _coherence(stored: np.ndarray, path: Path) -> np.ndarray:
    return checked_coherence(zero_is_missing(stored, path), path)


def _elevation(stored: np.ndarray, path: Path) -> np.ndarray:
    outside = (stored < 0) | (stored > np.pi / 2)
    if outside.any():
        raise InputError(f"{path}: the angle is {stored[outside][0]:g}, expected 0 to π/2 radians.")
    return zero_is_missing(stored, path)


def _add_ground(stack: xr.Dataset, files: dict[str, dict[Path, Start]], grid: Grid) -> None:
    """Add the unit vector ground to sensor and the height, from the files of each layer.

    θ is the elevation of the sensor above the horizontal, φ its direction from East,
    anticlockwise: (cos θ cos φ, cos θ sin φ, sin θ).
    """
    if "dem" in files:
        height = _stacked(files["dem"], grid, as_stored)[0]
        stack["height"] = ("y", "x"), height, {"units": "m"}
    if "lv_theta" in files:
        theta = _stacked(files["lv_theta"], grid, _elevation)[0]
        phi = _stacked(files["lv_phi"], grid, as_stored)[0]
        vector = {
            "line_of_sight_east": da.cos(theta) * da.cos(phi),
            "line_of_sight_north": da.cos(theta) * da.sin(phi),
            "line_of_sight_up": da.sin(theta),
        }
        for name, part in vector.items():
            stack[name] = ("y", "x"), part, {"units": "1"}


def _add_baselines(stack: xr.Dataset, products: list[_Product]) -> None:
    values = [_baseline(product.stem.with_name(f"{product.stem.name}.txt")) for product in products]
    if not np.isnan(values).all():
        stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}


def _baseline(path: Path) -> float:
    """Perpendicular baseline (m) from a product's text; NaN where there is none."""
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "Baseline":
            try:
                return float(value)
            except ValueError as error:
                raise InputError(
                    f"{path}: {value.strip()!r} is no baseline, expected metres."
                ) from error
    return np.nan
