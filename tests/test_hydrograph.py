"""Discharge tables: what the reader takes, and the sentence it gives for what it does not."""

from pathlib import Path

import numpy as np
import pytest

from qilian.archive.readers.hydrograph import read_csv, read_usgs_rdb
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
