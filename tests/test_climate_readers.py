"""Air temperature of stations and of ERA5 ends as daily means in degrees, or is refused."""

import gzip
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from strategies import LAYOUTS, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import era5, ghcn, ghcn_daily
from qilian.contracts.errors import InputError

RAW = "STATION,DATE,TMAX,TMIN,TAVG,PRCP\n"


@pytest.fixture
def table(tmp_path):
    """Write text to a file and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "station.csv"
        path.write_text(text)
        return path

    return write


def hours(values: np.ndarray, start: str = "2018-07-01", **coords) -> xr.Dataset:
    """Hourly t2m [K] at 38 and 38.25 N, 99 and 99.25 E, the same at the four points."""
    time = pd.date_range(start, periods=len(values), freq="h")
    t2m = np.broadcast_to(np.asarray(values, float)[:, None, None], (len(values), 2, 2))
    dims = ("valid_time", "latitude", "longitude")
    return xr.Dataset(
        {"t2m": (dims, t2m.copy(), {"units": "K"})},
        {"valid_time": time, "latitude": [38.25, 38.0], "longitude": [99.0, 99.25], **coords},
    )


def write(dataset: xr.Dataset, path: Path) -> Path:
    dataset.to_netcdf(path, engine="h5netcdf")
    return path


def test_whole_numbers_under_noaas_names_are_tenths(table):
    weather = ghcn.read_csv(table(RAW + "U,2013-07-01,150,50,120,33\n"))
    assert weather.air_temperature.item() == pytest.approx(12.0)
    assert weather.precipitation.item() == pytest.approx(3.3)


def test_decimal_numbers_under_noaas_names_are_degrees(table):
    weather = ghcn.read_csv(table(RAW + "U,2013-07-01,15.0,5,12,3.3\n"))
    assert weather.air_temperature.item() == pytest.approx(12.0)
    assert weather.precipitation.item() == pytest.approx(3.3)


def test_a_missing_mean_is_the_middle_of_the_extremes_and_is_counted(table):
    rows = "U,2013-07-01,150,50,120,\nU,2013-07-02,150,50,,\nU,2013-07-03,-9999,50,,0\n"
    temperature = ghcn.read_csv(table(RAW + rows)).air_temperature
    np.testing.assert_allclose(temperature, [12.0, 10.0, np.nan])
    assert temperature.attrs["days_from_minimum_and_maximum"] == 1


def test_a_value_that_failed_quality_control_is_missing(table):
    text = (
        "DATE,TMAX,TMAX_ATTRIBUTES,TMIN\n"
        '2013-07-01,150,",,W",50\n2013-07-02,150,",I,W",50\n2013-07-03,150,"H,,S",50\n'
    )
    temperature = ghcn.read_csv(table(text)).air_temperature
    np.testing.assert_allclose(temperature, [10, np.nan, 10])
    assert temperature.attrs["failed_quality_control"] == 1


def test_the_catalogue_gives_the_unit_that_the_file_does_not_tell(table):
    path = table("DATE,TAVG\n2013-07-01,12\n")
    for unit, found in {"degC": 12, "tenths": 1.2, "degF": -100 / 9}.items():
        assert ghcn.read_csv(path, unit=unit).air_temperature.item() == pytest.approx(found)


@pytest.mark.parametrize(
    ("text", "unit", "said"),
    [
        (RAW + "U,2013-07-01,250,50,150,\n", "degC", "a mean of 150 degC on 2013-07-01"),
        ("t,air_temperature_avg\n2013-07-01,150\n", None, "the file may be in tenths"),
        ("DATE,TMAX,TMIN,PRCP\n2013-07-01,75,60,3\n", None, "maximum minus minimum is 1.5 degC"),
        ("DATE,TMAX,TMIN\n2013-07-01,75,60\n", None, "may be tenths of degC, degC or degF"),
        ("DATE,TMAX\n2013-07-01,75\n", None, "neither a mean temperature (TAVG) nor both"),
        ("TAVG\n75\n", None, "no column DATE"),
        ("DATE,TAVG\n2013-07-01,warm\n", None, "line 2: 'warm'"),
        ("DATE,TAVG\n2013-07-01,12.0\n2013-07-01,13.0\n", None, "2013-07-01 has two different"),
        ("DATE,TAVG\n", None, "no rows"),
        ("DATE,TAVG\n2013-07-01,12\n", "K", "unit is 'K', expected one of degC, tenths, degF"),
    ],
)
def test_a_table_that_cannot_be_trusted_is_refused_with_the_place(table, text, unit, said):
    path = table(text)
    with pytest.raises(InputError) as caught:
        ghcn.read_csv(path, unit=unit)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


BY_STATION = """\
USW00026442,20130101,TMAX,56,,,W,2400
USW00026442,20130101,TMIN,-22,,,W,2400
USW00026442,20130101,PRCP,33,,,W,2400
USW00026442,20130102,TMAX,999,,X,W,2400
USW00026442,20130102,TMIN,-30,,,W,2400
USW00026442,20130102,SNOW,70,,,W,2400
USW00026442,20130103,TAVG,-15,H,,S,
USW00026442,20130103,PRCP,0,T,,W,2400
"""
HEADER = "ID,DATE,ELEMENT,DATA_VALUE,M_FLAG,Q_FLAG,S_FLAG,OBS_TIME\n"


def is_that_of_three_days(weather: xr.Dataset) -> None:
    """Hold to what stands above: the middle of 5.6 and -2.2, a failed maximum, a mean of -1.5."""
    np.testing.assert_allclose(weather.air_temperature, [1.7, np.nan, -1.5])
    np.testing.assert_allclose(weather.precipitation, [3.3, np.nan, 0])
    assert weather.air_temperature.attrs["days_from_minimum_and_maximum"] == 1
    assert weather.air_temperature.attrs["failed_quality_control"] == 1
    assert str(weather.time.values[0])[:10] == "2013-01-01"


@pytest.mark.parametrize("header", ["", HEADER])
@pytest.mark.parametrize("open_file", [open, gzip.open])
def test_noaas_file_of_one_station_reads_with_a_header_and_packed(tmp_path, header, open_file):
    path = tmp_path / ("a.csv.gz" if open_file is gzip.open else "a.csv")
    with open_file(path, "wt") as stream:
        stream.write(header + BY_STATION)
    is_that_of_three_days(ghcn_daily.read(path))


def test_noaas_files_of_years_hold_many_stations_of_which_one_is_named(tmp_path):
    others = "CHM00052754,20130101,TMAX,-150,,,S,\nCHM00052754,20130101,TMIN,-250,,,S,\n"
    first, second = BY_STATION.splitlines(keepends=True)[:3], BY_STATION.splitlines()[3:]
    (tmp_path / "2012.csv").write_text(others + "".join(first))
    (tmp_path / "2013.csv").write_text("\n".join(second) + "\n")
    is_that_of_three_days(ghcn_daily.read(tmp_path, station="USW00026442"))
    weather = ghcn_daily.read(tmp_path, station="CHM00052754")
    assert weather.air_temperature.item() == -20
    with pytest.raises(InputError, match="the stations CHM00052754, USW00026442, expected one"):
        ghcn_daily.read(tmp_path)
    with pytest.raises(InputError, match="no temperature or rain of the station 'X', expected"):
        ghcn_daily.read(tmp_path, station="X")


def month(element: str, *days: str) -> str:
    """Line of a .dly file: its first days as given, the others missing."""
    return f"USW00026442201301{element}" + "".join(days) + "-9999   " * (31 - len(days)) + "\n"


def test_a_dly_file_holds_a_month_of_one_element_in_a_line(table):
    text = (
        month("TMAX", "   56  W", "  999 XW")
        + month("TMIN", "  -22  W", "  -30  W")
        + month("SNOW", "    0  W", "   70  W")
        + month("PRCP", "   33  W", "-9999   ", "    0T W")
        + month("TAVG", "-9999   ", "-9999   ", "  -15H S")
    )
    is_that_of_three_days(ghcn_daily.read(table(text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BY_STATION.replace("56,", "5.6.,"), "line 1: '5.6.' is no value, expected a whole number"),
        (BY_STATION.replace("20130103,T", "20131303,T"), "line 7: '20131303' is not a date"),
        (BY_STATION.replace("0102,TMIN", "0101,TMIN"), "TMIN of 2013-01-01 has two values"),
        (BY_STATION.replace("56,", "5600,"), "air_temperature is 278.9 at 2013-01-01"),
        ("X,20130101,TMAX,5,,,W,\n", "holds TMAX, expected TAVG or both TMIN and TMAX"),
        ("X,20130101,TAVG,5,,X,W,\n", "holds only what failed quality control, expected TAVG"),
        ("X,20130101,SNOW,5,,,W,\n", "holds no temperature or rain, expected GHCN-daily"),
        ("\0\xff\n", "line 1 is neither a day nor a month"),
        ("DATE;TAVG\n2013-01-01;5\n", "line 1 is neither a day nor a month"),
        ("a,b\nc,d\n", "line 1 is neither a day nor a month, expected those of GHCN-daily"),
        (
            month("TAVG", *["   10  S"] * 28, "-9999   ", "-9999   ", "   10  S").replace(
                "01T", "02T"
            ),
            "line 1: '20130231' is not a date",
        ),
    ],
)
def test_what_is_no_file_of_ghcn_daily_is_refused_with_the_place(table, text, said):
    with pytest.raises(InputError) as caught:
        ghcn_daily.read(table(text))
    assert said in str(caught.value)


def test_every_format_of_climate_brings_rain_in_millimetres_a_day(tmp_path):
    """From the small files of the property tests, as `source.get` hands them to a page."""
    for number, layout in enumerate(each for each in LAYOUTS if each.name == "climate"):
        write_entry(layout, tmp_path / str(number))
        rain = open_archive(tmp_path / str(number)).get("climate").precipitation
        assert rain.attrs["units"] == "mm day-1", layout.form
        assert rain.notnull().any(), layout.form


def test_the_thawing_index_of_valdez_in_2013_is_2003_8_degree_days(real):
    temperature = ghcn.read_csv(real / "valdez_ghcnd_USW00026442.csv").air_temperature
    year = temperature.sel(time="2013")
    assert year.where(year > 0).sum().item() == pytest.approx(2003.8, abs=0.05)
    assert temperature.attrs["days_from_minimum_and_maximum"] == temperature.count()


def test_kelvin_of_24_hours_become_one_mean_of_the_day_in_utc(tmp_path):
    path = write(hours(np.r_[np.full(12, 273.15), np.full(12, 283.15)]), tmp_path / "a.nc")
    weather = era5.read(path)
    assert weather.air_temperature.item() == pytest.approx(5.0)
    assert str(weather.time.values[0])[:10] == "2018-07-01"


def test_a_day_of_17_hours_is_missing_and_one_of_18_is_not(tmp_path):
    for count, missing in [(24 + 17, True), (24 + 18, False)]:
        weather = era5.read(write(hours(np.full(count, 280.0)), tmp_path / f"{count}.nc"))
        assert np.isnan(weather.air_temperature.values).tolist() == [False, missing]


def test_the_point_is_the_nearest_and_the_box_is_averaged_by_area(tmp_path):
    data = hours(np.full(24, 273.15))
    data["t2m"][:, 0, :] += 10  # the northern row
    path = write(data, tmp_path / "a.nc")
    near = era5.read(path, latitude=38.2, longitude=99.24 - 360)
    assert near.air_temperature.item() == pytest.approx(10)
    assert near.attrs["place"] == "grid point 38.25 N, 99.25 E"
    north, south = np.cos(np.deg2rad([38.25, 38.0]))
    box = era5.read(path)
    assert box.air_temperature.item() == pytest.approx(10 * north / (north + south))
    assert box.attrs["place"] == "mean of 4 grid points, 38 to 38.25 N, 99 to 99.25 E"


def test_final_values_go_before_preliminary_ones_which_fill_what_is_missing(tmp_path):
    final = hours(np.full(24, 274.15), number=0, expver=("valid_time", ["0001"] * 24))
    early = hours(np.full(48, 278.15), number=0, expver=("valid_time", ["0005"] * 48))
    write(early, tmp_path / "a.nc")
    write(final, tmp_path / "b.nc")
    np.testing.assert_allclose(era5.read(tmp_path).air_temperature, [1, 5], atol=1e-9)


def test_a_classic_file_with_versions_as_bytes_and_one_point_reads_the_same(tmp_path):
    data = hours(np.full(24, 274.15), expver=("valid_time", np.array([b"0005"] * 24)))
    time = {"valid_time": {"units": "seconds since 1970-01-01", "dtype": "int32"}}
    point = data.isel(latitude=slice(1), longitude=0)
    point.to_netcdf(tmp_path / "a.nc", engine="scipy", encoding=time)
    weather = era5.read(tmp_path / "a.nc")
    assert weather.air_temperature.item() == pytest.approx(1)
    assert weather.attrs["place"] == "grid point 38.25 N, 99 E"


def test_the_older_layout_with_expver_as_a_dimension_reads_the_same(tmp_path):
    final, early = (hours(np.full(48, k)).rename(valid_time="time") for k in (274.15, 278.15))
    final["t2m"][24:] = early["t2m"][:24] = np.nan
    both = xr.concat([early, final], xr.DataArray([5, 1], dims="expver", name="expver"))
    weather = era5.read(write(both, tmp_path / "a.nc"), latitude=38, longitude=99)
    np.testing.assert_allclose(weather.air_temperature, [1, 5], atol=1e-9)


def rain(metres: np.ndarray) -> xr.Dataset:
    """Three days of 280 K with a `tp` stamped at the end of each hour, from 1 to 24."""
    data = hours(np.full(72, 280.0)).assign_coords(
        valid_time=pd.date_range("2018-07-01T01", periods=72, freq="h")
    )
    data["tp"] = data["t2m"] * 0 + xr.DataArray(metres, dims="valid_time")
    data["tp"].attrs["units"] = "m"
    return data


def test_one_millimetre_an_hour_is_24_a_day_from_era5_and_from_era5_land(tmp_path):
    hourly = np.full(72, 0.001)
    hourly[::24], hourly[1::24] = 0.002, 0.0  # not growing, so totals of single hours
    since_midnight = np.tile(0.001 * np.arange(1, 25), 3)
    for name, metres in {"hourly": hourly, "land": since_midnight}.items():
        weather = era5.read(write(rain(metres), tmp_path / f"{name}.nc"))
        np.testing.assert_allclose(weather.precipitation[:3], 24)


def test_temperature_and_rain_may_lie_in_two_files(tmp_path):
    both = rain(np.zeros(72))
    write(both[["t2m"]], tmp_path / "instant.nc")
    write(both[["tp"]], tmp_path / "accumulated.nc")
    assert {"air_temperature", "precipitation"} == set(era5.read(tmp_path).data_vars)


def packed(path: Path, **members: xr.Dataset) -> Path:
    """Write netCDF files into a zip, as the Climate Data Store sends them."""
    with ZipFile(path, "w") as archive:
        for name, data in members.items():
            file = write(data, path.with_name("member"))
            archive.write(file, f"data_stream-oper_stepType-{name}.nc")
            file.unlink()
    return path


@pytest.mark.parametrize("name", ["0f3c.zip", "download.nc"])
def test_a_zip_of_the_store_is_read_as_it_is(tmp_path, name):
    """Temperature and rain lie in two files of it; its name may be that of a netCDF file."""
    both = rain(np.tile([0.002, 0.0], 36))
    path = packed(tmp_path / name, instant=both[["t2m"]], accum=both[["tp"]])
    for place in (path, tmp_path):
        weather = era5.read(place)
        np.testing.assert_allclose(weather.air_temperature[:3], 6.85)
        np.testing.assert_allclose(weather.precipitation[:3], 24)


def test_a_fault_inside_a_zip_names_the_zip_and_the_file_in_it(tmp_path):
    path = packed(tmp_path / "a.zip", instant=celsius(hours(np.full(24, 280.0))))
    with pytest.raises(
        InputError, match=r"a\.zip/data_stream-oper_stepType-instant\.nc: t2m is in"
    ):
        era5.read(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"a\.zip is a zip archive, expected its files to be ERA5"):
        era5.read(path)
    packed(path)
    with pytest.raises(InputError, match=r"a\.zip holds no file named \*\.nc"):
        era5.read(path)


def by_day(name: str, values: list[float]) -> xr.Dataset:
    """Return daily statistics of `t2m` [K] or `tp` [m], at the grid points of `hours`."""
    data = hours(np.array(values)).rename(t2m=name)
    data[name].attrs["units"] = {"t2m": "K", "tp": "m"}[name]
    return data.assign_coords(valid_time=pd.date_range("2018-07-01", periods=len(values)))


@pytest.mark.parametrize(("statistic", "metres"), [("mean", 0.001), ("sum", 0.024)])
def test_daily_statistics_are_days_already(tmp_path, statistic, metres):
    """The mean of 24 hourly totals of 1 mm and their sum are both 24 mm a day."""
    write(by_day("t2m", [274.15, 275.15]), tmp_path / "2m_temperature_0_daily-mean.nc")
    rainy = by_day("tp", [metres, 0.0])
    write(rainy, tmp_path / f"total_precipitation_0_daily-{statistic}.nc")
    weather = era5.read(tmp_path)
    np.testing.assert_allclose(weather.air_temperature, [1, 2])
    np.testing.assert_allclose(weather.precipitation, [24, 0])
    assert str(weather.time.values[1])[:10] == "2018-07-02"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t_daily-maximum.nc", by_day("t2m", [280.0]), "the daily maximum of t2m, expected mean"),
        ("r_daily-minimum.nc", by_day("tp", [0.0]), "daily minimum of tp, expected mean or sum"),
        ("t_daily-mean.nc", hours(np.full(24, 280.0)), "several daily statistics of a day"),
        ("t_daily-mean.nc", by_day("t2m", [np.nan]), "no value of t2m, expected those of a place"),
        ("renamed.nc", by_day("t2m", [280.0] * 5), "or daily-mean in the name of a file of daily"),
    ],
)
def test_another_statistic_of_days_is_refused(tmp_path, name, data, said):
    path = write(data, tmp_path / name)
    with pytest.raises(InputError, match=said):
        era5.read(path)


def test_hours_and_daily_statistics_do_not_mix(tmp_path):
    write(by_day("t2m", [280.0]), tmp_path / "t_daily-mean.nc")
    write(hours(np.full(24, 280.0)), tmp_path / "a.nc")
    with pytest.raises(InputError, match="holds hours and daily statistics, expected either"):
        era5.read(tmp_path)


def celsius(data: xr.Dataset) -> xr.Dataset:
    data["t2m"].attrs["units"] = "degC"
    return data


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (celsius, {}, "t2m is in degC, expected K"),
        (lambda d: d.rename(t2m="t"), {}, "holds no t2m"),
        (lambda d: d.expand_dims(number=10), {}, "holds 10 members"),
        (lambda d: d.isel(valid_time=slice(None, None, 6)), {}, "no day with 18 values"),
        (lambda d: d, {"latitude": 38.0}, "expected both or neither"),
        (lambda d: d, {"latitude": 39.0, "longitude": 99.0}, "within 0.25 degrees of latitude 39"),
    ],
)
def test_a_file_that_is_not_hourly_era5_is_refused(tmp_path, change, options, said):
    path = write(change(hours(np.full(48, 280.0))), tmp_path / "a.nc")
    with pytest.raises(InputError, match=said):
        era5.read(path, **options)


def test_what_is_no_netcdf_is_refused(tmp_path):
    (tmp_path / "a.nc").write_text("not data")
    with pytest.raises(InputError, match="cannot be read"):
        era5.read(tmp_path)
