"""How often the inversion's 95 % intervals cover the truth, on stacks as hard as nature's.

Pairs are formed from one stack of images whose scatterers decorrelate with time, as processors form
them, or have noise of their own. Delay is correlated in space (exponential covariance) and, where a
case says so, from date to date; the season's amplitude varies from year to year; pairs are off by
a cycle. All is relative to a reference area of 3 × 3 pixels in a corner. Every draw is a scene of
its own, with a memory found in it alone.

Usage: python bench/inversion_coverage.py [folder]
It writes inversion_coverage.csv, which book/methods/displacement.md shows, into book/, unless told
otherwise.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from qilian.insar import rates, temporal_models
from qilian.insar.memory import noise_memory
from qilian.insar.network import acquisition_dates
from qilian.insar.sbas import invert

BOOK = Path(__file__).resolve().parents[1] / "book"
MILLIMETRES = -1000 * 0.0555 / (4 * np.pi)
WIDTH, PIXEL, LENGTH = 11, 6.0, 8.0  # pixels a side, km, km
DRAWS, EVERY, LOOKS = 200, 12, 20  # scenes, days between dates
SEASON = 40.0  # mm, mean amplitude of a thaw season


@dataclass(frozen=True)
class Case:
    """A stack, and how noisy it is."""

    name: str
    dates: int = 60
    images: bool = True  # pairs share the noise of their images
    delay: float = 6.0  # mm a date
    persistence: float = 0.0  # of delay, from one date to the next
    season: float = 0.0  # standard deviation of the season's amplitude, relative
    cycles: float = 0.0  # share of values off by a cycle
    coherence: tuple[float, float] = (0.3, 0.9)  # of independent pairs
    missing: float = 0.05


CASES = (
    Case("independent pairs", images=False),
    Case("independent pairs, no delay", images=False, delay=0.1),
    Case("independent pairs, faint coherence", images=False, coherence=(0.15, 0.5)),
    Case("shared images, 2 mm of delay", delay=2.0),
    Case("shared images", delay=6.0),
    Case("delay that persists by 0.3", images=False, persistence=0.3),
    Case("delay that persists by 0.6", images=False, persistence=0.6),
    Case("delay that persists by 0.8", images=False, persistence=0.8),
    Case("seasons that vary by 20 %", images=False, season=0.2),
    Case("shared images, delay that persists by 0.6", persistence=0.6),
    Case("cycles lost in 3 % of values", images=False, cycles=0.03),
)
# Cases by the number of dates: long scenes take long, so that fewer are drawn.
TRIED = {30: range(len(CASES)), 60: range(len(CASES)), 150: (0, 4, 6)}


def scene(rng: np.random.Generator, case: Case) -> xr.Dataset:
    """Draw a stack of still ground.

    Least squares moves with the truth, so that zero stands for any ground that follows the model.
    """
    first, second = np.array(
        [(i, j) for i in range(case.dates) for j in range(i + 1, min(case.dates, i + 4))]
    ).T
    days = EVERY * np.arange(case.dates)
    place = PIXEL * np.indices((WIDTH, WIDTH)).reshape(2, -1)
    reference = (place < 3 * PIXEL).all(axis=0)
    distance = np.hypot(*(place[:, :, np.newaxis] - place[:, np.newaxis]))
    root = np.linalg.cholesky(np.exp(-distance / LENGTH) + 1e-9 * np.eye(WIDTH**2))
    sky = rng.standard_normal((case.dates, WIDTH**2)) @ root.T
    for before, after in pairwise(sky):
        after[:] = case.persistence * before + (1 - case.persistence**2) ** 0.5 * after
    year, day = np.divmod(days, 365)
    wave = (1 - np.cos(2 * np.pi * (day - 120) / 365)) / 2
    amplitude = SEASON * case.season * rng.standard_normal(year[-1] + 1)
    moved = case.delay * sky + (amplitude[year] * wave)[:, np.newaxis]
    noise, coherence = (_of_images if case.images else _of_pairs)(rng, case, first, second, days)
    phase = noise + (moved[second] - moved[first]) / MILLIMETRES
    lost = rng.random(phase.shape) < case.cycles
    phase = phase + 2 * np.pi * lost * rng.choice([-1, 1], phase.shape)
    phase -= phase[:, reference].mean(axis=1, keepdims=True)
    phase[rng.random(phase.shape) < case.missing] = np.nan
    dates = np.datetime64("2016-01-03", "ns") + days * np.timedelta64(1, "D")
    seen = {"unwrapped_phase": phase, "coherence": coherence}
    return xr.Dataset(
        {
            name: (("pair", "y", "x"), field[:, np.newaxis, ~reference].astype("f4"))
            for name, field in seen.items()
        }
        | {"wavelength": 0.0555},
        {
            "reference_date": ("pair", dates[first]),
            "secondary_date": ("pair", dates[second]),
            "y": [0],
            "x": np.flatnonzero(~reference),
        },
    )


def _of_pairs(rng, case, first, second, days) -> tuple[np.ndarray, np.ndarray]:
    """Noise of each pair's own, and its coherence (pair, pixel)."""
    coherence = rng.uniform(*case.coherence, (first.size, WIDTH**2))
    spread = np.sqrt((1 - coherence**2) / (2 * LOOKS * coherence**2))
    return spread * rng.standard_normal(spread.shape), coherence


def _of_images(rng, case, first, second, days) -> tuple[np.ndarray, np.ndarray]:
    """Phase and coherence of pairs of images, whose coherence falls from 0.95 within 40 days."""
    fading = np.exp(-abs(days[:, np.newaxis] - days) / 40)
    lasting = rng.uniform(0.1, 0.5, (WIDTH**2, 1, 1))
    covariance = lasting + (0.95 - lasting) * fading
    covariance[:, np.arange(days.size), np.arange(days.size)] = 1
    shape = (WIDTH**2, days.size, LOOKS)
    drawn = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    image = np.linalg.cholesky(covariance) @ drawn
    product = (image[:, second] * image[:, first].conj()).sum(axis=-1)
    power = (abs(image) ** 2).sum(axis=-1)
    return np.angle(product).T, (abs(product) / np.sqrt(power[:, second] * power[:, first])).T


def held(result: xr.Dataset) -> Iterator[tuple[str, float]]:
    """Shares of the intervals that hold the truth, by what they are intervals of."""
    dof = result["degrees_of_freedom"]
    for row, name in enumerate(result["parameter"].values[1:], start=1):
        reach = rates.half_width(np.sqrt(result["covariance"][row, row]), dof)
        yield str(name), float((abs(result["parameters"][row]) <= reach).mean())
    error = result["standard_error"][1:]
    inside = abs(result["displacement"][1:]) <= rates.half_width(error, dof)
    yield "displacement", float(inside.where(error.notnull()).mean())


def coverage(rng: np.random.Generator, case: Case, draws: int = DRAWS) -> dict[str, float]:
    """Mean shares over scenes, of the rate also as if noise had no memory [1]."""
    found = []
    for _ in range(draws):
        stack = scene(rng, case)
        dates = acquisition_dates(stack)
        long = case.dates * EVERY > 2 * 365
        model = (temporal_models.periodic_model if long else temporal_models.linear_model)(dates)
        options = {"model": model, "screen_loops": case.cycles > 0}
        plain = invert(stack, **options)
        result = invert(stack, memory=noise_memory(plain), **options)
        found.append(dict(held(result)) | {"without memory": dict(held(plain))["rate"]})
    return pd.DataFrame(found).mean().to_dict()


def row(length: int, number: int, draws: int = DRAWS) -> dict[str, str | int]:
    """Coverage of a case with so many dates, as the table shows it."""
    case = replace(CASES[number], dates=length)
    found = coverage(np.random.default_rng([length, number]), case, draws)
    waves = [found[name] for name in ("sine", "cosine") if name in found]
    shares = {
        "rate": found["rate"],
        "yearly wave": np.mean(waves) if waves else np.nan,
        "displacement": found["displacement"],
        "rate, without memory": found["without memory"],
    }
    written = {k: "–" if np.isnan(share) else f"{share:.1%}" for k, share in shares.items()}
    return {"noise": case.name, "dates": length, **written}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    rows = []
    tried = [(length, number) for length, numbers in TRIED.items() for number in numbers]
    with ProcessPoolExecutor() as pool:
        for one in pool.map(row, *zip(*tried, strict=True)):
            print(*one.values(), sep=", ", flush=True)
            rows.append(one)
    pd.DataFrame(rows).to_csv(folder / "inversion_coverage.csv", index=False)
