"""Discharge tables: what the reader takes, and the sentence it gives for what it does not."""

import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from qilian.archive.readers.caravan import read_discharge
from qilian.archive.readers.formats import READERS
from qilian.archive.readers.hydrograph import read_csv, read_ehyd, read_grdc, read_usgs_rdb
from qilian.contracts.errors import InputError

CUBIC_FOOT = 0.028316846592
RDB_HEADER = "# comment\nagency_cd\tsite_no\tdatetime\t7_00060_00003\t7_00060_00003_cd\n"


@pytest.fixture
def table(tmp_path):
    """Write text to a file and return its path."""

    def write(text: str, name: str = "gauge.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def rdb(*rows: str) -> str:
    """Rows of day, value and code as the text of an RDB file without a format line."""
    return RDB_HEADER + "".join("USGS\t1\t" + "\t".join(row.split()) + "\n" for row in rows)


def refusal(read, *args, **options) -> str:
    """Return the message of the refusal, having held it to one sentence that names the file."""
    with pytest.raises(InputError) as caught:
        read(*args, **options)
    message = str(caught.value)
    assert str(args[0]) in message
    assert message.endswith(".")
    assert "\n" not in message
    return message


def test_days(table):
    """Unsorted days are sorted and absent days stay absent."""
    flow = read_csv(table("date,discharge\n2001-01-05,5\n2001-01-01,1\n"))["discharge"]
    assert flow.values.tolist() == [1, 5]
    assert flow["time"].values.astype("datetime64[D]").astype(str).tolist() == [
        "2001-01-01",
        "2001-01-05",
    ]


@pytest.mark.parametrize(
    ("unit", "factor"), [("m3 s-1", 1), ("l s-1", 1e-3), ("ft3 s-1", CUBIC_FOOT)]
)
def test_units(table, unit, factor):
    """Every unit ends as cubic metres per second."""
    flow = read_csv(table("date,discharge\n2001-01-01,700\n"), unit=unit)["discharge"]
    assert flow.item() == pytest.approx(700 * factor)
    assert flow.attrs["units"] == "m3 s-1"


def test_precipitation(table):
    """Precipitation is read where its column is named."""
    path = table("day,q,rain\n2001-01-01,1,2.5\n2001-01-02,1,\n")
    record = read_csv(path, time="day", discharge="q", precipitation="rain")
    np.testing.assert_array_equal(record["precipitation"], [2.5, np.nan])
    assert record["precipitation"].attrs["words"] == "blank: 1 days"
    assert "precipitation" not in read_csv(path, time="day", discharge="q")


def test_words(table):
    """Words of agencies are missing values and are counted."""
    flow = read_csv(
        table("date,discharge\n2001-01-01,Ice\n2001-01-02,Ice\n2001-01-03,--\n2001-01-04,2\n")
    )["discharge"]
    assert flow.attrs["words"] == "Ice: 2 days, --: 1 days"
    np.testing.assert_array_equal(flow, [np.nan, np.nan, np.nan, 2])


def test_numbers_that_mean_missing(table):
    """They are gaps and are counted as they are written."""
    path = table("date,discharge\n2001-01-01,-999.00\n2001-01-02,2\n2001-01-03,Ice\n")
    flow = read_csv(path, nodata=-999.0)["discharge"]
    np.testing.assert_array_equal(flow, [np.nan, 2, np.nan])
    assert flow.attrs["words"] == "-999.00: 1 days, Ice: 1 days"


def test_repeated_row(table):
    """The same row twice is one day."""
    assert read_csv(table("date,discharge\n2001-01-01,1\n2001-01-01,1\n")).sizes["time"] == 1


def test_comments(table):
    """Comments blank lines and a byte order mark do no harm."""
    record = read_csv(table("\ufeff# station\ndate,discharge\n\n2001-01-01,1\n"))
    assert record["discharge"].values.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,discharge\n2001-01-01,1\n2001-01-02,fast\n", "line 3: 'fast'"),
        ("# note\ndate,discharge\n\n2001-01-01,1,2\n", "line 4"),
        ("date,discharge\n2001-02-30,1\n", "line 2: '2001-02-30' is not a date"),
        ("date,discharge\n,1\n", "line 2: '' is not a date"),
        ("date,discharge\n0220-01-01,1\n", "line 2: '0220-01-01' is not a date"),
        ("date,discharge\n2001-01-01,1\n2001-01-01,2\n", "2001-01-01 has two different values"),
        (
            "date,discharge\n2001-01-01,-5\n",
            "line 2: 'discharge' is -5, expected no negative value",
        ),
        ("date,discharge\n2001-01-01,inf\n", "line 2: 'inf' stands in column 'discharge'"),
        ("date,dischrage\n2001-01-01,1\n", "did you mean 'dischrage'"),
        ("day;q\n2001-01-01;1\n", "line 1 has a semicolon between its fields, expected a comma"),
        ("date,discharge\n", "no rows"),
        ("", "is empty"),
    ],
)
def test_broken_table(table, text, said):
    """A broken table is refused with the place and what was expected."""
    assert said in refusal(read_csv, table(text))


def test_missing_file(tmp_path):
    """A file that does not exist is refused."""
    assert "does not exist" in refusal(read_csv, tmp_path / "gauge.csv")


def test_unknown_unit(table):
    """An unknown unit is refused with the known ones."""
    message = refusal(read_csv, table("date,discharge\n2001-01-01,1\n"), unit="cfs")
    assert "'cfs'" in message
    assert "ft3 s-1" in message


@pytest.mark.parametrize("format_line", ["", "5s\t15s\t20d\t14n\t10s\n"])
def test_format_line(table, format_line):
    """An RDB file reads alike with and without its format line."""
    text = rdb("2001-01-01 700 A", "2001-01-02 Eqp P").replace(
        "_cd\nUSGS", f"_cd\n{format_line}USGS"
    )
    flow = read_usgs_rdb(table(text))["discharge"]
    np.testing.assert_allclose(flow, [700 * CUBIC_FOOT, np.nan])
    assert flow.attrs["words"] == "Eqp: 1 days"


def test_rdb_words(table):
    """Any word may stand in an RDB file, but no broken number."""
    read_usgs_rdb(table(rdb("2001-01-01 Flood A", "2001-01-02 *** P")))
    assert "line 3: '7o0'" in refusal(read_usgs_rdb, table(rdb("2001-01-01 7o0 A")))


def test_statistic(table):
    """The statistic chooses the column of an RDB file."""
    path = table(rdb("2001-01-01 700 A"))
    assert "0 columns ending in _00060_00001" in refusal(read_usgs_rdb, path, statistic="00001")


CANADA = """\
Daily Discharge (m3/s) (PARAM = 1) and Daily Water Level (m) (PARAM = 2)
 ID,PARAM,Date,Value,SYM
10LC002,1,1972/10/30,14.2,
10LC002,1,1972/10/31,9.10,B
10LC002,1,1972/11/01,,
10LC002,2,1972/10/30,3.511,
"""


# By the name of its file in the guide: a file's text, its discharge in m3 s-1 worked by hand (a
# cubic foot is 0.0283168 cubic metres, 1 mm a day over 2303.99 km2 is 26.6665 m3 s-1), its codes.
WRITTEN = {
    "01013500_streamflow_qc.txt": (
        "01013500 1980 01 01   655.00 A\n"
        "01013500 1980 01 02   640.00 A:e\n"
        "01013500 1980 01 03  -999.00 M\n",
        [18.547535, 18.122782, np.nan],
        "A: 1 days, A:e: 1 days, M: 1 days",
    ),
    "ID_1.csv": (
        "YYYY;MM;DD;qobs;ckhs\n1981;1;1;1.23;1\n1981;1;2;-999;0\n",
        [1.23, np.nan],
        "1: 1 days, 0: 1 days",
    ),
    "camels_01013500.csv": (
        "date,total_precipitation_sum,streamflow\n1980-01-01,0.0,1.5\n1980-01-02,3.25,\n",
        [39.99983, np.nan],
        None,
    ),
    "daily.csv": (CANADA, [14.2, np.nan, np.nan], "B: 1 days"),
    "items.csv": (
        "x,y,id,time_series_id,monitoring_location_id,parameter_code,statistic_id,time,value,"
        "unit_of_measure,approval_status,qualifier,last_modified\n"
        ",,b,t,USGS-1,00060,00003,2024-01-02,1200,ft^3/s,Approved,\"['ESTIMATED']\",2026-01-06\n"
        ",,a,t,USGS-1,00060,00003,2024-01-01,1000,ft^3/s,Approved,,2026-01-06\n"
        ",,c,u,USGS-1,00065,00003,2024-01-01,3.51,ft,Approved,,2026-01-06\n",
        [28.316847, 33.980216],
        "['ESTIMATED']: 1 days",
    ),
    "39001_gdf.csv": (
        "file,timestamp,2024-01-05T10:00:00\ndatabase,id,nrfa-public-30\n"
        "station,id,39001\nstation,name,Thames at Kingston\ndataType,units,m3/s\n"
        "data,first,1883-01-01\ndata,last,1883-01-02\n1883-01-01,231.0\n1883-01-02,229.5,M\n",
        [231.0, 229.5],
        None,
    ),
    "gauge.csv": (
        "site_no,Date,X_00060_00003,X_00060_00003_cd\n04079000,1994-01-01,1200,A e\n",
        [33.980216],
        "A e: 1 days",
    ),
}
GUIDE = Path(__file__).parents[1] / "book" / "own_data.md"
ENTRIES = [
    entry
    for block in re.findall(r"```toml\n(\[discharge\].*?)```", GUIDE.read_text(), re.DOTALL)
    if (entry := tomllib.loads(block)["discharge"])["path"] in WRITTEN
]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["path"])
def test_worked_entries_of_the_guide(tmp_path, entry):
    """Each opens a file of the layout that its agency or collection publishes."""
    text, expected, codes = WRITTEN[entry["path"]]
    path = tmp_path / entry["path"]
    path.write_text(text)
    flow = READERS["discharge"][entry["format"]](
        path, **{key: value for key, value in entry.items() if key not in ("format", "path")}
    )["discharge"]
    np.testing.assert_allclose(flow, expected, rtol=1e-6)
    assert flow.attrs.get("qualification") == codes


def test_codes_in_brackets_are_left_out(table):
    """As the newer service of the USGS writes lists of them."""
    path = table("date,discharge,code\n2001-01-01,1,\"['ICE', 'EQUIP']\"\n2001-01-02,2,\n")
    flow = read_csv(path, quality="code", leave_out="ICE")["discharge"]
    np.testing.assert_array_equal(flow, [np.nan, 2])


def test_every_layout_has_its_entry_in_the_guide():
    """None of them is told to nobody."""
    assert {entry["path"] for entry in ENTRIES} == set(WRITTEN)


def test_water_survey_of_canada(table):
    """Its daily file holds levels too and has a line above its header; B marks ice."""
    keys = {"time": "Date", "discharge": "Value", "quality": "SYM", "below": "Daily Discharge"}
    flow = read_csv(table(CANADA), **keys, only="PARAM=1", leave_out="B")["discharge"]
    np.testing.assert_array_equal(flow, [14.2, np.nan, np.nan])
    assert flow.attrs["qualification"] == "B: 1 days"
    assert flow.attrs["left_out"] == "B: 1 days"
    assert "has no row of 'PARAM=7'" in refusal(read_csv, table(CANADA), **keys, only="PARAM=7")
    assert "expected a form such as PARAM=1" in refusal(read_csv, table(CANADA), **keys, only="1")
    assert "no line that begins with 'Stage'" in refusal(read_csv, table(CANADA), below="Stage")


def test_discharge_in_depth(table):
    """1 mm a day over 86.4 square kilometres is 1 cubic metre a second."""
    path = table("date,q,rain\n2001-01-01,2.5,4\n")
    keys = {"discharge": "q", "precipitation": "rain", "unit": "mm day-1"}
    record = read_csv(path, **keys, area_km2=86.4)
    assert record["discharge"].item() == pytest.approx(2.5)
    assert record["precipitation"].item() == 4
    assert "expected area_km2 with unit = 'mm day-1'" in refusal(read_csv, path, **keys)
    assert "and with no other" in refusal(read_csv, path, discharge="q", area_km2=86.4)
    assert "area_km2 is 0, expected more than 0" in refusal(read_csv, path, **keys, area_km2=0.0)


def caravan(path: Path, flow: list[float], start: str = "2001-01-01", step: str = "D") -> Path:
    """Write a basin of Caravan: mm a day along `date`."""
    time = pd.date_range(start, periods=len(flow), freq=step)
    variables = {
        "streamflow": flow,
        "total_precipitation_sum": np.r_[-1e-9, np.full(len(flow) - 1, 3.5)],
        "temperature_2m_mean": np.full(len(flow), -4.5),
    }
    fields = {name: ("date", np.float32(values)) for name, values in variables.items()}
    xr.Dataset(fields, {"date": time}).to_netcdf(path, engine="h5netcdf")
    return path


def test_caravan(tmp_path):
    """A basin of Caravan, its depth over 172.8 square kilometres, its rain beside it."""
    path = caravan(tmp_path / "camels_01013500.nc", [1.5, np.nan, 0.25])
    record = read_discharge(path, area_km2=172.8)
    np.testing.assert_allclose(record["discharge"], [3, np.nan, 0.5])
    np.testing.assert_allclose(record["precipitation"], [0, 3.5, 3.5])
    assert record["discharge"].attrs["units"] == "m3 s-1"
    assert str(record["time"].values[2])[:10] == "2001-01-03"


def test_what_is_no_basin_of_caravan(tmp_path):
    """Another netCDF, a negative flow and months are refused."""
    xr.Dataset({"q": ("date", [1.0])}).to_netcdf(tmp_path / "q.nc", engine="h5netcdf")
    assert "has no date" in refusal(read_discharge, tmp_path / "q.nc", area_km2=1.0)
    path = caravan(tmp_path / "a.nc", [1.0, -2.0])
    assert "discharge is -2 at 2001-01-02" in refusal(read_discharge, path, area_km2=86.4)
    path = caravan(tmp_path / "b.nc", [1.0, 2.0, 1.0], step="MS")
    assert "has 29 days from row to row" in refusal(read_discharge, path, area_km2=86.4)


EHYD = """\
Messstelle:                ;Neuhaus
HZB-Nummer:                ;212670
Gewässer:                  ;Gail
Pegelnullpunkt:
 gültig seit:              ;Höhe [m ü.A.]:
  01.01.1951               ;550,00
Exportzeitreihe:           ;Q,I,Mit,T,1,Z,Z,0,,,
Einheit:                   ;m³/s
Werte:
30.12.1995 00:00:00   ;     12,3
31.12.1995 00:00:00   ;Lücke
01.01.1996 00:00:00   ;   1041,00
"""


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_ehyd(tmp_path, encoding):
    """A file of eHYD: below its header, decimal commas, a gap in words."""
    path = tmp_path / "Q-Tagesmittel-212670.csv"
    path.write_bytes(EHYD.replace("\n", "\r\n").encode(encoding))
    flow = read_ehyd(path)["discharge"]
    np.testing.assert_array_equal(flow, [12.3, np.nan, 1041])
    assert str(flow["time"].values[0])[:10] == "1995-12-30"
    assert flow.attrs["words"] == "Lücke: 1 days"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (EHYD.replace("m³/s", "[cm]"), "is in 'cm', expected discharge of eHYD in m³/s"),
        (EHYD.replace("Einheit", "Gewicht"), "has no line Einheit"),
        (EHYD.replace("Werte", "Daten"), "no line that begins with 'Werte:'"),
        (
            EHYD.replace("30.12.1995", "17.11.1995").replace("01.01.1996", "30.01.1996"),
            "has 37 days from row to row, expected daily values",
        ),
        (EHYD.replace("30.12.1995", "30.13.1995"), "line 10: '30.13.1995 00:00:00' is not a date"),
        (EHYD.replace("12,3", "-12,3"), "line 10: 'discharge' is -12.3, expected no negative"),
    ],
)
def test_what_is_no_daily_discharge_of_ehyd(table, text, said):
    """Levels, monthly extremes and damaged rows are refused."""
    assert said in refusal(read_ehyd, table(text))


GRDC = """\
# GRDC-No.:              6335020
# River:                 RHINE RIVER
# Station:               REES
# Data Set Content:      MEAN DAILY DISCHARGE
"""


def test_grdc(table):
    """The newer form with one value, whose -999 is a gap."""
    rows = "YYYY-MM-DD;hh:mm; Value\n2001-01-01;--:--;   2035.000\n2001-01-02;--:--;   -999.000\n"
    record = read_grdc(table(GRDC + rows))
    np.testing.assert_array_equal(record["discharge"], [2035, np.nan])
    assert record.attrs == {
        "grdc_number": "6335020",
        "river": "RHINE RIVER",
        "station": "REES",
    }


GRDC_ROWS = """\
YYYY-MM-DD;hh:mm; Original; Calculated; Flag
1901-01-01;--:--;   2035.000;   2040.000;    1
1901-01-02;--:--;   2270.000;   -999.000; -999
1901-01-03;--:--;   -999.000;   -999.000; -999
1901-01-04;--:--;   2325.000;   2325.000;   99
"""


def test_grdc_with_flags(table):
    """The older form: what the centre has modified goes before what it was sent; flags count."""
    flow = read_grdc(table(GRDC + GRDC_ROWS))["discharge"]
    np.testing.assert_array_equal(flow, [2040, 2270, np.nan, 2325])
    assert flow.attrs["qualification"] == "1: 1 days, 99: 1 days"
    flow = read_grdc(table(GRDC + GRDC_ROWS), leave_out="99")["discharge"]
    np.testing.assert_array_equal(flow, [2040, 2270, np.nan, np.nan])


def test_grdc_of_months(table):
    """A file of monthly means is refused by its header, without one by its days."""
    monthly = GRDC.replace("MEAN DAILY DISCHARGE", "MEAN MONTHLY DISCHARGE (MQ)")
    message = refusal(read_grdc, table(monthly + GRDC_ROWS))
    assert "holds 'MEAN MONTHLY DISCHARGE (MQ)', expected daily discharge" in message
    rows = "".join(f"1951-{month:02}-{{}};--:--; 2.0; -999.0; 0\n" for month in range(1, 5))
    head = "YYYY-MM-DD;hh:mm; Original; Calculated; Flag\n"
    assert "'1951-01-00' is not a date" in refusal(
        read_grdc, table(head + rows.format(*["00"] * 4))
    )
    first = refusal(read_grdc, table(head + rows.format(*["01"] * 4)))
    assert "has 31 days from row to row, expected daily values" in first


def test_kuparuk(real):
    """The Kuparuk table keeps its gaps, zeros and missing leap days."""
    path = real / "kuparuk_usgs15896000_1983_2020.csv"
    record = read_csv(path, discharge="q_m3s", precipitation="rain_mm_d")
    flow, time = record["discharge"], record["time"]
    assert record.sizes["time"] == 38 * 365
    assert not ((time.dt.month == 2) & (time.dt.day == 29)).any()
    assert flow.isnull().sum() == 80
    assert (flow == 0).sum() == 6077


def test_little_susitna(real):
    """The Little Susitna file ends in cubic metres, its ice counted."""
    flow = read_usgs_rdb(real / "usgs_15290000_little_susitna.rdb")["discharge"]
    assert flow.sizes["time"] == 27689
    assert flow[0].item() == pytest.approx(19.8218, abs=1e-4)
    assert str(flow["time"].values[0])[:10] == "1948-07-01"
    assert flow.attrs["words"] == "Ice: 52 days"
    assert flow.isnull().sum() == 52
