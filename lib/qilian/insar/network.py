"""Networks of interferometric pairs: acquisitions, baselines, connectivity, redundancy."""

from collections.abc import Iterable

import numpy as np
import xarray as xr
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qilian.contracts.errors import InputError
from qilian.contracts.labels import attributes
from qilian.contracts.radars import radar_of
from qilian.contracts.seasons import THAW_SEASON, in_season


def incidence(pairs: xr.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted unique dates, and each pair's two positions among them."""
    ends = np.stack([pairs["reference_date"].values, pairs["secondary_date"].values])
    dates, position = np.unique(ends, return_inverse=True)
    first, second = position.reshape(2, -1)
    return dates, first, second


def acquisition_dates(pairs: xr.Dataset) -> xr.DataArray:
    """Acquisitions of a network in order of time, (time,)."""
    found, *_ = incidence(pairs)
    return xr.DataArray(found, {"time": found}, ("time",), attrs={"long_name": "acquisition"})


def pairs_within(pairs: xr.Dataset, start: str, end: str) -> xr.Dataset:
    """Keep the pairs both of whose dates lie in a span of days, its ends included.

    Raises
    ------
    InputError
        No pair does.
    """
    first, last = np.datetime64(start), np.datetime64(end)
    kept = (pairs["reference_date"] >= first) & (pairs["secondary_date"] <= last)
    if not kept.any():
        raise InputError(f"no pair lies between {start} and {end}, expected one at least.")
    return pairs.isel(pair=np.flatnonzero(kept))


def pair_names(pairs: xr.Dataset | xr.DataArray) -> list[str]:
    """Name each pair by its dates, such as `2007-07-12 to 2007-10-12`."""
    ends = (
        pairs[end].dt.strftime("%Y-%m-%d").values for end in ("reference_date", "secondary_date")
    )
    return [f"{first} to {second}" for first, second in zip(*ends, strict=True)]


_HALF_A_YEAR = 183  # days


def time_span(pairs: xr.Dataset) -> xr.DataArray:
    """Days between the two acquisitions of each pair, (pair,)."""
    days = (pairs["secondary_date"] - pairs["reference_date"]).dt.days
    return days.assign_attrs(attributes("time span", "day"))


def acquisitions(pairs: xr.Dataset) -> xr.Dataset:
    """Nodes of a network: dates, the component each belongs to, their baselines.

    Baselines of dates are the least-squares solution of the pairs' baselines, separately in
    each connected component and relative to that component's first date, since nothing ties
    components to one another.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date`, `secondary_date` and optionally `perpendicular_baseline` (m), (pair,).

    Returns
    -------
    xarray.Dataset
        Along `date`: `component` (counted from 1 in order of time), `degree` (number of
        pairs), and `perpendicular_baseline` (m; NaN where a pair's baseline is unknown).
    """
    dates, first, second = incidence(pairs)
    n_dates, n_pairs = dates.size, first.size
    links = coo_array((np.ones(n_pairs), (first, second)), shape=(n_dates, n_dates))
    _, label = connected_components(links, directed=False)
    # Number components by their first date.
    order = {old: new for new, old in enumerate(dict.fromkeys(label.tolist()), start=1)}
    component = np.array([order[old] for old in label], dtype=int)
    nodes = xr.Dataset(coords={"date": dates})
    nodes["component"] = "date", component, attributes("connected component")
    degree = np.bincount(np.concatenate([first, second]), minlength=n_dates)
    nodes["degree"] = "date", degree, attributes("pairs of the acquisition")
    if "perpendicular_baseline" in pairs:
        baseline = _date_baselines(pairs["perpendicular_baseline"].values, first, second, component)
        nodes["perpendicular_baseline"] = (
            "date",
            baseline,
            {
                "long_name": "perpendicular baseline relative to the component's first date",
                "units": "m",
            },
        )
    return nodes


def _date_baselines(
    pair_baseline: np.ndarray, first: np.ndarray, second: np.ndarray, component: np.ndarray
) -> np.ndarray:
    rows = np.arange(first.size)
    design = np.zeros((first.size, component.size))
    design[rows, second], design[rows, first] = 1.0, -1.0
    solution = np.full(component.size, np.nan)
    for label in np.unique(component):
        members = np.flatnonzero(component == label)
        equations = np.isin(first, members)
        solution[members[0]] = 0.0
        # With the component's first date held at zero the system has full rank.
        known = pair_baseline[equations]
        if np.isfinite(known).all():
            reduced = design[np.ix_(equations, members[1:])]
            solution[members[1:]] = np.linalg.lstsq(reduced, known)[0]
    return solution


def redundancy(pairs: xr.Dataset) -> int:
    """Pairs beyond those that just connect the dates: the number of independent loops."""
    nodes = acquisitions(pairs)
    return pairs.sizes["pair"] - (nodes.sizes["date"] - int(nodes["component"].max()))


def thinned_network(
    pairs: xr.Dataset, coherence: xr.DataArray, thresholds: Iterable[float]
) -> xr.Dataset:
    """Tell what is left of a network when pairs below a mean coherence are dropped.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    coherence : xarray.DataArray
        Mean coherence (pair,); a pair without any is below every threshold but 0.
    thresholds : iterable of float
        Least coherence of a pair that is kept.

    Returns
    -------
    xarray.Dataset
        (threshold,): `pairs` kept, `dates` that keep a pair, connected `components` among these,
        and independent `loops`.
    """
    rows, thresholds = [], list(thresholds)
    for threshold in thresholds:
        kept = pairs.isel(pair=np.flatnonzero(coherence.fillna(0) >= threshold))
        if kept.sizes["pair"]:
            nodes = acquisitions(kept)
            components = int(nodes["component"].max())
            rows.append((kept.sizes["pair"], nodes.sizes["date"], components, redundancy(kept)))
        else:
            rows.append((0, 0, 0, 0))
    names = {
        "pairs": "pairs kept",
        "dates": "acquisitions with a pair",
        "components": "connected components",
        "loops": "independent loops",
    }
    columns = zip(names.items(), np.array(rows).T, strict=True)
    return xr.Dataset(
        {name: ("threshold", values, attributes(about)) for (name, about), values in columns},
        {"threshold": thresholds},
    )


def pair_season(pairs: xr.Dataset, *, thaw_season: tuple[str, str] = THAW_SEASON) -> xr.DataArray:
    """Name each pair by the season that holds both of its dates, `thaw` or `frozen`, or `mixed`.

    The thaw season is given by its first and last day as mm-dd, and may cross New Year. Dates half
    a year apart and more are not of one season, whatever their days.
    """
    first, last = thaw_season
    count = np.zeros(pairs.sizes["pair"], int)
    for end in ("reference_date", "secondary_date"):
        day = pairs[end].dt.strftime("%m-%d").values
        count += in_season(day, first, last)
    count = np.where(time_span(pairs) < _HALF_A_YEAR, count, 1)
    names = np.array(["frozen", "mixed", "thaw"])[count]
    return xr.DataArray(names, dims="pair", attrs=attributes("season of the pair", None))


def beside_listed(pairs: xr.Dataset, listed: xr.Dataset) -> xr.Dataset:
    """Put what a table of pairs states beside what interferograms say themselves.

    Parameters
    ----------
    pairs : xarray.Dataset
        Dates and `perpendicular_baseline` [m] of interferograms, (pair,).
    listed : xarray.Dataset
        The pair_table contract, of one sensor.

    Returns
    -------
    xarray.Dataset
        (pair,), named by dates: `time_span` [day], `perpendicular_baseline` [m]; `stated_days`
        and `stated_baseline` [m] of the row with the same dates, NaN where there is none.
    """
    ends = ["reference_date", "secondary_date"]
    first, second = (pairs[end].to_index() for end in ends)
    rows = listed.to_dataframe().set_index(ends).reindex([first, second])
    columns = {
        "time_span": ((second - first).days, "time span", "day"),
        "stated_days": (rows["stated_days"], "time span, as listed", "day"),
        "perpendicular_baseline": (
            pairs["perpendicular_baseline"],
            "perpendicular baseline",
            "m",
        ),
        "stated_baseline": (rows["perpendicular_baseline"], "baseline, as listed", "m"),
    }
    return xr.Dataset(
        {n: ("pair", np.asarray(v), attributes(*about)) for n, (v, *about) in columns.items()},
        {"pair": ("pair", pair_names(pairs), attributes("pair", None))},
    )


def check_pairs(pairs: xr.Dataset) -> xr.Dataset:
    """Hold a table of pairs against its own dates and its sensors' physics.

    Parameters
    ----------
    pairs : xarray.Dataset
        The pair_table contract.

    Returns
    -------
    xarray.Dataset
        Along `pair`: `days` from the dates, `cycles` (days over the repeat cycle),
        `critical_baseline` (m), `geometric_coherence` = 1 − abs(B) / B_c of flat ground, 0 beyond
        it, and `component` of the pair within its own sensor's network. Of a sensor that is not
        known, cycles, critical baseline and coherence are NaN.
    """
    radars = [radar_of(name) for name in pairs["sensor"].values.tolist()]
    days = time_span(pairs)
    critical = np.array([radar.critical_baseline for radar in radars])
    share = np.abs(pairs["perpendicular_baseline"]) / critical
    facts = xr.Dataset({"days": days})
    facts["cycles"] = days / np.array([radar.repeat_cycle for radar in radars])
    facts["cycles"].attrs = attributes("time span in repeat cycles")
    facts["critical_baseline"] = "pair", critical, attributes("critical baseline", "m")
    facts["geometric_coherence"] = (1 - share).clip(min=0)
    facts["geometric_coherence"].attrs = attributes("coherence left by geometry on flat ground")
    facts["component"] = "pair", _pair_components(pairs), attributes("connected component")
    return facts


def _pair_components(pairs: xr.Dataset) -> np.ndarray:
    component = np.zeros(pairs.sizes["pair"], dtype=int)
    for sensor in np.unique(pairs["sensor"].values):
        rows = np.flatnonzero(pairs["sensor"].values == sensor)
        own = pairs.isel(pair=rows)
        nodes = acquisitions(own)
        component[rows] = nodes["component"].sel(date=own["reference_date"].values)
    return component
