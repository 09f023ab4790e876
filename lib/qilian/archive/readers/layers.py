"""What stacks of interferograms share: the files of each pair, and the ground below them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from qilian.archive.readers.pairs import pair_dates
from qilian.archive.readers.raster import (
    Decode,
    Grid,
    Layer,
    Stored,
    as_stored,
    checked_coherence,
    checked_height,
    checked_phase,
    common_extent,
    coordinates,
    lazy_stack,
    look_vector,
    read_layer,
    zero_is_missing,
)

_TAGGED = Stored()  # all that matters stands in the files' own tags


@dataclass(frozen=True)
class Layers:
    """One variable of a stack: a file a pair, what its numbers become, what its tags leave open."""

    files: Sequence[Path]
    decode: Decode
    stored: Stored = _TAGGED


def stack_layers(
    pairs: Sequence[tuple[str, str]], names: Sequence[str], phase: Layers, coherence: Layers
) -> tuple[xr.Dataset, Grid]:
    """Stack the phase and coherence of pairs on the ground that all their files cover.

    Parameters
    ----------
    pairs : sequence of (earlier, later)
        Dates as text.
    names : sequence of str
        What a message calls each pair.
    phase, coherence : Layers
        A file for each pair, in their order.

    Returns
    -------
    xarray.Dataset, Grid
        `unwrapped_phase` [rad] and `coherence` [1] (pair, y, x), lazy; and their grid.
    """
    stack = pair_dates(pairs, names)
    both = phase, coherence
    files = [file for layers in both for file in layers.files]
    grid, starts = common_extent(files, [layers.stored for layers in both for _ in layers.files])
    stack = stack.merge(coordinates(grid))
    for layers, name, units, first in (
        (phase, "unwrapped_phase", "rad", 0),
        (coherence, "coherence", "1", len(phase.files)),
    ):
        own = starts[first : first + len(layers.files)]
        values = lazy_stack(layers.files, grid, layers.decode, own, layers.stored)
        stack[name] = ("pair", "y", "x"), values, {"units": units}
    return stack, grid


def add_ground(
    stack: xr.Dataset,
    grid: Grid,
    height: Path | None = None,
    vector: Sequence[Path] = (),
    stored: Stored = _TAGGED,
) -> None:
    """Add the height and the unit vector ground to sensor, from a file each and one an axis.

    Parameters
    ----------
    stack : xarray.Dataset
        What they are added to.
    grid : Grid
        Its grid, onto which they are put.
    height : Path, optional
        Metres.
    vector : sequence of Path, optional
        East, north and up.
    stored : Stored, optional
        What the files' tags leave open.
    """
    if height:
        values, about = read_layer(height, grid, checked_height, stored)
        stack["height"] = ("y", "x"), values, {"units": "m", **about}
    if vector:
        parts, abouts = zip(*(read_layer(f, grid, as_stored, stored) for f in vector), strict=True)
        add_vector(stack, look_vector(*parts), abouts[0])


def add_vector(
    data: xr.Dataset, parts: Mapping[str, Layer], about: Mapping[str, str] | None = None
) -> None:
    """Add parts (y, x) of the unit vector ground to sensor, by name, with what there is to say."""
    for name, part in parts.items():
        data[name] = ("y", "x"), part, {"units": "1", **(about or {})}


def of_axes(path: Path, pattern: str) -> list[Path]:
    """Files of the unit vector's parts, from a pattern in which {axis} stands for their names."""
    return [path / pattern.replace("{axis}", axis) for axis in ("east", "north", "up")]


def signed_phase(values: np.ndarray, path: Path, turned: Collection[Path]) -> np.ndarray:
    """Pass phases on, checked, with their sign turned in the files that `turned` names."""
    return checked_phase(values, path, -1.0 if path in turned else 1.0)


def signed_or_nothing(values: np.ndarray, path: Path, turned: Collection[Path]) -> np.ndarray:
    """Pass phases on as `signed_phase` does, where 0 means missing."""
    return signed_phase(zero_is_missing(values, path), path, turned)


def phase_or_nothing(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass phases on, checked, where 0 means missing."""
    return checked_phase(zero_is_missing(values, path), path)


def coherence_or_nothing(values: np.ndarray, path: Path) -> np.ndarray:
    """Pass coherence on, checked, where 0 means missing."""
    return checked_coherence(zero_is_missing(values, path), path)
