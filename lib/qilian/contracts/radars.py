"""What a radar's orbit and waveform fix: wavelength, bandwidth, geometry, repeat cycle."""

import math
from dataclasses import dataclass

import numpy as np

SPEED_OF_LIGHT = 299_792_458.0


@dataclass(frozen=True)
class Radar:
    """Nominal mid-swath values of one satellite's interferometric mode.

    `bandwidth` is the range bandwidth that both images share, `slant_range` the distance to
    mid swath.
    """

    wavelength: float  # m
    bandwidth: float  # Hz
    incidence_angle: float  # degrees from the vertical
    slant_range: float  # m
    repeat_cycle: float  # days

    @property
    def critical_baseline(self) -> float:
        """Perpendicular baseline (m) at which flat ground decorrelates completely.

        λ (W/c) R tan θ, with bandwidth W and slant range R (Zebker & Villasenor 1992,
        doi 10.1109/36.175330; Hanssen 2001, eq. 4.4.11).
        """
        share = self.wavelength * self.bandwidth / SPEED_OF_LIGHT
        return share * self.slant_range * float(np.tan(np.radians(self.incidence_angle)))


# Wavelength and bandwidth as published for each mission; ALOS-1 with the 14 MHz that its dual-
# polarisation mode shares with the single one; the mode of ALOS-2 is not stated in the paper
# and taken as 28 MHz stripmap. Angles and ranges are nominal mid-swath values.
RADARS = {
    "ERS-2": Radar(0.0566, 15.55e6, 23.3, 842e3, 35),
    "Envisat": Radar(0.0562, 16.0e6, 22.8, 845e3, 35),
    "ALOS-1": Radar(0.2361, 14.0e6, 38.7, 855e3, 46),
    "ALOS-2": Radar(0.2384, 28.0e6, 36.0, 754e3, 14),
    "Sentinel-1": Radar(SPEED_OF_LIGHT / 5.405e9, 48.3e6, 39.0, 860e3, 12),
}

# By the entries' names in a catalogue.
SATELLITES = {name.lower().replace("-", ""): name for name in RADARS}


def radar_of(satellite: str) -> Radar:
    """Return a satellite's radar by its name; one of NaN where the satellite is not known."""
    return RADARS.get(satellite, Radar(*[math.nan] * 5))
