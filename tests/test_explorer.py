"""The interactive cube: what the page carries, and that it is small."""

import gzip

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.insar import temporal_models
from qilian.views import explorer, linked


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


def test_what_the_page_carries_gives_the_cube_back(cube):
    """To half a step, by the arithmetic of the page's script; missing and unknown stay so."""
    packed = explorer._encode(cube, cube["model"])
    grid = packed["grid"]
    size = grid["columns"] * grid["rows"]
    parameters = packed["parameters"].reshape(grid["parts"], size)
    fitted = packed["model"].reshape(-1, grid["parts"]) @ parameters
    differences = packed["rest"].reshape(-1, grid["rows"], grid["columns"])
    codes = differences.cumsum(2, dtype="int8").reshape(-1, size).astype(float)
    found = np.where(codes == explorer.MISSING, np.nan, codes * grid["step"]) + fitted
    expected = cube["displacement"].values.reshape(-1, size)
    np.testing.assert_allclose(found, expected, atol=0.5 * grid["step"] + 1e-3)
    widths = packed["reach"].reshape(-1, size).cumsum(0, dtype="uint8").astype(float)
    reach = np.where(widths == explorer.UNKNOWN, np.nan, widths * grid["width"])
    np.testing.assert_allclose(
        reach, cube["half_width"].values.reshape(-1, size), atol=0.5 * grid["width"] + 1e-9
    )
    assert grid["step"] <= 0.3
    assert packed["rest"].itemsize == packed["reach"].itemsize == 1


def test_blocks_are_averaged_and_half_empty_ones_are_missing(cube):
    """A map of 30 columns becomes 15; a block with one of four missing keeps its mean."""
    coarse = explorer.coarsened(cube, columns=15)
    assert coarse.sizes["x"] == 15
    block = cube["displacement"].values[:, 4:6, 8:10]
    np.testing.assert_allclose(coarse["displacement"].values[:, 2, 4], block.mean((1, 2)))
    assert np.isfinite(coarse["displacement"].values[:, 1, 1]).all()
    empty = cube.copy(deep=True)
    empty["displacement"][:, 2:4, 2:4] = np.nan
    empty["displacement"][:, 2, 2] = 1.0
    assert np.isnan(explorer.coarsened(empty, columns=15)["displacement"].values[:, 1, 1]).all()
    with pytest.raises(InputError, match=r"^columns is 0, expected 1 or more\.$"):
        explorer.coarsened(cube, columns=0)


def test_a_view_says_that_its_input_is_simulated(cube):
    """In the titles of map and chart."""
    view = explorer.displacement_explorer(
        cube, cube["model"], palette=["#000000", "#ffffff"], limit=50.0
    )
    plots = [child for child in view.object.children if hasattr(child, "title")]
    titles = [p.title.text for p in plots if hasattr(p.title, "text")]
    assert len(titles) == 2
    assert all(title.startswith("Simulated: ") for title in titles)


def test_a_linked_map_carries_values_to_a_thousandth_of_its_colours_range():
    """Missing ground and attributes stay, and mere noise packs into little more than half."""
    values = np.random.default_rng(0).normal(0, 3, (90, 260)).astype("float32")
    values[0, 0] = np.nan
    field = xr.DataArray(values, dims=("y", "x"), attrs={"units": "mm a-1"})
    rounded = linked._rounded(field, (-10, 10))
    np.testing.assert_allclose(rounded, values, atol=20 / 2000, equal_nan=True)
    assert rounded.attrs == field.attrs
    assert linked._rounded(field, (np.nan, np.nan)) is field
    assert linked._rounded(field, (0, 0)) is field
    assert rounded.dtype == "float32"
    assert len(gzip.compress(rounded.values)) < 0.6 * len(gzip.compress(values))
