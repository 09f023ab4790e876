"""What the simulated archive was made of, for tests and for notebooks that compare."""

from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr

from qilian_demo.climate import calendar_year
from qilian_demo.deformation import Deformation
from qilian_demo.scene import Cover, Scene
from qilian_demo.streamflow import Streamflow


def deformation_truth(
    scene: Scene, deformation: Deformation, dates: np.ndarray, displacement: np.ndarray
) -> xr.Dataset:
    """Label rate, amplitude, land cover and displacement; water has no motion to recover.

    Parameters
    ----------
    scene : Scene
        Grid and land cover.
    deformation : Deformation
        Rate and amplitude, shape (y, x).
    dates : numpy.ndarray
        Acquisition dates, shape (time,).
    displacement : numpy.ndarray
        Vertical displacement since the first date, shape (time, y, x) [mm].

    Returns
    -------
    xarray.Dataset
        Truth with coordinates time, y and x.
    """
    flags = {
        "long_name": "land cover",
        "flag_values": np.array(list(Cover), dtype=np.int8),
        "flag_meanings": " ".join(cover.name.lower() for cover in Cover),
    }
    layers = {
        "vertical_rate": (deformation.rate, "long-term vertical rate, up positive", "mm year-1"),
        "thaw_amplitude": (
            deformation.amplitude,
            "settlement over a thaw season of mean thawing index, downward positive",
            "mm",
        ),
        "vertical_displacement": (
            displacement,
            "vertical displacement since the first date, up positive",
            "mm",
        ),
    }
    land = scene.cover != Cover.WATER
    truth = xr.Dataset(
        {"land_cover": (("y", "x"), scene.cover.astype(np.int8), flags)},
        coords={"time": dates.astype("datetime64[ns]"), "y": scene.latitude, "x": scene.longitude},
    )
    for name, (values, long_name, units) in layers.items():
        dims = ("time", "y", "x")[-values.ndim :]
        masked = np.where(land, values, np.nan).astype(np.float32)
        truth[name] = (dims, masked, {"long_name": long_name, "units": units})
    return truth.rio.write_crs("EPSG:4326")


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
    """Write netCDF that says it is simulated; nothing in it depends on the time of writing.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    truth : xarray.Dataset
        What to write.
    """
    labelled = truth.assign_attrs(simulated="true", comment="simulated, not a measurement")
    # Classic netCDF needs SciPy alone, and has no integers wider than 32 bits.
    time = {"time": {"units": "days since 1970-01-01", "dtype": "int32"}}
    labelled.to_netcdf(path, engine="scipy", encoding=time if "time" in truth.coords else {})
