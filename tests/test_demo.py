"""The simulated archive: repeatable, physically signed, and apart from the analysis."""

import ast
import csv
import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

import qilian_demo
from qilian_demo import write
from qilian_demo.air.climate import autumn_ice, thaw_state
from qilian_demo.ground.deformation import phase_away, range_increase
from qilian_demo.ground.scene import YAKOU, Cover
from qilian_demo.headwaters import Ground, make_ground
from qilian_demo.radar.acquisitions import choose_pairs, make_acquisitions
from qilian_demo.radar.atmosphere import ionospheric_delay, slant_delay
from qilian_demo.radar.coherence import sample_interferogram
from qilian_demo.radar.fading import bias_share
from qilian_demo.radar.hyp3 import product_name
from qilian_demo.radar.images import ImageStack
from qilian_demo.radar.interferograms import Track
from qilian_demo.radar.pair_table import Pair
from qilian_demo.radar.sensors import ALOS1, ALOS2, ENVISAT, ERS2, SENTINEL1, Sensor
from qilian_demo.streams import stream
from qilian_demo.write import PAIR_TABLE, write_archive

COARSE = 0.25  # as the archive
# What no seed changes: places, the table of pairs, lines of sight, prose, the recession's truth.
FIXED = re.compile(
    r"(sites|outlines)\.geojson|(table_s1|\w+/baselines)\.csv|.*(los_\w+|\.geo\.[ENU])\.tif"
    r"|.*\.README\.md\.txt|truth/recession\.nc"
)
MEADOWS = (Cover.WET_MEADOW, Cover.ALPINE_MEADOW)


def _day(text: str) -> np.datetime64:
    return np.datetime64(text)


@pytest.fixture(scope="module")
def archive(coarse: Path) -> Path:
    """The archive on a coarse grid, written once."""
    return coarse


@pytest.fixture(scope="module")
def ground() -> Ground:
    """The ground of the archive, as it is before any radar looks at it."""
    return make_ground(1, COARSE)


@pytest.fixture(scope="module")
def coherence(archive: Path) -> np.ndarray:
    """Coherence of all pairs as stored, shape (pair, y, x) [1/255]."""
    paths = sorted(archive.glob("sentinel1/GEOC/*_*/*.geo.cc.tif"))
    return np.stack([_band(path) for path in paths])


@pytest.fixture(scope="module")
def cover(archive: Path) -> np.ndarray:
    """Land cover, shape (y, x)."""
    with xr.open_dataset(archive / "truth" / "sentinel1.nc") as truth:
        return truth["land_cover"].values


def _band(path: Path) -> np.ndarray:
    with rasterio.open(path) as raster:
        return raster.read(1)


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_another_seed_writes_another_scene(archive: Path, other: Path) -> None:
    """A new seed changes all that is drawn, and replaces the older demo archive in its folder."""
    older, newer = _contents(archive), _contents(other)
    same = {name for name in older if older[name] == newer.get(name)}
    assert same == {name for name in older if FIXED.fullmatch(name)}
    assert [path.name for path in other.parent.iterdir()] == ["demo"]


@pytest.mark.parametrize("catalogue", [None, "[archive]\nsimulated = false\n", "not = = toml"])
def test_foreign_folder_is_left_alone(catalogue: str | None, tmp_path: Path) -> None:
    """A folder that does not call itself simulated is refused in one sentence and kept."""
    (tmp_path / "mine.txt").write_text("measured")
    if catalogue is not None:
        (tmp_path / "catalogue.toml").write_text(catalogue)
    before = _contents(tmp_path)
    with pytest.raises(ValueError, match="not a simulated archive"):
        write_archive(tmp_path, scale=COARSE)
    assert _contents(tmp_path) == before


def test_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that stops half-way leaves neither an archive nor scraps beside it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_write_discharge", stop)
    with pytest.raises(KeyboardInterrupt):
        write_archive(tmp_path / "demo", scale=COARSE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sensor", "radians"),
    # 4 pi * 10 mm / wavelength, with wavelengths 55.4658, 56.5646, 56.2357, 236.057, 238.404 mm.
    [(SENTINEL1, 2.2656), (ERS2, 2.2216), (ENVISAT, 2.2346), (ALOS1, 0.53235), (ALOS2, 0.52711)],
    ids=lambda value: getattr(value, "name", None),
)
def test_sinking_ground_has_positive_phase(sensor: Sensor, radians: float) -> None:
    """Ground that sinks 10 mm right under a radar gives this phase, half of it at 60 degrees."""
    sunk = np.array([[-10.0, -10.0]])
    away = range_increase(sunk, np.array([[1.0, 0.5]]))
    assert phase_away(away, sensor.wavelength)[0] == pytest.approx([radians, radians / 2], rel=1e-4)


@pytest.mark.parametrize(
    ("sensor", "dates", "period", "years"),
    [
        (ENVISAT, ("2003-10-18", "2005-10-22"), 1, 735 / 365.25),
        (ALOS1, ("2007-08-27", "2010-09-04"), 2, 1104 / 365.25),
        (ALOS2, ("2020-03-22", "2021-03-21"), 3, 364 / 365.25),
    ],
)
def test_phase_is_the_rate_times_the_time(
    ground: Ground, sensor: Sensor, dates: tuple[str, str], period: int, years: float
) -> None:
    """Phase of motion is 4 pi / wavelength cos(incidence) times what sank, thaw added."""
    track = ground.track_on_map(sensor)
    deformation = ground.on_map[1]
    phase = track.motion_phase((_day(dates[0]), _day(dates[1])))
    sunk = -phase / (4 * np.pi / (1e3 * sensor.wavelength)) / track.unit_vector[2]
    state = pd.Series(thaw_state(ground.climate) * autumn_ice(ground.climate), ground.climate.time)
    thawed = float(state[dates[1]] - state[dates[0]])
    expected = deformation.rate[period] * years - deformation.amplitude[period] * thawed
    np.testing.assert_allclose(sunk, expected, atol=0.02)


def test_sinking_ground_has_positive_phase_in_the_files(archive: Path) -> None:
    """Meadows that sink lie away from the sensor, as the mean of four years' delay leaves it."""
    with xr.open_dataset(archive / "truth" / "sentinel1.nc") as truth:
        rate = truth["vertical_rate"].values
    sinking, still = rate < -8, rate > -0.8
    contrasts = []
    for path in archive.glob("sentinel1/GEOC/*_*/*.geo.unw.tif"):
        first, second = (_day(f"{d[:4]}-{d[4:6]}-{d[6:8]}") for d in path.name.split("_"))
        if (second - first).astype(int) > 300:
            phase = _band(path)
            contrasts.append(np.median(phase[sinking]) - np.median(phase[still]))
    assert len(contrasts) == 4
    assert np.mean(contrasts) > 1


def test_the_table_of_pairs_is_simulated_to_the_line(archive: Path) -> None:
    """Thirteen pairs with the dates and the baselines of the table, no more."""
    found = []
    for name, satellite in (("ers2", "ERS-2"), ("envisat", "Envisat"), ("alos1", "ALOS-1")):
        text = (archive / name / "baselines.csv").read_text().splitlines()[1:]
        for row in csv.DictReader(text):
            stem = archive / name / f"{row['reference']}-{row['secondary']}"
            assert stem.with_name(stem.name + "_unw.tif").is_file()
            assert stem.with_name(stem.name + "_cc.tif").is_file()
            found.append((satellite, *row.values()))
        assert len(list((archive / name).glob("*_unw.tif"))) == len(text) - 1
    for path in sorted(archive.glob("alos2/*/*[0-9A-F].txt")):
        _, first, second = path.name.split("_")[:3]
        about = dict(line.split(": ") for line in path.read_text().splitlines())
        found.append(("ALOS-2", first[:8], second[:8], f"{float(about['Baseline']):.0f}"))
    with PAIR_TABLE.open() as lines:
        assert found == [tuple(row.values())[:4] for row in csv.DictReader(lines)]
    assert len(found) == 13


def test_alos2_products_differ_in_extent_and_in_reference(archive: Path) -> None:
    """Each product has its own extent and its own pixel of zero phase; 0 has no tag."""
    extents = set()
    for path in archive.glob("alos2/*/*_unw_phase.tif"):
        about = dict(
            line.split(": ")
            for line in Path(str(path).replace("_unw_phase.tif", ".txt")).read_text().splitlines()
        )
        with rasterio.open(path) as raster:
            assert raster.nodata is None
            assert raster.crs.to_epsg() == 32647
            extents.add(tuple(raster.bounds))
            x, y = (
                float(about[f"{axis} coordinate of the reference point in the map projection"])
                for axis in "XY"
            )
            assert next(raster.sample([(x, y)])).item() == 0
    assert len(extents) == 5


def test_alos2_angles_point_to_the_sensor(archive: Path) -> None:
    """The look vector stands 90 - 36 degrees high; from there an ascending track is WSW."""
    elevation, bearing = (
        _band(next(archive.glob(f"alos2/*/*_{name}.tif"))) for name in ("lv_theta", "lv_phi")
    )
    seen = elevation != 0
    assert np.degrees(np.median(elevation[seen])) == pytest.approx(54, abs=0.5)
    assert np.degrees(bearing[seen]) == pytest.approx(-169.6, abs=0.1)


def test_a_product_name_holds_both_times() -> None:
    """The name has the two times, the polarisation and the days at the usual places."""
    name = product_name(Pair((_day("2019-05-19"), _day("2019-07-14")), -25.0))
    assert name.startswith("A2_20190519T172135_20190714T172135_HHR056_INT80_G_ueF_")


def test_radars_of_the_table_have_their_own_coherence(archive: Path) -> None:
    """A year costs L band less than C band, and Envisat's baseline and two years cost most."""
    mean = {
        path.name: np.nanmean(_band(path))
        for name in ("alos1", "envisat", "ers2")
        for path in (archive / name).glob("*_cc.tif")
    }
    year = mean["20070712-20080714_cc.tif"]
    assert year > mean["19970811-19980727_cc.tif"] + 0.2
    assert min(mean, key=mean.get) == "20031018-20051022_cc.tif"


def test_rates_set_in_with_mining(archive: Path) -> None:
    """Meadows rest within 2 mm/a up to 2002, and sink by 5 to 15 mm/a from 2016."""
    with xr.open_dataset(archive / "truth" / "periods.nc") as truth:
        meadow = truth["land_cover"].isin(MEADOWS) & truth["vertical_rate"].notnull().all("period")
        rates = truth["vertical_rate"].where(meadow)
        thaw = truth["thaw_amplitude"].where(meadow).median(("y", "x")).values
    means = rates.mean(("y", "x")).values
    assert np.abs(rates[0]).max() <= 2.01
    assert np.abs(means[0]) < 0.3
    assert means[1] == pytest.approx(-3, abs=0.7)
    assert means[2] == pytest.approx(-8, abs=1.5)
    low, high = rates[3].quantile([0.05, 0.95]).values
    assert -15 < low < -9
    assert -6 < high < -3.5
    assert 10 < thaw[0] < 25
    assert 20 < thaw[2] < 50
    assert 20 < thaw[3] < 60


def test_displacement_is_the_integral_of_the_rates(ground: Ground) -> None:
    """From winter to winter the station rests before mining, and sinks by its rate after it."""
    grid = ground.scene.grid
    row, column = int((grid.north - YAKOU[1]) / grid.step), int((YAKOU[0] - grid.west) / grid.step)
    rate = ground.deformation.rate[:, row, column]
    winters = np.array(["1996-03-31", "2001-03-31", "2017-03-31", "2023-03-31"], "datetime64[D]")
    fallen = ground.displacement_at(*YAKOU, winters)
    assert fallen[1] == pytest.approx(5 * rate[0], abs=0.2)
    assert fallen[3] - fallen[2] == pytest.approx(6 * rate[3], abs=0.2)
    summer = ground.displacement_at(*YAKOU, np.array(["2018-05-01", "2018-09-15"], "datetime64[D]"))
    assert -60 < summer[1] < -15


def test_scene_holds_the_mines_and_the_station() -> None:
    """At full resolution the station stands on alpine meadow at 4148 m, between 3600 and 4600 m."""
    scene = make_ground(1).scene
    grid = scene.grid

    def at(layer: np.ndarray, longitude: float, latitude: float) -> float:
        return layer[
            int((grid.north - latitude) / grid.step), int((longitude - grid.west) / grid.step)
        ]

    assert at(scene.cover, *YAKOU) == Cover.ALPINE_MEADOW
    assert at(scene.height, *YAKOU) == pytest.approx(4148, abs=15)
    assert at(scene.cover, 99.15, 38.101) == Cover.OPEN_PIT
    assert at(scene.cover, 99.48, 38.049) == Cover.OPEN_PIT
    assert scene.height.min() > 3600
    assert scene.height.max() < 4650
    assert set(np.unique(scene.cover)) == set(Cover)


def test_line_of_sight_is_a_unit_vector_to_the_west(archive: Path) -> None:
    """East, north and up have norm 1, and an ascending sensor stands in the west and above."""
    parts = [_band(next(archive.glob(f"sentinel1/GEOC/*.geo.{name}.tif"))) for name in "ENU"]
    np.testing.assert_allclose(np.sqrt(sum(part**2 for part in parts)), 1, atol=1e-6)
    assert parts[0].max() < 0 < parts[2].min()


def test_coherence_is_never_no_data_on_land(coherence: np.ndarray, cover: np.ndarray) -> None:
    """Land always has an estimate, since 0 would mean no data."""
    assert coherence[:, cover != Cover.WATER].min() > 0


def test_rock_keeps_more_coherence_than_bog(coherence: np.ndarray, cover: np.ndarray) -> None:
    """Bare ridges decorrelate less than wet meadow, and meadow less than water."""
    means = [
        coherence[:, cover == kind].mean()
        for kind in (Cover.BARE_RIDGE, Cover.WET_MEADOW, Cover.WATER)
    ]
    assert means[0] > means[1] + 30
    assert means[1] > means[2] + 30


def test_estimate_has_its_bias_and_its_noise() -> None:
    """The estimate from 24 looks is sqrt(pi / 96) where nothing coheres, and noise follows it."""
    rng = np.random.default_rng(0)
    estimate, _ = sample_interferogram(rng, np.zeros((200, 200)), 24)
    assert estimate.mean() == pytest.approx(np.sqrt(np.pi / 96), rel=0.02)
    _, noise = sample_interferogram(rng, np.full((200, 200), 0.8), 24)
    assert noise.std() == pytest.approx(np.sqrt((1 - 0.64) / (2 * 24 * 0.64)), rel=0.05)


def test_loops_close_but_for_the_bias_of_short_pairs(ground: Ground) -> None:
    """Motion adds up round a loop; a false -3 mm/a opens it by what longer pairs do not show."""
    dates = [_day("2018-06-01") + np.timedelta64(day, "D") for day in (0, 12, 24)]
    bias = np.full(ground.scene.shape, -3.0)
    rest = {}
    for name, false_rate in (("without", None), ("with", bias)):
        track = Track(1, SENTINEL1, ground.scene, ground.deformation, ground.climate, false_rate)
        chain = sum(track.motion_phase(step) for step in pairwise(dates))
        rest[name] = chain - track.motion_phase((dates[0], dates[-1]))
    np.testing.assert_allclose(rest["without"], 0, atol=1e-4)
    # 3 mm/a over 24 d, less the 0.494 of it that the long pair shows too, along a slanting path.
    path = 3 * 24 / 365.25 * (1 - 0.494) * track.unit_vector[2]
    np.testing.assert_allclose(rest["with"], phase_away(path, SENTINEL1.wavelength), atol=1e-4)


def test_the_false_motion_of_a_pair_fades_as_published() -> None:
    """Ratios to twelve-day pairs of the same time; past 60 d the false motion itself stays."""
    shares = [bias_share(days) for days in (12, 24, 36, 48, 60)]
    assert shares == [1, 0.494, 0.297, 0.24, 0.22]
    assert 360 * bias_share(360) == pytest.approx(60 * bias_share(60))


def test_bias_of_short_pairs_is_larger_in_wet_meadow(archive: Path) -> None:
    """Inverted alone, it is about -3 mm/a less 0.15 of the rate, most in wet meadow.

    The network here is one of equal weights, solved by pseudo-inverse.
    """
    with xr.open_dataset(archive / "truth" / "sentinel1.nc") as truth:
        dates = truth["time"].values.astype("datetime64[D]")
        days = (dates - dates[0]).astype(int)
        first, second = choose_pairs(dates).T
        design = np.zeros((first.size, days.size))
        design[np.arange(first.size), second] = 1
        design[np.arange(first.size), first] = -1
        span = days[second] - days[first]
        motion = [n / 365.25 * bias_share(n) for n in span.tolist()]
        shown = np.polyfit(days / 365.25, np.linalg.pinv(design) @ motion, 1)[0]
        false = shown * truth["short_pair_bias"] + 0.15 * truth["vertical_rate"]
        wet, dry = (false.where(truth["land_cover"] == kind) for kind in MEADOWS)
        meadow = false.where(truth["land_cover"].isin(MEADOWS))
    assert float(meadow.mean()) == pytest.approx(-3, abs=0.7)
    assert float(meadow.std()) == pytest.approx(1, abs=0.5)
    assert float(wet.mean()) < float(dry.mean()) - 0.5


def test_images_of_a_stack_have_the_coherence_of_their_ground() -> None:
    """Of thousands of looks, in and out of summer: s s' thermal (lasting + rest exp(-days / tau)).

    Wet meadow at C band: 0.15 lasts, 0.85 at once, 40 d; summer leaves 0.85 of the power.
    """
    looks = dataclasses.replace(SENTINEL1, looks=4000)
    cover = np.full((1, 8), Cover.WET_MEADOW)
    dates = [_day(text) for text in ("2019-05-08", "2019-05-20", "2019-06-13")]
    with ThreadPoolExecutor(2) as pool:
        images = ImageStack(looks, cover, np.ones((1, 8)), _numbered, pool)
        for date in dates:
            images.add(date)
        spring, mixed = (images.pair(dates[0], date)[0].mean() for date in dates[1:])
    thermal = 60 / 61
    assert spring == pytest.approx(thermal * (0.15 + 0.70 * np.exp(-12 / 40)), abs=0.01)
    expected = np.sqrt(0.85) * thermal * (0.15 + 0.70 * np.exp(-36 / 40))
    assert mixed == pytest.approx(expected, abs=0.01)


def test_pairs_of_one_stack_share_the_noise_of_their_images() -> None:
    """A loop of three closes to a part of what pairs drawn one by one would leave open."""
    cover = np.full((60, 60), Cover.ALPINE_MEADOW)
    dates = [_day(text) for text in ("2019-05-08", "2019-05-20", "2019-06-01")]
    with ThreadPoolExecutor(2) as pool:
        images = ImageStack(SENTINEL1, cover, np.ones(cover.shape), _numbered, pool)
        for date in dates:
            images.add(date)
        noise = [images.pair(*pair)[1] for pair in [(dates[0], dates[1]), dates[1:], dates[::2]]]
        images.drop(dates[0])
        with pytest.raises(KeyError):
            images.pair(dates[0], dates[1])
    closure = np.angle(np.exp(1j * (noise[0] + noise[1] - noise[2])))
    assert closure.var() < 0.5 * sum(each.var() for each in noise)


def _numbered(subject: str) -> np.random.Generator:
    return stream(1, subject)


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_delay_remembers_the_weather_of_twelve_days_before(ground: Ground, memory: float) -> None:
    """From one pass to the next the delay less its season correlates by the stated memory."""
    scene, up = ground.scene, np.ones(ground.scene.shape, dtype=np.float32)
    winters = _day("2019-01-01") + 12 * np.arange(40)
    flat = dataclasses.replace(scene, height=np.full(scene.shape, 4100.0, dtype=np.float32))

    def draw(date: np.datetime64) -> np.random.Generator:
        return stream(1, str(date))

    delays = np.stack([slant_delay(draw, flat, date, up, memory) for date in winters])
    lag = np.mean(delays[1:] * delays[:-1]) / np.mean(delays**2)
    assert lag == pytest.approx(memory, abs=0.12)


def test_electrons_delay_l_band_by_millimetres(ground: Ground) -> None:
    """1.5e14 electrons a square metre are 40.3 * 1.5e14 / 1.27e9^2 m = 3.75 mm at ALOS-1."""
    flat = np.ones(ground.scene.shape, dtype=np.float32)
    fields = [
        ionospheric_delay(np.random.default_rng(n), ground.scene, ALOS1.frequency, flat)
        for n in range(30)
    ]
    assert np.std(fields) == pytest.approx(3.75, rel=0.1)


def test_a_wet_autumn_leaves_more_ice_to_thaw(ground: Ground) -> None:
    """Settlement differs from year to year by 10 % beyond what the thawing index explains."""
    climate = ground.climate
    share = autumn_ice(climate)
    rain = pd.Series(climate.precipitation, climate.time)
    autumns = rain[rain.index.month.isin([8, 9, 10])].resample("YS").sum()
    ice = pd.Series(share, climate.time)[lambda days: days.index.strftime("%m-%d") == "07-01"]
    assert np.corrcoef(autumns.values[:-2], ice.values[1:-1])[0, 1] > 0.99
    assert ice.std() == pytest.approx(0.1, rel=0.15)


def test_no_baseline_stands_at_a_limit() -> None:
    """All positions in the orbit's tube differ, most within 100 m of one another."""
    baselines = make_acquisitions(np.random.default_rng(3)).baselines
    assert np.unique(baselines).size == baselines.size
    assert 30 < baselines.std() < 70


def test_sentinel1_passes_are_twelve_days_apart_with_gaps() -> None:
    """Steps are whole repeat cycles, mostly one in summer, never three months; none is alone."""
    dates = make_acquisitions(np.random.default_rng(0)).dates
    steps = np.diff(dates).astype(int)
    assert (steps % 12 == 0).all()
    assert 100 < np.sum(steps == 12) < 130
    assert 24 < steps.max() < 90
    pairs = choose_pairs(dates)
    assert set(pairs.ravel().tolist()) == set(range(dates.size))
    spans = (dates[pairs[:, 1]] - dates[pairs[:, 0]]).astype(int)
    assert np.sum(spans > 300) == 4
    july = (dates >= _day("2018-07-01")) & (dates < _day("2018-09-01"))
    assert july.sum() >= 5


def test_recession_lengthens(archive: Path) -> None:
    """The true recession constant is 25 d up to 2005 and 35 d from 2018, and never falls."""
    with xr.open_dataset(archive / "truth" / "recession.nc") as truth:
        ks = truth["recession_constant"]
        assert ks.sel(year=2005) == 25
        assert ks.sel(year=2018) == 35
        assert (ks.diff("year") >= 0).all()


def test_everything_says_simulated(archive: Path) -> None:
    """Each raster, truth file and table says that it is no measurement."""
    for path in archive.rglob("*.tif"):
        with rasterio.open(path) as raster:
            assert raster.tags()["TIFFTAG_IMAGEDESCRIPTION"] == "simulated, not a measurement"
    for path in archive.rglob("*.nc"):
        with xr.open_dataset(path) as truth:
            assert truth.attrs["simulated"] == "true"
    assert (archive / "discharge.csv").read_text().startswith("# simulated")


def test_simulator_knows_nothing_of_the_analysis() -> None:
    """No module of the simulator imports the analysis, the contracts aside."""
    for path in Path(qilian_demo.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in getattr(node, "names", [])]
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [f"{node.module}.{name}" for name in names]
            if isinstance(node, ast.Import | ast.ImportFrom):
                foreign = [n for n in names if n == "qilian" or n.startswith("qilian.")]
                assert all(n.startswith("qilian.contracts") for n in foreign), path.name
