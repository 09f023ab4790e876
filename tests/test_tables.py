"""One door for text tables: whatever stands in a file is read as it means, or refused by line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import control_points, ghcn, ghcn_daily, gnssrefl, pairs, thaw_depth
from qilian.archive.readers.hydrograph import read_csv, read_grdc, read_usgs_rdb
from qilian.contracts.errors import InputError

FT3 = 0.028316846592
RDB = "agency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd\n"


@pytest.fixture
def table(tmp_path):
    """Write text or bytes to a file and return its path."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "table.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def days(record) -> list[str]:
    return record.time.values.astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("2020-09-01,100,00\n2020-09-02,95,12\n", 2),  # a decimal comma
        ("2020-09-01,100\n2020-09-02,1,046.1\n", 3),  # a separator of thousands
        ("2020-09-01,100,A\n", 2),  # a code without a heading
    ],
)
def test_a_row_with_more_fields_than_columns_is_refused_with_its_line(table, rows, line):
    with pytest.raises(InputError, match=f"line {line} has 3 fields, expected 2 as there are col"):
        read_csv(table("date,discharge\n" + rows))


def test_empty_fields_at_the_end_of_a_row_are_none(table):
    assert read_csv(table("date,discharge\n2020-09-01,5,,\n")).discharge.item() == 5


@pytest.mark.parametrize(
    ("text", "options", "flow", "first"),
    [
        ("date;discharge\n2020-09-02;95,12\n", {"separator": ";", "decimal": ","}, 95.12, None),
        ("date\tdischarge\n2020-09-02\t95.12\n", {"separator": "\t"}, 95.12, None),
        ('date,discharge\n2020-09-02,"95,12"\n', {"decimal": ","}, 95.12, None),
        (  # eHYD
            "02.09.2020 00:00:00 ;    95,12\n",
            {"separator": ";", "decimal": ",", "dates": "D.M.YYYY", "columns": "date,discharge"},
            95.12,
            None,
        ),
        (  # LamaH
            "YYYY;MM;DD;qobs;ckhs\n2020;9;2;95.12;1\n",
            {"separator": ";", "time": "YYYY,MM,DD", "discharge": "qobs"},
            95.12,
            None,
        ),
        (  # CAMELS-US
            "01022500 2020 09 02   95.12 A:e\n",
            {
                "separator": " ",
                "columns": "gauge,year,month,day,q,flag",
                "time": "year,month,day",
                "discharge": "q",
                "unit": "ft3 s-1",
            },
            95.12 * FT3,
            None,
        ),
        ("date,discharge\n9/2/20,95.12\n", {"dates": "M/D/YY"}, 95.12, None),
        ("date,discharge\n2/9/2020 12:00 AM,95.12\n", {"dates": "D/M/YYYY"}, 95.12, None),
        ("date,discharge\n9/2/85,95.12\n", {"dates": "M/D/YY"}, 95.12, "1985-09-02"),
        ("date,discharge\n20200902,95.12\n", {}, 95.12, None),
    ],
)
def test_a_table_of_another_form_reads_by_its_keys(table, text, options, flow, first):
    record = read_csv(table(text), **options)
    assert record.discharge.item() == pytest.approx(flow)
    assert days(record) == [first or "2020-09-02"]


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("date;discharge\n2020-09-02;5\n", {}, "line 1 has a semicolon between its fields"),
        ("date\tdischarge\n2020-09-02\t5\n", {}, "has a tab between its fields, expected a comma"),
        ('date,discharge\n2020-09-02,"95,12"\n', {}, "decimal in the catalogue: ','"),
        ('date,discharge\n2020-09-02,"1,046.1"\n', {}, "'1,046.1' stands in column 'discharge'"),
        ("date;discharge\n2020-09-02;1.046,1\n", {"separator": ";", "decimal": ","}, "'1.046,1'"),
        ("date;discharge\n2020-09-02;95.1\n", {"separator": ";", "decimal": ","}, "'.', if that"),
        ("2020-09-02,5\n2020-09-03,5\n", {}, "line 1 holds '5', expected the columns' names"),
        ("date,discharge\n02.09.2020,5\n", {}, "dates in the catalogue gives another form"),
        ("date,discharge\n2020-09,5\n", {}, "line 2: '2020-09' is not a date"),
        ("date,discharge\n2020,5\n", {}, "line 2: '2020' is not a date"),
        ("date,discharge\n13/2/2020,5\n", {"dates": "M/D/YYYY"}, "expected m/d/yyyy"),
        ("date,discharge\n2020-09-02,5\nsource: us\n", {}, "line 3: 'source: us' is not a date"),
        ("date,discharge\n2020-09-02,5\n", {"dates": "day first"}, "a form such as D.M.YYYY"),
        ("date,discharge\n2020-09-02,5\n", {"separator": "|"}, "separator is '|', expected one"),
        ("date,discharge\n2020-09-02,5\n", {"decimal": "'"}, "expected '.' or ','"),
        ("date,discharge,discharge\n2020-09-02,5,6\n", {}, "has 2 columns 'discharge'"),
        ('date,discharge\n2020-09-02,"5\n2020-09-03,4\n', {}, "line 2 cannot be split, expected q"),
        ("date,q_cfs\n2020-09-02,5\n", {"discharge": "q_cfs"}, "seems to be in cfs, expected unit"),
        ("date,discharge\n2020-09-02,5\n", {"leave_out": "e"}, "no column of codes, expected one"),
        ("date,discharge\n2020-09-02,0x10\n", {}, "'0x10'"),
        ("date,discharge\n2020-09-02,1e999\n", {}, "'1e999'"),
        (b"PK\x03\x04\0\0", {}, "is a zip archive, expected a text table"),
        (b"\x1f\x8b\0\0", {}, "is packed with gzip, expected a text table"),
        (b"date\0\0\1\2", {}, "cannot be read, expected a text table"),
    ],
)
def test_what_a_table_leaves_open_is_named_with_the_key_that_tells_it(table, text, options, said):
    with pytest.raises(InputError) as caught:
        read_csv(table(text), **options)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("zone", ["", "Z", "+00:00", "+08:00", "-0700", " UTC"])
@pytest.mark.parametrize("between", ["T", " "])
def test_a_time_stamp_stands_for_the_day_that_is_written(table, zone, between):
    rows = [f"2020-10-{day}{between}00:00:00{zone},{day}\n" for day in (30, 31)]
    record = read_csv(table("date,discharge\n" + "".join(rows)))
    assert days(record) == ["2020-10-30", "2020-10-31"]


def test_time_stamps_over_the_end_of_daylight_saving_stand_for_their_days(table):
    rows = "2020-10-31T00:00:00-07:00,5\n2020-11-02T00:00:00-08:00,4\n"
    assert days(read_csv(table("date,discharge\n" + rows))) == ["2020-10-31", "2020-11-02"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_reads_alike_in_every_encoding_and_with_every_line_end(table, encoding, end):
    text = f"# Lütschine{end}date,discharge{end}2020-09-01,5{end}# end{end}"
    assert read_csv(table(text.encode(encoding))).discharge.values.tolist() == [5]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (ghcn.read_csv, "STATION,DATE,TAVG\nA,2020-01-01,1.0\nB,2020-01-02,2.0\n"),
        (read_csv, "gauge_id,date,discharge\nA,2020-01-01,1\nB,2020-01-02,2\n"),
        (read_usgs_rdb, RDB + "USGS\tA\t2020-01-01\t5\tA\nUSGS\tB\t2020-01-02\t5\tA\n"),
    ],
)
def test_two_stations_in_one_file_are_refused_by_name(table, read, text):
    with pytest.raises(InputError, match="is 'B' and was 'A', expected one station a file"):
        read(table(text))


def test_two_stations_of_the_grdc_in_one_file_are_refused_by_number(table):
    text = "# GRDC-No.: 1\n# GRDC-No.: 2\nYYYY-MM-DD;hh:mm; Value\n2001-01-01;--:--; 12.5\n"
    with pytest.raises(InputError, match="holds the stations 1, 2, expected one a file"):
        read_grdc(table(text))


def test_a_height_of_the_gauge_is_no_station(table):
    text = "date,discharge,gauge\n2020-01-01,1,0.51\n2020-01-02,2,0.54\n"
    assert read_csv(table(text)).sizes["time"] == 2


def test_qualification_codes_are_counted_and_left_out_by_name(table):
    text = RDB + "".join(
        f"USGS\t1\t2020-11-0{day}\t100\t{code}\n"
        for day, code in enumerate(["A", "A:e", "P:e", "A"], 1)
    )
    kept = read_usgs_rdb(table(text)).discharge
    assert kept.attrs["qualification"] == "A: 2 days, A:e: 1 days, P:e: 1 days"
    assert kept.notnull().all()
    left = read_usgs_rdb(table(text), leave_out="e").discharge
    assert left.isnull().values.tolist() == [False, True, True, False]
    assert left.attrs["left_out"] == "e: 2 days"
    text = "date,discharge,symbol\n2020-11-01,5,\n2020-11-02,4,B\n2020-11-03,3,E\n"
    options = {"quality": "symbol", "leave_out": "B, E"}
    assert read_csv(table(text), **options).discharge.notnull().values.tolist() == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("usgs_rdb", RDB + "USGS\t1\t2020-09-01\t100\tA\nUSGS\t1\t2020-09-02\t-12\tA\n"),
        ("grdc", "YYYY-MM-DD;hh:mm; Value\n2020-09-01;--:--; 100\n2020-09-02;--:--; -12\n"),
        ("csv", "date,discharge\n2020-09-01,100\n2020-09-02,-12\n"),
    ],
)
def test_the_key_that_a_refusal_names_is_one_of_its_format(tmp_path, form, text):
    (tmp_path / "q.txt").write_text(text)
    entry = f'[archive]\nname = "x"\n[discharge]\nformat = "{form}"\npath = "q.txt"\n'
    (tmp_path / "catalogue.toml").write_text(entry)
    with pytest.raises(InputError, match=r"is -12, expected no negative value \(nodata in"):
        open_archive(tmp_path).load("discharge")
    (tmp_path / "catalogue.toml").write_text(entry + "nodata = -12\n")
    flow = open_archive(tmp_path).load("discharge").discharge
    assert flow.isnull().values.tolist() == [False, True]


@pytest.mark.parametrize(
    ("read", "text", "is_a_key"),
    [
        (read_csv, "date,discharge\n1.9.2020,1\n", True),
        (ghcn.read_csv, "DATE,TAVG\n1.9.2020,1.5\n", True),
        (read_usgs_rdb, RDB + "USGS\t1\t1.9.2020\t100\tA\n", False),
        (read_grdc, "YYYY-MM-DD;hh:mm; Value\n1.9.2020;--:--; 100\n", False),
    ],
)
def test_a_strange_date_is_told_of_the_key_only_where_the_format_has_it(
    table, read, text, is_a_key
):
    with pytest.raises(InputError, match=r"'1\.9\.2020' is not a date, expected yyyy") as caught:
        read(table(text))
    assert ("dates in the catalogue" in str(caught.value)) == is_a_key


def continental_year(unit: str) -> str:
    """Two years around -2 degC, 16 degC between day and night, as NOAA writes them in a unit."""
    time = pd.date_range("2019-01-01", "2020-12-31")
    mean = -2 + 14 * np.sin(2 * np.pi * (time.day_of_year - 110) / 365)
    rain = {"degF": "0.12", "tenths": "30", "degC": "3.0"}[unit]
    as_written = {
        "degF": lambda celsius: f"{celsius * 9 / 5 + 32:.0f}",
        "tenths": lambda celsius: f"{celsius * 10:.0f}",
        "degC": lambda celsius: f"{celsius:.1f}",
    }[unit]
    rows = [
        f"X,{day:%Y-%m-%d},{rain},{as_written(middle + 8)},{as_written(middle - 8)}\n"
        for day, middle in zip(time, mean, strict=True)
    ]
    return "STATION,DATE,PRCP,TMAX,TMIN\n" + "".join(rows)


@pytest.mark.parametrize("unit", ["degF", "tenths", "degC"])
def test_one_climate_reads_alike_from_each_unit_of_noaa(table, unit):
    weather = ghcn.read_csv(table(continental_year(unit)))
    warmth = weather.air_temperature
    assert warmth.mean().item() == pytest.approx(-2, abs=0.1)
    assert warmth.max().item() == pytest.approx(12, abs=0.3)
    assert warmth.clip(min=0).sum().item() / 2 == pytest.approx(1278, rel=0.01)
    assert weather.precipitation.mean().item() == pytest.approx(3, rel=0.02)
    named = "tenths of degC" if unit == "tenths" else unit
    assert warmth.attrs["units_of_file"] == f"{named} (inferred)"


@pytest.mark.parametrize("rows", ["0.12,40,20", ",40,20", "0,40,20"])
def test_a_unit_without_a_second_witness_is_not_guessed(table, rows):
    """40 and 20 may be 4 and 2 degC, 40 and 20 degC, or 4.4 and -6.7 degC."""
    path = table(f"DATE,PRCP,TMAX,TMIN\n2019-01-01,{rows}\n")
    with pytest.raises(InputError, match="expected unit in the catalogue, one of degC, tenths, d"):
        ghcn.read_csv(path)
    assert ghcn.read_csv(path, unit="degF").air_temperature.item() == pytest.approx(-10 / 9)


@pytest.mark.parametrize("year", [1699, 2101])
@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_csv, "date,discharge\n{}-01-01,1\n"),
        (ghcn.read_csv, "DATE,TAVG\n{}-01-01,1.5\n"),
        (ghcn_daily.read, "CHM00052754,{}0101,TAVG,15,,,S,\n"),
        (thaw_depth.read_csv, "year,thaw_depth\n{},0.5\n"),
        (gnssrefl.read, "year,doy,rh (m)\n{},1,2.1\n"),
    ],
)
def test_a_year_that_no_record_can_hold_is_refused_by_every_table(table, read, text, year):
    assert read(table(text.format(2016)))
    with pytest.raises(InputError, match=str(year)):
        read(table(text.format(year)))


def test_a_day_without_height_or_deviation_is_a_gap(table):
    text = "% year doy RH numval month day RH-sigma\n2020 1 2.1 30 1 1 0.02\n2020 2 NaN 0 1 2 NaN\n"
    height = gnssrefl.read(table(text)).reflector_height
    np.testing.assert_array_equal(height, [2.1, np.nan])
    assert height.attrs["words"] == "NaN: 1 rows"
    text = "year,doy,rh (m),uncertainty (m)\n2020,1,2.1,\n2020,2,,0.02\n2020,3,2.2,0.02\n"
    heights = gnssrefl.read(table(text))
    np.testing.assert_array_equal(heights.reflector_height, [2.1, np.nan, 2.2])
    np.testing.assert_array_equal(heights.standard_deviation, [np.nan, 0.02, 0.02])


@pytest.mark.parametrize("heading", ["RH(m)", "rh (m)", "RH", "rh ( m )"])
def test_a_height_is_found_however_its_heading_is_written(table, heading):
    text = f"year,doy,{heading},numval\n2020,1,2.1,30\n"
    heights = gnssrefl.read(table(text))
    assert heights.reflector_height.item() == 2.1
    assert heights.retrievals.item() == 30


def test_a_height_in_another_unit_is_refused(table):
    with pytest.raises(InputError, match=r"'RH \(cm\)' is no column in metres"):
        gnssrefl.read(table("year,doy,RH (cm)\n2020,1,210\n"))


def test_every_table_takes_a_semicolon_and_a_decimal_comma(table):
    keys = {"separator": ";", "decimal": ","}
    depth = thaw_depth.read_csv(table("year;thaw_depth\n2001;0,5\n"), **keys)
    assert depth.thaw_depth.item() == 0.5
    points = control_points.read_csv(table("col;row;x;y\n1,5;2;3;4\n"), **keys)
    assert points.column.item() == 1.5
    text = (
        "satellite;image_1;image_2;perpendicular_baseline_m;time_span_days\n"
        "ERS-2;19970101;19970205;-12,5;35\n"
    )
    assert pairs.read_csv(table(text), **keys).perpendicular_baseline.item() == -12.5
    text = "DATE;TAVG;PRCP\n01.07.2019;12,5;3,0\n"
    weather = ghcn.read_csv(table(text), dates="D.M.YYYY", **keys)
    assert weather.air_temperature.item() == 12.5


@pytest.mark.parametrize("date", ["2018111", "201811", "2018-1-1", "20181301", "00010101", "", "x"])
def test_a_date_of_an_image_that_has_two_meanings_is_refused(date):
    with pytest.raises(InputError, match="expected YYYYMMDD or YYYY-MM-DD"):
        pairs.parse_date(date, "here")


def test_a_long_cell_or_header_is_cut_in_a_message(table):
    wide = ",".join(f"column_{number}" for number in range(500))
    for text in (wide + "\n" + "1," * 499 + "1\n", "date,discharge\n" + "x" * 5000 + ",1\n"):
        with pytest.raises(InputError) as caught:
            read_csv(table(text))
        assert len(str(caught.value)) < 400
