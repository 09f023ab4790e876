"""The ground's motion: subsidence that set in with mining, and yearly settlement and heave."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.grid import Grid, resample
from qilian_demo.ground.history import MINING_PERIODS, PERIODS, Course
from qilian_demo.ground.scene import Cover, Scene, by_cover

MINE_REACH = 4.0  # km over which the influence of a mine fades by 1/e
RATE_SPREAD = 0.8  # mm a-1
# Share of the wet meadow's rate; bedrock hardly moves.
RATE_SHARE = {
    Cover.WET_MEADOW: 1.0,
    Cover.ALPINE_MEADOW: 0.85,
    Cover.BARE_RIDGE: 0.05,
    Cover.OPEN_PIT: 2.5,
    Cover.SPOIL_HEAP: 1.7,
}
THAW_SETTLEMENT = {  # mm in an average year of the last period
    Cover.WET_MEADOW: 46.0,
    Cover.ALPINE_MEADOW: 30.0,
    Cover.BARE_RIDGE: 3.0,
    Cover.OPEN_PIT: 8.0,
    Cover.SPOIL_HEAP: 14.0,
}


@dataclass(frozen=True)
class Deformation:
    """Vertical motion of each pixel in each period; water has none.

    Attributes
    ----------
    rate : numpy.ndarray
        Vertical rate, up positive, shape (period, y, x) [mm a-1].
    amplitude : numpy.ndarray
        Settlement over an average thaw season, downward positive, shape (period, y, x) [mm].
    """

    rate: np.ndarray
    amplitude: np.ndarray

    def on(self, source: Grid, target: Grid) -> "Deformation":
        """Give the same motion on another grid."""
        return Deformation(
            *(
                np.stack([resample(layer, source, target) for layer in field])
                for field in (self.rate, self.amplitude)
            )
        )


def make_deformation(rng: np.random.Generator, scene: Scene) -> Deformation:
    """Draw rates that quicken towards the mines, and settlement that follows soil moisture.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the variation within a land cover.
    scene : Scene
        Terrain, land cover and distance to the mines.

    Returns
    -------
    Deformation
        Rate and thaw-season amplitude of each period.
    """
    near = np.exp(-scene.distance_to_mine / MINE_REACH)
    soil = correlated_field(rng, scene.shape, pixel=scene.pixel, length=2.0)
    ice = correlated_field(rng, scene.shape, pixel=scene.pixel, length=2.0)
    wetness = np.clip(1 + 0.12 * soil, 0.75, 1.3)
    rates, amplitudes = [], []
    for period in PERIODS:
        cover = scene.cover if period in MINING_PERIODS else scene.natural_cover
        meadow = period.far_rate + (period.mine_rate - period.far_rate) * near
        meadow = np.clip(meadow + RATE_SPREAD * ice, *period.limits)
        rates.append(_blend(meadow * by_cover(cover, RATE_SHARE), scene))
        settlement = by_cover(cover, THAW_SETTLEMENT) * period.thaw_growth * wetness
        amplitudes.append(_blend(settlement, scene))
    return Deformation(np.stack(rates), np.stack(amplitudes))


def _blend(field: np.ndarray, scene: Scene) -> np.ndarray:
    """Smooth over a few hundred metres of land, as soils grade into each other."""
    width = [0.3 / size for size in scene.pixel]
    land = scene.cover != Cover.WATER
    weight = ndimage.gaussian_filter(land.astype(np.float32), width)
    smooth = ndimage.gaussian_filter(np.where(land, field, 0.0).astype(np.float32), width)
    return np.where(land, smooth / np.maximum(weight, 1e-6), 0.0).astype(np.float32)


def vertical_change(
    deformation: Deformation, course: Course, first: int, second: int
) -> np.ndarray:
    """Move the ground from one date to another: sum over periods of rate time - amplitude thaw.

    Parameters
    ----------
    deformation : Deformation
        Rate and amplitude, shape (period, y, x).
    course : Course
        How far each period's motion has got at the dates.
    first, second : int
        Indices of the dates in `course`.

    Returns
    -------
    numpy.ndarray
        Vertical displacement, up positive, shape (y, x), float32 [mm].
    """
    change = np.zeros(deformation.rate.shape[1:], dtype=np.float32)
    years = course.years[second] - course.years[first]
    thaw = course.thaw[second] - course.thaw[first]
    for period in range(len(PERIODS)):
        if years[period] != 0:
            change += np.float32(years[period]) * deformation.rate[period]
        if thaw[period] != 0:
            change -= np.float32(thaw[period]) * deformation.amplitude[period]
    return change


def phase_away(range_increase: np.ndarray, wavelength: float) -> np.ndarray:
    """Turn a longer one-way path into phase, positive away: 4 pi / wavelength * increase.

    Parameters
    ----------
    range_increase : numpy.ndarray
        Lengthening of the path between ground and sensor, any shape [mm].
    wavelength : float
        Radar wavelength [m].

    Returns
    -------
    numpy.ndarray
        Phase, shape as `range_increase` [rad].
    """
    return 4 * np.pi / (1e3 * wavelength) * range_increase


def range_increase(vertical: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Project purely vertical motion on the path: ground that sinks moves away, shape as given.

    Parameters
    ----------
    vertical : numpy.ndarray
        Vertical displacement, up positive, shape (..., y, x) [mm].
    up : numpy.ndarray
        Up part of the unit vector from ground to sensor, shape (y, x) [1].
    """
    return -vertical * up
