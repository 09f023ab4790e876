"""The interactive cube: what the page carries, and that it is small."""

import base64
import json
import re
import zlib
from typing import Any

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.insar import temporal_models
from qilian.views import explorer


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """Displacement about a model, some of it missing, an interval unknown."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2016-01-03", "ns") + np.arange(40) * np.timedelta64(24, "D")
    model = temporal_models.periodic_model(xr.DataArray(days, {"time": days}, ("time",)))
    parameters = rng.normal(0, 10, (4, 12, 30))
    displacement = np.einsum("tp,pyx->tyx", model.values, parameters)
    displacement += rng.normal(0, 5, displacement.shape)
    displacement[:, 2, 3] = np.nan
    interval = np.abs(rng.normal(10, 2, displacement.shape))
    interval[7, 5, 5] = np.nan
    about = {"units": "mm", "long_name": "vertical displacement"}
    degrees = {"units": "degrees_east", "long_name": "longitude"}
    return xr.Dataset(
        {
            "displacement": (("time", "y", "x"), displacement, about),
            "half_width": (("time", "y", "x"), interval, about),
            "parameters": (("parameter", "y", "x"), parameters),
            "model": (("time", "parameter"), model.values),
        },
        {
            "time": days,
            "y": ("y", np.linspace(38.2, 38, 12), degrees),
            "x": ("x", np.linspace(99, 99.5, 30), degrees),
        },
        {"simulated": True, "title": "test"},
    )


def unpacked(letters: str, level: dict, columns: int, rows: int, dates: int) -> xr.Dataset:
    """Displacement, half-width and parameters of a tile, by the arithmetic of the page's script."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(letters), -15), "uint8")
    cube = columns * rows * dates
    moved, widths, fit = np.split(content, [2 * cube, 3 * cube])
    widths = widths.reshape(dates, rows, columns).cumsum(0, dtype="uint8").astype(float)
    moved = summed(moved, rows, columns) * level["step"]
    fit = summed(fit, rows, columns) * np.array(level["scales"])[:, None, None]
    unknown = widths >= explorer.UNKNOWN
    return xr.Dataset(
        {
            "displacement": (("time", "y", "x"), np.where(widths == 255, np.nan, moved)),
            "half_width": (("time", "y", "x"), np.where(unknown, np.nan, widths * level["width"])),
            "parameters": (("parameter", "y", "x"), fit),
        }
    )


def summed(content: np.ndarray, rows: int, columns: int) -> np.ndarray:
    low, high = np.split(content.astype("uint16"), 2)
    unsigned = low | high << 8
    codes = (unsigned >> 1).astype("int16") ^ -(unsigned & 1).astype("int16")
    codes = codes.reshape(-1, rows, columns)
    for axis in range(3):
        codes = codes.cumsum(axis, dtype="int16")
    return codes.astype(float)


def scene_of(view: explorer.Explorer) -> dict:
    return json.loads(re.search(r"const scene = (.*);\n", view.page)[1])


def seen(cube: xr.Dataset, **options: Any) -> explorer.Explorer:
    return explorer.displacement_explorer(
        cube, cube["model"], name="s08", palette=["#000000", "#ffffff"], limit=50.0, **options
    )


def test_what_the_page_carries_gives_the_cube_back(cube):
    """To half a step, far below the interval; what is missing or unknown stays so."""
    scene = scene_of(seen(cube))
    level = scene["levels"][0]
    found = unpacked(scene["data"], level, 30, 12, 40)
    assert level["step"] == 0.5  # the largest of 1, 2, 5 × 10ⁿ below a twentieth of 10 mm
    there = cube.where(cube["displacement"].notnull())
    for name, step in (("displacement", level["step"]), ("half_width", level["width"])):
        np.testing.assert_allclose(found[name], there[name], atol=0.5 * step + 1e-6)
    np.testing.assert_allclose(found["parameters"], cube["parameters"], atol=1e-3)


def test_tiles_give_the_cube_back(cube):
    """Cut along rows and columns, each by itself; the page has blocks of them."""
    large = cube.isel(y=np.arange(70) % 12, x=np.arange(150) % 30)
    large = large.assign_coords(y=38.2 - 0.01 * np.arange(70), x=99 + 0.01 * np.arange(150))
    for name in "xy":
        large[name].attrs = cube[name].attrs
    view = seen(large, page_bytes=50_000, beside_bytes=10_000_000)
    coarse, fine = scene_of(view)["levels"]
    assert (fine["block"], coarse["block"] > 1) == (1, True)
    assert set(view.tiles) == {f"{row}_{column}.js" for row in range(2) for column in range(3)}
    packed = re.search(r'\["s08/1_2"\]="([^"]*)"', view.tiles["1_2.js"])[1]
    corner = large.isel(y=slice(64, None), x=slice(128, None))
    found = unpacked(packed, fine, 22, 6, 40)
    np.testing.assert_allclose(found["displacement"], corner["displacement"], atol=0.2501)


@pytest.mark.parametrize("limit", [2_000, 20_000, 100_000])
def test_blocks_grow_until_the_bytes_fit(cube, limit):
    """Whatever the limits are; with room for all in the page nothing lies beside it."""
    view = seen(cube, page_bytes=limit // 2, beside_bytes=limit)
    scene = scene_of(view)
    assert len(scene["data"]) <= limit // 2
    assert sum(map(len, view.tiles.values())) <= limit + 100 * len(view.tiles)
    assert seen(cube).tiles == {}
    assert len(scene_of(seen(cube))["levels"]) == 1


def test_a_block_does_not_leave_its_model(cube):
    """Series that are their model, with pixels and dates missing, stay it when averaged.

    In each block of four one pixel is masked and has another model by far, as in a pit, and one
    lacks half of its dates. The mean over what is left of each date would jump; the parameters are
    the mean of the three that count.
    """
    parameters = cube["parameters"].copy(deep=True)
    parameters[0, :, ::2] += 40.0
    exact = cube.assign(parameters=parameters)
    exact["displacement"] = (
        (parameters * cube["model"]).sum("parameter").transpose(*cube["displacement"].dims)
    )
    exact["parameters"][:, ::2, ::2] += 500.0
    exact["displacement"][:, ::2, ::2] = np.nan
    exact["displacement"][:20, 1::2, 1::2] = np.nan
    coarse = explorer.coarsened(exact, exact["model"], block=2)
    fitted = (coarse["parameters"] * exact["model"]).sum("parameter")
    np.testing.assert_allclose(
        coarse["displacement"], fitted.transpose("time", "y", "x"), atol=1e-9
    )
    p = exact["parameters"].values
    of_three = (p[:, ::2, 1::2] + p[:, 1::2, ::2] + p[:, 1::2, 1::2]) / 3
    np.testing.assert_allclose(coarse["parameters"], of_three)


def test_blocks_are_averaged_and_half_empty_ones_are_missing(cube):
    """A block with one of four missing keeps a mean; with three missing it has none."""
    coarse = explorer.coarsened(cube, cube["model"], block=2)
    assert coarse.sizes["x"] == 15
    block = cube["displacement"].values[:, 4:6, 8:10]
    np.testing.assert_allclose(coarse["displacement"].values[:, 2, 4], block.mean((1, 2)))
    assert np.isfinite(coarse["displacement"].values[:, 1, 1]).all()
    empty = cube.copy(deep=True)
    empty["displacement"][:, 2:4, 2:4] = np.nan
    empty["displacement"][:, 2, 2] = 1.0
    coarse = explorer.coarsened(empty, cube["model"], block=2)
    assert np.isnan(coarse["displacement"].values[:, 1, 1]).all()
    with pytest.raises(InputError, match=r"^block is 0, expected 1 or more\.$"):
        explorer.coarsened(cube, cube["model"], block=0)


def test_the_far_edges_stay_on_the_map(cube):
    """Blocks there have fewer pixels, and the mean of these."""
    coarse = explorer.coarsened(cube, cube["model"], block=7)
    assert (coarse.sizes["y"], coarse.sizes["x"]) == (2, 5)
    corner = cube["displacement"].values[:, 7:, 28:]
    np.testing.assert_allclose(coarse["displacement"].values[:, 1, 4], corner.mean((1, 2)))


@pytest.mark.parametrize(("moved", "limit"), [(np.nan, np.nan), (0.0, 0.0)])
def test_ground_without_values_or_motion_is_shown_on_a_scale_of_a_millimetre(cube, moved, limit):
    """All masked, or all zero; the limit is then unknown, or zero."""
    blank = cube.assign(displacement=cube["displacement"] * 0 + moved)
    view = explorer.displacement_explorer(
        blank, cube["model"], name="s08", palette=["#000000", "#ffffff"], limit=limit
    )
    scene = scene_of(view)
    assert scene["limit"] == 1.0
    assert scene["start"] == [0.5, 0.5]
    found = unpacked(scene["data"], scene["levels"][0], 30, 12, 40)
    assert found["displacement"].fillna(0).max() == 0


def test_a_map_lies_north_up_whichever_way_its_rows_run(cube):
    """Turned over, it gives the same page."""
    turned = cube.isel(y=slice(None, None, -1), x=slice(None, None, -1))
    area = xr.zeros_like(cube["displacement"][0], bool)
    area[2, 5:7] = True
    scene = scene_of(seen(cube, reference=area))
    assert scene_of(seen(turned, reference=area[::-1])) == scene
    assert scene["reference"] == [5, 2, 7, 3]


def test_a_view_says_that_its_input_is_simulated(cube):
    """In its head, which no reader can miss, and which saved series repeat."""
    assert scene_of(seen(cube))["title"].startswith("Simulated: ")
    assert not scene_of(seen(cube.assign_attrs(simulated=False)))["title"].startswith("Simulated")
