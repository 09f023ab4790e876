"""What an archive holds: its listing, its sentences and its pictures."""

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from qilian import figures
from qilian.archive import Holding, holding_verdicts, open_archive, tabulate, take_inventory


@pytest.fixture(scope="module")
def held(short) -> dict:
    source = open_archive(short)
    return {one.entry: source.glance(one.entry) for one in take_inventory(source)}


def test_each_entry_of_the_archive_has_a_picture_that_is_not_empty(held):
    """Lines, marks, a map or a picture; the timeline has a row for each that knows a time."""
    with plt.style.context(dict(figures.STYLE)):
        figure = plt.figure(figsize=(figures.WIDTH, figures.overview_height(held)))
        figures.archive_overview(figure, held)
    timeline, *panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert len(panels) == len(held)
    for name, panel in zip(held, panels, strict=True):
        assert panel.get_title(loc="left").startswith(f"[{name}]\n")
        assert panel.has_data(), name
    timed = [name for name, data in held.items() if figures.moments(data).size]
    assert [label.get_text() for label in timeline.get_yticklabels()] == timed
    assert {"sentinel1", "discharge", "climate", "gnssir", "pairs"} <= set(timed)
    plt.close(figure)


def test_a_finished_series_a_rate_and_phase_alone_have_a_picture():
    """Relative to the first date, and to the median of a pair."""
    grid = {"y": [20.0, 10.0], "x": [0.0, 10.0, 20.0], "time": xr.date_range("2020", periods=3)}
    cube = np.arange(18.0).reshape(3, 2, 3)
    stack = {
        "unwrapped_phase": (("pair", "y", "x"), cube),
        "reference_date": ("pair", grid["time"]),
        "secondary_date": ("pair", grid["time"] + np.timedelta64(12, "D")),
    }
    cubes = {
        "phase": xr.Dataset(stack, {"y": grid["y"], "x": grid["x"]}),
        "displacement": xr.Dataset({"displacement": (("time", "y", "x"), cube)}, grid),
        "rate": xr.Dataset({"rate": (("y", "x"), cube[0])}, {k: grid[k] for k in "yx"}),
    }
    shown = {"phase": cube[0] - np.median(cube[0]), "displacement": cube[2] - cube[0]}
    for name, data in cubes.items():
        figure, axes = plt.subplots()
        figures.preview_panel(axes, data.rio.write_crs("EPSG:32647"))
        assert np.array_equal(axes.images[0].get_array(), shown.get(name, cube[0]))
        plt.close(figure)


def test_a_daily_record_is_drawn_as_bars_that_break_where_days_lack():
    """And a record of single dates as marks."""
    days = xr.date_range("2020-01-01", periods=300)
    known = np.where((np.arange(300) > 99) & (np.arange(300) < 150), np.nan, 1.0)
    record = xr.Dataset({"discharge": ("time", known)}, {"time": days})
    single = xr.Dataset({"displacement": (("time",), np.ones(6))}, {"time": days[::50]})
    figure, axes = plt.subplots()
    figures.timeline_panel(axes, {"discharge": record, "displacement": single})
    (bars,) = axes.collections
    ends = [mdates.num2date(path.vertices[:, 0].max()) for path in bars.get_paths()]
    assert [f"{end:%Y-%m-%d}" for end in ends] == ["2020-04-10", "2020-10-27"]
    assert axes.lines[0].get_xdata().size == 6
    plt.close(figure)


def test_the_answer_tells_what_cannot_be_read():
    """And the first and the last date of what can."""
    holdings = [
        Holding("discharge", "9 dates", 0.2, "1990-01-01", "1999-12-31"),
        Holding("climate", "9 dates", 0.8, "1985-01-01", "1995-12-31"),
        Holding("uav", fault="uav.tif is gone."),
    ]
    assert holding_verdicts(holdings) == [
        "2 of 3 entries can be read, 1 MB in all.",
        "The first date is 1985-01-01, the last 1999-12-31.",
        "Not read: [uav], for the reason in the table.",
    ]
    assert holding_verdicts(holdings[:2])[0] == "All 2 entries can be read, 1 MB in all."
    assert tabulate(holdings).remark.values.tolist() == ["", "", "uav.tif is gone."]


def test_one_faulty_entry_leaves_the_others_on_the_page(short, tmp_path):
    """What an archive says of itself, and what is read of it, leave the entry out."""
    text = (short / "catalogue.toml").read_text().replace('path = "uav/', 'path = "nowhere/')
    text = text.replace('path = "', f'path = "{short}/')
    (tmp_path / "catalogue.toml").write_text(text)
    source = open_archive(tmp_path)
    assert not {"uav", "uav_rgb"} & set(source.sound())
    assert "climate" in source.sound()
    assert all("does not exist" in fault for fault in source.faults())
    assert source.about().attrs["simulated"]
