"""The explorer of a displacement cube: every date, places compared, a profile, finer on zooming in.

It works in a static page, without a server: the page carries the cube in coarse blocks, finer tiles
lie beside it as scripts, since a page opened from a disk may read nothing else, and `explorer.js`
draws from both.
"""

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.figures.style import MISSING, titled

TILE = 64  # cells along the side of a tile
UNKNOWN, ABSENT = 254, 255  # codes of an unknown half-width and of a missing displacement
_LEAST = 0.3  # bytes that a value takes, at least; where the search for a block begins
_DEGREE = 111_320.0  # metres in a degree of latitude

_PAGE = """\
<style>{style}</style>
<div class="explorer" data-name="{name}">
<p>The interactive map is drawn by a script, which has not run here. The figure above does not need
it; in JupyterLab, trust the notebook.</p>
</div>
<script>(() => {{
{script}
const scene = {scene};
const roots = `.explorer[data-name="${{scene.name}}"]:not([data-on])`;
for (const root of document.querySelectorAll(roots)) explore(root, scene);
}})();</script>
"""


@dataclass(frozen=True)
class Explorer:
    """An explorer as a page holds it, and the finer tiles to put beside that page.

    Attributes
    ----------
    page : str
        HTML with all that it needs at first.
    tiles : mapping of str to str
        Scripts by file name; empty where the page holds all there is.
    """

    page: str = field(repr=False)
    tiles: Mapping[str, str] = field(repr=False)

    def _repr_html_(self) -> str:
        return self.page


def coarsened(displacement: xr.Dataset, model: xr.DataArray, *, block: int) -> xr.Dataset:
    r"""Average a displacement, its model and its intervals over the same pixels of each block.

    Pixels count that have a model and a displacement at any date. Where some of them lack a date,
    the block's displacement is their mean model plus the mean of what the model leaves of the
    others, so that a gap draws no series away from its model:
    :math:`\bar d_t = M_t \bar m + \overline{(d_t - M_t m)}`. Half-widths are averaged too, since
    neighbours share most of their noise.

    Parameters
    ----------
    displacement : xarray.Dataset
        (time, y, x) `displacement` and its `half_width` of 95 % [mm], (parameter, y, x)
        `parameters`.
    model : xarray.DataArray
        (time, parameter), the temporal model behind `parameters`.
    block : int
        Pixels along the side of a block; those at the far edges may have fewer.

    Returns
    -------
    xarray.Dataset
        In memory; missing where less than half of a block's pixels count.
    """
    require("block", block, block >= 1, "1 or more")
    used = displacement[["displacement", "half_width", "parameters"]]
    if block == 1:
        return used.compute()
    counted = used["displacement"].notnull().any("time")
    counted &= used["parameters"].notnull().all("parameter")
    rest = used["displacement"] - _fitted(used["parameters"], model)
    over = used.assign(displacement=rest).where(counted).assign(counted=counted.astype("float32"))
    coarse = over.coarsen(x=block, y=block, boundary="pad").mean().compute()
    coarse = coarse.where(coarse["counted"] >= 0.5).drop_vars("counted")
    coarse["displacement"] = coarse["displacement"] + _fitted(coarse["parameters"], model)
    for name in used:
        coarse[name].attrs = used[name].attrs
    return coarse.assign_attrs(displacement.attrs)


def displacement_explorer(
    displacement: xr.Dataset,
    model: xr.DataArray,
    *,
    name: str,
    palette: Sequence[str],
    limit: float,
    outlines: Any = None,
    reference: xr.DataArray | None = None,
    page_bytes: int = 1_000_000,
    beside_bytes: int = 9_800_000,
) -> Explorer:
    """Make an explorer, in the page as fine and beside it as fine as the bytes allow.

    A reader compares series of places, takes their difference, moves the reference, draws a
    profile, and saves what is shown; the address of the page holds the state.

    Parameters
    ----------
    displacement : xarray.Dataset
        As `coarsened` takes it, with coordinates in degrees or metres.
    model : xarray.DataArray
        (time, parameter), the temporal model behind `parameters`.
    name : str
        Of the page, such as `s08`; the tiles are looked for in `../_tiles/s08_tiles/`.
    palette : sequence of str
        Colours from sinking to rising.
    limit : float
        Displacement of the last colour; of the first, its negative [mm]. A millimetre is taken
        where it is none, as of ground that doesn't move or has no value.
    outlines : geopandas.GeoDataFrame, optional
        Features with a `name` and a `kind`, in any coordinate system.
    reference : xarray.DataArray, optional
        (y, x), true in the area whose mean displacement is zero.
    page_bytes, beside_bytes : int, optional
        What the page and all tiles may weigh, uncompressed.

    Returns
    -------
    Explorer
        Displays itself in a notebook. The series shown first is where the ground moved most.
    """
    upright = _upright(displacement[["displacement", "half_width", "parameters"]])
    model = model.transpose("time", "parameter").astype("float32").load()
    cells, fine, tiles = _finest(upright, model, beside_bytes, TILE)
    coarse, first, whole = _finest(cells, model, page_bytes, max(cells.sizes.values()))
    first["block"] *= fine["block"]
    levels = [first, fine]
    if first["block"] == fine["block"]:  # the page holds the finest there is
        levels, tiles = [first], {}
    scene = {
        "name": name,
        "title": titled(_what(displacement), displacement),
        "source": displacement.attrs["title"],
        "times": upright["time"].dt.strftime("%Y-%m-%d").values.tolist(),
        "model": model.values.tolist(),
        "grid": _grid(upright),
        "levels": levels,
        "beside": f"../_tiles/{name}_tiles/",
        "palette": list(palette),
        "missing": MISSING,
        "limit": limit if limit > 0 else 1.0,
        "outlines": [] if outlines is None else _rings(outlines, upright),
        "reference": None if reference is None else _frame(_upright(reference)),
        "start": _most_moved(coarse, first["block"]),
        "data": whole["0_0"],
    }
    written = json.dumps(scene, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    here = files("qilian.views")
    style, script = (here.joinpath(f"explorer.{end}").read_text("utf-8") for end in ("css", "js"))
    page = _PAGE.format(name=name, style=style, script=script, scene=written)
    beside = {
        f"{place}.js": f'(globalThis.qilianTiles??={{}})["{name}/{place}"]="{packed}";'
        for place, packed in tiles.items()
    }
    return Explorer(page, beside)


class _Codes(NamedTuple):
    """A cube as integers: displacement and parameters in steps of 16 bits, half-widths of 8."""

    displacement: np.ndarray
    half_width: np.ndarray
    parameters: np.ndarray


def _upright(data: Any) -> Any:
    """Turn a map so that its first row is the northern one and its first column the western one."""
    backward = {"x": data["x"][0] > data["x"][-1], "y": data["y"][0] < data["y"][-1]}
    return data.isel({axis: slice(None, None, -1) for axis, turned in backward.items() if turned})


def _finest(
    data: xr.Dataset, model: xr.DataArray, limit: int, tile: int
) -> tuple[xr.Dataset, dict[str, Any], dict[str, str]]:
    """Find the smallest block whose tiles weigh at most `limit` bytes together."""
    values = data["displacement"].size
    for block in range(max(1, math.ceil(math.sqrt(_LEAST * values / limit))), values + 2):
        coarse = coarsened(data, model, block=block)
        steps = _steps(coarse)
        tiles = _tiles(_encode(coarse, steps), tile)
        if sum(map(len, tiles.values())) <= limit or coarse["displacement"][0].size == 1:
            break
    size = {"block": block, "columns": coarse.sizes["x"], "rows": coarse.sizes["y"], "tile": tile}
    return coarse, size | steps, tiles


def _steps(data: xr.Dataset) -> dict[str, Any]:
    """Choose steps of the codes: of displacement 1, 2 or 5 × 10ⁿ mm, a twentieth of its interval.

    Where that is unknown the step is a millimetre. What rounding adds is then far below what the
    data know; and every value has a code.
    """
    reach, moved = data["half_width"].values, data["displacement"].values
    known = reach[reach > 0]
    aim = max(0.1, float(np.median(known)) / 20) if known.size else 1.0
    power = 10.0 ** math.floor(math.log10(aim))
    step = max(n * power for n in (1, 2, 5) if n * power <= aim * 1.0001)
    largest = max(np.nanmax(moved, initial=0), -np.nanmin(moved, initial=0))
    step = max(step, math.ceil(10 * largest / 32_000) / 10)
    width = max(step, math.ceil(10 * np.nanmax(reach, initial=0) / (UNKNOWN - 1)) / 10)
    size = np.nanmax(abs(data["parameters"].values), axis=(1, 2), initial=1e-3)
    return {"step": step, "width": width, "scales": (size / 32_000).tolist()}


def _encode(data: xr.Dataset, steps: Mapping[str, Any]) -> _Codes:
    """Round a cube to its steps; a missing value takes the code of its neighbour to the left."""
    moved = data["displacement"].transpose("time", "y", "x").values
    reach = data["half_width"].transpose("time", "y", "x").values
    parameters = data["parameters"].transpose("parameter", "y", "x").values
    scales = np.array(steps["scales"])[:, None, None]
    known = np.where(np.isfinite(reach), np.round(reach / steps["width"]), UNKNOWN)
    widths = np.where(np.isfinite(moved), known, ABSENT)
    return _Codes(
        _carried(np.round(moved / steps["step"])),
        widths.astype("uint8"),
        _carried(np.round(parameters / scales)),
    )


def _carried(codes: np.ndarray) -> np.ndarray:
    """Carry codes on along a row over what is missing; from its beginning, zeros."""
    there = np.isfinite(codes)
    if not there.all():
        last = np.where(there, np.arange(codes.shape[2], dtype="int32"), 0)
        codes = np.take_along_axis(codes, np.maximum.accumulate(last, axis=2), axis=2)
    return np.nan_to_num(codes).astype("int16")


def _tiles(codes: _Codes, side: int) -> dict[str, str]:
    """Cut codes into tiles, by row and column."""
    _, rows, columns = codes.displacement.shape
    return {
        f"{row}_{column}": _packed(
            _Codes(
                *(c[:, row * side :, column * side :][:, :side, :side] for c in codes),
            )
        )
        for row in range(-(-rows // side))
        for column in range(-(-columns // side))
    }


def _packed(codes: _Codes) -> str:
    """Write codes as differences between neighbours, deflated, in letters.

    What is left of noise has no strings that repeat, so that deflating looks for runs alone.
    """
    widths = np.diff(codes.half_width, axis=0, prepend=np.uint8(0)).tobytes()
    content = _differences(codes.displacement) + widths + _differences(codes.parameters)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_RLE)
    return base64.b64encode(deflate.compress(content) + deflate.flush()).decode()


def _differences(codes: np.ndarray) -> bytes:
    """Differences along all axes, modulo 2¹⁶: first all low bytes, then the high ones.

    The sign is the lowest bit, so that small differences of either sign have a high byte of zero.
    """
    for axis in range(codes.ndim):
        codes = np.diff(codes, axis=axis, prepend=np.int16(0))
    unsigned = ((codes << 1) ^ (codes >> 15)).astype("uint16")
    return (unsigned & 255).astype("uint8").tobytes() + (unsigned >> 8).astype("uint8").tobytes()


def _fitted(parameters: xr.DataArray, model: xr.DataArray) -> xr.DataArray:
    return (parameters * model).sum("parameter", skipna=False)


def _what(displacement: xr.Dataset) -> str:
    about = displacement["displacement"].attrs
    direction = about.get("direction")
    return f"{about['long_name']}, {direction}" if direction else about["long_name"]


def _grid(upright: xr.Dataset) -> dict[str, Any]:
    """Outer corner in the north-west, size of a pixel in coordinates and in metres, pixels."""
    x, y = upright["x"].values, upright["y"].values
    dx, dy = float(x[1] - x[0]), float(y[1] - y[0])
    geographic = str(upright["x"].attrs["units"]).startswith("degree")
    metres = [dx, -dy]
    if geographic:
        metres = [dx * _DEGREE * math.cos(math.radians(float(y.mean()))), -dy * _DEGREE]
    corner = {"x0": float(x[0]) - dx / 2, "y0": float(y[0]) - dy / 2, "dx": dx, "dy": dy}
    return corner | {
        "columns": x.size,
        "rows": y.size,
        "metres": metres,
        "geographic": geographic,
    }


def _rings(outlines: Any, upright: xr.Dataset) -> list[dict[str, Any]]:
    """Outlines in pixels from the north-western corner, x and y in turn."""
    grid = _grid(upright)
    features = outlines.to_crs(upright.rio.crs).explode()
    rings = []
    for named, kind, shape in zip(
        features["name"], features["kind"], features.geometry, strict=True
    ):
        for ring in (shape.exterior, *shape.interiors):
            corners = np.asarray(ring.coords)[:, :2] - (grid["x0"], grid["y0"])
            along = (corners / (grid["dx"], grid["dy"])).round(2).ravel().tolist()
            rings.append({"name": named, "kind": kind, "ring": along})
    return rings


def _frame(area: xr.DataArray) -> list[int] | None:
    """First column and row of an area, and those behind its last; None of an empty one."""
    there = area.transpose("y", "x").values.astype(bool)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not rows.size:
        return None
    return [int(n) for n in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)]


def _most_moved(coarse: xr.Dataset, block: int) -> list[float]:
    """Where the ground moved most until the last date, in pixels; the first where none is known."""
    moved = abs(coarse["displacement"].isel(time=-1)).transpose("y", "x").fillna(-1).values
    row, column = np.unravel_index(np.argmax(moved), moved.shape)
    return [(int(column) + 0.5) * block, (int(row) + 0.5) * block]
