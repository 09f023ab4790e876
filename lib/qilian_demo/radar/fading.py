"""The bias of short pairs: a false, steady sinking of moist, growing ground at C band."""

import numpy as np

from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.scene import Cover, Scene, by_cover

RATE_LOSS = 0.15  # share of the true rate that short pairs miss
# Rock and rubble scatter alike from pass to pass; plants and wet soil do not.
FALSE_RATE = {  # mm a-1
    Cover.WET_MEADOW: -4.3,
    Cover.ALPINE_MEADOW: -3.0,
    Cover.BARE_RIDGE: -0.3,
    Cover.OPEN_PIT: -1.0,
    Cover.SPOIL_HEAP: -1.0,
}
SPREAD, LENGTH = 1 / 3, 3.0  # share of the false rate, km
FULL_DAYS, FADING_DAYS = 60, 300


def short_pair_bias(rng: np.random.Generator, scene: Scene, rate: np.ndarray) -> np.ndarray:
    """Rate that short pairs add to the true one, so that meadows show 0.85 rate + N(-3, 1).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the variation within a land cover.
    scene : Scene
        Land cover.
    rate : numpy.ndarray
        True vertical rate, shape (y, x) [mm a-1].

    Returns
    -------
    numpy.ndarray
        Bias as a vertical rate, up positive, shape (y, x) [mm a-1].
    """
    patches = correlated_field(rng, scene.shape, pixel=scene.pixel, length=LENGTH)
    return by_cover(scene.cover, FALSE_RATE) * (1 + SPREAD * patches) - RATE_LOSS * rate


def bias_share(days: float) -> float:
    """Share of the bias in a pair of that time span [1]: whole up to 60 d, a third at a year."""
    return float(np.exp(-max(days - FULL_DAYS, 0) / FADING_DAYS))
