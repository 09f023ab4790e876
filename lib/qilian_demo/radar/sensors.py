"""What the simulator has to know of each radar: carrier, bandwidth and viewing geometry."""

from dataclasses import dataclass

import numpy as np

from qilian_demo.ground.grid import EAST, NORTH, SOUTH, WEST, Grid, pixel_size

SPEED_OF_LIGHT = 299_792_458.0  # m s-1


@dataclass(frozen=True)
class Sensor:
    """A right-looking side-looking radar.

    Attributes
    ----------
    name : str
        Satellite, as the table of pairs writes it.
    band : str
        C or L.
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
    band: str
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
SENTINEL1 = Sensor("Sentinel-1", "C", 5.405e9, 48.3e6, 39.0, 860e3, -12.6, 24, 60.0)
# Ascending stripmap; its two polarisations share 14 MHz on ALOS-1.
ALOS1 = Sensor("ALOS-1", "L", 1.270e9, 14.0e6, 38.7, 855e3, -10.2, 40, 30.0)
ALOS2 = Sensor("ALOS-2", "L", 1.2575e9, 28.0e6, 36.0, 754e3, -10.4, 60, 60.0)
# Descending; the thermal noise of 11.7 and 19.5 dB below the signal.
ERS2 = Sensor("ERS-2", "C", 5.300e9, 15.55e6, 23.3, 842e3, 192.4, 40, 14.8)
ENVISAT = Sensor("Envisat", "C", 5.331e9, 16.0e6, 22.8, 845e3, 192.4, 40, 89.1)


def line_of_sight(sensor: Sensor, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Point from the ground to the sensor.

    The incidence angle grows with the distance along the look direction over a flat Earth.

    Parameters
    ----------
    sensor : Sensor
        The radar.
    grid : Grid
        Pixels on the ground.

    Returns
    -------
    tuple of numpy.ndarray
        East, north and up parts of the unit vector, each of shape (y, x), float32 [1].
    """
    look = np.radians(sensor.heading + 90)
    centre = np.radians(sensor.incidence)
    altitude = sensor.slant_range * np.cos(centre)
    east, north = grid.east_north()
    north_km, east_km = pixel_size(1.0)
    east = east - (EAST - WEST) / 2 * east_km
    north = north - (NORTH - SOUTH) / 2 * north_km
    away = 1e3 * (east * np.sin(look) + north * np.cos(look))
    incidence = np.arctan(np.tan(centre) + away / altitude)
    level = np.sin(incidence)
    parts = (-level * np.sin(look), -level * np.cos(look), np.cos(incidence))
    return tuple(part.astype(np.float32) for part in parts)
