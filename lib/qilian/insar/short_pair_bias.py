"""The bias of short pairs: what loops of pairs tell of it, and what rates are without it.

Where moist ground and plants change between two passes, averaging over looks leaves a phase that no
motion made (the fading signal: Ansari et al. 2021, doi:10.1109/TGRS.2020.3003421). It fades with
the span of a pair: one of 24 days shows half the false rate of two of 12 days, one of 60 days a
fifth (Maghsoudi et al. 2022, doi:10.1016/j.rse.2022.113022). Therefore

- loops of pairs of different spans stay open by it, which motion and delay never do, so that loops
  measure it without any other radar (`loop_strength`, `detect_bias`), and
- what it adds to the rate of a network follows from the spans of the network's pairs
  (`with_false_phase`).

A false rate that is the same for all spans opens no loop and stays unseen.
"""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from scipy import ndimage
from scipy.stats import t as student

from qilian.contracts.errors import require
from qilian.contracts.labels import LINE_OF_SIGHT, attributes
from qilian.insar.corrections import STABLE_SHARE
from qilian.insar.network import incidence, time_span
from qilian.insar.sbas.loops import find_loops
from qilian.insar.temporal_models import DAYS_PER_YEAR

FADING_DAYS = 12, 24, 36, 48, 60
FADING_SHARE = 1.0, 0.494, 0.297, 0.24, 0.22
FADING_SPREAD = 0.3  # standard deviation of a correction, of itself, as fading differs by ground
SEGMENTS = 10
FEWEST_LOOPS = 12
_WINDOW = 5  # pixels
_LEVEL = 0.05


def false_displacement(pairs: xr.Dataset) -> xr.DataArray:
    """Compute what a false rate of 1 mm a⁻¹ of twelve-day pairs adds to each pair.

    The published shares of the false rate are interpolated between spans of 12 and 60 days. Shorter
    pairs show the displacement of 12 days, longer ones that of 60 days: as published, it hardly
    depends on the span.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.

    Returns
    -------
    xarray.DataArray
        (pair,) [year].

    Examples
    --------
    >>> dates = np.array(["2020-06-01", "2020-06-13", "2020-06-25"], "datetime64[ns]")
    >>> pairs = xr.Dataset({"reference_date": ("pair", dates[[0, 1, 0]]),
    ...                     "secondary_date": ("pair", dates[[1, 2, 2]])})
    >>> (false_displacement(pairs) * 365.25).values.round(2)  # days
    array([12.  , 12.  , 11.86])
    """
    days = np.clip(time_span(pairs).values.astype(float), FADING_DAYS[0], FADING_DAYS[-1])
    shown = np.interp(days, FADING_DAYS, FADING_SHARE) * days
    about = attributes("displacement by a unit false rate of twelve-day pairs", "year")
    return xr.DataArray(shown / DAYS_PER_YEAR, dims="pair", attrs=about)


def loop_strength(stack: xr.Dataset, *, segments: int = SEGMENTS) -> xr.DataArray:
    """Measure the false rate of twelve-day pairs by the loops of three pairs that stay open.

    The closure c of a loop, in which whole cycles do not count, is averaged over 5 by 5
    pixels. With h, what the loop shows of a unit false rate, the strength B is

        B = Σ h c / Σ h²

    over the loops of each segment of the record. Segments hold equally many loops in order of
    time and share hardly a pair, so that their scatter tells the error of their mean, whatever
    noise the loops share.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract with `unwrapped_phase`, in memory or lazy.
    segments : int, optional
        Number of segments; fewer if they would hold less than three loops.

    Returns
    -------
    xarray.DataArray
        (segment, y, x) along the line of sight [mm year-1], positive towards the sensor; with the
        number of `loops`. Absolute, if the processor has not referred pairs to a place.

    Raises
    ------
    InputError
        Fewer than 12 loops of three pairs.
    """
    _, first, second = incidence(stack)
    loops = find_loops(first, second).pairs
    enough = len(loops) >= FEWEST_LOOPS
    require("the number of loops of three pairs", len(loops), enough, f"{FEWEST_LOOPS} or more")
    loops = loops[np.argsort(stack["reference_date"].values[loops[:, 0]], kind="stable")]
    unit = false_displacement(stack).values[loops] @ [1, 1, -1]
    parts = np.array_split(np.arange(len(loops)), min(segments, len(loops) // 3))
    phase = stack["unwrapped_phase"].transpose("pair", "y", "x")
    away = -1000 * float(stack["wavelength"]) / (4 * np.pi)
    found = np.empty((len(parts), *phase.shape[1:]), np.float32)
    for number, part in enumerate(parts):
        used = np.unique(loops[part])
        held = dict(zip(used.tolist(), phase.isel(pair=used).values, strict=True))
        above, below = np.zeros(phase.shape[1:]), np.zeros(phase.shape[1:])
        for loop in part:
            i, j, k = (held[pair] for pair in loops[loop].tolist())
            closure = away * _looked(i + j - k)
            above += unit[loop] * np.nan_to_num(closure)
            below += unit[loop] ** 2 * np.isfinite(closure)
        with np.errstate(invalid="ignore"):
            found[number] = above / below
    about = attributes("false rate of twelve-day pairs", "mm year-1", LINE_OF_SIGHT)
    named = xr.DataArray(found, phase.isel(pair=0, drop=True).coords, ("segment", "y", "x"))
    named = named.drop_vars(["reference_date", "secondary_date"], errors="ignore")
    return named.assign_attrs(about | {"loops": len(loops), "grid_mapping": "spatial_ref"})


def _looked(closure: np.ndarray) -> np.ndarray:
    """Average closures over a window as phases, missing where the pixel itself is."""
    turned = np.where(np.isfinite(closure), np.exp(1j * closure), 0)
    mean = [ndimage.uniform_filter(part, _WINDOW) for part in (turned.real, turned.imag)]
    return np.where(np.isfinite(closure), np.arctan2(mean[1], mean[0]), np.nan)


def mean_strength(strength: xr.DataArray) -> xr.Dataset:
    """Average the strength over the segments, with the standard error that their scatter tells.

    Parameters
    ----------
    strength : xarray.DataArray
        (segment, ...) [mm year-1], as from `loop_strength`, or its mean over ground.

    Returns
    -------
    xarray.Dataset
        (...) `strength`, its `standard_error` [mm year-1] and `degrees_of_freedom`.
    """
    number = strength.notnull().sum("segment")
    number = number.where(number > 1)
    about = strength.attrs
    error = strength.std("segment", ddof=1) / number**0.5
    of_error = {**about, "long_name": f"standard error of the {about.get('long_name', 'strength')}"}
    return xr.Dataset(
        {
            "strength": strength.mean("segment").assign_attrs(about),
            "standard_error": error.assign_attrs(of_error),
            "degrees_of_freedom": (number - 1).assign_attrs(attributes("degrees of freedom")),
        }
    )


def firm_ground(mean_coherence: xr.DataArray) -> xr.DataArray:
    """Mark the most coherent ground, three of ten pixels, which is least likely to be biased.

    Parameters
    ----------
    mean_coherence : xarray.DataArray
        (y, x), over the pairs [1].

    Returns
    -------
    xarray.DataArray
        (y, x), True on that ground.
    """
    least = float(mean_coherence.quantile(1 - STABLE_SHARE))
    return (mean_coherence >= least).drop_attrs().assign_attrs(attributes("most coherent ground"))


def detect_bias(
    strength: xr.DataArray, zones: Mapping[str, xr.DataArray], firm: xr.DataArray
) -> xr.Dataset:
    """Test whether loops over zones stay open by more than those over firm ground.

    The test knows no truth and no other radar: Student's t of the difference of two means, with one
    value a segment of the record. A zone counts as one place, however many pixels it has, so that
    what neighbours share makes no false alarm. What all ground shares does not count, neither in
    rates, which are relative, nor here; processors add it to whole pairs.

    Parameters
    ----------
    strength : xarray.DataArray
        (segment, y, x) [mm year-1], as from `loop_strength`.
    zones : mapping of str to xarray.DataArray
        (y, x), True inside, by name.
    firm : xarray.DataArray
        (y, x), True on ground to compare with, such as from `firm_ground`.

    Returns
    -------
    xarray.Dataset
        (zone,) `strength` relative to firm ground, its `standard_error` [mm year-1], `half_width`
        of the 95 % interval, `probability` of such a difference without bias, and `detected`, True
        where that is below 5 %.
    """
    zero = strength.where(firm).mean(("y", "x"))
    means = [strength.where(zone).mean(("y", "x")) - zero for zone in zones.values()]
    together = xr.concat(means, xr.DataArray(list(zones), dims="zone", name="zone"))
    found = mean_strength(together.reset_coords(drop=True).assign_attrs(strength.attrs))
    dof = found["degrees_of_freedom"].values
    size = abs(found["strength"] / found["standard_error"]).values
    error = found["standard_error"]
    about = {**error.attrs, "long_name": "half-width of its 95 % interval"}
    chance = "zone", 2 * student.sf(size, dof), attributes("probability without bias")
    detected = "zone", chance[1] < _LEVEL, attributes("bias detected", None)
    return found.drop_vars("degrees_of_freedom").assign(
        half_width=(error * student.ppf(1 - _LEVEL / 2, dof)).assign_attrs(about),
        probability=chance,
        detected=detected,
    )


def with_false_phase(stack: xr.Dataset) -> xr.Dataset:
    """Replace the phase of each pair by that of a false rate of 1 mm a⁻¹ of twelve-day pairs.

    Inverted like the stack itself, it tells what a unit of the false rate adds to displacement and
    rate, since least squares are linear in the pairs.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, in memory or lazy.

    Returns
    -------
    xarray.Dataset
        `stack` with another `unwrapped_phase`, missing where it was.
    """
    phase = stack["unwrapped_phase"]
    turn = -4 * np.pi / (1000 * float(stack["wavelength"]))
    false = (turn * false_displacement(stack)).astype(phase.dtype)
    made = (xr.zeros_like(phase) + false).where(phase.notnull()).transpose(*phase.dims)
    return stack.assign(unwrapped_phase=made.assign_attrs(phase.attrs))


def bias_of_rate(strength: xr.DataArray, gain: xr.DataArray, stable: xr.DataArray) -> xr.Dataset:
    """Compute the bias of a network's rate, relative to that of stable ground.

    Parameters
    ----------
    strength : xarray.DataArray
        (segment, y, x) [mm year-1], as from `loop_strength`.
    gain : xarray.DataArray
        (y, x) rate that a unit strength adds to that of the network [1].
    stable : xarray.DataArray
        (y, x), True on the ground whose median rate is zero.

    Returns
    -------
    xarray.Dataset
        (y, x) `bias` and its `standard_error` [mm year-1]: what the loops scatter, and 30 % of the
        bias, since the published fading is not that of all ground.
    """
    of_rate = gain * strength
    of_rate = of_rate - of_rate.where(stable).median(("y", "x"))
    found = mean_strength(of_rate)
    error = (found["standard_error"] ** 2 + (FADING_SPREAD * found["strength"]) ** 2) ** 0.5
    direction = strength.attrs.get("direction")
    about = attributes("bias of the rate by short pairs", "mm year-1", direction)
    of_error = attributes("standard error of the bias", "mm year-1", direction)
    return xr.Dataset(
        {
            "bias": found["strength"].assign_attrs(about),
            "standard_error": error.assign_attrs(of_error),
        }
    )
