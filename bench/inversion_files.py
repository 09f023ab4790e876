"""CPU time from a LiCSAR folder to a rate map, beside reading every file once, whole.

The files hold the same numbers, compressed, in strips, in tiles of 256 and in tiles of 512 pixels.
What is timed chooses the reference area, fits a ramp and the delay that goes with height, inverts
300 pairs, keeps the displacement and maps its rate; imports and compiling are left out. Each file
is decoded once if the tilings cost about the same.

Usage: python bench/inversion_files.py [--side PIXELS]
"""

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np
import rasterio
import stacks
import xarray as xr
from stacks import Cost, cost

from qilian.archive import open_archive
from qilian.insar import model_rates
from qilian.products import displacement

PAIRS = 300
ALIKE = 1.5
ROWS = 100  # that are simulated; further ones repeat them
TILINGS = {
    "strips": {},
    "tiles of 256": {"tiled": True, "blockxsize": 256, "blockysize": 256},
    "tiles of 512": {"tiled": True, "blockxsize": 512, "blockysize": 512},
}
CATALOGUE = """
[archive]
name = "bench"
simulated = true

[sentinel1]
format = "licsar"
path = "GEOC"
"""


def simulate(side: int) -> xr.Dataset:
    """Make the first rows of a stack; it is complete and coherent in one corner."""
    stack = stacks.simulate(min(ROWS, side), side).isel(pair=slice(PAIRS))
    corner = {"y": slice(1, 10), "x": slice(1, 10)}
    stack["unwrapped_phase"][corner] = stack["unwrapped_phase"][corner].fillna(0.1)
    stack["coherence"][corner] = 0.95
    return stack


def write(folder: Path, stack: xr.Dataset, side: int, tiling: str) -> None:
    """Write an archive of LiCSAR's layout, its rows repeated to a square."""
    place = rasterio.Affine(stacks.STEP, 0, stacks.WEST, 0, -stacks.STEP, stacks.NORTH)
    times = -(-side // stack.sizes["y"])

    def raster(path: Path, layer: np.ndarray) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        layout = {"dtype": layer.dtype.name, "transform": place, **TILINGS[tiling]}
        with rasterio.open(
            path, "w", "GTiff", side, side, 1, "EPSG:4326", compress="deflate", **layout
        ) as file:
            file.write(np.tile(layer, (times, 1))[:side], 1)

    ends = (stack[end].dt.strftime("%Y%m%d").values for end in ("reference_date", "secondary_date"))
    phase, coherence = (stack[name].values for name in ("unwrapped_phase", "coherence"))
    names = map("_".join, zip(*ends, strict=True))
    for name, radians, share in zip(names, phase, coherence, strict=True):
        raster(folder / f"GEOC/{name}/{name}.geo.unw.tif", np.nan_to_num(radians))
        raster(folder / f"GEOC/{name}/{name}.geo.cc.tif", np.rint(255 * share).astype("uint8"))
    height = np.random.default_rng(1).normal(3500, 300, phase.shape[1:]).astype("float32")
    raster(folder / "GEOC/frame.geo.hgt.tif", height)
    (folder / "catalogue.toml").write_text(CATALOGUE)


def read_whole(folder: Path) -> None:
    """Decode every file of a folder, once."""
    for path in folder.rglob("*.tif"):
        with rasterio.open(path) as raster:
            raster.read(1)


def rate_map(folder: Path) -> xr.DataArray:
    """Go from files to a rate, by way of a kept displacement."""
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        options = {"seasonal": "periodic", "ramp": True, "height": True, "cache": Path(cache)}
        return model_rates(displacement(open_archive(folder), **options))["rate"].compute()


def costs(folder: Path, side: int, tiling: str) -> tuple[Cost, Cost]:
    """Write a folder; return what it costs to read it once and to map its rate."""
    write(folder, simulate(side), side, tiling)
    os.sync()
    return cost(lambda: read_whole(folder)), cost(lambda: rate_map(folder))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1000, help="rows and columns")
    return parser.parse_args()


if __name__ == "__main__":
    side = arguments().side
    print(f"{side} x {side} pixels, {PAIRS} pairs, CPU seconds:")
    spent = []
    with tempfile.TemporaryDirectory() as scratch:
        costs(Path(scratch, "compile"), 20, "strips")
        for tiling in TILINGS:
            with tempfile.TemporaryDirectory(dir=scratch) as folder:
                read, mapped = costs(Path(folder), side, tiling)
            spent.append(mapped.cpu)
            print(f"  {tiling:13} {mapped.cpu:6.1f} to a rate, {read.cpu:5.1f} to read, ", end="")
            print(f"ratio {mapped.cpu / read.cpu:.1f}, {mapped.wall:.0f} s by the clock")
    apart = max(spent) / min(spent)
    print(f"  tilings differ by a factor of {apart:.2f}, ", end="")
    print("within" if apart <= ALIKE else "beyond", ALIKE)
