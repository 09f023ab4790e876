"""How independent the noise of pairs is, by what their loops leave open.

Three pairs of three dates close but for noise: what each date brings, motion and delay alike,
cancels. If the noise of pairs were independent, their closure would have the sum of their
variances. If it came with the images, it would have none (Agram & Simons 2015,
doi:10.1002/2014JB011271).
"""

import numpy as np
import xarray as xr

from qilian.contracts.labels import attributes
from qilian.insar.network import incidence
from qilian.insar.sbas.loops import find_loops

_FAR_OFF = 3.0  # robust standard deviations of a pair, beyond which a difference does not count
_BLOCKS = 5  # along either side of the scene, of which one is left out in turn


def closure_ratio(stack: xr.Dataset, *, loops: int = 30) -> xr.Dataset:
    """Compare the noise of closures with that of independent pairs.

    With the phases φ of the pairs ij, jk and ik, and the difference Δ of four pixels in a square
    (one diagonal minus the other), which takes out a pixel's smooth surroundings,

        Σ Δ(φ_ij + φ_jk - φ_ik)² / Σ [(Δφ_ij)² + (Δφ_jk)² + (Δφ_ik)²]

    over loops and pixels. It is 1 if the noise of pairs is independent, 0 if loops close, and the
    fraction of independent noise in a mixture of equal variance in all pairs. Differences far off
    in one of the pairs, such as at the edge of a cycle that unwrapping lost, are left out.

    Parameters
    ----------
    stack : xarray.Dataset
        The interferograms contract, in memory or lazy.
    loops : int, optional
        Most loops that are looked at, spread evenly over the stack's.

    Returns
    -------
    xarray.Dataset
        `ratio` [1]; its `standard_error`, by leaving out one block of the scene in turn;
        `of_loop` (loop,), the ratio of each; and the number of `loops` of the stack. The ratio is
        missing where the stack has no phase or no three pairs of three dates.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> days = np.array(["2020-06-01", "2020-06-13", "2020-06-25"], "datetime64[ns]")
    >>> phase = ("pair", "y", "x"), rng.standard_normal((3, 80, 90))
    >>> dates = {"reference_date": ("pair", days[[0, 1, 0]])}
    >>> dates["secondary_date"] = "pair", days[[1, 2, 2]]
    >>> closure_ratio(xr.Dataset({"unwrapped_phase": phase, **dates})).ratio.round(1).item()
    1.0
    """
    _, first, second = incidence(stack)
    found = find_loops(first, second).pairs
    spread = np.linspace(0, len(found) - 1, min(loops, len(found)))
    some = found[spread.round().astype(int)] if "unwrapped_phase" in stack else found[:0]
    sums = np.array([_sums(stack["unwrapped_phase"].isel(pair=pairs)) for pairs in some])
    sums = sums.reshape(-1, 2, _BLOCKS**2)
    whole = sums.sum(axis=0)
    without = _ratio(*(whole.sum(axis=1, keepdims=True) - whole))
    count = np.isfinite(without).sum()
    variance = (count - 1) * np.nanvar(without) if count > 1 else np.nan
    about = {
        "ratio": ((), _ratio(*whole.sum(axis=1)), "variance of closures, to independent noise"),
        "standard_error": ((), variance**0.5, "standard error"),
        "of_loop": ("loop", _ratio(*sums.sum(axis=2).T), "ratio of a loop"),
        "loops": ((), len(found), "loops of three pairs"),
    }
    return xr.Dataset(
        {name: (dims, v, attributes(text)) for name, (dims, v, text) in about.items()}
    )


def _sums(phase: xr.DataArray) -> np.ndarray:
    """Sum squares of a loop's closure and of its three pairs by blocks of the scene, (2, block)."""
    values = phase.transpose("pair", "y", "x").values.astype(float)
    rough = np.diff(np.diff(values, axis=1), axis=2)
    known = np.isfinite(rough).all(axis=0)
    if not known.any() or min(known.shape) < _BLOCKS:
        return np.zeros((2, _BLOCKS**2))
    limit = _FAR_OFF * 1.4826 * np.median(abs(rough[:, known]), axis=1)
    kept = (abs(rough) <= limit[:, np.newaxis, np.newaxis]).all(axis=0)
    rough = np.where(kept, rough, 0.0)
    squares = np.stack([(rough[0] + rough[1] - rough[2]) ** 2, (rough**2).sum(axis=0)])
    rows, columns = (np.arange(_BLOCKS) * size // _BLOCKS for size in known.shape)
    summed = np.add.reduceat(np.add.reduceat(squares, rows, axis=1), columns, axis=2)
    return summed.reshape(2, -1)


def _ratio(closed: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    return np.divide(closed, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
