"""How often the 95 % intervals of the kriged delay cover it, in pixels, zones and their difference.

Rings around a place of the floor are means of what is left of a map, so that the noise of their
pixels counts too.

A basin's valley floor moves and its ridges do not. Each map is turbulence of exponential
covariance, a part that goes with height, and noise of single pixels; the delay on the floor is
estimated from the ridges. Heights differ by 0.4 km.

Usage: python bench/delay_coverage.py [folder]
It writes delay_coverage.csv, which book/methods/delay.md shows, into book/, unless told otherwise.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr
from scipy import ndimage

from qilian.insar import krige_delay
from qilian_demo.ground.fields import correlated_field

BOOK = Path(__file__).resolve().parents[1] / "book"
SHAPE, STEP = (60, 110), 0.5  # pixels, km
SCENES, MAPS = 60, 5
SPREAD = 4.0  # mm, of the turbulence


@dataclass(frozen=True)
class Case:
    """What the delay of a map is made of."""

    name: str
    length: float = 8.0  # km
    slope: float = 7.0  # mm/km, standard deviation from map to map
    mean_slope: float = 0.0  # mm/km, the same in all maps
    noise: float = 2.0  # mm, of a pixel
    cycles: float = 0.0  # share of the ridges' pixels off by 28 mm


CASES = (
    Case("turbulence of 8 km"),
    Case("of 4 km", length=4.0),
    Case("of 16 km", length=16.0),
    Case("no part with height", slope=0.0),
    Case("12 mm/km more in all maps", mean_slope=12.0),
    Case("noise of 6 mm", noise=6.0),
    Case("3 % of pixels off by a cycle", cycles=0.03),
)


def basin(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Heights [m], ridges that stay, and two zones and two rings of the floor."""
    pixel = (STEP, STEP)
    relief = ndimage.gaussian_filter(correlated_field(rng, SHAPE, pixel=pixel, length=5.0), 2)
    high = relief > np.quantile(relief, 0.7)
    floor = relief < np.quantile(relief, 0.45)
    height = 4000 + 400 * (relief - relief.min()) / np.ptp(relief)
    rows, columns = np.indices(SHAPE) * STEP
    at = np.argmax(np.where(floor, rng.random(SHAPE), -1))
    away = np.hypot(rows - rows.ravel()[at], columns - columns.ravel()[at])
    zones = {"near": floor & (away < 4), "far": floor & (away > 12)}
    rings = {"inner ring": floor & (away < 2), "outer ring": floor & (away > 3) & (away < 6)}
    return height, high, zones | rings


def maps_of(case: Case, rng: np.random.Generator, height: np.ndarray) -> np.ndarray:
    """Draw the delay of some maps, (map, y, x) [mm]."""
    above = (height - height.mean()) / 1000
    slopes = case.mean_slope + case.slope * rng.standard_normal(MAPS)
    return np.stack(
        [
            SPREAD * correlated_field(rng, SHAPE, pixel=(STEP, STEP), length=case.length)
            + slope * above
            for slope in slopes
        ]
    )


def scene(case: Case, seed: int) -> Iterator[dict[str, float]]:
    """Krige one scene, and give what its estimates are off by, in their standard errors."""
    rng = np.random.default_rng([seed, CASES.index(case)])
    height, ridges, zones = basin(rng)
    delay = maps_of(case, rng, height)
    shown = delay + case.noise * rng.standard_normal(delay.shape)
    shown += 28.0 * (rng.random(shown.shape) < case.cycles)
    axes = {
        "y": 38.3 - STEP / 111 * np.arange(SHAPE[0]),
        "x": 99 + STEP / 87.5 * np.arange(SHAPE[1]),
    }
    fields = xr.DataArray(
        shown, {"map": range(MAPS), **axes}, ("map", "y", "x"), attrs={"units": "mm"}
    )

    def of_ground(values: np.ndarray) -> xr.DataArray:
        return xr.DataArray(values, axes, ("y", "x"))

    found = krige_delay(
        fields.rio.write_crs("EPSG:4326"),
        of_ground(ridges),
        height=of_ground(height),
        zones={name: of_ground(zone) for name, zone in zones.items()},
    )
    off = delay - found["delay"].values
    error = found["standard_error"].values
    floor = zones["near"] | zones["far"]
    covariance = found["zonal_covariance"].values
    left = shown - found["delay"].values
    for number in range(MAPS):
        near, far, *_ = (off[number, zone].mean() for zone in zones.values())
        own = covariance[number]
        row = {
            "pixel": float(np.mean(abs(off[number, floor]) < 1.96 * error[number, floor])),
            "near": near / np.sqrt(own[0, 0]),
            "far": far / np.sqrt(own[1, 1]),
            "difference": (near - far) / np.sqrt(own[0, 0] + own[1, 1] - 2 * own[0, 1]),
        }
        inner, outer = (left[number, zones[name]].mean() for name in ("inner ring", "outer ring"))
        counts = [zone.sum() for zone in zones.values()]
        own = own + np.diag(found["pixel_noise"].values[number] ** 2 / counts)
        apart = own[2, 2] + own[3, 3] - 2 * own[2, 3]
        row |= {"ring": inner / np.sqrt(own[2, 2]), "rings": (inner - outer) / np.sqrt(apart)}
        yield row


def coverage(case: Case) -> dict[str, object]:
    """Count how often the intervals of many scenes hold [%]."""
    drawn = pd.DataFrame([row for seed in range(SCENES) for row in scene(case, seed)])
    held = {
        name: 100 * float((abs(drawn[name].dropna()) < 1.96).mean())
        for name in ("near", "far", "difference", "ring", "rings")
    }
    return {
        "delay": case.name,
        "pixels": 100 * drawn["pixel"].mean(),
        "mean of a small zone": held["near"],
        "mean of a wide zone": held["far"],
        "difference of the two": held["difference"],
        "mean of a ring": held["ring"],
        "difference of two rings": held["rings"],
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    with ProcessPoolExecutor(2) as pool:
        table = pd.DataFrame(pool.map(coverage, CASES)).round(1)
    table.to_csv(folder / "delay_coverage.csv", index=False)
    print(table.to_string(index=False))
