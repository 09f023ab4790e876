"""HyP3 products: geocoded interferograms of ASF's INSAR_GAMMA and INSAR_ISCE (multi-)burst jobs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import dask.array as da
import numpy as np
import xarray as xr
from rasterio.enums import Resampling
from rasterio.windows import Window

from qilian.archive.readers.files import files_under, refuse_packed
from qilian.archive.readers.layers import add_vector, coherence_or_nothing, phase_or_nothing
from qilian.archive.readers.pairs import pair_dates, parse_metres
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    Layer,
    Start,
    as_stored,
    checked_height,
    common_extent,
    coordinates,
    grid_of,
    lazy_stack,
    look_vector,
    read_layer,
    read_values,
    zero_is_missing,
)
from qilian.archive.readers.table import read_text
from qilian.contracts.datasets import INTERFEROGRAMS, conform
from qilian.contracts.errors import InputError
from qilian.contracts.radars import RADARS

# <anything>_<date>_<date>[_<anything>]_<layer>.tif, with or without the time of day; some users
# hold files clipped to their area, as MintPy's and HyP3's own recipes write them.
_FILE = re.compile(
    r"(?P<product>.*?(?<!\d)(?P<first>\d{8})(?:T\d{6})?_(?P<second>\d{8})(?:T\d{6})?(?!\d).*?)"
    r"_(?P<layer>unw_phase|corr|lv_theta|lv_phi|dem)(?:_clip(?:ped)?)?\.tif"
)


_LOOK_APART = 20.0  # degrees between lines of sight, more than within a scene
_TIME_APART = 15.0  # degrees of a day: an hour, more than between the frames of a track


@dataclass
class _Product:
    """One pair: its dates, the name its files share, the files by layer."""

    stem: Path
    dates: tuple[str, str]
    files: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def told(self) -> dict[str, str]:
        """What the text beside the product says, by its keys."""
        path = self.stem.with_name(f"{self.stem.name}.txt")
        lines = read_text(path).splitlines() if path.is_file() else []
        return {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}


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
    _refuse_two_tracks(products)
    stack = pair_dates([p.dates for p in products], [str(p.stem) for p in products])
    layers = _layers(products)
    apart = _apart(layers)
    shared = [file for file in layers if file not in apart]
    grid, starts = common_extent(shared)
    place = dict(zip(shared, starts, strict=True))
    stack = stack.merge(coordinates(grid))
    for name, layer, decode, units in (
        ("unwrapped_phase", "unw_phase", phase_or_nothing, "rad"),
        ("coherence", "corr", coherence_or_nothing, "1"),
    ):
        files = {product.files[layer]: place[product.files[layer]] for product in products}
        stack[name] = ("pair", "y", "x"), _stacked(files, grid, decode), {"units": units}
    ground = {
        layer: _ground_layer(file, grid, _GROUND[layer], place.get(file))
        for file, layer in layers.items()
        if layer in _GROUND
    }
    _add_ground(stack, ground)
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


def _refuse_two_tracks(products: list[_Product]) -> None:
    """Refuse products that look from elsewhere: their displacements are along other lines."""
    for about, least in ((_look, _LOOK_APART), (_time_of_day, _TIME_APART)):
        known = [(product, value) for product in products if (value := about(product)) is not None]
        for product, value in known:
            first, start = known[0]
            if abs((value - start + 180) % 360 - 180) > least:
                raise InputError(
                    f"{product.stem.name} and {first.stem.name} are of two tracks, such as an "
                    "ascending and a descending one, expected one track a folder."
                )


def _look(product: _Product) -> float | None:
    """Direction of the sensor in the middle of a product, degrees from East; None if unknown."""
    path = product.files.get("lv_phi")
    if path is None:
        return None
    rows, columns = grid_of(path).shape
    window = Window(columns // 2, rows // 2, 1, 1)
    (angle,) = np.degrees(read_values(path, window)).flat
    return float(angle) if np.isfinite(angle) and angle != 0 else None


def _time_of_day(product: _Product) -> float | None:
    """Time of the first acquisition, as degrees of a day; None if the name lacks it."""
    found = re.search(r"\d{8}T(\d\d)(\d\d)(\d\d)", product.stem.name)
    if found is None:
        return None
    hours, minutes, seconds = map(int, found.groups())
    return (hours + minutes / 60 + seconds / 3600) * 15


def _layers(products: list[_Product]) -> dict[Path, str]:
    """Files to open and the layer in each: phases and correlations, the ground's only once."""
    layers = {p.files[name]: name for name in ("unw_phase", "corr") for p in products}
    for names in (("lv_theta", "lv_phi"), ("dem",)):
        complete = [p.files for p in products if set(names) <= set(p.files)]
        if complete:
            layers |= {complete[0][name]: name for name in names}
    return layers


def _apart(layers: Mapping[Path, str]) -> set[Path]:
    """Find files of the ground whose pixels lie between those of the pairs."""
    pixels = grid_of(next(iter(layers)))
    ground = (file for file, layer in layers.items() if layer in _GROUND)
    return {file for file in ground if not grid_of(file).shares_pixels(pixels)}


def _ground_layer(path: Path, grid: Grid, decode: Decode, start: Start | None) -> Layer:
    if start is not None:
        return _stacked({path: start}, grid, decode)[0]
    # Not between angles, which jump from -π to π.
    return read_layer(path, grid, decode, resampling=Resampling.nearest)[0]


def _stacked(files: dict[Path, Start], grid: Grid, decode: Decode) -> da.Array:
    return lazy_stack(list(files), grid, decode, list(files.values()))


def _elevation(stored: np.ndarray, path: Path) -> np.ndarray:
    outside = (stored < 0) | (stored > np.pi / 2)
    if outside.any():
        raise InputError(f"{path}: the angle is {stored[outside][0]:g}, expected 0 to π/2 radians.")
    return zero_is_missing(stored, path)


_GROUND: Mapping[str, Decode] = {
    "dem": checked_height,
    "lv_theta": _elevation,
    "lv_phi": as_stored,
}


def _add_ground(stack: xr.Dataset, layers: Mapping[str, Layer]) -> None:
    """Add the unit vector ground to sensor and the height.

    θ is the elevation of the sensor above the horizontal, φ its direction from East,
    anticlockwise: (cos θ cos φ, cos θ sin φ, sin θ).
    """
    if "dem" in layers:
        stack["height"] = ("y", "x"), layers["dem"], {"units": "m"}
    if "lv_theta" in layers:
        theta, phi = layers["lv_theta"], layers["lv_phi"]
        vector = look_vector(
            np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta)
        )
        add_vector(stack, vector)


def _add_baselines(stack: xr.Dataset, products: list[_Product]) -> None:
    values = [_baseline(product) for product in products]
    if not np.isnan(values).all():
        stack["perpendicular_baseline"] = "pair", np.array(values), {"units": "m"}


def _baseline(product: _Product) -> float:
    """Perpendicular baseline (m) from a product's text; NaN where there is none."""
    value = product.told.get("Baseline")
    return np.nan if value is None else parse_metres(value, f"{product.stem}.txt")
