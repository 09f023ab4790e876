"""The ground's motion: a steady subsidence and a yearly cycle of thaw settlement and heave."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from qilian_demo.fields import correlated_field
from qilian_demo.scene import Cover, Scene, by_cover

FAR_RATE, MINE_RATE = -5.0, -15.0  # mm a-1 in wet meadow
MINE_REACH = 2.5  # km over which the influence of a mine fades by 1/e
# Share of the wet meadow's rate; bedrock hardly moves.
RATE_SHARE = {
    Cover.WET_MEADOW: 1.0,
    Cover.ALPINE_MEADOW: 0.8,
    Cover.BARE_RIDGE: 0.05,
    Cover.OPEN_PIT: 2.5,
    Cover.SPOIL_HEAP: 1.7,
}
THAW_SETTLEMENT = {  # mm in an average year
    Cover.WET_MEADOW: 44.0,
    Cover.ALPINE_MEADOW: 28.0,
    Cover.BARE_RIDGE: 3.0,
    Cover.OPEN_PIT: 8.0,
    Cover.SPOIL_HEAP: 14.0,
}


@dataclass(frozen=True)
class Deformation:
    """Vertical motion of each pixel; water has none.

    Attributes
    ----------
    rate : numpy.ndarray
        Long-term vertical rate, up positive, shape (y, x) [mm a-1].
    amplitude : numpy.ndarray
        Settlement over an average thaw season, downward positive, shape (y, x) [mm].
    """

    rate: np.ndarray
    amplitude: np.ndarray


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
        Rate and thaw-season amplitude.
    """
    near = np.exp(-scene.distance_to_mine / MINE_REACH)
    soil = correlated_field(rng, scene.shape, pixel=scene.pixel, length=2.0)
    ice = correlated_field(rng, scene.shape, pixel=scene.pixel, length=2.0)
    meadow_rate = np.clip(FAR_RATE + (MINE_RATE - FAR_RATE) * near + 0.8 * ice, -15.0, -4.0)
    rate = meadow_rate * by_cover(scene.cover, RATE_SHARE)
    amplitude = by_cover(scene.cover, THAW_SETTLEMENT) * np.clip(1 + 0.15 * soil, 0.7, 1.35)
    # Soils grade into each other over a few hundred metres.
    width = [0.3 / size for size in scene.pixel]
    land = scene.cover != Cover.WATER
    return Deformation(*(_smooth_on_land(field, land, width) for field in (rate, amplitude)))


def _smooth_on_land(field: np.ndarray, land: np.ndarray, width: list[float]) -> np.ndarray:
    weight = ndimage.gaussian_filter(land.astype(float), width)
    smooth = ndimage.gaussian_filter(np.where(land, field, 0.0), width)
    return np.where(land, smooth / np.maximum(weight, 1e-6), 0.0)


def vertical_displacement(
    deformation: Deformation, years: np.ndarray, state: np.ndarray
) -> np.ndarray:
    """Move the ground: d = rate (t - t0) - amplitude (state - state0).

    Parameters
    ----------
    deformation : Deformation
        Rate and amplitude, shape (y, x).
    years : numpy.ndarray
        Dates, shape (time,) [a].
    state : numpy.ndarray
        Course of thaw at these dates from `climate.thaw_state`, shape (time,) [1].

    Returns
    -------
    numpy.ndarray
        Vertical displacement since the first date, up positive, shape (time, y, x) [mm].
    """
    elapsed = (years - years[0])[:, np.newaxis, np.newaxis]
    thaw = (state - state[0])[:, np.newaxis, np.newaxis]
    return deformation.rate * elapsed - deformation.amplitude * thaw


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
