"""Delay of the radar signal at each acquisition: in the troposphere, and in the ionosphere."""

from collections.abc import Callable

import numpy as np

from qilian_demo.air.climate import day_of_year
from qilian_demo.ground.fields import correlated_field
from qilian_demo.ground.scene import Scene

TURBULENCE_LENGTH = 8.0  # km
BASE_HEIGHT = 4.1  # km, where the stratified part is counted from
REPEAT_DAYS, FORGOTTEN = 12, 0.01  # d; weight below which earlier weather counts for nothing
ELECTRONS, ELECTRON_LENGTH = 1.5e14, 15.0  # m-2 on a quiet night; km
REFRACTION = 40.3e3  # of electrons per square metre at 1 Hz, in mm


def slant_delay(
    draw: Callable[[np.datetime64], np.random.Generator],
    scene: Scene,
    date: np.datetime64,
    up: np.ndarray,
    memory: float = 0.0,
) -> np.ndarray:
    """Draw the delay on one date: turbulence and a part that falls with height.

    Both are larger in summer, when the air holds more vapour, so that the stratified part
    shares its season with the thaw.

    Parameters
    ----------
    draw : callable
        From a date to its source of weather.
    scene : Scene
        Grid and height.
    date : numpy.datetime64
        Acquisition date.
    up : numpy.ndarray
        Up part of the unit vector from ground to sensor, shape (y, x) [1].
    memory : float
        Correlation with the weather twelve days before, at least 0 and less than 1 [1].

    Returns
    -------
    numpy.ndarray
        Delay along the line of sight, positive for a longer path, shape (y, x), float32 [mm].
    """
    summer = 0.5 + 0.5 * np.cos(2 * np.pi * (day_of_year(date) - 205) / 365.25)
    passes = np.arange(1 + int(np.log(FORGOTTEN) / np.log(memory)) if memory else 1)
    turbulence, steeper = np.zeros(scene.shape, dtype=np.float32), np.float32(0)
    for weight, day in zip(memory**passes, date - REPEAT_DAYS * passes, strict=True):
        rng, share = draw(day), np.float32(weight * np.sqrt(1 - memory**2))
        turbulence += share * rng.lognormal(0, 0.25) * _turbulence(rng, scene)
        steeper += share * np.float32(rng.standard_normal())
    gradient = -8.0 - 10.0 * summer + (2.0 + 3.0 * summer) * steeper  # mm km-1
    stratified = gradient * (scene.height / 1e3 - BASE_HEIGHT)
    return (((2.0 + 2.5 * summer) * turbulence + stratified) / up).astype(np.float32)


def _turbulence(rng: np.random.Generator, scene: Scene) -> np.ndarray:
    return correlated_field(rng, scene.shape, pixel=scene.pixel, length=TURBULENCE_LENGTH)


def ionospheric_delay(
    rng: np.random.Generator, scene: Scene, frequency: float, up: np.ndarray
) -> np.ndarray:
    """Draw what free electrons take from the phase's path: 40.3 electrons / frequency^2.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the electrons on a date.
    scene : Scene
        Grid.
    frequency : float
        Carrier [Hz].
    up : numpy.ndarray
        Up part of the unit vector from ground to sensor, shape (y, x) [1].

    Returns
    -------
    numpy.ndarray
        Delay along the line of sight, negative where electrons are many, shape (y, x),
        float32 [mm].
    """
    field = correlated_field(rng, scene.shape, pixel=scene.pixel, length=ELECTRON_LENGTH)
    return (-REFRACTION * ELECTRONS / frequency**2 * field / up).astype(np.float32)
