"""CF attributes of results, and how they are written out for readers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import xarray as xr

LINE_OF_SIGHT = "line of sight"
VERTICAL = "vertical"
_Labelled = TypeVar("_Labelled", xr.DataArray, xr.Dataset)


def attributes(
    long_name: str, units: str | None = "1", direction: str | None = None
) -> dict[str, str]:
    """Return the CF attributes of a result.

    Parameters
    ----------
    long_name : str
        What it is; without the direction, which tables and axes add.
    units : str or None, optional
        CF units; None for text and answers.
    direction : {"line of sight", "vertical"}, optional
        Along which deformation is counted: positive towards the sensor, or up.
    """
    optional = {"units": units, "direction": direction}
    return {"long_name": long_name} | {key: value for key, value in optional.items() if value}


def labelled(parts: Mapping[str, tuple[Any, ...]]) -> xr.Dataset:
    """Return a dataset of values by name, each with its attributes.

    Parameters
    ----------
    parts : mapping of str to tuple
        Value, an array or a scalar, then what `attributes` takes.
    """
    found = {}
    for name, (value, *about) in parts.items():
        found[name] = xr.DataArray(value).drop_attrs(deep=False).assign_attrs(attributes(*about))
    return xr.Dataset(found).drop_vars("spatial_ref", errors="ignore")


def stacked(parts: Mapping[str, _Labelled], dim: str) -> _Labelled:
    """Put labelled data along a new dimension of their names."""
    names = xr.DataArray(list(parts), dims=dim, name=dim)
    return xr.concat(list(parts.values()), names, combine_attrs="override")


def written_units(data: xr.DataArray) -> str:
    """Write CF units as readers do.

    Examples
    --------
    >>> units = ("mm year-1", "m3 s-1", "m2", "degC")
    >>> [written_units(xr.DataArray(0, attrs={"units": one})) for one in units]
    ['mm/a', 'm³/s', 'm²', '°C']
    """
    units = str(data.attrs["units"]).replace(" year-1", "/a").replace("m3 s-1", "m³/s")
    return units.replace("m2", "m²").replace("degC", "°C")


def written_list(names: Sequence[str]) -> str:
    """Write names as a sentence has them, at least one.

    Examples
    --------
    >>> written_list(["a"]), written_list(["a", "b"]), written_list(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def written_number(value: xr.DataArray | float, digits: int = 1, *, plus: bool = False) -> str:
    """Write a number with a minus sign in place of a hyphen, and no sign on zero.

    Examples
    --------
    >>> written_number(-2.34), written_number(-0.01), written_number(2.34, plus=True)
    ('−2.3', '0.0', '+2.3')
    """
    return typeset(f"{float(value):{'+' if plus else ''}z.{digits}f}")


def typeset(number: str) -> str:
    """Give a number, as Python formats it, the minus sign and the space before % of the book.

    Examples
    --------
    >>> typeset("-0.1 to 5e-06")
    '−0.1 to 5e−06'
    """
    return number.replace("-", "−").replace("%", "\N{NO-BREAK SPACE}%")


def class_attributes(long_name: str, meanings: Sequence[str], *, first: int = 1) -> dict[str, Any]:
    """CF attributes of a map of classes, numbered from `first`."""
    return {
        **attributes(long_name),
        "flag_values": np.arange(first, first + len(meanings), dtype="int8"),
        "flag_meanings": " ".join(meanings),
        "grid_mapping": "spatial_ref",
    }


def heading(data: xr.DataArray) -> str:
    """Name a quantity with its units and direction, such as `rate (mm/a, vertical)`."""
    name = data.attrs.get("long_name", str(data.name))
    units = written_units(data) if data.attrs.get("units", "1") != "1" else None
    about = ", ".join(filter(None, [units, data.attrs.get("direction")]))
    return f"{name} ({about})" if about else name
