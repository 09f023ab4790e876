"""CF attributes of results, and how they are written out for readers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr


def attributes(long_name: str, units: str | None = "1") -> dict[str, str]:
    """CF attributes of a result; `units=None` for text."""
    return {"long_name": long_name} | ({"units": units} if units else {})


def written_units(data: xr.DataArray) -> str:
    """Units as readers write them, such as mm/a for CF's `mm year-1`, m³/s for `m3 s-1`."""
    return str(data.attrs["units"]).replace(" year-1", "/a").replace("m3 s-1", "m³/s")


def class_attributes(long_name: str, meanings: Sequence[str], *, first: int = 1) -> dict[str, Any]:
    """CF attributes of a map of classes, numbered from `first`."""
    return {
        **attributes(long_name),
        "flag_values": np.arange(first, first + len(meanings), dtype="int8"),
        "flag_meanings": " ".join(meanings),
        "grid_mapping": "spatial_ref",
    }


def heading(data: xr.DataArray) -> str:
    """Name a quantity with its units, if it has any."""
    name = data.attrs.get("long_name", str(data.name))
    return name if data.attrs.get("units", "1") == "1" else f"{name} ({written_units(data)})"
