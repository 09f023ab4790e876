"""The simulated archive: repeatable, physically signed, and apart from the analysis."""

import ast
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr

import qilian_demo
from qilian_demo import write
from qilian_demo.coherence import sample_interferogram
from qilian_demo.deformation import phase_away, range_increase
from qilian_demo.interferograms import choose_pairs, make_acquisitions, pair_phase
from qilian_demo.scene import Cover
from qilian_demo.sensors import SENTINEL1
from qilian_demo.write import write_archive

COARSE = 0.01  # degree


@pytest.fixture(scope="module")
def pair_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table to copy; the simulator does not read it."""
    path = tmp_path_factory.mktemp("tables") / "pairs.csv"
    path.write_text("satellite,image_1,image_2\nERS-2,19970428,19970602\n")
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pair_table: Path) -> Path:
    """The archive on a coarse grid, written once."""
    folder = tmp_path_factory.mktemp("demo") / "archive"
    write_archive(folder, seed=1, pair_table=pair_table, spacing=COARSE)
    return folder


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


def test_same_seed_writes_same_bytes(archive: Path, pair_table: Path, tmp_path: Path) -> None:
    """Two writes with one seed agree in every byte of every file."""
    write_archive(tmp_path / "again", seed=1, pair_table=pair_table, spacing=COARSE)
    assert _contents(tmp_path / "again") == _contents(archive)


def test_another_seed_writes_another_scene(archive: Path, pair_table: Path, tmp_path: Path) -> None:
    """A new seed changes the flow, and replaces the older demo archive in its folder."""
    folder = tmp_path / "demo"
    write_archive(folder, seed=1, pair_table=pair_table, spacing=COARSE)
    write_archive(folder, seed=2, pair_table=pair_table, spacing=COARSE)
    flow = "discharge.csv"
    assert (folder / flow).read_bytes() != (archive / flow).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize("catalogue", [None, "[archive]\nsimulated = false\n", "not = = toml"])
def test_foreign_folder_is_left_alone(
    catalogue: str | None, pair_table: Path, tmp_path: Path
) -> None:
    """A folder that does not call itself simulated is refused in one sentence and kept."""
    (tmp_path / "mine.txt").write_text("measured")
    if catalogue is not None:
        (tmp_path / "catalogue.toml").write_text(catalogue)
    before = _contents(tmp_path)
    with pytest.raises(ValueError, match="not a simulated archive"):
        write_archive(tmp_path, pair_table=pair_table, spacing=COARSE)
    assert _contents(tmp_path) == before


def test_interrupted_write_leaves_nothing(
    pair_table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that stops half-way leaves neither an archive nor scraps beside it."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_write_discharge", stop)
    with pytest.raises(KeyboardInterrupt):
        write_archive(tmp_path / "demo", pair_table=pair_table, spacing=COARSE)
    assert list(tmp_path.iterdir()) == []


def test_sinking_ground_has_positive_phase() -> None:
    """Ground that sinks 10 mm under a sensor at 60 degrees incidence gives +1.1328 rad."""
    # 4 pi * 5 mm / 55.4658 mm, because cos 60 degrees halves the motion along the path.
    away = range_increase(np.array([[-10.0]]), np.array([[0.5]]))
    assert phase_away(away, SENTINEL1.wavelength).item() == pytest.approx(1.1328, abs=1e-4)


def test_sinking_ground_has_positive_phase_in_the_files(archive: Path) -> None:
    """Mines that sink over a year lie away from the sensor against the ridges around."""
    folder = archive / "sentinel1" / "GEOC"
    with xr.open_dataset(archive / "truth" / "sentinel1.nc") as truth:
        rate = truth["vertical_rate"].values
    sinking, still = rate < -15, rate > -0.5
    contrasts = []
    for path in folder.glob("*_*/*.geo.unw.tif"):
        first, second = (np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:8]}") for d in path.name.split("_"))
        if (second - first).astype(int) > 300:
            phase = _band(path)
            contrasts.append(np.median(phase[sinking]) - np.median(phase[still]))
    assert np.median(contrasts) > 1


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


def test_loops_of_deformation_close() -> None:
    """Phase without noise adds up to 0 round every triangle of the network."""
    rng = np.random.default_rng(0)
    pairs = choose_pairs(make_acquisitions(rng).dates)
    phase = pair_phase(rng.normal(0, 5, pairs.max() + 1), pairs)
    of_pair = {tuple(pair): value for pair, value in zip(pairs.tolist(), phase, strict=True)}
    loops = [
        of_pair[a, b] + of_pair[b, c] - of_pair[a, c]
        for a, b, c in combinations(range(pairs.max() + 1), 3)
        if {(a, b), (b, c), (a, c)} <= of_pair.keys()
    ]
    assert len(loops) > 20
    np.testing.assert_allclose(loops, 0, atol=1e-12)


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
