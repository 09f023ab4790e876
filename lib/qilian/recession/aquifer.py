"""What a change of recession would ask of the aquifer, by Boussinesq's equation.

Flow to a stream of length L from aquifers of depth D, conductivity k and drainable porosity φ falls
as -dQ/dt = a Q^b (Brutsaert & Nieber 1977, doi:10.1029/WR013i003p00637) with

    b = 1    a ∝ k D L² / φ      late, linearised about a mean depth
    b = 3/2  a ∝ k^½ L / φ       late, the water table falling to the bed
    b = 3    a ∝ 1 / (k φ D³ L²)  early, the aquifer still full

The characteristic time at one flow goes as 1 / a. An inference, not a measurement: one of the three
at a time, all else unchanged.
"""

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes

# Exponents of depth, porosity and stream length in 1 / a.
_POWERS = {1.0: (-1.0, 1.0, -2.0), 1.5: (0.0, 1.0, -1.0), 3.0: (3.0, 1.0, 2.0)}


def aquifer_changes(step: xr.Dataset) -> xr.Dataset:
    """Return the change of depth, porosity or connected stream length that would do.

    Parameters
    ----------
    step : xarray.Dataset
        One comparison of `compare_periods`.

    Returns
    -------
    xarray.Dataset
        (exponent,) `depth`, `porosity` and `length`, each with its bounds `_lower` and `_upper`
        [%], NaN where it has no influence.

    Examples
    --------
    >>> values = {"change": 25.0, "change_lower": 10.0, "change_upper": 40.0}
    >>> found = aquifer_changes(xr.Dataset(values))
    >>> found.depth.values.round(0).tolist(), found.porosity_lower.values.round(0).tolist()
    ([-20.0, nan, 8.0], [10.0, 10.0, 10.0])
    """
    factors = np.log1p(np.array([float(step["change" + end]) for end in _ENDS]) / 100)
    found = {}
    for place, (name, text) in enumerate(_NAMES.items()):
        powers = np.array([own[place] for own in _POWERS.values()])
        powers[powers == 0] = np.nan
        percent = 100 * np.expm1(factors / powers[:, np.newaxis])
        percent[:, 1:].sort(axis=1)
        for column, end in enumerate(_ENDS):
            about = attributes(f"{text}, {end[1:]} bound" if end else text, "%")
            found[name + end] = ("exponent", percent[:, column], about)
    return xr.Dataset(found, {"exponent": ("exponent", list(_POWERS), attributes("exponent b"))})


_ENDS = ("", "_lower", "_upper")
_NAMES = {"depth": "depth", "porosity": "porosity", "length": "stream length"}
