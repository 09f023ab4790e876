"""What the simulator has to know of each radar: carrier, bandwidth and viewing geometry."""

from dataclasses import dataclass

import numpy as np

SPEED_OF_LIGHT = 299_792_458.0  # m s-1


@dataclass(frozen=True)
class Sensor:
    """A right-looking side-looking radar.

    Attributes
    ----------
    name : str
        Satellite.
    frequency, bandwidth : float
        Carrier and range bandwidth [Hz].
    incidence : float
        Incidence angle at the centre of the scene [degree].
    slant_range : float
        Distance from the satellite to the centre of the scene [m].
    heading : float
        Direction of flight, clockwise from north [degree].
    looks : int
        Independent looks averaged into a pixel.
    signal_to_noise : float
        Ratio of signal to thermal noise [1].
    """

    name: str
    frequency: float
    bandwidth: float
    incidence: float
    slant_range: float
    heading: float
    looks: int
    signal_to_noise: float

    @property
    def wavelength(self) -> float:
        """Radar wavelength [m]."""
        return SPEED_OF_LIGHT / self.frequency

    @property
    def critical_baseline(self) -> float:
        """Perpendicular baseline at which flat ground decorrelates wholly [m]."""
        slope = np.tan(np.radians(self.incidence))
        return self.wavelength * self.bandwidth / SPEED_OF_LIGHT * self.slant_range * slope


# Ascending, middle subswath; the looks are the effective number left of 20 by 4.
SENTINEL1 = Sensor(
    name="Sentinel-1",
    frequency=5.405e9,
    bandwidth=48.3e6,
    incidence=39.0,
    slant_range=860e3,
    heading=-12.6,
    looks=24,
    signal_to_noise=60.0,
)


def line_of_sight(
    sensor: Sensor, east: np.ndarray, north: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Point from the ground to the sensor.

    The incidence angle grows with the distance along the look direction over a flat Earth.

    Parameters
    ----------
    sensor : Sensor
        The radar.
    east, north : numpy.ndarray
        Position relative to the centre of the scene, shape (y, x) [m].

    Returns
    -------
    tuple of numpy.ndarray
        East, north and up parts of the unit vector, each of shape (y, x) [1].
    """
    look = np.radians(sensor.heading + 90)
    centre = np.radians(sensor.incidence)
    altitude = sensor.slant_range * np.cos(centre)
    away = east * np.sin(look) + north * np.cos(look)
    incidence = np.arctan(np.tan(centre) + away / altitude)
    level = np.sin(incidence)
    return -level * np.sin(look), -level * np.cos(look), np.cos(incidence)
