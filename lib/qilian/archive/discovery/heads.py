"""What a file says of itself: first lines of a text, the header of a raster or netCDF file."""

import gzip
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import h5py
import pyogrio
import rasterio

_BYTES = 65536  # of a text
_OBJECTS = 400  # of an HDF5 file
_GEOMETRY = re.compile(r'"type"\s*:\s*"((?:Multi)?(?:Point|LineString|Polygon))"')


@cache
def head(path: Path) -> str:
    """Tell what a file says of itself at its start; no file is read whole.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    str
        Of a text its first lines, of a raster its bands, of HDF5 and netCDF the names and
        attributes, of a vector file its geometry, of a zip archive its files; empty for the rest.
    """
    say = _SAY.get(path.suffix.casefold(), _text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a raster without coordinates is no matter here
        try:
            return say(path)
        except Exception:  # what libraries raise over foreign files is known to nobody
            return ""


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        return _decoded(stream.read(_BYTES))


def _gzip(path: Path) -> str:
    with gzip.open(path) as stream:
        return _decoded(stream.read(_BYTES))


def _decoded(raw: bytes) -> str:
    """Decode the start of a text up to its last whole line; nothing of what is no text."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", "ignore")
    elif b"\0" in raw:
        return ""
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            within_a_letter = error.start > _BYTES - 4
            text = raw.decode("utf-8" if within_a_letter else "latin-1", "ignore")
    return text.rpartition("\n")[0] if len(raw) == _BYTES else text


def _raster(path: Path) -> str:
    with rasterio.open(path) as raster:
        named = raster.descriptions if any(raster.descriptions) else raster.colorinterp
        names = ", ".join(str(getattr(name, "name", name)) for name in named)
        scaled = "" if set(raster.scales) == {1.0} else ", scaled"
        return f"{raster.count} bands of {raster.dtypes[0]}: {names}{scaled}"


def _hierarchy(path: Path) -> str:
    with path.open("rb") as stream:
        if stream.read(3) == b"CDF":
            return _classic(path)
    with h5py.File(path) as file:
        attributes = (f"{key}={_plain(value)}" for key, value in file.attrs.items())
        return "\n".join([*attributes, *_names(file)])


def _plain(value: object) -> str:
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return text[:200]


def _names(file: h5py.File) -> Iterator[str]:
    """Names of an HDF5 file's datasets, those of outer groups first."""
    waiting, told = [file], 0
    while waiting and told < _OBJECTS:
        group = waiting.pop(0)
        for item in group.values():
            told += 1
            if isinstance(item, h5py.Group):
                waiting.append(item)
            else:
                yield f"{item.name} {item.shape}"


def _classic(path: Path) -> str:
    """Words of a classic netCDF file's header, which stands at its start."""
    with path.open("rb") as stream:
        words = re.findall(rb"[ -~]{2,}", stream.read(_BYTES))
    return "\n".join(f"/{word.decode()} " for word in words)


def _zip(path: Path) -> str:
    with zipfile.ZipFile(path) as packed:
        return "\n".join(packed.namelist()[:_OBJECTS])


def _features(path: Path) -> str:
    """Geometry of a vector file; GeoJSON says it with its first feature."""
    if path.suffix.casefold() in (".geojson", ".json"):
        found = _GEOMETRY.search(_text(path))
        return found[1] if found else ""
    return str(pyogrio.read_info(path)["geometry_type"] or "")


_SAY: dict[str, Callable[[Path], str]] = {
    **dict.fromkeys((".tif", ".tiff", ".vrt"), _raster),
    **dict.fromkeys((".nc", ".nc4", ".grd", ".h5", ".he5", ".hdf5"), _hierarchy),
    **dict.fromkeys((".geojson", ".json", ".gpkg", ".shp"), _features),
    ".gz": _gzip,
    ".zip": _zip,
}
