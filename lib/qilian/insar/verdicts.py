"""What pairs, networks and matched rates answer, in sentences."""

import json
from calendar import month_name

import numpy as np
import pandas as pd
import xarray as xr

from qilian.contracts.labels import written_list, written_number, written_units
from qilian.insar.network import acquisitions, pair_names, pair_season, redundancy, time_span

_GROUNDS = {"undisturbed": "undisturbed ground"}
_LOWER_CORRELATION = -0.05  # change from which on a block counts as harmed


def pair_table_verdicts(pairs: xr.Dataset, checked: xr.Dataset) -> list[str]:
    """Say whether pairs fit their dates and orbits, and what each network can carry.

    Parameters
    ----------
    pairs : xarray.Dataset
        The pair_table contract.
    checked : xarray.Dataset
        (pair,) as from `check_pairs`.

    Returns
    -------
    list of str
        Three or four sentences, and one more on each kind of unusual rows; the first stands alone.
    """
    fits = (checked["days"] == pairs["stated_days"]) & (checked["cycles"] % 1 == 0)
    of_satellite = {
        name: pairs.isel(pair=pairs["sensor"].values == name)
        for name in dict.fromkeys(pairs["sensor"].values.tolist())
    }
    loops = [name for name, own in of_satellite.items() if redundancy(own)]
    redundant = "No satellite has a redundant pair that would reveal an error."
    if loops:
        redundant = f"Redundant pairs, which reveal errors, exist for {written_list(loops)}."
    count, sound = fits.size, int(fits.sum())
    number = f"All {count}" if sound == count else f"{sound} of {count}"
    said = [f"{number} printed time spans fit the dates and are whole repeat cycles.", redundant]
    parts = {name: int(acquisitions(own)["component"].max()) for name, own in of_satellite.items()}
    broken = [f"{name} ({number} components)" for name, number in parts.items() if number > 1]
    whole = [name for name, number in parts.items() if number == 1]
    if broken:
        connected = f"; those of {written_list(whole)} are connected" if whole else ""
        of_broken = f"The pairs of {' and those of '.join(broken)}"
        said.append(f"{of_broken} give no single displacement series{connected}.")
    else:
        said.append("The pairs of each satellite are connected and give one displacement series.")
    least = int(checked["geometric_coherence"].fillna(np.inf).argmin("pair"))
    kept = checked["geometric_coherence"].values[least]
    if kept > 0:
        of_pair = f"{pairs['sensor'].values[least]}, {pair_names(pairs)[least]}"
        said.append(f"Geometry alone leaves a coherence of at least {kept:.2f} ({of_pair}).")
    return said + _unusual_rows(pairs, checked)


def _unusual_rows(pairs: xr.Dataset, checked: xr.Dataset) -> list[str]:
    """Name the rows of a table that don't fit their dates or their satellite."""
    unknown = checked["critical_baseline"].isnull()
    kinds = {
        "The satellite of {} is not known.": unknown,
        "The baseline of {} is beyond the critical one.": checked["geometric_coherence"] == 0,
        "The printed time span of {} is not that of the dates.": (
            checked["days"] != pairs["stated_days"]
        ),
        "The time span of {} is no whole number of repeat cycles.": (
            ~unknown & (checked["cycles"] % 1 != 0)
        ),
    }
    names, satellites = pair_names(pairs), pairs["sensor"].values
    said = []
    for sentence, rows in kinds.items():
        if count := int(rows.sum()):
            first = int(rows.argmax("pair"))
            more = f" and {count - 1} more" * (count > 1)
            said.append(sentence.format(f"the {satellites[first]} pair {names[first]}{more}"))
    return said


def network_verdicts(
    pairs: xr.Dataset,
    thinned: xr.Dataset,
    of_pair: xr.DataArray,
    of_pixel: xr.DataArray,
    thaw_season: tuple[str, str],
) -> list[str]:
    """Say how a network holds together, and where and when it is coherent.

    Parameters
    ----------
    pairs : xarray.Dataset
        `reference_date` and `secondary_date` along `pair`.
    thinned : xarray.Dataset
        (threshold,) as from `thinned_network`.
    of_pair : xarray.DataArray
        Mean coherence (pair,) [1].
    of_pixel : xarray.DataArray
        Temporal mean coherence (y, x) [1].
    thaw_season : (str, str)
        Its first and last day as mm-dd.

    Returns
    -------
    list of str
        Two or three sentences; the first stands alone.
    """
    nodes, count = acquisitions(pairs), pairs.sizes["pair"]
    parts, dates = int(nodes["component"].max()), nodes.sizes["date"]
    loops = redundancy(pairs)
    of_pairs = f"{count} pair{'s' * (count != 1)}"
    joined = f"{of_pairs} with {loops or 'no'} independent loop{'s' * (loops != 1)}"
    if parts > 1:
        said = [f"{dates} acquisitions fall into {parts} components without common zero: {joined}."]
    else:
        same = (thinned["dates"] == dates) & (thinned["components"] == 1)
        highest = float(thinned["threshold"].where(same).max())
        stays = f"; it stays connected up to a coherence threshold of {highest:.2f}"
        said = [
            f"One connected network joins {dates} acquisitions by {joined}"
            f"{stays if highest > 0 else ''}."
        ]
    if not of_pixel.notnull().any():
        return [*said, "No pixel has a coherence in enough pairs."]
    low, middle, high = of_pixel.quantile([0.25, 0.5, 0.75]).values
    said.append(
        f"The median pixel has a mean coherence of {middle:.2f}; half of the scene lies between "
        f"{low:.2f} and {high:.2f}."
    )
    change = _by_season(pairs, of_pair, thaw_season)
    if np.isfinite(change):
        first, last = (month_name[int(day[:2])] for day in thaw_season)
        said.append(
            f"At equal time spans the coherence of pairs within {first} to {last} is "
            f"{abs(change):.2f} {'lower' if change < 0 else 'higher'} than in the rest of the year."
        )
    return said


def _by_season(pairs: xr.Dataset, of_pair: xr.DataArray, thaw_season: tuple[str, str]) -> float:
    """Mean difference of median coherence, thaw minus frozen season, over time spans of both."""
    season = pair_season(pairs, thaw_season=thaw_season)
    frame = pd.DataFrame({"days": time_span(pairs), "season": season, "coherence": of_pair})
    medians = frame.pivot_table("coherence", "days", "season", "median")
    seasons = medians.reindex(columns=["frozen", "thaw"]).dropna()
    return float((seasons["thaw"] - seasons["frozen"]).mean())


def closure_verdict(closed: xr.Dataset) -> str:
    """Say how much of the pairs' noise is independent.

    Parameters
    ----------
    closed : xarray.Dataset
        As from `closure_ratio`.

    Returns
    -------
    str
        A sentence with the ratio, or why there is none.
    """
    unknown = "so nothing tells whether the noise of pairs is independent."
    if not int(closed["loops"]):
        return f"No three pairs form a loop, {unknown}"
    if closed["ratio"].isnull():
        return f"Loops have no phase, {unknown}"
    share, reach = 100 * closed["ratio"].item(), 200 * closed["standard_error"].item()
    meaning = "pairs share most of it with others of the same images"
    if share + reach >= 50:
        meaning = "pairs share a part of it with others of the same images"
    if share + reach >= 100:
        meaning = "no sign that pairs of the same images share it"
    return (
        f"Loops of three pairs keep {share:.0f} ± {reach:.0f} % of the variance that independent "
        f"noise would leave in them: {meaning}."
    )


def matching_verdicts(scores: xr.Dataset, rates: xr.Dataset, mask: xr.DataArray) -> list[str]:
    """Say whether CDF matching brings two radars closer on ground that the fit left out.

    Parameters
    ----------
    scores : xarray.Dataset
        (area, matching) as from `evaluate_matching`.
    rates : xarray.Dataset
        (y, x) as from `rates_on_one_grid`.
    mask : xarray.DataArray
        (y, x), True where the two are compared.

    Returns
    -------
    list of str
        Two or three sentences; the first stands alone.
    """
    blocks, units = scores.isel(area=slice(1, None)), written_units(rates["sentinel1"])
    squares = (blocks["number"] * blocks["root_mean_square"] ** 2).sum("area")
    before, after = ((squares / blocks["number"].sum("area")) ** 0.5).values
    falls = int((blocks["root_mean_square"].diff("matching") < 0).sum())
    changes = "lowers" if after < before else "does not lower"
    first = (
        f"On ground left out of the fit, CDF matching {changes} the RMSE between Sentinel-1 and "
        f"ALOS-2: {before:.1f} {units} before, {after:.1f} after (it falls in "
        f"{falls} of {blocks.sizes['area']} blocks)."
    )
    mean = scores["mean"].sel(area="fitted area", matching="before").item()
    apart = written_number(mean, plus=True)
    widths = [
        rates[f"{name}_half_width"].where(mask).median().item() for name in ("sentinel1", "alos2")
    ]
    known = [f"± {width:.1f} {units}" for width in widths]
    second = (
        f"Before matching, Sentinel-1 minus ALOS-2 is {apart} {units} on average; a pixel's 95 % "
        f"interval is {known[0]} (median) for Sentinel-1 and {known[1]} for ALOS-2."
    )
    return [first, second, _harmed(blocks)]


def _harmed(blocks: xr.Dataset) -> str:
    """Name the blocks that matching does no good."""
    size = blocks.assign(mean=abs(blocks["mean"]))
    change = size[["mean", "correlation"]].diff("matching").squeeze("matching")
    worse = {
        "the mean difference is larger": change["mean"] > 0,
        "the correlation is lower by more than 0.05": change["correlation"] < _LOWER_CORRELATION,
    }
    harmed: dict[tuple[str, ...], list[str]] = {}
    for words, where in worse.items():
        harmed.setdefault(tuple(map(str, blocks["block"].values[where.values])), []).append(words)
    said = [
        f"in block{'s' * (len(numbers) > 1)} {written_list(numbers)} {' and '.join(words)}"
        for numbers, words in harmed.items()
        if numbers
    ]
    if not said:
        return "No block has a larger mean difference or a clearly lower correlation afterwards."
    return f"After matching, {'; '.join(said)}."


def bias_verdict(detected: xr.Dataset) -> str:
    """Say whether a stack's loops show a bias of its rate.

    Parameters
    ----------
    detected : xarray.Dataset
        As from `detect_bias`, of the rate and one zone, or empty with the reason in `left_out`.
    """
    if "left_out" in detected.attrs:
        why = detected.attrs["left_out"].rstrip(".")
        return f"Whether short pairs bias Sentinel-1's rate, its loops cannot tell: {why}."
    zone = detected.isel(zone=0)
    size, reach = written_number(zone["strength"], 2, plus=True), zone["half_width"].item()
    told = f"{size} ± {reach:.2f} {written_units(zone['strength'])}"
    if not zone["detected"]:
        return f"Loops of Sentinel-1's pairs show no significant bias of its rate ({told}, 95 %)."
    where = f"{zone['zone'].item()}, relative to the most coherent"
    return f"Loops of Sentinel-1's pairs show a bias of its rate: {told} (95 %) on {where}."


def version_verdict(versions: xr.Dataset) -> str:
    """Put Sentinel-1's rate, uncorrected and corrected, side by side for each zone.

    Parameters
    ----------
    versions : xarray.Dataset
        As from `products.rate_versions`.
    """
    units, said = written_units(versions["mean"]), []
    for ground in versions["ground"].values:
        zone = versions.sel(ground=ground)
        numbers = zip(
            zone["mean"].values, zone["standard_error"].values, zone["version"].values, strict=True
        )
        each = [
            f"{written_number(mean)} ± {2 * error:.1f} {units} {version}"
            for mean, error, version in numbers
        ]
        where = ground if ground.startswith("near") else f"on {_GROUNDS.get(ground, ground)}"
        said.append(f"{' and '.join(each)} {where}")
    told = f"Relative to stable ground, Sentinel-1's rate is {'; '.join(said)} (95 %)."
    why = versions.attrs.get("left_out")
    return told if why is None else f"{told} The bias of short pairs is not corrected: {why}"


def left_out_verdicts(remedies: xr.Dataset) -> list[str]:
    """Say why remedies are missing, a sentence each, or that none is.

    Parameters
    ----------
    remedies : xarray.Dataset
        As from `products.bias_remedies`.
    """
    missing = json.loads(remedies.attrs["left_out"])
    said = [f"There is no rate by “{name}”: {reason}" for name, reason in missing.items()]
    return said or ["The archive allows every remedy."]
