"""The displacement series of a satellite, inverted once for all pages that need it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.archive.scratch import MEMORY, read_once
from qilian.contracts.errors import InputError, require
from qilian.insar import corrections, memory, rates, temporal_models
from qilian.insar.coherence import temporal_mean_coherence
from qilian.insar.network import acquisition_dates
from qilian.thaw import index

_GROUND = ("line_of_sight_east", "line_of_sight_north", "line_of_sight_up", "height")


def displacement(
    source: Archive,
    entry: str = "auto",
    *,
    weight: str = "fisher",
    seasonal: str = "auto",
    constraint: float = 1e-4,
    reference: tuple[float, float] | None = None,
    ramp: bool = False,
    height: bool = False,
    scheduler: str | None = None,
    cache: Path | None = None,
) -> xr.Dataset:
    """Invert an archive's interferograms, or open what came of it before.

    A series that was inverted elsewhere, the entry `displacement`, is taken as it is: its model is
    fitted by least squares, and what stands under `weight` to `height` below does not apply.

    Parameters
    ----------
    source : Archive
        Holds `entry`, and `climate` for the thaw model.
    entry : str, optional
        Interferograms of one satellite or `displacement`; by itself the first that `Archive.choose`
        finds.
    weight, constraint : optional
        As `sbas.invert` has them. Phase without coherence is given equal weights.
    seasonal : {"auto", "thaw", "periodic", "none"}, optional
        Season of the temporal model beside its rate: by the air's thawing index, a yearly wave, or
        none. By itself the first that the archive can carry: weather of all dates, two years.
    reference : (x, y), optional
        Middle of the reference area in the stack's coordinates; the most coherent by default, or
        without coherence the steadiest, as `corrections.reference_by_phase` has it.
    ramp, height : bool, optional
        Corrections besides the reference, as `corrections.fit_corrections` has them.
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the same files; threads here by default.
    cache : Path, optional
        Folder of kept products; `archive.cache_folder()` by default. A stack beyond
        `archive.MEMORY`, or any with a scheduler, lies there in float32 while it is inverted.

    Returns
    -------
    xarray.Dataset
        As from `sbas.invert`, lazy, along the line of sight; with the stack's look vector and
        height as far as it has them, and the `reference` area.

    Raises
    ------
    InputError
        As the archive, `corrections` and `sbas.invert` say.
    """
    known = ["auto", *_SEASONS]
    require("seasonal", repr(seasonal), seasonal in known, f"one of {', '.join(known)}")
    entry = source.choose("interferograms or displacement", entry)
    if seasonal == "auto":
        seasonal = _season(source, entry, cache)
    needs = [entry, "climate"] if seasonal == "thaw" else [entry]
    finished = entry == "displacement"
    options: dict[str, Any] = {"seasonal": seasonal}
    if not finished:
        options |= {
            "weight": weight,
            "constraint": constraint,
            "reference": reference,
            "ramp": ramp,
            "height": height,
        }
    if seasonal == "thaw":
        options["thaw_season"] = source.fact("thaw_season")

    def make(scratch: Path) -> xr.Dataset:
        if finished:
            series = source.load(entry).load()
            return rates.modelled(series, _SEASONS[seasonal](source, series["time"]))
        # Workers share no memory, but see the cache.
        held = MEMORY if scheduler is None else 0
        with ThreadPoolExecutor(1) as beside:
            solver = beside.submit(_solver)
            stack = source.load(entry, "unwrapped_phase")
            model = beside.submit(_SEASONS[seasonal], source, acquisition_dates(stack))
            stack = read_once(stack, scratch, memory=held)
        used = weight if "coherence" in stack else "none"
        area, mean = _reference(stack, reference)
        fitted = corrections.fit_corrections(
            stack, area, ramp=ramp, height=height, mean_coherence=mean
        )
        invert = partial(solver.result(), weight=used, model=model.result(), constraint=constraint)
        few, their = (memory.spread_out(each) for each in (stack, fitted))
        lasting = memory.noise_memory(invert(few, corrections=their, uncertainty=False).compute())
        result = invert(stack, corrections=fitted, memory=lasting)
        ground = {name: stack[name] for name in _GROUND if name in stack}
        result = result.assign(ground | {"reference": fitted["reference"]})
        return result.assign_attrs(weight=used, **memory.memory_attributes(lasting))

    return kept(
        f"displacement-{entry}", source, needs, options, make, scheduler=scheduler, cache=cache
    )


def _reference(
    stack: xr.Dataset, place: tuple[float, float] | None
) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Find the reference area, and the mean coherence as far as that was averaged for it."""
    if place is not None:
        return corrections.reference_around(stack, *place), None
    if "coherence" not in stack:
        return corrections.reference_by_phase(stack), None
    mean = temporal_mean_coherence(stack["coherence"], minimum_fraction=0)["mean_coherence"]
    return corrections.reference_by_coherence(stack, mean_coherence=mean), mean


def _solver() -> Callable[..., xr.Dataset]:
    """Import what is slow to import, and not needed where a product is kept already."""
    import zarr  # noqa: F401  (writes the product)

    from qilian.insar.sbas import invert  # brings a compiler

    return invert


def _season(source: Archive, entry: str, cache: Path | None) -> str:
    """Choose the season that the archive can carry, once for all pages."""
    weather = ["climate"] if "climate" in source.entries else []
    options = {"thaw_season": source.fact("thaw_season")}

    def make(_: Path) -> xr.Dataset:
        found = source.load(entry)
        dates = found["time"] if entry == "displacement" else acquisition_dates(found)
        two_years = temporal_models.years_since_first(dates)[-1] >= 2
        season = "periodic" if two_years else "none"
        if weather:
            with suppress(InputError):  # the weather does not reach over all dates
                _thaw_model(source, dates)
                season = "thaw"
        return xr.Dataset(attrs={"season": season})

    found = kept(f"season-{entry}", source, [entry, *weather], options, make, cache=cache)
    return found.attrs["season"]


def _thaw_model(source: Archive, dates: xr.DataArray) -> xr.DataArray:
    temperature = source.load("climate")["air_temperature"]
    course = index.settlement_course(temperature, dates, thaw_season=source.fact("thaw_season"))
    return temporal_models.thaw_model(course)


_SEASONS: Mapping[str, Callable[[Archive, xr.DataArray], xr.DataArray]] = {
    "thaw": _thaw_model,
    "periodic": lambda _, dates: temporal_models.periodic_model(dates),
    "none": lambda _, dates: temporal_models.linear_model(dates),
}
