"""What every dataset looks like once it has passed the door: dims, units, valid range."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.contracts.labels import LINE_OF_SIGHT, VERTICAL


@dataclass(frozen=True)
class Variable:
    """One variable or coordinate of a contract.

    `units` is a CF unit string, None for dates and names. `valid_range` is inclusive and
    ignores missing values. `directions` are those that deformation may have.
    """

    dims: tuple[str, ...]
    long_name: str
    units: str | None = None
    standard_name: str | None = None
    valid_range: tuple[float, float] | None = None
    required: bool = True
    directions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """The variables a kind of dataset has; `gridded` ones carry x, y and `spatial_ref`."""

    name: str
    variables: Mapping[str, Variable] = field(default_factory=dict)
    gridded: bool = False


_PAIR_DATES = {
    "reference_date": Variable(("pair",), "date of the earlier acquisition (UTC)"),
    "secondary_date": Variable(("pair",), "date of the later acquisition (UTC)"),
}

_UNIT_VECTOR = {
    "line_of_sight_east": Variable(
        ("y", "x"), "east part of the unit vector ground to sensor", "1", None, (-1, 1), False
    ),
    "line_of_sight_north": Variable(
        ("y", "x"), "north part of the unit vector ground to sensor", "1", None, (-1, 1), False
    ),
    "line_of_sight_up": Variable(
        ("y", "x"), "upward part of the unit vector ground to sensor", "1", None, (0, 1), False
    ),
}

_DIRECTIONS = LINE_OF_SIGHT, VERTICAL

INTERFEROGRAMS = Contract(
    "interferograms",
    {
        **_PAIR_DATES,
        "perpendicular_baseline": Variable(
            ("pair",), "perpendicular baseline, secondary minus reference", "m", required=False
        ),
        "unwrapped_phase": Variable(
            ("pair", "y", "x"),
            "unwrapped interferometric phase, positive away from the sensor",
            "rad",
            required=False,
        ),
        "coherence": Variable(
            ("pair", "y", "x"), "interferometric coherence", "1", valid_range=(0, 1), required=False
        ),
        **_UNIT_VECTOR,
        "height": Variable(
            ("y", "x"), "height of the ground", "m", "surface_altitude", required=False
        ),
        "wavelength": Variable((), "radar wavelength", "m", "radiation_wavelength", (0.01, 1.0)),
    },
    gridded=True,
)

DELAYS = Contract(
    "delays",
    {
        "delay": Variable(
            ("time", "y", "x"),
            "delay of the radar's signal in the atmosphere, from ground to sensor or zenith",
            "m",
            valid_range=(0, 20),
            directions=_DIRECTIONS,
        ),
    },
    gridded=True,
)

DISCHARGE = Contract(
    "discharge",
    {
        "discharge": Variable(
            ("time",),
            "daily mean river discharge",
            "m3 s-1",
            "water_volume_transport_in_river_channel",
            (0, 1e6),
        ),
        "precipitation": Variable(
            ("time",), "daily precipitation", "mm day-1", "lwe_precipitation_rate", (0, 2000), False
        ),
    },
)

CLIMATE = Contract(
    "climate",
    {
        "air_temperature": Variable(
            ("time",), "daily mean air temperature", "degC", "air_temperature", (-90, 60)
        ),
        "precipitation": Variable(
            ("time",), "daily precipitation", "mm day-1", "lwe_precipitation_rate", (0, 2000), False
        ),
    },
)

REFLECTOR_HEIGHT = Contract(
    "reflector height",
    {
        "reflector_height": Variable(
            ("time",),
            "daily mean height of the antenna above the reflecting ground",
            "m",
            valid_range=(0, 500),
        ),
        "standard_deviation": Variable(
            ("time",), "standard deviation of the day's retrievals", "m", None, (0, 500), False
        ),
        "retrievals": Variable(("time",), "retrievals of the day", "1", None, (0, 1e6), False),
    },
)

THAW_DEPTH = Contract(
    "thaw depth",
    {
        "year": Variable(("year",), "calendar year"),
        "thaw_depth": Variable(("year",), "depth of thaw at its end", "m", None, (0, 20)),
        "standard_deviation": Variable(
            ("year",), "standard deviation of the depth", "m", None, (0, 20), False
        ),
    },
)

DISPLACEMENT = Contract(
    "displacement",
    {
        "displacement": Variable(
            ("time", "y", "x"),
            "displacement, positive towards the sensor or up",
            "mm",
            directions=_DIRECTIONS,
        ),
        **_UNIT_VECTOR,
    },
    gridded=True,
)

RATE = Contract(
    "rate",
    {
        "rate": Variable(
            ("y", "x"),
            "rate, positive towards the sensor or up",
            "mm year-1",
            directions=_DIRECTIONS,
        ),
        "standard_error": Variable(
            ("y", "x"),
            "standard error of the rate",
            "mm year-1",
            None,
            (0, 1e6),
            False,
            _DIRECTIONS,
        ),
        **_UNIT_VECTOR,
    },
    gridded=True,
)

IMAGE = Contract(
    "image",
    {
        "image": Variable(("band", "y", "x"), "image", "1"),
    },
    gridded=True,
)

CONTROL_POINTS = Contract(
    "control points",
    {
        "column": Variable(("point",), "column from the outer corner", "1", None, (0, 1e7)),
        "row": Variable(("point",), "row from the outer corner", "1", None, (0, 1e7)),
        "x": Variable(("point",), "x on the ground", "m"),
        "y": Variable(("point",), "y on the ground", "m"),
    },
)

PAIR_TABLE = Contract(
    "pair_table",
    {
        **_PAIR_DATES,
        "sensor": Variable(("pair",), "satellite"),
        "perpendicular_baseline": Variable(("pair",), "perpendicular baseline", "m"),
        "stated_days": Variable(("pair",), "time span as printed", "day", valid_range=(1, 20000)),
    },
)


def conform(dataset: xr.Dataset, contract: Contract, source: str) -> xr.Dataset:
    """Return `dataset` with the contract's attributes, or say what breaks the contract.

    Ranges are checked on arrays in memory; a reader of lazy blocks checks them as it decodes.

    Parameters
    ----------
    dataset : xarray.Dataset
        A reader's result; each variable with units carries them in `attrs["units"]`.
    contract : Contract
        What it must look like.
    source : str
        The file or folder named in the message.

    Returns
    -------
    xarray.Dataset
        The same values with CF attributes set.

    Raises
    ------
    InputError
        A variable is missing, has other dims or units, or leaves its valid range.
    """
    missing = [
        n for n, v in contract.variables.items() if v.required and n not in dataset.variables
    ]
    if missing:
        raise InputError(
            f"{source} holds no {missing[0]}, which every {contract.name} input needs."
        )
    dataset = dataset.copy()
    for name, variable in contract.variables.items():
        if name in dataset.variables:
            _check_variable(dataset[name], variable, source)
            _label(dataset, name, variable)
    if contract.gridded:
        _check_grid(dataset, source)
    return dataset


def _check_variable(array: xr.DataArray, variable: Variable, source: str) -> None:
    if array.dims != variable.dims:
        raise InputError(
            f"{source}: {array.name} has dimensions {array.dims}, expected {variable.dims}."
        )
    units = array.attrs.get("units")
    if variable.units is not None and units != variable.units:
        raise InputError(f"{source}: {array.name} is in {units}, expected {variable.units}.")
    direction = array.attrs.get("direction")
    if direction not in (variable.directions or (None,)):
        expected = " or ".join(variable.directions) or None
        raise InputError(
            f"{source}: {array.name} has the direction {direction}, expected {expected}."
        )
    if variable.valid_range is None or array.chunks is not None:
        return
    low, high = variable.valid_range
    bare = array.variable  # whose coordinates need no comparing
    outside = (bare < low) | (bare > high) | (bare.isnull() & (bare.ndim == 0))
    if outside.any():
        first = np.argwhere(outside.values)[0]
        where = {str(k): v for k, v in zip(array.dims, first, strict=True)}
        raise InputError(
            f"{source}: {array.name} is {array.isel(where).item():g} at {_place(array, where)}, "
            f"expected {low:g} to {high:g} {variable.units}."
        )


def _place(array: xr.DataArray, where: Mapping[str, int]) -> str:
    if "time" in where:
        return f"{array['time'].values[where['time']]:.10}"
    return ", ".join(f"{k} {v}" for k, v in where.items()) or "its only value"


def _label(dataset: xr.Dataset, name: str, variable: Variable) -> None:
    attrs = dataset[name].attrs
    attrs["long_name"] = variable.long_name
    if variable.standard_name:
        attrs["standard_name"] = variable.standard_name
    if {"y", "x"} <= set(variable.dims):
        attrs["grid_mapping"] = "spatial_ref"


def _check_grid(dataset: xr.Dataset, source: str) -> None:
    if "spatial_ref" not in dataset.coords:
        raise InputError(f"{source} has no coordinate system, expected one in every raster.")
    for axis in ("x", "y"):
        if dataset.sizes[axis] > 1 and not np.all(np.diff(dataset[axis]) != 0):
            raise InputError(f"{source}: the {axis} coordinate repeats, expected a regular grid.")
