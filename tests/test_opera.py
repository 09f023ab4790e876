"""OPERA's DISP-S1 products are added up to one series, masked as they recommend, or refused."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from pyproj import CRS

from qilian.archive.readers import opera
from qilian.contracts.errors import InputError
from qilian.insar.rates import vertical_if_known

NAME = "OPERA_L3_DISP-S1_IW_{}_VV_{}T140755Z_{}T140756Z_v1.0_20250408T163512Z.nc"
X, Y = 500015.0 + 30 * np.arange(3), 4199985.0 - 30 * np.arange(2)


def product(
    folder: Path, reference: str, second: str, metres, *, frame="F11116", **changed
) -> Path:
    """A product of 2 × 3 pixels, laid out as the product specification has it."""
    keep = np.ones((2, 3), "uint8")
    about = {"grid_mapping": "spatial_ref"}
    moved = np.broadcast_to(np.asarray(metres, "float32"), (2, 3))
    toward = {"units": "meters", "long_name": "Line-of-sight displacement"}
    layers = {
        "displacement": (("y", "x"), moved, about | toward),
        "recommended_mask": (("y", "x"), keep, about | {"_FillValue": np.uint8(255)}),
        "temporal_coherence": (("y", "x"), keep * np.float32(0.9), about),
        "spatial_ref": (
            (),
            0,
            CRS.from_epsg(32606).to_cf() | {"GeoTransform": "500000 30 0 4200000 0 -30"},
        ),
        **changed,
    }
    data = xr.Dataset(layers, {"y": Y, "x": X})
    path = folder / NAME.format(frame, reference, second)
    folder.mkdir(parents=True, exist_ok=True)
    data.to_netcdf(path, engine="h5netcdf")
    return path


def mask(*values: int) -> tuple:
    return ("y", "x"), np.broadcast_to(np.array(values, "uint8"), (2, 3))


def test_products_are_added_up_where_the_reference_moves_on(tmp_path):
    """By hand: −10 and −15 mm since July, then −4 mm since the second: 0, −10, −15, −19."""
    product(tmp_path, "20160705", "20160729", -0.010)
    product(tmp_path, "20160705", "20160810", -0.015)
    product(tmp_path / "later", "20160810", "20160903", -0.004)
    data = opera.read(tmp_path)
    assert np.allclose(data.displacement[:, 1, 1], [0, -10, -15, -19], atol=1e-4)
    assert data.displacement.attrs["direction"] == "line of sight"
    assert data.time.dt.strftime("%m%d").values.tolist() == ["0705", "0729", "0810", "0903"]
    assert np.array_equal(data.x, X)
    assert np.array_equal(data.y, Y)
    assert data.rio.crs.to_epsg() == 32606


def test_what_the_mask_does_not_keep_is_missing_and_so_is_a_sum_over_it(tmp_path):
    product(tmp_path, "20160705", "20160810", -0.01, recommended_mask=mask(1, 0, 255))
    product(tmp_path, "20160810", "20160903", [-0.01, -0.01, np.nan], water_mask=mask(1, 1, 0))
    series = opera.read(tmp_path).displacement
    nan = np.nan
    assert np.allclose(
        series[:, 0], [[0, nan, nan], [-10, nan, nan], [-20, nan, nan]], equal_nan=True
    )
    whole = opera.read(tmp_path, mask="").displacement
    assert np.allclose(whole[:, 0], [[0, 0, 0], [-10, -10, -10], [-20, -20, nan]], equal_nan=True)
    with pytest.raises(InputError, match="holds no layer 'water_mask', expected one such"):
        opera.read(tmp_path, mask="water_mask")


def test_the_static_product_turns_the_series_vertical(tmp_path):
    product(tmp_path, "20160705", "20160729", -0.008)
    place = rasterio.Affine(30, 0, 500000, 0, -30, 4200000)
    about = {"crs": "EPSG:32606", "transform": place, "dtype": "float32"}
    name = "OPERA_L3_DISP-S1-STATIC_F11116_20140403_S1A_v1.0_line_of_sight_enu.tif"
    with rasterio.open(tmp_path / name, "w", "GTiff", 3, 2, 3, **about) as file:
        file.write(
            np.array([0.6, 0, 0.8], "float32")[:, None, None] * np.ones((3, 2, 3), "float32")
        )
    data = opera.read(tmp_path, line_of_sight=name)
    assert np.allclose(data.line_of_sight_east, 0.6)
    assert np.allclose(vertical_if_known(data).displacement[1], -10)


def test_products_that_make_no_series_are_refused_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match=r"holds no OPERA_L3_DISP-S1_…nc, expected one a date"):
        opera.read(tmp_path)
    first = product(tmp_path, "20160705", "20160729", 0)
    second = product(tmp_path, "20160810", "20160903", 0)
    with pytest.raises(InputError, match="has no file that ends on 20160810, which another takes"):
        opera.read(tmp_path)
    second.unlink()
    again = product(tmp_path / "again", "20160717", "20160729", 0)
    with pytest.raises(InputError, match="has several files that end on 20160729"):
        opera.read(tmp_path)
    again.unlink()
    other = product(tmp_path, "20160705", "20160810", 0, frame="F11115")
    with pytest.raises(InputError, match="holds frames F11115 and F11116, expected one"):
        opera.read(tmp_path)
    other.unlink()
    xr.Dataset().to_netcdf(tmp_path / NAME.format("F11116", "20160705", "20160903"))
    with pytest.raises(InputError, match="holds no x, y and spatial_ref"):
        opera.read(tmp_path)
    first.write_text("no netCDF")
    with pytest.raises(InputError, match="cannot be read, expected a whole HDF5 file"):
        opera.read(tmp_path)


def test_products_of_different_grids_and_numbers_no_ground_makes_are_named(tmp_path):
    product(tmp_path, "20160705", "20160729", -9999)
    with pytest.raises(InputError, match="holds -9999 m, stored as -9999, expected at most 100 m"):
        opera.read(tmp_path).displacement.load()
    moved = product(tmp_path, "20160705", "20160810", 0)
    data = xr.open_dataset(moved).load().assign_coords(x=X + 15)
    data.close()
    data.to_netcdf(moved, engine="h5netcdf")
    with pytest.raises(InputError, match=r"20160810T.* has first corner 500015"):
        opera.read(tmp_path)


def test_a_part_cut_out_lies_where_its_columns_and_rows_say(tmp_path):
    """As xarray cuts it, which leaves the `GeoTransform` of the whole frame."""
    path = product(tmp_path, "20160705", "20160729", [[1, 2, 3], [4, 5, 6]])
    part = xr.open_dataset(path).load().isel(x=slice(1, None))
    part.close()
    part.to_netcdf(path, engine="h5netcdf")
    data = opera.read(tmp_path)
    assert np.array_equal(data.x, X[1:])
    assert np.allclose(data.displacement[1], [[2000, 3000], [5000, 6000]])
