"""Pages on a stranger's ground: any satellite, phase alone, a series or a rate made elsewhere.

The ground is a steep valley in a portrait scene, sinking ever faster to the east; all is written
here, as files of other tools hold it.
"""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import rasterio
import xarray as xr
from click.testing import CliRunner

from qilian.archive.catalogue import open_archive
from qilian.book import _cli as cli
from qilian.products import displacement

HEIGHT, WIDTH = 44, 24
WAVELENGTH = 0.056
DATES = np.array(["2004-01-05"], "datetime64[D]") + 35 * np.arange(12)
YEARS = (DATES - DATES[0]).astype(float) / 365.25
RATE = np.broadcast_to(np.linspace(0.0, -23.0, WIDTH), (HEIGHT, WIDTH))  # mm a year, along sight
GRID = {
    "driver": "GTiff",
    "height": HEIGHT,
    "width": WIDTH,
    "count": 1,
    "dtype": "float32",
    "crs": "EPSG:32647",
    "transform": rasterio.transform.from_origin(400_000, 4_230_000, 90, 90),
    "nodata": np.nan,
}


def write(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(path, "w", **GRID) as raster:
        raster.write(values.astype("float32"), 1)


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    """Displacement (time, y, x) [mm] at each date, with a millimetre of noise."""
    rng = np.random.default_rng(4)
    moved = YEARS[:, np.newaxis, np.newaxis] * RATE + rng.normal(0, 1, (12, HEIGHT, WIDTH))
    return moved - moved[0]


@pytest.fixture(scope="module")
def stranger(series, tmp_path_factory) -> Path:
    """Three archives: Envisat's phase without coherence; a series and a rate; that rate alone."""
    folder = tmp_path_factory.mktemp("stranger")
    names = [f"{date}".replace("-", "") for date in DATES]
    for later in range(1, 12):
        for earlier in range(max(0, later - 2), later):
            phase = (series[later] - series[earlier]) * -4 * np.pi / WAVELENGTH / 1000
            write(folder / "pairs" / f"{names[earlier]}-{names[later]}.tif", phase)
    for name, moved in zip(names, series, strict=True):
        write(folder / "series" / f"{name}.tif", moved / 10)
    write(folder / "map" / "rate.tif", -RATE / 1000)
    write(folder / "map" / "error.tif", np.full((HEIGHT, WIDTH), 0.0005))
    rate = (
        '[rate]\nformat = "geotiff"\npath = "map/rate.tif"\nunit = "m/yr"\npositive = "down"\n'
        'standard_error = "error.tif"\n'
    )
    catalogues = {
        "envisat": f'[envisat]\nformat = "geotiff"\npath = "pairs"\nwavelength = {WAVELENGTH}\n'
        'phase = "{reference}-{secondary}.tif"\n',
        "finished": '[displacement]\nformat = "geotiff"\npath = "series"\nunit = "cm"\n'
        'displacement = "{date}.tif"\npositive = "towards"\nincidence_angle = 60\n' + rate,
        "rate": rate,
    }
    for name, text in catalogues.items():
        (folder / f"{name}.toml").write_text(f'[archive]\nname = "A valley"\n{text}')
    return folder


@pytest.fixture(scope="module")
def ran(stranger, forking, tmp_path_factory):
    """Run pages on one of the archives; the folder of the run."""

    def run(archive: str, *pages: str) -> Path:
        out = tmp_path_factory.mktemp(archive)
        command = ["run", *pages, "--archive", str(stranger / f"{archive}.toml"), "--out", str(out)]
        done = CliRunner().invoke(cli.app, command)
        assert done.exit_code == 0, done.output
        return out

    return run


def shown(out: Path, page: str) -> str:
    """All text that a page has shown."""
    (path,) = out.glob(f"executed/{page}*.ipynb")
    outputs = [o for cell in nbformat.read(path, 4).cells for o in cell.get("outputs", ())]
    return "\n".join(
        str(text) for o in outputs for kind, text in o.get("data", {}).items() if "text" in kind
    )


@pytest.mark.slow
def test_phase_of_any_satellite_without_coherence_is_mapped(ran, stranger):
    """With equal weights, as the page says, relative to ground that moves as the scene's mean."""
    out = ran("envisat", "s08", "s10")
    assert "| weights of pairs | none |" in shown(out, "s08")
    with xr.open_dataset(out / "results/s10_western_pits/s10.nc") as saved:
        kept = displacement(open_archive(stranger / "envisat.toml"))
        zero = RATE[kept["reference"].values == 1].mean()
        assert zero == pytest.approx(RATE.mean(), abs=3)
        assert np.abs(saved.rate.values - (RATE - zero)).max() < 4
        assert (np.abs(saved.rate - (RATE - zero)) <= saved.rate_half_width).mean() > 0.9
    with xr.open_dataset(out / "results/s08_cumulative_deformation/s08.nc") as saved:
        assert saved.displacement.attrs["direction"] == "line of sight"


@pytest.mark.slow
def test_a_finished_series_is_taken_as_it_is_and_made_vertical(ran, series):
    """Twice the line of sight's at an incidence angle of 60 degrees, at each date."""
    out = ran("finished", "s08", "s10")
    assert "none, a finished series" in shown(out, "s08")
    with xr.open_dataset(out / "results/s08_cumulative_deformation/s08.nc") as saved:
        assert saved.displacement.attrs["direction"] == "vertical"
        at = [list(DATES).index(day) for day in saved.time.values.astype("datetime64[D]")]
        assert np.allclose(saved.displacement, 2 * series[at], atol=1e-3)
        covered = np.abs(saved.displacement - 2 * YEARS[at][:, None, None] * RATE)
        assert 0.9 < (covered <= saved.half_width).mean() < 0.99
    with xr.open_dataset(out / "results/s10_western_pits/s10.nc") as saved:
        assert np.abs(saved.rate - 2 * RATE).max() < 6


@pytest.mark.slow
def test_a_rate_alone_draws_its_map_with_the_error_that_came_along(ran):
    """Its file counts metres a year downwards; an interval is 1.96 standard errors."""
    out = ran("rate", "s10")
    assert "The median rate is −11.5 ± 1.0 mm/a" in shown(out, "s10")
    with xr.open_dataset(out / "results/s10_western_pits/s10.nc") as saved:
        assert np.allclose(saved.rate, RATE, atol=1e-4)
        assert np.allclose(saved.rate_half_width, 0.98, atol=1e-3)


def test_an_entry_is_chosen_by_name_or_the_first_that_will_do(stranger):
    """What is not there, or is of another kind, is answered with what is."""
    finished = open_archive(stranger / "finished.toml")
    need = "interferograms or displacement or rate"
    assert finished.choose(need) == "displacement"
    assert finished.choose(need, "rate") == "rate"
    assert open_archive(stranger / "envisat.toml").choose("interferograms") == "envisat"
    with pytest.raises(ValueError, match=r"entry is 'alos1', expected auto or one of displ"):
        finished.choose(need, "alos1")
    with pytest.raises(ValueError, match=r"has no interferograms, only displacement, rate"):
        finished.choose("interferograms")


@pytest.mark.slow
def test_weather_that_does_not_reach_over_the_radars_dates_costs_no_page(stranger, tmp_path):
    """The season is then a yearly wave, or none within two years, as without any weather."""
    days = np.arange("2000-01-01", "2004-06-01", dtype="datetime64[D]")
    warm = 10 * np.sin(2 * np.pi * (np.arange(days.size) - 110) / 365.25)
    rows = "\n".join(f"{day},{value:.2f}" for day, value in zip(days, warm, strict=True))
    (tmp_path / "weather.csv").write_text(f"t,air_temperature_avg\n{rows}\n")
    catalogue = (stranger / "envisat.toml").read_text().replace('"pairs"', f'"{stranger}/pairs"')
    weather = '[climate]\nformat = "ghcn_csv"\npath = "weather.csv"\nunit = "degC"\n'
    (tmp_path / "catalogue.toml").write_text(catalogue + weather)
    found = displacement(open_archive(tmp_path))
    assert found.parameter.values.tolist() == ["offset", "rate"]
