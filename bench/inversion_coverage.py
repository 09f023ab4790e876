"""How often the inversion's 95 % intervals cover the truth, in simulation.

Ground that follows the model, decorrelation by coherence, and delay that is correlated in space
(exponential covariance) and independent from date to date, all relative to a reference area of
3 × 3 pixels in a corner that suffers both. Each scene is drawn anew.
Usage: python bench/inversion_coverage.py
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr

from qilian.insar import rates, temporal_models
from qilian.insar.sbas import invert

MILLIMETRES = -1000 * 0.0555 / (4 * np.pi)
WIDTH, PIXEL, LENGTH = 8, 2.0, 8.0  # pixels a side, km, km


@dataclass(frozen=True)
class Case:
    """A network, and how noisy it is."""

    name: str
    dates: int = 60
    reach: int = 3
    delay: float = 6.0  # mm
    coherence: tuple[float, float] = (0.3, 0.9)
    looks: float = 20.0
    missing: float = 0.05
    weight: str = "fisher"
    seasonal: bool = True


CASES = (
    Case("as usual"),
    Case("no delay", delay=0.1),
    Case("mostly delay", delay=12.0, coherence=(0.7, 0.95)),
    Case("faint coherence", coherence=(0.15, 0.5)),
    Case("nearest two", reach=2),
    Case("15 dates", dates=15, seasonal=False),
    Case("equal weights", weight="none"),
    Case("weights by coherence", weight="coherence"),
)


def scenes(rng: np.random.Generator, case: Case, count: int) -> tuple[xr.Dataset, xr.DataArray]:
    """Stack of `count` scenes, one a row, and the model they follow; all truth is zero.

    Least squares moves with the truth, so that zero stands for any ground that follows the model.
    """
    pairs = [
        (i, j) for i in range(case.dates) for j in range(i + 1, min(case.dates, i + case.reach + 1))
    ]
    first, second = np.array(pairs).T
    place = PIXEL * np.indices((WIDTH, WIDTH)).reshape(2, -1)
    reference = (place < 3 * PIXEL).all(axis=0)
    distance = np.hypot(*(place[:, :, np.newaxis] - place[:, np.newaxis]))
    root = np.linalg.cholesky(np.exp(-distance / LENGTH) + 1e-9 * np.eye(WIDTH**2))
    shape = (count, WIDTH**2)
    delay = case.delay * rng.standard_normal((case.dates, *shape)) @ root.T / abs(MILLIMETRES)
    coherence = rng.uniform(*case.coherence, (len(pairs), *shape))
    spread = np.sqrt((1 - coherence**2) / (2 * case.looks * coherence**2))
    phase = delay[second] - delay[first] + spread * rng.standard_normal(spread.shape)
    phase -= phase[..., reference].mean(axis=-1, keepdims=True)
    phase, coherence = phase[..., ~reference], coherence[..., ~reference]
    phase[rng.random(phase.shape) < case.missing] = np.nan
    days = np.datetime64("2016-01-03", "ns") + np.arange(case.dates) * np.timedelta64(12, "D")
    dims = ("pair", "y", "x")
    stack = xr.Dataset(
        {
            "unwrapped_phase": (dims, phase.astype("float32")),
            "coherence": (dims, coherence.astype("float32")),
            "wavelength": ((), 0.0555),
        },
        {
            "reference_date": ("pair", days[first]),
            "secondary_date": ("pair", days[second]),
            "y": np.arange(count),
            "x": np.arange(phase.shape[-1]),
        },
    )
    dates = xr.DataArray(days, {"time": days}, ("time",))
    return stack, (
        temporal_models.periodic_model if case.seasonal else temporal_models.linear_model
    )(dates)


def coverage(rng: np.random.Generator, case: Case, count: int = 400) -> Iterator[tuple[str, float]]:
    """Share of intervals that hold the truth [1], by what they are intervals of."""
    stack, model = scenes(rng, case, count)
    result = invert(stack, weight=case.weight, model=model, screen_loops=False)
    dof = result["degrees_of_freedom"]
    displacement, error = result["displacement"][1:], result["standard_error"][1:]
    held = abs(displacement) <= rates.half_width(error, dof)
    yield "displacement", float(held.where(error.notnull()).mean())
    for row, name in enumerate(model["parameter"].values[1:], start=1):
        error = np.sqrt(result["covariance"][row, row])
        held = abs(result["parameters"][row]) <= rates.half_width(error, dof)
        yield str(name), float(held.where(error.notnull()).mean())


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    print("share of 95 % intervals that hold the truth")
    for case in CASES:
        found = ", ".join(f"{name} {share:.1%}" for name, share in coverage(rng, case))
        print(f"{case.name:22}{found}")
