"""Delay of the radar signal in the troposphere at each acquisition."""

import numpy as np

from qilian_demo.air.climate import day_of_year
from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.scene import Scene

TURBULENCE_LENGTH = 8.0  # km
BASE_HEIGHT = 4.1  # km, where the stratified part is counted from


def slant_delay(
    rng: np.random.Generator, scene: Scene, date: np.datetime64, up: np.ndarray
) -> np.ndarray:
    """Draw the delay on one date: turbulence and a part that falls with height.

    Both are larger in summer, when the air holds more vapour, so that the stratified part
    shares its season with the thaw.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the weather.
    scene : Scene
        Grid and height.
    date : numpy.datetime64
        Acquisition date.
    up : numpy.ndarray
        Up part of the unit vector from ground to sensor, shape (y, x) [1].

    Returns
    -------
    numpy.ndarray
        Delay along the line of sight, positive for a longer path, shape (y, x), float32 [mm].
    """
    summer = 0.5 + 0.5 * np.cos(2 * np.pi * (day_of_year(date) - 205) / 365.25)
    strength = (2.0 + 2.5 * summer) * rng.lognormal(0, 0.25)  # mm, zenith
    gradient = -8.0 - 10.0 * summer + (2.0 + 3.0 * summer) * rng.standard_normal()  # mm km-1
    turbulence = correlated_field(rng, scene.shape, pixel=scene.pixel, length=TURBULENCE_LENGTH)
    stratified = gradient * (scene.height / 1e3 - BASE_HEIGHT)
    return ((strength * turbulence + stratified) / up).astype(np.float32)
