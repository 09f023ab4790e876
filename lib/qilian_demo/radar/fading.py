"""The bias of short pairs: a false sinking of moist, growing ground at C band that fades with span.

A pair of twice the span does not show twice the false motion, so that loops of pairs of several
spans stay open by the bias alone (Maghsoudi et al. 2022, their table of ratios to 12-day pairs).
"""

import numpy as np

from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.scene import Cover, Scene, by_cover

RATE_LOSS = 0.43  # share of the true rate that twelve-day pairs miss
# Rock and rubble scatter alike from pass to pass; plants and wet soil do not.
FALSE_RATE = {  # mm a-1, of twelve-day pairs
    Cover.WET_MEADOW: -12.4,
    Cover.ALPINE_MEADOW: -8.6,
    Cover.BARE_RIDGE: -0.9,
    Cover.OPEN_PIT: -2.9,
    Cover.SPOIL_HEAP: -2.9,
}
SPREAD, LENGTH = 1 / 3, 3.0  # share of the false rate, km
# Rate of a pair of these days over that of the twelve-day pairs that it spans.
FADING_DAYS = np.array([12, 24, 36, 48, 60])
FADING_SHARE = np.array([1, 0.494, 0.297, 0.24, 0.22])


def short_pair_bias(rng: np.random.Generator, scene: Scene, rate: np.ndarray) -> np.ndarray:
    """Rate that twelve-day pairs add to the true one.

    With the demo's network, whose longer pairs show less, meadows come out at about
    0.85 rate + N(-3, 1).

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
    """Share of a twelve-day pair's false rate in a pair of more days [1].

    As published up to 60 d; beyond, the false motion grows no more, and its rate falls as 1 / days.
    """
    share = np.interp(days, FADING_DAYS, FADING_SHARE)
    return float(share * min(1.0, FADING_DAYS[-1] / days))
