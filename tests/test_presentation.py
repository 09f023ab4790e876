"""Figures, views, tables, checks and saved data say what the numbers say."""

import html
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qilian.archive import cache
from qilian.archive.catalogue import Archive, open_archive
from qilian.book import checks, presentation, provenance
from qilian.figures import maps, network, recession, style, tables
from qilian.insar import network as insar_network
from qilian.views import recession as hydrograph


def loaded(simulated: bool) -> xr.Dataset:
    return xr.Dataset(attrs={"simulated": simulated, "title": "Basin", "archive": "A"})


def field(ascending: bool) -> xr.DataArray:
    """Value 1 in the north-west corner, 0 elsewhere; 0.1° pixels from 99° E, 38° N southwards."""
    y = 38 - 0.1 * np.arange(3)
    values = np.zeros((3, 4))
    values[0, 0] = 1
    array = xr.DataArray(values, {"y": y, "x": 99 + 0.1 * np.arange(4)}, ("y", "x"))
    array = array.isel(y=slice(None, None, -1)) if ascending else array
    return array.rio.write_crs("EPSG:4326")


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


@pytest.mark.parametrize("ascending", [True, False])
def test_a_map_has_north_on_top_whichever_way_its_rows_run(axes, ascending):
    image = maps.map_panel(
        axes, field(ascending), cmap=style.COHERENCE_MAP, norm=style.COHERENCE_NORM
    )
    assert np.asarray(image.get_array())[0, 0] == 1
    assert image.get_extent() == pytest.approx([98.95, 99.35, 37.75, 38.05])
    assert image.origin == "upper"


def test_a_scale_bar_is_as_long_as_it_says(axes):
    """Four pixels of 0.1° at 37.9° N are 35.2 km; the bar is the 5 km that fit into a quarter."""
    maps.map_panel(axes, field(False), cmap="viridis", norm=style.COHERENCE_NORM)
    left, right = axes.lines[-1].get_xdata()
    assert axes.texts[0].get_text() == "5 km"
    assert (right - left) * 0.4 * 111.32 * np.cos(np.radians(37.9)) == pytest.approx(5, rel=0.01)


def test_a_map_of_one_pixel_is_drawn_in_its_place(axes):
    one = field(False)[:1, :1]
    one = one.rio.write_transform(rasterio.Affine(0.1, 0, 98.95, 0, -0.1, 38.05))
    image = maps.map_panel(axes, one, cmap="viridis", norm=style.COHERENCE_NORM)
    assert image.get_extent() == pytest.approx([98.95, 99.05, 37.95, 38.05])


@pytest.mark.parametrize("ratio", [0.3, 1, 2.2, 6])
@pytest.mark.parametrize("count", [1, 5, 8, 20])
def test_maps_fill_a_page_and_no_more_whatever_their_shape(ratio, count):
    """Fewer columns would be too high, unless there is one alone; tall maps stand in more."""
    columns, height = maps.layout(ratio, count)
    assert 1 <= columns <= count
    assert height <= 8.2
    assert columns == 1 or -(-count // (columns - 1)) * 6.6 / (columns - 1) / ratio > 5
    assert columns >= maps.layout(2 * ratio, count)[0]


def test_the_lowest_map_of_each_column_keeps_its_coordinates_and_the_bar_takes_the_empty_cell():
    """Three maps in two columns: the second has none below it."""
    with plt.style.context(dict(style.STYLE)):
        figure = plt.figure()
    fields = {name: field(False) for name in "abc"}
    scale = {"cmap": "viridis", "norm": style.COHERENCE_NORM}
    maps.map_grid(figure, fields, columns=2, label="coherence", **scale)
    first, second, third = (axes for axes in figure.axes if axes.images)
    shown = [axes.xaxis.get_tick_params()["labelbottom"] for axes in (first, second, third)]
    assert shown == [False, True, True]
    figure.draw_without_rendering()
    (bar,) = (child for axes in figure.axes for child in axes.child_axes)
    assert bar.get_window_extent().x0 > third.get_window_extent().x1
    assert bar.get_window_extent().y1 < second.get_window_extent().y0
    plt.close(figure)


@pytest.mark.parametrize(("low", "high"), [(-150, 12), (-3, 40), (2, 5), (-0.02, -0.01)])
def test_a_scale_of_displacement_is_white_at_zero_and_as_steep_on_either_side(low, high):
    """It ends near the values, and a step down has the colour of the full map."""
    values = xr.DataArray(np.linspace(low, high, 500), dims="x")
    cmap, norm = style.displacement_scale(values).values()
    assert norm.vmin < 0 < norm.vmax
    assert norm.vmin >= 1.2 * min(low, 0) - 0.1 * high
    reach = max(-norm.vmin, norm.vmax)
    for value in np.linspace(norm.vmin, norm.vmax, 7):
        whole = style.DISPLACEMENT_MAP(0.5 + value / (2 * reach))
        np.testing.assert_allclose(cmap(norm(value)), whole, atol=0.03)


@pytest.mark.parametrize("known", [True, False])
def test_a_network_without_baselines_is_drawn_as_arcs_never_at_an_invented_zero(axes, known):
    dates = np.array(["2018-01-01", "2018-01-13", "2018-02-06"], "datetime64[ns]")
    ends = {"reference_date": ("pair", dates[:2]), "secondary_date": ("pair", dates[1:])}
    pairs = xr.Dataset(coords=ends)
    pairs["perpendicular_baseline"] = "pair", [30.0, 40.0 if known else np.nan], {"units": "m"}
    of_pair = xr.DataArray([0.5, np.nan], dims="pair")
    lines = network.network_panel(axes, pairs, insar_network.acquisitions(pairs), of_pair)
    highest = max(path.vertices[:, 1].max() for path in lines.get_paths())
    assert highest == pytest.approx(70 if known else 24, rel=1e-3)
    assert ("unknown" in axes.get_ylabel()) == (not known)


@pytest.mark.parametrize(("simulated", "mark"), [(True, "SIMULATED"), (False, "Data: Basin")])
def test_a_figure_says_whether_its_input_is_simulated(axes, simulated, mark):
    style.stamp(axes.figure, loaded(simulated))
    assert mark in axes.figure.get_supxlabel()
    assert ("Simulated" in style.titled("rate", loaded(simulated))) == simulated


def test_an_interval_without_upper_bound_is_shaded_to_the_top_and_a_lone_one_is_a_bar(axes):
    fit = xr.Dataset(
        {
            "k": ("year", [10.0, 11.0, np.nan, 12.0]),
            "k_lower": ("year", [8.0, 9.0, np.nan, 9.0]),
            "k_upper": ("year", [np.nan, 13.0, np.nan, 15.0]),
        },
        {"year": [2000, 2001, 2002, 2003]},
    )
    recession.confidence_band(axes, fit, "k", color="k", label="k")
    shade, bars = axes.collections
    assert shade.get_paths()[0].vertices[:, 1].max() == 1e6
    assert [segment.tolist() for segment in bars.get_segments()] == [[[2003, 9], [2003, 15]]]
    low, high = recession.robust_limits(fit, "k")
    assert low < 8.5
    assert 12 < high < 20


def test_single_years_have_bars_that_leave_the_limits_to_the_windows_and_the_truth_is_dashed():
    """The interval of a single year reaches 90 d, those of the windows 12 d."""
    years = {"window": [1, 3], "year": [2000, 2001, 2002]}
    middle = xr.DataArray(np.full((2, 3), 10.0), years, ("window", "year"))
    wide = xr.DataArray([80.0, 2.0], {"window": [1, 3]}, "window")
    names = ["recession_constant" + part for part in ("", "_lower", "_upper")]
    fits = xr.Dataset(dict(zip(names, (middle, middle - 1, middle + wide), strict=True)))
    fits["r_squared"] = middle / 10
    figure, (top, bottom) = plt.subplots(2)
    truth = xr.DataArray([9.0, 9, 9], {"year": years["year"]}, "year")
    _, high = recession.window_panels(top, bottom, fits, {1: "k", 3: "b"}, truth)
    assert high < 15
    bars, *_ = top.collections
    assert [segment[1, 1] for segment in bars.get_segments()] == [90, 90, 90]
    (dashed,) = (line for line in top.lines if line.get_linestyle() == "--")
    assert dashed.get_label() == "truth"
    assert dashed.get_ydata().tolist() == [9, 9, 9]
    plt.close(figure)


def test_in_the_interactive_view_too_a_lone_interval_is_a_bar():
    """A value between two without interval; one beside another is shaded and has no bar."""
    fit = xr.Dataset(
        {
            "k": ("year", [10.0, 11.0, np.nan, 12.0]),
            "k_lower": ("year", [8.0, 9.0, np.nan, 9.0]),
            "k_upper": ("year", [np.nan, 13.0, np.nan, np.nan]),
        },
        {"year": [2000, 2001, 2002, 2003]},
    )
    drawn = hydrograph.hover_band(fit, "k", color="black", label="k", ceiling=20.0)
    bars = drawn.Segments.I.array()
    np.testing.assert_allclose(bars.astype(float), [[2003, 9, 2003, 20]])
    apart = hydrograph.hover_band(fit, "k", color="k", label="k", ceiling=20.0, shaded=False)
    ends = [[2000, 8, 2000, 20], [2001, 9, 2001, 13], [2003, 9, 2003, 20]]
    np.testing.assert_allclose(apart.Segments.I.array().astype(float), ends)
    assert len(apart.Area.I) == 0


def test_a_table_shows_three_digits_and_heads_columns_by_long_name_and_unit():
    data = xr.Dataset(
        {"k": ("year", [23.75569, np.nan], {"long_name": "constant", "units": "day"})},
        {"year": [2000, 2001]},
    )
    html = tables.table(tables.columns(data))._repr_html_()
    assert "constant (day)" in html
    assert "23.8" in html
    assert "–" in html
    assert "23.75" not in html


def test_numbers_of_a_table_have_a_minus_sign_and_a_space_before_percent():
    """Words and dates keep their hyphens."""
    rate = ("pit", [-2.4, 1.0], {"long_name": "rate", "units": "mm year-1"})
    frame = tables.columns(xr.Dataset({"rate": rate, "coverage": ("pit", [0.12, 0.95])}))
    frame["satellite"] = "ALOS-2"
    written = tables.table(frame).written
    assert written["rate (mm/a)"].tolist() == ["−2.4", "1.0"]
    assert written["coverage"].tolist() == ["12\N{NO-BREAK SPACE}%", "95\N{NO-BREAK SPACE}%"]
    assert set(written["satellite"]) == {"ALOS-2"}
    assert checks.within("bias", [-0.5, 0.2], -1, 1).found == "−0.5 to 0.2"
    texts = ["-2.44 → 0.00", "99.8%", "2019-05-01", "-p s05.entry 3", "-9999, -32768"]
    written = tables.table(pd.DataFrame({"value": texts})).written["value"].tolist()
    assert written == ["−2.44 → 0.00", "99.8\N{NO-BREAK SPACE}%", *texts[2:]]


def test_answers_are_written_yes_and_no():
    answers = xr.Dataset({"detected": ("class", [True, False])}, {"class": ["water", "bare"]})
    html = tables.table(tables.columns(answers))._repr_html_()
    assert html.index("yes") < html.index("no<")
    assert "True" not in html
    assert tables.facts(answers.isel({"class": 1})).value.tolist() == ["no"]


def test_a_failed_check_is_named_with_what_was_found():
    good = checks.within("shares", [0.2, np.nan, 0.8], 0, 1)
    assert "0.2 to 0.8" in checks.check_all(good)._repr_html_()
    bad = checks.within("rates", [2.0], 0, 1)
    with pytest.raises(checks.CheckError, match=r"^1 of 2 checks failed: rates \(found 2\)\.$"):
        checks.check_all(good, bad)
    assert not checks.within("nothing", [np.nan], 0, 1).passed
    assert checks.within("intervals", [np.nan], 0, 1, may_be_empty=True).passed
    spans = checks.equal("spans", np.array([1, 2]), np.array([1, 3]))
    assert (spans.passed, spans.found) == (False, "1 of 2 differ")
    assert checks.equal("spans", [1, 2], [1, 2, 3]).found == "not equal"


def test_a_note_outside_its_limit_is_told_above_the_table_and_counted():
    """The page is drawn; what is unusual stands in a sentence and in its row."""
    slope = checks.within("slope", [0.31], 0.8, 1.2, otherwise="little moves")
    near = checks.within("reference area (mm)", [0.5], -7, 7)
    shown = checks.check_all(checks.equal("masks", 0, 0), notes=[slope, near])
    assert shown.caption == "Checks of this build, 2 passed, 1 unusual"
    assert shown.written.result.tolist() == ["passed", "unusual", "passed"]
    assert checks.check_all(near).caption == "Checks of this build, all 1 passed"
    with mock.patch.object(checks, "display") as display:
        checks.check_all(near, notes=[slope])
    said = "Slope: found 0.31, usual is 0.8 to 1.2 \\(little moves\\)."
    display.assert_called_once()
    assert display.call_args.args[0].data == f"**Unusual.** {said}"
    assert display.call_args.kwargs == {"metadata": {"qilian": {"unusual": said}}}
    with mock.patch.object(checks, "display") as display:
        checks.check_all(near, notes=[near])
    display.assert_not_called()


@given(
    st.lists(st.floats(), max_size=4),
    st.floats(allow_nan=False),
    st.floats(allow_nan=False),
    st.text(),
)
def test_a_note_never_raises_whatever_was_found(values, low, high, name):
    notes = [checks.within(name, values, low, high), checks.equal(name, values, [1.0])]
    unusual = sum(not note.passed for note in notes)
    caption = checks.check_all(notes=notes).caption
    assert caption == (
        f"Checks of this build, {2 - unusual} passed, {unusual} unusual"
        if unusual
        else "Checks of this build, all 2 passed"
    )


RDB = "agency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd\n"
# By an entry of a catalogue, the text of its file, its keys and what a page tells of it.
NOTICED = {
    "discharge": (
        RDB + "USGS\t1\t2020-09-01\tIce\tA\nUSGS\t1\t2020-09-02\t100\tA:e\n",
        'format = "usgs_rdb"\nleave_out = "e"',
        "daily mean river discharge: gaps (Ice: 1 days), codes of quality (A: 1 days, "
        "A:e: 1 days), gaps by leave_out (e: 1 days)",
    ),
    "climate": (
        "DATE,TMAX,TMAX_ATTRIBUTES,TMIN,PRCP\n"
        '2013-07-01,150,",,W",50,33\n2013-07-02,999,",X,W",50,0\n',
        'format = "ghcn_csv"',
        "daily mean air temperature: the file's unit is tenths of degC (inferred), gaps where "
        "quality control failed (1 values), mean of minimum and maximum on 1 days",
    ),
    "thaw_depth": (
        "year,thaw_depth\n2001,\n2002,0.5\n",
        'format = "csv"',
        "depth of thaw at its end: gaps (blank: 1 years)",
    ),
}


@pytest.fixture
def noted(tmp_path) -> Archive:
    """Open a catalogue whose files have something to notice."""
    text = '[archive]\nname = "x"\n'
    for name, (content, keys, _) in NOTICED.items():
        (tmp_path / name).write_text(content)
        text += f'[{name}]\npath = "{name}"\n{keys}\n'
    (tmp_path / "catalogue.toml").write_text(text)
    return open_archive(tmp_path)


@pytest.mark.parametrize("name", NOTICED)
def test_what_a_reader_noticed_stands_at_the_head_of_the_page(noted, name):
    assert html.escape(f"Noticed: {NOTICED[name][2]}.") in provenance.notice(noted.load(name)).data


def test_what_readers_noticed_is_saved_and_stands_beside_where_the_numbers_come_from(
    noted, tmp_path, monkeypatch
):
    """Also of an entry that only a kept product has used."""
    notebook = ModuleType("__main__")
    notebook.__annotations__ = {"archive": str, "results": str}
    vars(notebook).update(archive="x", results=str(tmp_path / "results"))
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    noted.load("discharge")
    noted.load("thaw_depth")
    kept = xr.Dataset({"k": ("y", [1.0])})
    cache.kept("k", noted, ["climate"], {}, lambda _: kept, cache=tmp_path / "cache")
    shown = provenance.save_results("figure", kept, noted).written
    with xr.open_dataset(tmp_path / "results" / "figure.nc") as saved:
        for name, (*_, told) in NOTICED.items():
            row = shown["provenance"] == f"noticed in {name.replace('_', ' ')}"
            assert shown["value"][row].tolist() == [told]
            assert saved.attrs[f"noticed_in_{name}"] == told


def test_a_kept_product_tells_what_was_noticed_in_its_input(noted, tmp_path, monkeypatch):
    """Who opens it later asks no reader."""

    def make(_: Path) -> xr.Dataset:
        noted.load("discharge")
        noted.load("climate")
        return xr.Dataset({"k": ("y", [1.0])})

    later = open_archive(tmp_path)
    for source in (noted, later):
        cache.kept("k", source, ["climate"], {}, make, cache=tmp_path / "cache")
    monkeypatch.setattr(Archive, "load", None)
    assert later.noticed() == {"climate": NOTICED["climate"][2]}


def test_a_file_as_usual_is_passed_over_in_silence(noted, tmp_path):
    (tmp_path / "thaw_depth").write_text("year,thaw_depth\n2001,0.4\n2002,0.5\n")
    assert "Noticed" not in provenance.notice(noted.load("thaw_depth")).data
    assert noted.noticed() == {}


def test_saved_data_carry_units_parameters_hash_and_the_simulated_mark(demo, tmp_path, monkeypatch):
    archive = open_archive(demo)
    axes = {"y": ("y", [38.1, 38.0]), "x": ("x", [99.0, 99.1])}
    data = xr.Dataset(
        {
            "k": ("year", [24.5, 25.5], {"units": "day"}),
            "map": (("y", "x"), np.zeros((2, 2)), {"units": "mm"}),
        },
        {"year": [2000, 2001], **axes},
    ).rio.write_crs(4326)
    archive.load("sites")
    kept = xr.Dataset({"k": ("y", [1.0])})
    cache.kept("k", archive, ["discharge"], {}, lambda _: kept, cache=tmp_path / "cache")
    notebook = ModuleType("__main__")
    notebook.__annotations__ = {"archive": str, "window": int, "results": str}
    vars(notebook).update(archive="demo", window=3, results=str(tmp_path), other=5)
    monkeypatch.setitem(sys.modules, "__main__", notebook)
    provenance.save_results("figure", data, archive)
    with rasterio.open(f"netcdf:{tmp_path / 'figure.nc'}:map") as seen:
        assert seen.crs.to_epsg() == 4326
        assert seen.transform.a == pytest.approx(0.1)
    with xr.open_dataset(tmp_path / "figure.nc") as saved:
        assert saved.attrs["simulated"] == "true"
        assert saved.attrs["Conventions"].startswith("CF-")
        assert json.loads(saved.attrs["parameters"]) == {"window": 3}
        for name in ("numba", "rioxarray", "pyproj", "qilian-supplement"):
            assert f"{name} " in saved.attrs["versions"]
        assert saved.attrs["entries"] == "discharge, sites"
        assert saved.attrs["input_hash"] == archive.digest(["discharge", "sites"])
    head = (tmp_path / "figure.csv").read_text().splitlines()[0]
    assert head.startswith("# figure, simulated data")
    assert "k [day]" in head
    table = pd.read_csv(tmp_path / "figure.csv", comment="#")
    assert table.to_dict("list") == {"year": [2000, 2001], "k": [24.5, 25.5]}
    assert sorted(path.name for path in tmp_path.glob("f*")) == ["figure.csv", "figure.nc"]


@given(values=hnp.arrays("float64", 20, elements=st.floats(width=32)))
def test_saved_maps_hold_five_digits_and_say_what_is_missing(values):
    """Within half a step of 15 bits; what is not finite stays; rounding again does nothing."""
    values[::5] = np.nan
    saved = provenance._five_digits(values)
    large = np.isfinite(values) & (np.abs(values) > 1e-30) & (np.abs(values) < 1e38)
    np.testing.assert_allclose(saved[large], values[large], rtol=2**-16)
    np.testing.assert_array_equal(saved[~np.isfinite(values)], values[~np.isfinite(values)])
    np.testing.assert_array_equal(provenance._five_digits(saved), saved)


def test_no_line_of_an_answer_breaks_before_its_per_cent(monkeypatch):
    shown = []
    monkeypatch.setattr(presentation, "display", lambda text, metadata: shown.append(text.data))
    presentation.answer(SimpleNamespace(used=set()), "It sank by 3 mm (95 %).", "Half of 8 %.")
    assert shown == ["**Observed data.** It sank by 3 mm (95\u00a0%).\n\nHalf of 8\u00a0%."]
