"""Rates that are less biased by short pairs: another radar's rate as prior, or long pairs alone."""

import numpy as np
import xarray as xr

from qilian.contracts.errors import require
from qilian.contracts.labels import attributes
from qilian.insar.network import time_span

SHORTEST_PAIR = 300  # days
MOST_PAIRS = 12


def rate_with_prior(
    own: xr.Dataset,
    prior: xr.Dataset,
    ground: xr.DataArray,
    *,
    bias: xr.DataArray | None = None,
) -> xr.Dataset:
    """Combine a rate that may be biased with an unbiased one, each by what its error claims.

    The bias is taken to be drawn with zero mean and the standard deviation s. With a map of it, s
    is its root mean square over some ground. Without one, s comes from the differences of rates,

        s² = mean[(R₁ - R₂)² - σ₁² - σ₂²], at least 0,

    which is too small where the errors claim more than differs from place to place. The variance of
    the first rate is then σ₁² + s², and the result the mean weighted by the inverse variances: what
    a least-squares inversion gives whose rate has the second one as prior.

    Parameters
    ----------
    own, prior : xarray.Dataset
        (y, x) `rate` and `rate_standard_error` [mm year-1], on one grid and from one zero.
    ground : xarray.DataArray
        (y, x), True where the two are compared.
    bias : xarray.DataArray, optional
        (y, x) bias of the first rate, as from `short_pair_bias.bias_of_rate` [mm year-1].

    Returns
    -------
    xarray.Dataset
        (y, x) `rate` and `rate_standard_error`; the first with the larger error where the second is
        missing; and the `bias_spread` s, a scalar [mm year-1].
    """
    apart = own["rate"] - prior["rate"]
    of_own, of_prior = (one["rate_standard_error"] ** 2 for one in (own, prior))
    square = apart**2 - of_own - of_prior if bias is None else bias**2
    spread = square.where(ground).mean().clip(min=0) ** 0.5
    claimed = of_own + spread**2
    share = (claimed / (claimed + of_prior)).where(apart.notnull(), 0)
    rate = own["rate"] - share * apart.fillna(0)
    error = (claimed * (1 - share)) ** 0.5
    about = attributes("standard deviation of the bias between pixels", "mm year-1")
    return xr.Dataset(
        {
            "rate": rate.assign_attrs(own["rate"].attrs),
            "rate_standard_error": error.assign_attrs(own["rate_standard_error"].attrs),
            "bias_spread": spread.assign_attrs(about),
        }
    )


def long_pairs(pairs: xr.Dataset, *, shortest: int = SHORTEST_PAIR) -> xr.Dataset:
    """Keep long pairs that share no date, the longest first, at most twelve.

    They need not be connected where rate and season are fitted to the pairs themselves
    (`sparse_networks.fit_pairs`), and each has a delay of its own.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    shortest : int, optional
        Shortest pair that is kept [day].

    Returns
    -------
    xarray.Dataset
        Those pairs, in order of time.

    Raises
    ------
    InputError
        Fewer than two such pairs.
    """
    days = time_span(pairs).values
    ends = np.stack([pairs["reference_date"].values, pairs["secondary_date"].values], -1)
    taken: set[np.datetime64] = set()
    kept: list[int] = []
    for number in np.argsort(-days, kind="stable").tolist():
        dates = set(ends[number].tolist())
        if days[number] >= shortest and len(kept) < MOST_PAIRS and not dates & taken:
            kept.append(number)
            taken |= dates
    named = f"the number of pairs of {shortest} days and longer that share no date"
    require(named, len(kept), len(kept) >= 2, "2 or more")
    return pairs.isel(pair=sorted(kept))
