"""What an entry of a catalogue can look like: small valid files, and what goes wrong with them.

Each layout is written by a function that takes a folder and returns what to put into the catalogue;
`entries` draws one of them and then damages one of its files.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import h5py
import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from hypothesis import strategies as st

PAIRS = ("20200101", "20200113"), ("20200113", "20200125")
_PLACE = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.001, 0, 100.0, 0, -0.001, 38.0)}


@dataclass(frozen=True)
class Layout:
    """An entry's name and format, its keys, and what writes its files under `in`."""

    name: str
    form: str
    write: Callable[[Path], object]
    keys: Mapping[str, object]
    path: str = "in"


def _raster(path: Path, value: float, dtype: str = "float32", bands: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", "GTiff", 5, 4, bands, dtype=dtype, **_PLACE) as raster:
        raster.write(np.full((bands, 4, 5), value, dtype))


def _geotiff(folder: Path) -> None:
    for pair in PAIRS:
        _raster(folder / f"{'-'.join(pair)}_unw.tif", 1.5)
        _raster(folder / f"{'-'.join(pair)}_cc.tif", 0.5)
    _raster(folder / "dem.tif", 3500)
    lines = [f"{first},{second},12.5" for first, second in PAIRS]
    text = "\n".join(["reference,secondary,perpendicular_baseline_m", *lines])
    (folder / "baselines.csv").write_text(text)


def _gmtsar(folder: Path) -> None:
    place = {"lat": 37.9985 + 0.001 * np.arange(4), "lon": 100.0005 + 0.001 * np.arange(5)}
    for days in ("2020000_2020012", "2020012_2020024"):
        (folder / days).mkdir(parents=True)
        for name, value in {"unwrap": 1.5, "corr": 0.5}.items():
            grid = xr.Dataset({"z": (("lat", "lon"), np.full((4, 5), value, "float32"))}, place)
            grid["lon"].attrs["units"], grid["lat"].attrs["units"] = "degrees_east", "degrees_north"
            grid.to_netcdf(folder / days / f"{name}_ll.grd", engine="scipy")
    (folder / "baseline_table.dat").write_text("a 2020000.5 0 1 20\nb 2020012.5 12 1 -10\n")


def _gunw(path: Path, group: str, layers: tuple[str, str], numbers: Mapping[str, object]) -> None:
    """Write two layers on one grid as GDAL finds them, and numbers or text beside them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        grid = file.create_group(group)
        grid["y"], grid["x"] = 37.9995 - 0.001 * np.arange(4), 100.0005 + 0.001 * np.arange(5)
        for name, axis in (("y", "latitude"), ("x", "longitude")):
            grid[name].make_scale(name)
            units = {"latitude": "degrees_north", "longitude": "degrees_east"}[axis]
            grid[name].attrs.update(standard_name=axis, units=units)
        grid["crs"] = np.int32(0)
        wgs84 = rasterio.CRS.from_epsg(4326).to_wkt()
        grid["crs"].attrs.update(grid_mapping_name="latitude_longitude", spatial_ref=wgs84)
        for name, value in zip(layers, (1.5, 0.5), strict=True):
            grid[name] = np.full((4, 5), value, "float32")
            grid[name].attrs["grid_mapping"] = "crs"
            grid[name].dims[0].attach_scale(grid["y"])
            grid[name].dims[1].attach_scale(grid["x"])
        for name, number in numbers.items():
            file[name] = number


_LEVELS = np.full((2, 2, 2), 0.5)
_AROUND = [np.array([0.0, 3000]), np.array([39.0, 37]), np.array([99.0, 101])]


def _aria(folder: Path) -> None:
    cube = "science/grids/imagingGeometry/"
    names = "heightsMeta", "latitudeMeta", "longitudeMeta"
    numbers = {cube + name: axis for name, axis in zip(names, _AROUND, strict=True)}
    for name in ("incidenceAngle", "azimuthAngle", "perpendicularBaseline"):
        numbers[cube + name] = _LEVELS
    numbers["science/radarMetaData/wavelength"] = np.float32(0.0555)
    for first, second in PAIRS:
        path = folder / f"S1-GUNW-D-R-062-tops-{second}_{first}-232334-38N_37N-PP-652b-v3_0_1.nc"
        _gunw(path, "science/grids/data", ("unwrappedPhase", "coherence"), numbers)


def _nisar(folder: Path) -> None:
    root = "science/LSAR/GUNW/"
    cube = f"{root}metadata/radarGrid/"
    names = "heightAboveEllipsoid", "yCoordinates", "xCoordinates"
    numbers = {cube + name: axis for name, axis in zip(names, _AROUND, strict=True)}
    for name in ("losUnitVectorX", "losUnitVectorY", "perpendicularBaseline"):
        numbers[cube + name] = _LEVELS
    numbers[f"{root}grids/frequencyA/centerFrequency"] = 1.257e9
    about = "science/LSAR/identification/"
    for pair in PAIRS:
        for which, day in zip(("reference", "secondary"), pair, strict=True):
            text = f"{day[:4]}-{day[4:6]}-{day[6:]}T06:09:11.000000000"
            numbers[f"{about}{which}ZeroDopplerStartTime"] = np.bytes_(text)
        numbers[f"{about}orbitPassDirection"] = np.bytes_("Ascending")
        path = folder / f"NISAR_L2_PR_GUNW_001_030_A_019_002_{'_'.join(pair)}_001.h5"
        group = f"{root}grids/frequencyA/unwrappedInterferogram/HH"
        _gunw(path, group, ("unwrappedPhase", "coherenceMagnitude"), numbers)


def _isce2(folder: Path) -> None:
    files = {f"pairs/{'_'.join(pair)}/filt_fine.unw.geo": (200, 1.5) for pair in PAIRS}
    files |= {f"pairs/{'_'.join(pair)}/filt_fine.cor.geo": (0.5,) for pair in PAIRS}
    files |= {"geom_reference/hgt.rdr.geo": (3500,), "geom_reference/los.rdr.geo": (39, 102)}
    for name, values in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.repeat(np.tile(values, 4), 5).astype("<f4").tofile(folder / name)
        place = "<GeoTransform>100, 0.001, 0, 38, 0, -0.001</GeoTransform>"
        lines = [f'<VRTDataset rasterXSize="5" rasterYSize="4"><SRS>EPSG:4326</SRS>{place}']
        for band in range(len(values)):
            kind = f'band="{band + 1}" dataType="Float32" subClass="VRTRawRasterBand"'
            source = f'<SourceFilename relativeToVRT="1">{Path(name).name}</SourceFilename>'
            steps = f"<ImageOffset>{20 * band}</ImageOffset><PixelOffset>4</PixelOffset>"
            steps += f"<LineOffset>{20 * len(values)}</LineOffset><ByteOrder>LSB</ByteOrder>"
            lines.append(f"<VRTRasterBand {kind}>{source}{steps}</VRTRasterBand>")
        (folder / f"{name}.vrt").write_text("\n".join([*lines, "</VRTDataset>"]))


def _licsar(folder: Path) -> None:
    for pair in PAIRS:
        stem = folder / "_".join(pair) / "_".join(pair)
        _raster(Path(f"{stem}.geo.unw.tif"), 1.5)
        _raster(Path(f"{stem}.geo.cc.tif"), 100, "uint8")
    for axis, part in {"E": 0.6, "N": 0.1, "U": 0.8, "hgt": 3500}.items():
        _raster(folder / f"x.geo.{axis}.tif", part)
    (folder / "baselines").write_text("20200101 20200113 50 12\n20200101 20200125 -20 24\n")


def _hyp3(folder: Path) -> None:
    for first, second in PAIRS:
        stem = folder / f"S1_136231_IW2_{first}_{second}_VV_INT80_12E3"
        layers = {"unw_phase": 1.5, "corr": 0.5, "lv_theta": 0.9, "lv_phi": -0.2, "dem": 3500}
        for layer, value in layers.items():
            _raster(Path(f"{stem}_{layer}.tif"), value)
        Path(f"{stem}.txt").write_text("Reference Granule: x\nBaseline: 12.5\n")


_HDF5 = {"LENGTH": "4", "WIDTH": "5", "X_FIRST": "100", "Y_FIRST": "38", "X_STEP": "0.001"}
_HDF5 |= {"Y_STEP": "-0.001", "WAVELENGTH": "0.0555", "REF_Y": "1", "REF_X": "1"}


def _hdf5(path: Path, kind: str, unit: str, **data: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs.update({**_HDF5, "FILE_TYPE": kind, "UNIT": unit})
        for name, values in data.items():
            file[name] = values


def _ifgram_stack(folder: Path) -> None:
    layers = np.full((2, 4, 5), 0.5, "float32")
    pairs = {"date": np.array(PAIRS, "S8"), "bperp": np.array([1.0, 2.0], "float32")}
    layers = {"unwrapPhase": layers, "coherence": layers, "dropIfgram": np.ones(2, bool)}
    _hdf5(folder / "ifgramStack.h5", "ifgramStack", "radian", **pairs, **layers)
    angles = {"height": 3500.0, "incidenceAngle": 39.0, "azimuthAngle": 102.0}
    maps = {name: np.full((4, 5), value, "float32") for name, value in angles.items()}
    _hdf5(folder / "geometryGeo.h5", "geometry", "1", **maps)


def _timeseries(folder: Path) -> None:
    series = np.full((2, 4, 5), 0.01, "float32")
    dates = np.array(PAIRS[0], "S8")
    _hdf5(folder / "timeseries.h5", "timeseries", "m", timeseries=series, date=dates)
    _hdf5(folder / "maskTempCoh.h5", "mask", "1", mask=np.ones((4, 5), bool))
    angles = {"incidenceAngle": series[0] + 39, "azimuthAngle": series[0] + 102}
    _hdf5(folder / "geometryRadar.h5", "geometry", "1", **angles)


def _bundle(folder: Path) -> None:
    series = np.full((2, 4, 5), 0.01, "float32")
    groups = {
        "observation/displacement": series,
        "observation/date": np.array(PAIRS[0], "S8"),
        "quality/mask": np.ones((4, 5), bool),
        "geometry/incidenceAngle": series[0] + 39,
        "geometry/azimuthAngle": series[0] + 102,
    }
    named = {f"HDFEOS/GRIDS/timeseries/{name}": values for name, values in groups.items()}
    _hdf5(folder / "S1.he5", "HDFEOS", "m", **named)


def _velocity(folder: Path) -> None:
    rate = np.full((4, 5), 0.01, "float32")
    _hdf5(folder / "velocity.h5", "velocity", "m/year", velocity=rate, velocityStd=rate)


def _motion(folder: Path) -> None:
    for first, second in PAIRS:
        _raster(folder / f"{first}_{second}.tif", -0.01)
    _raster(folder / "rate.tif", -0.01)
    _raster(folder / "error.tif", 0.01)
    for axis, part in {"east": 0.6, "north": 0.1, "up": 0.8}.items():
        _raster(folder / f"{axis}.tif", part)


def _flat(folder: Path, names: Mapping[str, tuple[float, str]]) -> None:
    for name, (value, kind) in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.full((4, 5), value, kind).tofile(folder / name)
    place = "corner_lat: 37.9995\ncorner_lon: 100.0005\npost_lat: -0.001\npost_lon: 0.001\n"
    text = f"DEM_projection: EQA\nwidth: 5\nnlines: 4\n{place}"
    (folder / "EQA.dem_par").write_text(text)


def _geocml(folder: Path) -> None:
    names = ["_".join(pair) for pair in PAIRS]
    files = {f"{name}/{name}.unw": (1.5, "<f4") for name in names}
    files |= {f"{name}/{name}.cc": (100, "u1") for name in names}
    ground = {"E.geo": 0.6, "N.geo": 0.1, "U.geo": 0.8, "hgt": 3500.0}
    _flat(folder, files | {name: (value, "<f4") for name, value in ground.items()})
    (folder / "slc.mli.par").write_text("radar_frequency: 5405000000.0 Hz\n")
    (folder / "baselines").write_text("20200101 20200113 50 12\n20200101 20200125 -20 24\n")


def _gamma(folder: Path) -> None:
    files = {f"{'-'.join(pair)}.{k}": (v, ">f4") for pair in PAIRS for k, v in _LAYERS.items()}
    ground = {"lv_theta": 0.9, "lv_phi": -0.2, "dem": 3500.0}
    _flat(folder, files | {name: (value, ">f4") for name, value in ground.items()})


_LAYERS = {"unw": 1.5, "cc": 0.5}
_GAMMA = {
    "wavelength": 0.0562,
    "dem_par": "EQA.dem_par",
    "phase": "{reference}-{secondary}.unw",
    "coherence": "{reference}-{secondary}.cc",
    "height": "dem",
    "line_of_sight": "lv_{angle}",
}


def _licsbas(folder: Path) -> None:
    folder.mkdir(parents=True)
    maps = {name: np.full((4, 5), 0.5, "float32") for name in ("vel", "vstd", "E.geo", "N.geo")}
    place = {"corner_lat": 37.9995, "corner_lon": 100.0005, "post_lat": -0.001, "post_lon": 0.001}
    with h5py.File(folder / "cum.h5", "w") as file:
        file["imdates"] = np.array([20200101, 20200113], "int32")
        file["cum"] = np.full((2, 4, 5), -1.5, "float32")
        for name, values in {**maps, "U.geo": maps["vel"], "refarea": "0:1/0:1", **place}.items():
            file[name] = values


def _licsbas_flat(folder: Path) -> None:
    _flat(folder, dict.fromkeys(("vel", "vstd"), (0.5, "<f4")))


def _opera(folder: Path) -> None:
    folder.mkdir(parents=True)
    moved, keep = np.full((4, 5), -0.01, "float32"), np.ones((4, 5), "uint8")
    layers = {"displacement": (("y", "x"), moved), "recommended_mask": (("y", "x"), keep)}
    layers["spatial_ref"] = (), 0, {"crs_wkt": rasterio.CRS.from_epsg(32606).to_wkt()}
    place = {"y": 4200000.0 - 30 * np.arange(4), "x": 500000.0 + 30 * np.arange(5)}
    for first, second in PAIRS:
        dates = f"{first}T140755Z_{second}T140755Z"
        path = folder / f"OPERA_L3_DISP-S1_IW_F00001_VV_{dates}_v1.0_x.nc"
        xr.Dataset(layers, place).to_netcdf(path, engine="h5netcdf")


def _era5(folder: Path) -> None:
    folder.mkdir(parents=True)
    time = pd.date_range("2020-01-01", periods=48, freq="h")
    dims = ("valid_time", "latitude", "longitude")
    values = np.full((48, 2, 2), 270.0, "float32")
    data = xr.Dataset(
        {"t2m": (dims, values, {"units": "K"}), "tp": (dims, values * 1e-6, {"units": "m"})},
        {"valid_time": time, "latitude": [38.25, 38.0], "longitude": [100.0, 100.25]},
    )
    data.to_netcdf(folder / "a.nc", engine="h5netcdf")


def _era5_zip(folder: Path) -> None:
    _era5(folder)
    with ZipFile(folder / "a.zip", "w") as packed:
        packed.write(folder / "a.nc", "data_stream-oper_stepType-instant.nc")
    (folder / "a.nc").unlink()


def _delays(folder: Path) -> None:
    folder.mkdir(parents=True)
    place = {"y": 37.9995 - 0.001 * np.arange(4), "x": 100.0005 + 0.001 * np.arange(5)}
    fields = (("time", "y", "x"), np.full((3, 4, 5), 1.2, "float32"), {"units": "m"})
    time = pd.to_datetime(["2020-01-01T23:00", "2020-01-13T23:00", "2020-01-25T23:00"])
    data = xr.Dataset({"hydro": fields, "wet": fields}, place | {"time": time})
    data.to_netcdf(folder / "a.nc", engine="h5netcdf")


def _gacos(folder: Path) -> None:
    folder.mkdir(parents=True)
    for date in ("20200101", "20200113"):
        np.full((4, 5), 2.3, "<f4").tofile(folder / f"{date}.ztd")
        place = "X_FIRST 100.0005\nY_FIRST 37.9995\nX_STEP 0.001\nY_STEP -0.001\n"
        (folder / f"{date}.ztd.rsc").write_text(f"WIDTH 5\nFILE_LENGTH 4\n{place}")


def _caravan(folder: Path) -> None:
    folder.mkdir(parents=True)
    time = pd.date_range("2020-01-01", periods=5)
    names = "streamflow", "total_precipitation_sum", "temperature_2m_mean"
    data = xr.Dataset({name: ("date", np.full(5, 1.5, "float32")) for name in names})
    data.assign_coords(date=time).to_netcdf(folder / "a.nc", engine="h5netcdf")


def _table(*lines: str) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "table.txt").write_text("\n".join([*lines, ""]))

    return write


def _vector(folder: Path) -> None:
    folder.mkdir(parents=True)
    ring = [[100.001, 37.999], [100.003, 37.999], [100.003, 37.997], [100.001, 37.999]]
    about = {"type": "Feature", "properties": {"name": "x", "kind": "pit"}}
    feature = {**about, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    collection = {"type": "FeatureCollection", "features": [feature, feature]}
    (folder / "a.geojson").write_text(json.dumps(collection))


_PATTERNS = {
    "wavelength": 0.0555,
    "phase": "{reference}-{secondary}_unw.tif",
    "coherence": "{reference}-{secondary}_cc.tif",
    "baselines": "baselines.csv",
    "height": "dem.tif",
}
_RDB = "agency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd"
_TABLE = "in/table.txt"

LAYOUTS = (
    Layout("alos1", "geotiff", _geotiff, _PATTERNS),
    Layout(
        "sentinel1",
        "gmtsar",
        _gmtsar,
        {"wavelength": 0.0555, "first_day": 0, "baselines": "baseline_table.dat"},
    ),
    Layout("sentinel1", "licsbas", _geocml, {}),
    Layout("envisat", "gamma", _gamma, _GAMMA),
    Layout("sentinel1", "aria", _aria, {}),
    Layout("nisar", "nisar", _nisar, {}),
    Layout("alos2", "isce2", _isce2, {"wavelength": 0.2384}, "in/pairs"),
    Layout("sentinel1", "licsar", _licsar, {}),
    Layout("sentinel1", "hyp3", _hyp3, {}),
    Layout("sentinel1", "mintpy", _ifgram_stack, {}),
    Layout("sentinel1_delays", "netcdf", _delays, {}, "in/a.nc"),
    Layout("sentinel1_delays", "gacos", _gacos, {}),
    Layout("displacement", "mintpy", _timeseries, {}, "in/timeseries.h5"),
    Layout("displacement", "mintpy", _bundle, {}, "in/S1.he5"),
    Layout("rate", "mintpy", _velocity, {}, "in/velocity.h5"),
    Layout(
        "displacement",
        "geotiff",
        _motion,
        {
            "displacement": "{reference}_{secondary}.tif",
            "unit": "m",
            "positive": "towards",
            "line_of_sight": "{axis}.tif",
        },
    ),
    Layout(
        "rate",
        "geotiff",
        _motion,
        {"unit": "m/yr", "positive": "up", "standard_error": "error.tif"},
        "in/rate.tif",
    ),
    Layout("displacement", "opera", _opera, {}),
    Layout("displacement", "licsbas", _licsbas, {}),
    Layout("rate", "licsbas", _licsbas, {}),
    Layout("rate", "licsbas", _licsbas_flat, {"standard_error": "vstd"}, "in/vel"),
    Layout("uav", "image", lambda folder: _raster(folder / "a.tif", 0.5, bands=3), {}, "in/a.tif"),
    Layout("climate", "era5", _era5, {}),
    Layout("climate", "era5", _era5_zip, {}, "in/a.zip"),
    Layout(
        "climate",
        "ghcn_csv",
        _table("STATION,DATE,TMAX,TMIN,PRCP", "X,2020-01-01,150,50,12", "X,2020-01-02,160,40,"),
        {},
        _TABLE,
    ),
    Layout(
        "discharge",
        "csv",
        _table("date,discharge,rain,code", "2020-09-01,5.5,0,A", "2020-09-02,Ice,1.5,A:e"),
        {"precipitation": "rain", "quality": "code", "leave_out": "e"},
        _TABLE,
    ),
    Layout(
        "discharge",
        "usgs_rdb",
        _table("# x", _RDB, "5s\t15s\t20d\t14n\t10s", "USGS\t1\t2020-09-01\t100\tA"),
        {},
        _TABLE,
    ),
    Layout(
        "discharge",
        "grdc",
        _table("# GRDC-No.: 1", "YYYY-MM-DD;hh:mm; Value", "2001-01-01;--:--;   12.500"),
        {},
        _TABLE,
    ),
    Layout(
        "discharge",
        "grdc",
        _table(
            "YYYY-MM-DD;hh:mm; Original; Calculated; Flag",
            "2001-01-01;--:--;   12.500;   12.600;   1",
            "2001-01-02;--:--;   12.500; -999.000;   -999",
        ),
        {"leave_out": "99"},
        _TABLE,
    ),
    Layout(
        "discharge",
        "csv",
        _table("Daily flow", " ID,PARAM,Date,Value", "A,1,2020/09/01,2.5", "A,2,2020/09/01,0.7"),
        {
            "time": "Date",
            "discharge": "Value",
            "below": "Daily",
            "only": "PARAM=1",
            "unit": "mm day-1",
            "area_km2": 100.0,
        },
        _TABLE,
    ),
    Layout(
        "discharge",
        "ehyd",
        _table("HZB;1", "Einheit: ;m3/s", "Werte:", "01.02.2020 00:00:00 ; 1,5", "02.02.2020;2,0"),
        {},
        _TABLE,
    ),
    Layout("discharge", "caravan", _caravan, {"area_km2": 100.0}, "in/a.nc"),
    Layout(
        "climate",
        "ghcn_daily",
        _table("ID,DATE,ELEMENT,V,M,Q,S,T", "X,20200101,TAVG,150,,,S,", "X,20200101,PRCP,5,,,S,"),
        {},
        _TABLE,
    ),
    Layout(
        "climate",
        "ghcn_daily",
        _table(
            "CHM00052754202001TAVG" + "  150  S" * 31, "CHM00052754202001PRCP" + "   50  S" * 31
        ),
        {"station": "CHM00052754"},
        _TABLE,
    ),
    Layout("climate", "caravan", _caravan, {}, "in/a.nc"),
    Layout("thaw_depth", "csv", _table("year,thaw_depth", "2001,0.5", "2002,0.6"), {}, _TABLE),
    Layout(
        "gnssir",
        "gnssrefl",
        _table("% year doy RH", " 2018 182 3.200 32 7 1 0.040", " 2018 184 3.210 30 7 3 0.050"),
        {},
        _TABLE,
    ),
    Layout(
        "gnssir",
        "gnssrefl",
        _table("year,doy,rh (m),uncertainty (m)", "2018,182,3.2,0.01", "2018,183,3.3,0.01"),
        {},
        _TABLE,
    ),
    Layout(
        "pairs",
        "csv",
        _table(
            "satellite,image_1,image_2,perpendicular_baseline_m,time_span_days",
            "ERS-2,19970101,19970205,-12.5,35",
        ),
        {},
        _TABLE,
    ),
    Layout("keyhole_points", "csv", _table("col,row,x,y", "1.5,2,3,4", "5,6,7,8"), {}, _TABLE),
    Layout("outlines", "vector", _vector, {}, "in/a.geojson"),
    Layout("sites", "vector", _vector, {}, "in/a.geojson"),
)

_POSITIONS = st.floats(0, 1)
_TEXTS = [b"", b"\0", b"\xff\xfe", b'"', b",", b";", b"\t", b"#", b"NaN", b"-9999", b"1e999", b"\r"]


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Draw what happens to the bytes of a file."""
    start, length = draw(_POSITIONS), draw(st.integers(1, 12))
    put = draw(st.sampled_from(_TEXTS) | st.binary(max_size=8))
    kind = draw(st.sampled_from(["cut", "replace", "insert", "swap", "separate", "repeat", "bare"]))
    old, new = draw(st.permutations([b",", b";", b"\t", b" ", b".", b"-", b"\n"]))[:2]

    def damage(content: bytes) -> bytes:
        at = int(start * len(content))
        before, some, after = content[:at], content[at : at + length], content[at + length :]
        return {
            "cut": before,
            "replace": before + put + after,
            "insert": before + put + some + after,
            "swap": before + some[::-1] + after,
            "separate": content.replace(old, new),
            "repeat": content + content[at:],
            "bare": put,
        }[kind]

    return damage


@cache
def _contents(write: Callable[[Path], object]) -> dict[Path, bytes]:
    """Bytes of what a layout writes, which are the same each time."""
    with TemporaryDirectory() as place:
        write(Path(place, "in"))
        files = (path for path in Path(place).rglob("*") if path.is_file())
        return {path.relative_to(place): path.read_bytes() for path in files}


def write_entry(layout: Layout, folder: Path) -> None:
    """Write a layout's files and the catalogue that names them."""
    for name, content in _contents(layout.write).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    keys = {"format": layout.form, "path": layout.path, **layout.keys}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    text = f'[archive]\nname = "x"\n[{layout.name}]\n{lines}\n'
    (folder / "catalogue.toml").write_text(text)
