"""Simulated interferograms that the benchmarks of the inversion share.

Each of 120 dates, 12 days apart, is tied to the next three: 354 pairs. Phases hold a rate, a yearly
wave and noise of 0.3 rad; coherence is random. Nothing is measured here.
"""

import resource
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import xarray as xr

DATES, REACH, DAYS = 120, 3, 12
WAVELENGTH = 0.0554658
WEST, NORTH, STEP = 99.0, 38.2, 0.001
# The phase of the reference pixel: 0 is missing to MintPy, and subtracting this changes nothing.
NEARLY_ZERO = np.float32(1e-12)


class Cost(NamedTuple):
    """Seconds that something took."""

    cpu: float
    wall: float


def network() -> tuple[np.ndarray, np.ndarray]:
    """Index of the earlier and the later date of each pair."""
    first = np.repeat(np.arange(DATES), REACH)
    second = first + np.tile(np.arange(1, REACH + 1), DATES)
    return first[second < DATES], second[second < DATES]


def dates() -> np.ndarray:
    """Dates of acquisition."""
    return np.datetime64("2018-01-01", "ns") + np.arange(DATES) * np.timedelta64(DAYS, "D")


def simulate(rows: int, columns: int, *, missing: float = 0.05, seed: int = 0) -> xr.Dataset:
    """Make a stack in memory, in which no phase is 0 and `missing` of them are NaN.

    The first pixel lacks nothing and has the same phase, nearly 0, in all pairs.
    """
    rng = np.random.default_rng(seed)
    first, second = network()
    years = np.arange(DATES) * DAYS / 365.25
    courses = np.stack([years, np.sin(2 * np.pi * years)]).astype("float32")
    rate, wave = rng.normal(0, 3, (2, rows, columns)).astype("float32")
    phase = rng.standard_normal((first.size, rows, columns), "float32")
    phase *= np.float32(0.3)
    for layer, (linear, seasonal) in zip(
        phase, (courses[:, second] - courses[:, first]).T, strict=True
    ):
        layer += linear * rate + seasonal * wave
    phase[phase == 0] = NEARLY_ZERO
    if missing:
        phase[rng.random(phase.shape, "float32") < missing] = np.nan
    phase[:, 0, 0] = NEARLY_ZERO
    coherence = rng.random(phase.shape, "float32")
    coherence *= np.float32(0.75)
    coherence += np.float32(0.2)
    dims = ("pair", "y", "x")
    return xr.Dataset(
        {
            "unwrapped_phase": (dims, phase),
            "coherence": (dims, coherence),
            "wavelength": WAVELENGTH,
        },
        {
            "reference_date": ("pair", dates()[first]),
            "secondary_date": ("pair", dates()[second]),
            "y": NORTH - (np.arange(rows) + 0.5) * STEP,
            "x": WEST + (np.arange(columns) + 0.5) * STEP,
        },
    )


def write(path: Path, stack: xr.Dataset, *, times: int = 1, chunks: bool | None = None) -> None:
    """Write a stack as MintPy's `ifgramStack.h5`, its rows as many `times` one below the other.

    Without `chunks`, pixels lie in the file as in memory.
    """
    pairs, rows, columns = stack["unwrapped_phase"].shape
    ends = np.stack([stack["reference_date"].values, stack["secondary_date"].values], axis=1)
    days = np.char.replace(ends.astype("datetime64[D]").astype(str), "-", "")
    about = {"FILE_TYPE": "ifgramStack", "PROCESSOR": "isce", "UNIT": "radian"}
    about |= {"LENGTH": rows * times, "WIDTH": columns, "WAVELENGTH": WAVELENGTH}
    about |= {"X_FIRST": WEST, "Y_FIRST": NORTH, "X_STEP": STEP, "Y_STEP": -STEP}
    about |= {"X_UNIT": "degrees", "REF_Y": 0, "REF_X": 0, "ALOOKS": 5, "RLOOKS": 15}
    with h5py.File(path, "w") as file:
        file.attrs.update({key: str(value) for key, value in about.items()})
        file["date"] = days.astype("S8")
        file["bperp"] = np.zeros(pairs, "float32")
        file["dropIfgram"] = np.ones(pairs, bool)
        for name, source in (("unwrapPhase", "unwrapped_phase"), ("coherence", "coherence")):
            layers = file.create_dataset(
                name, (pairs, rows * times, columns), "float32", chunks=chunks
            )
            starts = range(0, rows * times + 1, rows)
            for start, stop in pairwise(starts):
                layers[:, start:stop] = stack[source].values


def cost(work: Callable[[], object], *, times: int = 1, children: bool = False) -> Cost:
    """Time some work, the best of so many times: in this process or, if so, in its children."""
    who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
    costs = []
    for _ in range(times):
        before, start = resource.getrusage(who), time.perf_counter()
        work()
        wall, after = time.perf_counter() - start, resource.getrusage(who)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        costs.append(Cost(cpu, wall))
    return Cost(*map(min, zip(*costs, strict=True)))
