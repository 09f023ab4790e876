"""Everything in the archive that no radar or stream gauge measures, and the truth behind it."""

from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr

from qilian_demo.air.weather_files import write_era5, write_ghcn
from qilian_demo.camera.basemap import write_basemap
from qilian_demo.camera.survey import (
    CRS,
    PIXEL,
    TRANSFORM,
    Patch,
    Surface,
    keyhole_transform,
    make_patch,
    reflectance,
    write_keyhole_1984,
    write_orthomosaic,
    write_rgb_2025,
)
from qilian_demo.ground.places import write_outlines, write_sites
from qilian_demo.ground.reflectometry import (
    FIRST_DAY,
    LAST_DAY,
    ReflectorHeight,
    simulate_reflector_height,
    write_gnssrefl,
)
from qilian_demo.ground.scene import YAKOU
from qilian_demo.headwaters import Ground
from qilian_demo.streams import stream
from qilian_demo.truth import write_truth

CATALOGUE = """\
[climate]
format = "ghcn_csv"
path = "weather/ghcn.csv"

[gnssir]
format = "gnssrefl"
path = "gnssir/yakou_dailyRH.txt"

[uav]
format = "image"
path = "uav/orthomosaic.tif"
scale = 0.0001

[uav_rgb]
format = "image"
path = "uav/rgb_2025.tif"

[keyhole]
format = "image"
path = "keyhole/keyhole_1984.tif"

[keyhole_points]
format = "csv"
path = "keyhole/control_points.csv"

[basemap]
format = "image"
path = "basemap/western_pits.tif"

[sites]
format = "vector"
path = "sites.geojson"

[outlines]
format = "vector"
path = "outlines.geojson"
"""


def write_ground_products(made: Path, truth: Path, ground: Ground) -> None:
    """Write weather, reflector height, pictures and places.

    Parameters
    ----------
    made : pathlib.Path
        The archive's folder, which exists.
    truth : pathlib.Path
        Folder of the truth, which exists.
    ground : Ground
        Weather, terrain and motion that the radars look at too.
    """

    def random(subject: str) -> np.random.Generator:
        return stream(ground.seed, subject)

    for folder in ("weather", "gnssir", "uav", "keyhole", "basemap"):
        (made / folder).mkdir()
    write_ghcn(made / "weather" / "ghcn.csv", ground.climate, random("weather station"))
    write_era5(made / "weather" / "era5_2018.nc", ground.climate)
    days = np.arange(FIRST_DAY, LAST_DAY + 1)
    record = simulate_reflector_height(
        random("reflector height"), days, ground.displacement_at(*YAKOU, days)
    )
    write_gnssrefl(made / "gnssir" / "yakou_dailyRH.txt", record)
    write_truth(truth / "gnssir.nc", _reflectometry_truth(record))
    today, before = make_patch(random("survey ground"))
    bands = reflectance(today)
    write_orthomosaic(made / "uav" / "orthomosaic.tif", bands, random("orthomosaic"))
    write_rgb_2025(made / "uav" / "rgb_2025.tif", bands, random("survey of 2025"))
    write_keyhole_1984(made / "keyhole" / "keyhole_1984.tif", before, random("keyhole"))
    write_truth(truth / "survey.nc", _survey_truth(today, before))
    write_basemap(made / "basemap" / "western_pits.tif", ground.scene, random("base map"))
    write_sites(made / "sites.geojson")
    write_outlines(made / "outlines.geojson")


def _reflectometry_truth(record: ReflectorHeight) -> xr.Dataset:
    attrs = {"long_name": "rise of the ground since the first day", "units": "mm"}
    return xr.Dataset(
        {"elevation_change": ("time", record.elevation_change, attrs)},
        coords={"time": record.time.astype("datetime64[ns]")},
    )


def _survey_truth(today: Patch, before: Patch) -> xr.Dataset:
    """Surface of each pixel of the orthomosaic, and where the Keyhole picture truly lies."""
    flags = {
        "flag_values": np.array(list(Surface), dtype=np.int8),
        "flag_meanings": " ".join(kind.name.lower() for kind in Surface),
    }
    rows, columns = today.surface.shape
    coefficients = np.array(keyhole_transform()[1][:6])
    transform = {"long_name": "a, b, c, d, e, f of x = a col + b row + c, y = d col + e row + f"}
    return xr.Dataset(
        {
            "surface": (("y", "x"), today.surface.astype(np.int8), flags),
            "surface_1984": (("y", "x"), before.surface.astype(np.int8), flags),
            "keyhole_transform": ("coefficient", coefficients, transform),
        },
        coords={
            "x": TRANSFORM.c + (np.arange(columns) + 0.5) * PIXEL,
            "y": TRANSFORM.f - (np.arange(rows) + 0.5) * PIXEL,
        },
    ).rio.write_crs(CRS)
