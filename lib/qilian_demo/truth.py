"""What the simulated archive was made of, for tests and for notebooks that compare."""

from pathlib import Path
from typing import Any

import numpy as np
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr

from qilian_demo.air.climate import calendar_year
from qilian_demo.ground.deformation import Deformation, vertical_change
from qilian_demo.ground.history import PERIODS, Course
from qilian_demo.ground.scene import Cover
from qilian_demo.headwaters import Ground
from qilian_demo.netcdf import write_netcdf
from qilian_demo.river.streamflow import Streamflow

DISPLACEMENT_STEP = np.float32(0.02)  # mm, as stored
RATE = ("vertical rate, up positive", "mm year-1")
BIAS = ("rate that twelve-day pairs show beside the true one", "mm year-1")
AMPLITUDE = ("settlement over a thaw season of mean thawing index, downward positive", "mm")


def sentinel1_truth(ground: Ground, course: Course, bias: np.ndarray) -> xr.Dataset:
    """Label the motion during the Sentinel-1 record, and the bias that its short pairs show.

    Parameters
    ----------
    ground : Ground
        Terrain, land cover and motion.
    course : Course
        How far each period's motion has got at the acquisition dates.
    bias : numpy.ndarray
        Vertical rate that twelve-day pairs add to the true one, shape (y, x) [mm a-1].

    Returns
    -------
    xarray.Dataset
        Truth with coordinates time, y and x; on every n-th pixel of a scene n times finer.
    """
    truth = _labelled_ground(ground).assign_coords(time=course.time.astype("datetime64[ns]"))
    thin = _thin(ground)
    land = ground.scene.cover[thin] != Cover.WATER
    layers = {
        "vertical_rate": (ground.deformation.rate[-1], *RATE),
        "thaw_amplitude": (ground.deformation.amplitude[-1], *AMPLITUDE),
        "short_pair_bias": (
            bias,
            "rate that twelve-day pairs show beside the true one",
            "mm year-1",
        ),
    }
    for name, (values, long_name, units) in layers.items():
        masked = np.where(land, values[thin], np.nan).astype(np.float32)
        truth[name] = (("y", "x"), masked, {"long_name": long_name, "units": units})
    moving = ground.deformation
    motion = Deformation(moving.rate[:, *thin], moving.amplitude[:, *thin])
    displacement = np.empty((course.time.size, *land.shape), dtype=np.float32)
    for i in range(course.time.size):
        displacement[i] = np.where(land, vertical_change(motion, course, 0, i), np.nan)
    attrs = {"long_name": "vertical displacement since the first date, up positive", "units": "mm"}
    truth["vertical_displacement"] = (("time", "y", "x"), displacement, attrs)
    return truth.rio.write_crs("EPSG:4326")


def period_truth(ground: Ground) -> xr.Dataset:
    """Label rate and thaw-season amplitude of each period.

    Parameters
    ----------
    ground : Ground
        Terrain, land cover and motion.

    Returns
    -------
    xarray.Dataset
        Truth with coordinates period, y and x, and the first and last moment of each period.
    """
    names = np.array([period.name for period in PERIODS])
    truth = _labelled_ground(ground).assign_coords(period=names)
    thin = _thin(ground)
    land = ground.scene.cover[thin] != Cover.WATER
    layers = {
        "vertical_rate": (ground.deformation.rate, *RATE),
        "thaw_amplitude": (ground.deformation.amplitude, *AMPLITUDE),
    }
    for name, (values, long_name, units) in layers.items():
        masked = np.where(land, values[(slice(None), *thin)], np.nan).astype(np.float32)
        truth[name] = (("period", "y", "x"), masked, {"long_name": long_name, "units": units})
    for edge in ("start", "end"):
        moments = np.array([getattr(period, edge) for period in PERIODS])
        truth[edge] = ("period", moments, {"long_name": f"{edge} of the period", "units": "year"})
    return truth.rio.write_crs("EPSG:4326")


def _thin(ground: Ground) -> tuple[slice, slice]:
    """Every n-th pixel of a scene n times finer, so that the truth stays small."""
    step = max(1, round(ground.scale))
    return (slice(step // 2, None, step),) * 2


def _labelled_ground(ground: Ground) -> xr.Dataset:
    rows, columns = _thin(ground)
    grid = ground.scene.grid
    flags = {
        "long_name": "land cover",
        "flag_values": np.array(list(Cover), dtype=np.int8),
        "flag_meanings": " ".join(cover.name.lower() for cover in Cover),
    }
    return xr.Dataset(
        {"land_cover": (("y", "x"), ground.scene.cover[rows, columns].astype(np.int8), flags)},
        coords={"y": grid.y[rows], "x": grid.x[columns]},
    )


def recession_truth(time: np.ndarray, streamflow: Streamflow) -> xr.Dataset:
    """Recession constant of each year.

    Parameters
    ----------
    time : numpy.ndarray
        Days, shape (time,).
    streamflow : Streamflow
        Holds the constant of each day.

    Returns
    -------
    xarray.Dataset
        Truth with coordinate year.
    """
    years, first = np.unique(calendar_year(time), return_index=True)
    attrs = {"long_name": "recession constant of the slow reservoir", "units": "day"}
    return xr.Dataset(
        {"recession_constant": ("year", streamflow.recession_constant[first], attrs)},
        coords={"year": years.astype(np.int32)},
    )


def write_truth(path: Path, truth: xr.Dataset) -> None:
    """Write netCDF that says it is simulated.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    truth : xarray.Dataset
        What to write.
    """
    labelled = truth.assign_attrs(simulated="true", comment="simulated, not a measurement")
    encoding: dict[str, dict[str, Any]] = {
        "time": {"units": "days since 1970-01-01", "dtype": "int32"},
        "vertical_displacement": {
            "dtype": "int16",
            "scale_factor": DISPLACEMENT_STEP,
            "_FillValue": np.int16(-32768),
        },
    }
    held = {name: how for name, how in encoding.items() if name in truth.variables}
    write_netcdf(path, labelled, held)
