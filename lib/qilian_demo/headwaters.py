"""What all products look at: one ground, its weather and its motion."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qilian_demo.air.climate import Climate, simulate_climate
from qilian_demo.ground.deformation import Deformation, make_deformation, vertical_change
from qilian_demo.ground.grid import Grid, geographic_grid, utm_grid
from qilian_demo.ground.history import ground_course
from qilian_demo.ground.scene import Scene, make_scene
from qilian_demo.radar.interferograms import Track
from qilian_demo.radar.sensors import Sensor
from qilian_demo.streams import stream


@dataclass(frozen=True)
class Ground:
    """Weather, terrain and motion that belong to one seed.

    Attributes
    ----------
    seed : int
        The same seed gives the same ground.
    scale : float
        Pixels are finer than the default by this factor.
    climate : Climate
        Daily weather.
    scene : Scene
        Terrain and land cover on the geographic grid.
    deformation : Deformation
        Motion on the geographic grid.
    """

    seed: int
    scale: float
    climate: Climate
    scene: Scene
    deformation: Deformation

    @cached_property
    def on_map(self) -> tuple[Scene, Deformation]:
        """Terrain and motion on the UTM grid."""
        grid = utm_grid(self.scale)
        return self.scene.on(grid), self.deformation.on(self.scene.grid, grid)

    def track_on_map(self, sensor: Sensor) -> Track:
        """Give a radar's view of the ground on the UTM grid."""
        return Track(self.seed, sensor, *self.on_map, self.climate)

    def displacement_at(self, longitude: float, latitude: float, dates: np.ndarray) -> np.ndarray:
        """Follow one place: vertical displacement since the first date, shape (time,) [mm]."""
        row, column = _pixel_of(self.scene.grid, longitude, latitude)
        here = np.s_[:, row : row + 1, column : column + 1]
        place = Deformation(self.deformation.rate[here], self.deformation.amplitude[here])
        course = ground_course(self.climate).at(dates)
        return np.array([vertical_change(place, course, 0, i).item() for i in range(dates.size)])


def make_ground(seed: int, scale: float = 1.0) -> Ground:
    """Make the ground that belongs to a seed.

    Parameters
    ----------
    seed : int
        The same seed gives the same ground.
    scale : float
        2 halves the pixel size.

    Returns
    -------
    Ground
        Weather, terrain and motion.
    """
    climate = simulate_climate(stream(seed, "climate"))
    scene = make_scene(stream(seed, "scene"), geographic_grid(scale))
    deformation = make_deformation(stream(seed, "deformation"), scene)
    return Ground(seed, scale, climate, scene, deformation)


def _pixel_of(grid: Grid, longitude: float, latitude: float) -> tuple[int, int]:
    row, column = (grid.north - latitude) / grid.step, (longitude - grid.west) / grid.step
    return int(row), int(column)
