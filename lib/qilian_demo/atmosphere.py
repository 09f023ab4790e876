"""Delay of the radar signal in the troposphere at each acquisition."""

import numpy as np

from qilian_demo.climate import day_of_year
from qilian_demo.fields import correlated_field
from qilian_demo.scene import Scene

TURBULENCE_LENGTH = 8.0  # km


def slant_delays(
    rng: np.random.Generator, scene: Scene, dates: np.ndarray, up: np.ndarray
) -> np.ndarray:
    """Draw one delay map a date: turbulence and a part that falls with height.

    Both are larger in summer, when the air holds more vapour, so that the stratified part
    shares its season with the thaw.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the weather.
    scene : Scene
        Grid and height.
    dates : numpy.ndarray
        Acquisition dates, shape (time,).
    up : numpy.ndarray
        Up part of the unit vector from ground to sensor, shape (y, x) [1].

    Returns
    -------
    numpy.ndarray
        Delay along the line of sight, positive for a longer path, shape (time, y, x) [mm].
    """
    summer = 0.5 + 0.5 * np.cos(2 * np.pi * (day_of_year(dates) - 205) / 365.25)
    strength = (2.0 + 3.5 * summer) * rng.lognormal(0, 0.25, dates.size)  # mm, zenith
    gradient = -8.0 - 12.0 * summer + (3.0 + 5.0 * summer) * rng.standard_normal(dates.size)
    height_km = (scene.height - scene.height.mean()) / 1e3
    delays = np.empty((dates.size, *scene.shape))
    for i in range(dates.size):
        turbulence = correlated_field(rng, scene.shape, pixel=scene.pixel, length=TURBULENCE_LENGTH)
        delays[i] = (strength[i] * turbulence + gradient[i] * height_km) / up
    return delays
