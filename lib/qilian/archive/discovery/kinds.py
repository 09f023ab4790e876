"""How each format is recognised: a line a format, by the names of its files and what they say."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qilian.archive.discovery.guesses import Key
from qilian.archive.discovery.tables import (
    Columns,
    climate_keys,
    discharge_keys,
    thaw_depth_keys,
)

INTERFEROGRAMS = "interferograms"  # of the satellite that names, headers or dates tell
Keys = Sequence[Key]
Find = Callable[[str], Keys | None]  # keys from what a file says of itself; None if it is another


def _no_keys(says: str) -> Keys:
    return ()


@dataclass(frozen=True)
class Kind:
    """How files of a format look.

    Attributes
    ----------
    entry : str
        Name in a catalogue; `interferograms` for that of the satellite which names or dates tell.
    format : str
        As `READERS` has it.
    names : str
        What places below the folder look like, in any case. The entry's path is the group `path`,
        a folder in which all such files belong together, or else each file.
    why : str
        What was recognised, in words.
    says : str
        What stands in the text or the header of the first file.
    keys : callable
        Finds keys in that text; None where the file is no such one after all.
    folder : bool
        Whether the path of a single file is its folder.
    beside : sequence of (str, str)
        Keys that name files near these, and what such files are called.
    also : bool
        Whether a file of this format brings this entry besides another.
    """

    entry: str
    format: str
    names: str
    why: str
    says: str = ""
    keys: Find = _no_keys
    folder: bool = True
    beside: Sequence[tuple[str, str]] = ()
    also: bool = False

    def fits(self, place: str) -> re.Match[str] | None:
        """Hold a file's place below the folder against the names."""
        return re.fullmatch(self.names, place, re.IGNORECASE)


def _columns(*names: str) -> Find:
    """Take tables that have these headings."""

    def keys(says: str) -> Keys | None:
        table = Columns.of(says)
        return () if table and table.has(*names) else None

    return keys


def _survey_keys(says: str) -> Keys:
    """Bands of a survey that the file does not name, and the factor to reflectance."""
    keys = []
    if not {"green", "red"} <= set(re.findall(r"\w+", says)):
        why = "the file names no bands, and S1 needs green, red and near_infrared; in its order"
        names = ["blue", "green", "red", "near_infrared"]
        more = int(says.partition(" ")[0]) - len(names)
        names += [f"band_{number}" for number in range(5, 5 + more)]
        keys.append(Key("bands", ",".join(names), why, False))
    if "int16" in says and "scaled" not in says:
        why = "reflectance as integers is mostly stored 10000 times as large"
        keys.append(Key("scale", 0.0001, why))
    return keys


def _station_keys(says: str) -> Keys:
    codes = sorted(set(re.findall(r"^\w{11}(?=\d{6}[A-Z]|,)", says, re.MULTILINE)))
    if len(codes) < 2:
        return []
    why = f"the file holds several, such as {', '.join(codes[:3])}; of yours"
    return [Key("station", codes[0], why, False)]


def _rate_keys(says: str) -> Keys:
    return [
        Key("unit", "mm/yr", "no file tells it: mm/yr, cm/yr or m/yr", False),
        Key("positive", "towards", "towards or away from the satellite, up or down", False),
    ]


def _caravan_keys(says: str) -> Keys:
    why = "area of the basin, which Caravan's table of attributes has and this file does not"
    return [Key("area_km2", 1000.0, why, False)]


def _camels_keys(says: str) -> Keys:
    return [
        Key("separator", " ", "blanks stand between the fields"),
        Key("columns", "gauge,year,month,day,flow,flag", "as CAMELS-US describes them"),
        Key("time", "year,month,day", "columns of the date"),
        Key("discharge", "flow", "the column of discharge"),
        Key("unit", "ft3 s-1", "that of CAMELS-US"),
        Key("nodata", -999, "stands for a missing day"),
        Key("quality", "flag", "codes beside the numbers"),
    ]


def _canada_keys(says: str) -> Keys:
    before, _, _ = re.split(r"^(\W*ID\W+PARAM\b)", says, maxsplit=1, flags=re.MULTILINE)
    title = before.strip().splitlines()[-1:]
    keys = [Key("below", title[0][:40], "the line above the headings")] if title else []
    return [
        *keys,
        Key("only", "PARAM=1", "1 is discharge, 2 the water level"),
        Key("time", "Date", "the heading of the days"),
        Key("discharge", "Value", "the heading of the numbers, in m3 s-1"),
        *([Key("quality", "SYM", "codes beside the numbers")] if "SYM" in says else []),
        Key("leave_out", "B", "days of such codes become gaps; B is a day under ice", False),
    ]


_IN = r"(?:(?P<path>.*?)/)??"
_TABLE = r".*\.(?:csv|tsv|txt|dat)"
_TIFF = r"\.tiff?"
_DATE = r"(?:19|20)\d{6}"
_TIME = rf"{_DATE}(?:T\d{{6}})?"

# Those whose files lie together, told by their names alone.
STACKS = (
    Kind(
        "sentinel1",
        "licsar",
        rf"{_IN}(?P<pair>{_DATE}_{_DATE})/(?P=pair)\.geo\.(?:unw|cc)\.tif",
        "folders of pairs with .geo.unw.tif and .geo.cc.tif are LiCSAR's",
    ),
    Kind(
        INTERFEROGRAMS,
        "hyp3",
        rf"{_IN}(?:[^/]*_{_TIME}_{_TIME}_[^/]*/)*[^/]*{_TIME}_{_TIME}[^/]*"
        r"_(?:unw_phase|corr)(?:_clip(?:ped)?)?\.tif",
        "names that end in _unw_phase.tif and _corr.tif are HyP3's",
    ),
    Kind(
        INTERFEROGRAMS,
        "mintpy",
        rf"{_IN}ifgramStack\.h5",
        "MintPy's stack of interferograms; its folder, so that geometryGeo.h5 is seen",
    ),
    Kind(
        "sentinel1",
        "licsbas",
        rf"{_IN}(?P<pair>{_DATE}_{_DATE})/(?P=pair)\.(?:unw|cc)",
        "folders of pairs with .unw and .cc are LiCSBAS's GEOCml",
    ),
    Kind("sentinel1", "aria", rf"{_IN}S1-GUNW-[^/]*\.nc", "ARIA names its products S1-GUNW"),
    Kind("nisar", "nisar", rf"{_IN}NISAR_L2_\w*GUNW_[^/]*\.h5", "NISAR's GUNW products"),
    Kind(
        "displacement",
        "opera",
        rf"{_IN}OPERA_L3_DISP-S1_[^/]*\.nc",
        "OPERA's DISP-S1 products",
        beside=(("line_of_sight", r"OPERA_L3_DISP-S1-STATIC_[^/]*line_of_sight_enu\.tif"),),
    ),
    Kind(
        INTERFEROGRAMS,
        "isce2",
        rf"{_IN}{_DATE}_{_DATE}/filt_fine\.(?:unw|cor)\.geo\.vrt",
        "folders of pairs with filt_fine.unw.geo.vrt are those of ISCE-2's topsStack",
    ),
    Kind(
        INTERFEROGRAMS,
        "gmtsar",
        rf"{_IN}\d{{7}}_\d{{7}}/(?:unwrap|corr)_ll\.grd",
        "folders named by year and day with unwrap_ll.grd and corr_ll.grd are GMTSAR's",
        beside=(("baselines", r"baseline_table\.dat"),),
    ),
    Kind(
        "sentinel1_delays",
        "gacos",
        rf"{_IN}{_DATE}\.ztd(?:\.rsc|{_TIFF})?",
        "zenith delays of GACOS; those of another radar are named after it",
    ),
)

# Single files, told by their names and by what they say; the first line that fits counts.
FILES = (
    Kind(
        "displacement",
        "mintpy",
        r"(?:.*/)?(?:geo_)?timeseries(?!Residual)\w*\.h5",
        "MintPy's series",
    ),
    Kind("rate", "mintpy", r"(?:.*/)?(?:geo_)?velocity\.h5", "MintPy's velocity"),
    Kind(
        "displacement",
        "mintpy",
        r".*\.he5",
        "MintPy's bundle for HDF-EOS",
        "^/HDFEOS/GRIDS/timeseries/observation/displacement ",
    ),
    Kind("displacement", "licsbas", rf"{_IN}cum(?:_filt)?\.h5", "LiCSBAS's series", "^/cum "),
    Kind("rate", "licsbas", rf"{_IN}cum(?:_filt)?\.h5", "LiCSBAS's velocity", "^/vel ", also=True),
    Kind(
        "rate",
        "geotiff",
        rf"(?:.*/)?(?![^/]*(?:std|err|sig))[^/]*(?:vel|rate)[^/]*{_TIFF}",
        "an image of one band that is called a velocity or rate",
        "^1 bands",
        _rate_keys,
        beside=(("standard_error", rf"[^/]*(?:vel|rate)[^/]*(?:std|err|sig)[^/]*{_TIFF}"),),
    ),
    Kind(
        "rate",
        "licsbas",
        r"(?:.*/)?vel(?:\.mskd)?",
        "a flat file of LiCSBAS's velocity",
        beside=(("dem_par", r"EQA\.dem_par"), ("standard_error", "vstd")),
    ),
    Kind(
        "sentinel1_delays",
        "netcdf",
        r".*\.nc",
        "delays of RAiDER; those of another radar are named after it",
        "/hydro ",
    ),
    Kind("climate", "era5", rf"{_IN}[^/]+\.nc4?", "netCDF with t2m", "/t2m ", folder=False),
    Kind("climate", "era5", r".*\.zip", "an archive of the Climate Data Store", r"^data_stream"),
    Kind("discharge", "caravan", r".*\.nc", "a basin of Caravan", "/streamflow ", _caravan_keys),
    Kind("climate", "caravan", r".*\.nc", "a basin of Caravan", "/temperature_2m_mean ", also=True),
    Kind("sites", "vector", r".*\.(?:geojson|gpkg|shp)", "points", "Point"),
    Kind("outlines", "vector", r".*\.(?:geojson|gpkg|shp)", "polygons", "Polygon|Line"),
    Kind("discharge", "usgs_rdb", ".*", "USGS's tab-separated file", r"\bdatetime\t.*_00060_\d"),
    Kind("discharge", "grdc", ".*", "GRDC's header", r"^#\s*GRDC-No\.|^YYYY-MM-DD;hh:mm"),
    Kind("discharge", "ehyd", _TABLE, "the header of Austria's service", r"^Werte:"),
    Kind("gnssir", "gnssrefl", r".*dailyRH.*\.txt", "gnssrefl's daily reflector heights"),
    Kind("gnssir", "gnssrefl", _TABLE, "gnssrefl's comment on its columns", r"^%.*\bRH\b"),
    Kind("gnssir", "gnssrefl", _TABLE, "year, doy and rh", r"\brh\b", _columns("year", "doy")),
    Kind(
        "discharge",
        "csv",
        _TABLE,
        "lines of gauge, year, month, day, flow and flag are CAMELS-US's",
        r"\A *\d{8} +\d{4} +\d{1,2} +\d{1,2} +-?[\d.]+ +\S+$",
        _camels_keys,
    ),
    Kind(
        "discharge",
        "csv",
        _TABLE,
        "the headings of the Water Survey of Canada",
        r"^\W*ID\W+PARAM\W+Date\W+Value\b",
        _canada_keys,
    ),
    Kind(
        "pairs",
        "csv",
        _TABLE,
        "a table with satellite, image_1 and image_2",
        keys=_columns("satellite", "image_1", "image_2"),
    ),
    Kind(
        "keyhole_points",
        "csv",
        _TABLE,
        "a table of control points, col, row, x and y",
        keys=_columns("col", "row", "x", "y"),
    ),
    Kind(
        "climate",
        "ghcn_daily",
        r".*\.(?:dly|csv|txt)(?:\.gz)?",
        "NOAA's own file of GHCN-daily, one element a line",
        r"\A(?:ID,DATE,ELEMENT,|\w+,\d{8},[A-Z0-9]{4},|\w{11}\d{6}[A-Z0-9]{4})",
        _station_keys,
    ),
    Kind("climate", "ghcn_csv", _TABLE, "a table of daily temperature", keys=climate_keys),
    Kind("thaw_depth", "csv", _TABLE, "a table of thaw depth by year", keys=thaw_depth_keys),
    Kind("discharge", "csv", _TABLE, "a table of dates and discharge", keys=discharge_keys),
    Kind(
        "keyhole",
        "image",
        rf".*(?:keyhole|corona|hexagon|declass|kh-?[479])[^/]*{_TIFF}",
        "an image of one band that is called after an old satellite's camera",
        "^1 bands",
    ),
    Kind(
        "uav",
        "image",
        rf".*{_TIFF}",
        "an image with a near infrared band, or more bands than a colour picture has",
        r"near_?infrared|\bnir\b|^(?:[5-9]|1\d) bands",
        _survey_keys,
    ),
    Kind(
        "uav_rgb",
        "image",
        rf".*(?:uav|drone|rgb|ortho)[^/]*{_TIFF}",
        "an image of three bands, called after a drone or its colours",
        "^[34] bands",
    ),
    Kind("basemap", "image", rf".*{_TIFF}", "an image of three or four bands", "^[34] bands"),
)
