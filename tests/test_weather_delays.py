"""Delays by a weather model: read as their makers write them, and taken off every radar's phase."""

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from qilian import insar
from qilian.archive import open_archive
from qilian.contracts.errors import InputError

DATES = pd.date_range("2020-01-01", periods=5, freq="12D")
PAIRS = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]
SHAPE, STEP, WAVELENGTH = (20, 30), 0.001, 0.0555
PLACE = {"crs": "EPSG:4326", "transform": rasterio.Affine(STEP, 0, 100.0, 0, -STEP, 38.0)}
FOUR_PI = 4 * np.pi / WAVELENGTH


def raster(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = values.shape
    with rasterio.open(path, "w", "GTiff", columns, rows, 1, dtype="float32", **PLACE) as file:
        file.write(values.astype("float32"), 1)


def zenith() -> np.ndarray:
    """Delay of each date [m], with a pattern of its own, on pixels of the stack."""
    rows, columns = np.indices(SHAPE)
    rng = np.random.default_rng(0)
    height = 2.2 - 0.003 * rows
    return np.stack([height + a + b * columns / 100 for a, b in rng.normal(0, 0.05, (5, 2))])


def phases() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (len(PAIRS), *SHAPE))


UP = 0.75 + 0.005 * np.indices(SHAPE)[1] / SHAPE[1]


def write_stack(folder, sign: float, name="alos2", vector=True, path="in") -> str:
    """Write interferograms of one radar, delayed `sign` times, and return their entry."""
    for (i, j), phase in zip(PAIRS, phases(), strict=True):
        delay = FOUR_PI * (zenith()[j] - zenith()[i]) / UP
        named = f"{DATES[i]:%Y%m%d}-{DATES[j]:%Y%m%d}"
        raster(folder / path / f"{named}.tif", phase + sign * delay)
    for axis, part in {"east": 0.6, "north": 0.1, "up": UP}.items():
        raster(folder / path / f"los_{axis}.tif", np.full(SHAPE, part))
    look = 'line_of_sight = "los_{axis}.tif"\n' if vector else ""
    keys = f'wavelength = {WAVELENGTH}\nphase = "{{reference}}-{{secondary}}.tif"\n{look}'
    return f'[{name}]\nformat = "geotiff"\npath = "{path}"\n{keys}'


def write_netcdf(folder, dates=DATES, values=None, step=STEP, **about) -> None:
    values = zenith()[: len(dates)] if values is None else values
    rows, columns = values.shape[1:]
    place = {"y": 38 - step * (np.arange(rows) + 0.5), "x": 100 + step * (np.arange(columns) + 0.5)}
    parts = {"hydro": 0.9 * values, "wet": 0.1 * values}
    fields = {
        name: (("time", "y", "x"), part, {"units": "m"} | about) for name, part in parts.items()
    }
    stamps = dates + pd.Timedelta("22h57min")
    xr.Dataset(fields, place | {"time": stamps}).to_netcdf(folder / "era5.nc", engine="h5netcdf")


def write_gacos(folder) -> None:
    (folder / "gacos").mkdir()
    for date, field in zip(DATES, zenith(), strict=True):
        field.astype("<f4").tofile(folder / "gacos" / f"{date:%Y%m%d}.ztd")
        lines = ["WIDTH 30", "FILE_LENGTH 20", "X_FIRST 100.0005", "Y_FIRST 37.9995"]
        lines += [f"X_STEP {STEP}", f"Y_STEP -{STEP}", "XMAX 29", "YMAX 19"]
        (folder / "gacos" / f"{date:%Y%m%d}.ztd.rsc").write_text("\n".join(lines))


def write_gacos_tif(folder) -> None:
    for date, field in zip(DATES, zenith(), strict=True):
        raster(folder / "gacos" / f"{date:%Y%m%d}.ztd.tif", field)


NETCDF = '[alos2_delays]\nformat = "netcdf"\npath = "era5.nc"\n'
GACOS = '[alos2_delays]\nformat = "gacos"\npath = "gacos"\n'
WAYS = [(write_netcdf, NETCDF), (write_gacos, GACOS), (write_gacos_tif, GACOS)]


def archive(folder, *entries: str):
    (folder / "catalogue.toml").write_text("\n".join(['[archive]\nname = "x"', *entries]))
    return open_archive(folder)


@pytest.mark.parametrize(("write", "entry"), WAYS, ids=["netcdf", "ztd", "ztd.tif"])
def test_a_stack_with_delay_becomes_the_stack_without(tmp_path, write, entry):
    """To 0.2 millirad: metres of delay are stored in single precision."""
    write(tmp_path)
    found = archive(tmp_path, write_stack(tmp_path, 1.0), entry).load("alos2")
    assert found.unwrapped_phase.chunks is not None
    assert abs(found.unwrapped_phase.values - phases()).max() < 2e-4
    assert found.noticed == "delays by a weather model are subtracted"


def test_a_delay_of_the_other_sign_doubles(tmp_path):
    write_netcdf(tmp_path)
    found = archive(tmp_path, write_stack(tmp_path, -1.0), NETCDF).load("alos2")
    first, second = np.array(PAIRS).T
    twice = 2 * FOUR_PI * (zenith()[second] - zenith()[first]) / UP
    assert abs(found.unwrapped_phase.values - phases() + twice).max() < 5e-4


def test_delays_along_the_line_of_sight_are_not_divided_by_the_cosine(tmp_path):
    write_netcdf(tmp_path, values=zenith() / UP)
    slant = NETCDF + 'direction = "line of sight"\n'
    entry = write_stack(tmp_path, 1.0, vector=False)
    found = archive(tmp_path, entry, slant).load("alos2")
    assert abs(found.unwrapped_phase.values - phases()).max() < 2e-4


def test_a_coarse_field_is_interpolated(tmp_path):
    """Fields that are planes, on pixels five times as large that begin outside of the stack."""
    rows, columns = np.indices((10, 12))
    plane = 2.0 + 0.01 * np.arange(1, 6)[:, None, None] * (rows + 0.5 * columns)
    write_netcdf(tmp_path, values=plane, step=5 * STEP)
    with xr.open_dataset(tmp_path / "era5.nc") as data:
        moved = data.load().assign_coords(x=data.x - 10 * STEP, y=data.y + 10 * STEP)
    moved.to_netcdf(tmp_path / "era5.nc", engine="h5netcdf")
    plain = archive(tmp_path, write_stack(tmp_path, 0.0)).load("alos2").unwrapped_phase
    taken = archive(tmp_path, write_stack(tmp_path, 0.0), NETCDF).load("alos2").unwrapped_phase
    row, column = (np.indices(SHAPE) + 10 + 0.5) / 5 - 0.5
    first, second = np.array(PAIRS).T
    longer = 0.01 * (second - first)[:, None, None] * (row + 0.5 * column)
    assert abs((plain - taken).values - FOUR_PI * longer / UP).max() < 5e-3


def test_an_inversion_sees_no_delay(tmp_path):
    write_gacos(tmp_path)
    series = []
    for sign, more in ((0.0, []), (1.0, [GACOS])):
        stack = archive(tmp_path, write_stack(tmp_path, sign), *more).load("alos2").compute()
        area = insar.reference_around(stack, 100.01, 37.99)
        fitted = insar.fit_corrections(stack, area)
        series.append(insar.invert(stack, weight="none", corrections=fitted).displacement)
    assert abs(series[1] - series[0]).max() < 2e-3  # mm


def test_each_radar_names_its_own(tmp_path):
    write_netcdf(tmp_path)
    both = [write_stack(tmp_path, 1.0, name, path=name) for name in ("alos1", "alos2")]
    found = archive(tmp_path, *both, NETCDF)
    assert abs(found.load("alos2").unwrapped_phase.values - phases()).max() < 2e-4
    assert abs(found.load("alos1").unwrapped_phase.values - phases()).max() > 1
    assert found.used == {"alos1", "alos2", "alos2_delays"}


def test_what_is_kept_of_a_radar_depends_on_its_delays(tmp_path):
    write_netcdf(tmp_path)
    entry = write_stack(tmp_path, 1.0)
    plain = archive(tmp_path, entry)
    with_delays = archive(tmp_path, entry, NETCDF)
    assert plain.digest(["alos2"]) != with_delays.digest(["alos2"])
    before = with_delays.digest(["alos2"]), with_delays.identity(["alos2"])
    write_netcdf(tmp_path, values=zenith() + 0.1)
    assert with_delays.digest(["alos2"]) != before[0]
    assert with_delays.identity(["alos2"]) != before[1]


def refused(folder, *entries, match: str) -> None:
    with pytest.raises(InputError, match=match):
        archive(folder, *entries).load("alos2").compute()


def test_dates_ground_and_look_vectors_that_lack_are_named(tmp_path):
    stack = write_stack(tmp_path, 0.0)
    write_netcdf(tmp_path, dates=DATES[:3])
    refused(
        tmp_path, stack, NETCDF, match=r"lacks 2 of the 5 dates of \[alos2\], such as 2020-02-06"
    )
    write_netcdf(tmp_path, values=zenith()[:, :10])
    refused(tmp_path, stack, NETCDF, match=r"covers x from 100 .* expected all ground of \[alos2\]")
    write_netcdf(tmp_path)
    bare = write_stack(tmp_path, 0.0, vector=False)
    refused(tmp_path, bare, NETCDF, match=r"\[alos2\] brings no line_of_sight_up, expected it")


def test_what_is_no_delay_is_refused(tmp_path):
    stack = write_stack(tmp_path, 0.0)
    write_netcdf(tmp_path, units="kg")
    refused(tmp_path, stack, NETCDF, match=r"hydro is in 'kg', expected m, cm, mm")
    write_netcdf(tmp_path, values=-zenith())
    refused(tmp_path, stack, NETCDF, match=r"a delay of -2\.\d+ m, expected 0 to 20")
    write_netcdf(tmp_path, units="cm")
    refused(tmp_path, stack, NETCDF + 'variables = "total"\n', match="holds no 'total'")
    refused(tmp_path, stack, NETCDF + 'direction = "up"\n', match="'up', expected one of zenith")
    levels = xr.DataArray(zenith()[:, None], dims=("time", "z", "y", "x"), attrs={"units": "m"})
    cube = xr.Dataset({"hydro": levels, "wet": levels}, {"time": DATES})
    cube.to_netcdf(tmp_path / "era5.nc", engine="h5netcdf")
    refused(tmp_path, stack, NETCDF, match="hydro has the dimensions time, z, y, x, expected time")


def test_folders_of_gacos_are_whole_and_of_one_kind(tmp_path):
    stack = write_stack(tmp_path, 0.0)
    write_gacos(tmp_path)
    (tmp_path / "gacos" / "20200101.ztd").write_bytes(b"1234")
    refused(tmp_path, stack, GACOS, match=r"20200101\.ztd has 4 bytes, expected 2400 for its grid")
    (tmp_path / "gacos" / "20200113.ztd.rsc").write_text("WIDTH many")
    refused(tmp_path, stack, GACOS, match="FILE_LENGTH is 'missing', expected a number")
    raster(tmp_path / "gacos" / "20200101.ztd.tif", zenith()[0])
    refused(tmp_path, stack, GACOS, match="the dates don.t rise, expected each once")
    for file in (tmp_path / "gacos").iterdir():
        file.unlink()
    refused(tmp_path, stack, GACOS, match=r"holds no YYYYMMDD\.ztd or YYYYMMDD\.ztd\.tif")
