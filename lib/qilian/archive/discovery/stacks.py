"""Interferograms as single rasters, told by two dates in the names of files."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from os.path import commonpath
from pathlib import Path
from typing import NamedTuple

from qilian.archive.discovery.guesses import Guess, Key
from qilian.archive.discovery.heads import head
from qilian.archive.discovery.radars import radar_of, wavelength
from qilian.archive.discovery.tables import Columns
from qilian.archive.readers.patterns import full_date

_DATE = r"(?:(?:19|20)\d\d|\d\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_TWO_DATES = re.compile(rf"(?<!\d)(?P<one>{_DATE})\D{{1,3}}(?P<two>{_DATE})(?!\d)")
_UNWRAPPED = re.compile(r"unw", re.IGNORECASE)
_PHASE = re.compile(r"(?<![a-z])(?:phase|phs|pha)(?![a-z])", re.IGNORECASE)
_WRAPPED = re.compile(r"wrap|diff|flt|filt|ifg|int(?![a-z])", re.IGNORECASE)
_MOVED = re.compile(r"disp|time_?series|cumul", re.IGNORECASE)  # also of folders
_COHERENCE = re.compile(r"(?<![a-z])(?:cc|coh|corr?|coherence)(?![a-z])", re.IGNORECASE)
_HEIGHT = re.compile(r"(?<![a-z])(?:dem|hgt|height|elevation)(?![a-z])", re.IGNORECASE)
_FLAT_HEIGHT = re.compile(r"(?:.*[._])?(?:dem|hgt)", re.IGNORECASE)
_TIFF = (".tif", ".tiff")


class _Form(NamedTuple):
    """How files of a format end, what they are, and what their unit vectors are called."""

    endings: tuple[str, ...]
    what: str
    axes: tuple[str, ...] = ("east", "north", "up")
    axis: str = "{axis}"
    needs: tuple[str, ...] = ()  # keys without which it is not this format


_FORMS = {
    "geotiff": _Form(_TIFF, "GeoTIFFs"),
    "isce2": _Form((".unw.geo.vrt", ".cor.geo.vrt"), "files geocoded by ISCE-2"),
    "gamma": _Form(
        (".unw", ".cc", ".cor"),
        "files without a header beside GAMMA's .dem_par",
        ("theta", "phi"),
        "{angle}",
        ("dem_par", "coherence"),
    ),
}


class _Layer(NamedTuple):
    """Rasters of one kind: the pattern of their places, and the files."""

    pattern: str
    files: list[Path]


Stack = Mapping[str, _Layer]  # phase, coherence


def find_stacks(root: Path, files: Sequence[Path]) -> list[Guess]:
    """Group rasters whose names hold two dates into stacks of phase and coherence.

    Parameters
    ----------
    root : Path
        The folder looked at.
    files : sequence of Path
        Files in it that no other format has claimed.

    Returns
    -------
    list of Guess
        One a stack. Heights, unit vectors and baselines are its own where no other stack lies in
        the same folder.
    """
    stacks: list[tuple[str, Stack]] = []
    series: list[_Layer] = []
    for form, about in _FORMS.items():
        layers: dict[str, list[_Layer]] = {"phase": [], "coherence": [], "displacement": []}
        for layer in _by_pattern(root, files, about.endings):
            if kind := _kind(layer.pattern):
                layers[kind].append(layer)
        stacks += [(form, stack) for stack in _joined(layers["phase"], layers["coherence"])]
        series += layers["displacement"] if form == "geotiff" else []
    all_stacks = [stack for _, stack in stacks]
    guesses = [
        _guess(root, form, stack, _own_folder(root, stack, all_stacks), files)
        for form, stack in stacks
    ]
    whole = [g for g in guesses if set(_FORMS[g.format].needs) <= {key.name for key in g.keys}]
    return [*whole, *map(_series, series)]


def _series(layer: _Layer) -> Guess:
    """Take files of displacement between two dates for a series."""
    pattern = layer.pattern.rpartition("/")[2]
    keys = [
        Key("displacement", pattern, f"files: {len(layer.files)}"),
        Key("unit", "mm", "no file tells it: mm, cm or m", False),
        Key("positive", "towards", "towards or away from the satellite, up or down", False),
    ]
    folder = _common_folder(layer.files)
    return Guess(
        "displacement",
        "geotiff",
        folder,
        layer.files,
        "GeoTIFFs with two dates in their names, called displacement or time series",
        keys,
    )


def _kind(pattern: str) -> str:
    """Say what a place calls a raster: phase, coherence, displacement, or nothing of use."""
    name = pattern.rpartition("/")[2]
    if _UNWRAPPED.search(name) or (_PHASE.search(name) and not _WRAPPED.search(name)):
        return "phase"
    if _COHERENCE.search(name):
        return "coherence"
    return "displacement" if _MOVED.search(pattern) and not _WRAPPED.search(name) else ""


def _by_pattern(root: Path, files: Iterable[Path], endings: tuple[str, ...]) -> list[_Layer]:
    """Files whose names hold two dates, by the pattern that they share, below the root."""
    found = defaultdict(list)
    for file in files:
        if file.name.casefold().endswith(endings) and _TWO_DATES.search(file.name):
            found[_pattern(file.relative_to(root).as_posix())].append(file)
    return [_Layer(pattern, held) for pattern, held in found.items()]


def _pattern(place: str) -> str:
    """Put placeholders for the dates of a file's name, and anything for those of its folder."""
    folder, slash, name = place.rpartition("/")
    for kind, date in zip(("reference", "secondary"), _pair(name), strict=True):
        before, _, after = name.rpartition(date)
        name = f"{before.replace(date, '*')}{{{kind}}}{after}"
        folder = folder.replace(date, "*")
    return folder + slash + name


def _pair(name: str) -> tuple[str, str]:
    """Earlier and later of the last two dates in a name."""
    *_, two = _TWO_DATES.finditer(name)
    first, second = sorted(two.group("one", "two"), key=full_date)
    return first, second


def _pairs(layer: _Layer) -> set[tuple[str, str]]:
    return {_pair(file.name) for file in layer.files}


def _joined(phase: Sequence[_Layer], coherence: Sequence[_Layer]) -> Iterator[Stack]:
    """Give each layer of phase that of coherence which shares most pairs with it and is nearest."""
    alone = {layer.pattern: layer for layer in coherence}
    for layer in phase:
        best = max(
            coherence,
            key=lambda other: (len(_pairs(layer) & _pairs(other)), _nearness(layer, other)),
            default=None,
        )
        if best and _pairs(layer) & _pairs(best):
            alone.pop(best.pattern, None)
            yield {"phase": layer, "coherence": best}
        else:
            yield {"phase": layer}
    for layer in alone.values():
        yield {"coherence": layer}


def _nearness(one: _Layer, other: _Layer) -> int:
    """Count the letters that two patterns share from the start."""
    alike = (a == b for a, b in zip(one.pattern, other.pattern, strict=False))
    return sum(1 for _ in takewhile(bool, alike))


def _own_folder(root: Path, stack: Stack, stacks: Sequence[Stack]) -> Path:
    """Folder around a stack, as far out as no other stack lies in it."""
    own = _files(stack)
    others = {file for other in stacks for file in _files(other)} - set(own)
    folder = _common_folder(own)
    while folder != root and not any(file.is_relative_to(folder.parent) for file in others):
        folder = folder.parent
    return folder


def _files(stack: Stack) -> list[Path]:
    return [file for layer in stack.values() for file in layer.files]


def _common_folder(files: Iterable[Path]) -> Path:
    return Path(commonpath([file.parent for file in files]))


def _guess(root: Path, form: str, stack: Stack, folder: Path, files: Sequence[Path]) -> Guess:
    own = _files(stack)
    near = [f for f in files if f.is_relative_to(folder) and f not in own]
    beside = list(_beside(root, form, near))
    used = [*own, *(file for _, held in beside for file in held)]
    base = _common_folder(used)
    while base != root and _TWO_DATES.search(base.name):
        base = base.parent
    pairs = set().union(*map(_pairs, stack.values()))
    first = sorted(full_date(first) for first, _ in pairs)[:1]
    place = own[0].relative_to(root).as_posix()
    entry, told = radar_of(f"{root.name}/{place}", first, folder)
    named = [
        Key(kind, layer.pattern, f"files that are called {kind}: {len(layer.files)}")
        for kind, layer in stack.items()
    ]
    named += [key for key, _ in beside]
    inner = "" if base == root else f"{base.relative_to(root).as_posix()}/"
    keys = [wavelength(entry, folder)]
    keys += [replace(key, value=str(key.value).removeprefix(inner)) for key in named]
    if form == "geotiff" and "coherence" in stack and "uint8" in head(stack["coherence"].files[0]):
        keys.append(Key("coherence_scale", 255, "coherence is stored in bytes"))
    if form == "geotiff" and "phase" in stack:
        keys += [
            Key("unit", "cycle", "the phase is taken as rad; if it is cycle, m or mm", False),
            Key("positive", "towards", _sign(stack["phase"].pattern), False),
        ]
    if len(stack) == 2 and (odd := _pairs(stack["phase"]) ^ _pairs(stack["coherence"])):
        told += f"; {len(odd)} pairs lack phase or coherence, and will be asked for"
    why = f"{_FORMS[form].what} with two dates in their names, {len(pairs)} in all"
    return Guess(entry, form, base, used, f"{why}; satellite: {told}", keys)


def _sign(pattern: str) -> str:
    """Say which sign is taken, and what speaks against it."""
    turned = pattern.index("{secondary}") < pattern.index("{reference}")
    said = "; names begin with the later date, and the sign of such phases is often the other one"
    return f"a phase is taken to grow as ground goes away{said if turned else ''}; if not"


def _beside(root: Path, form: str, files: Sequence[Path]) -> Iterator[tuple[Key, list[Path]]]:
    """Grid, baselines, heights and unit vectors that lie beside a stack, each with its files."""
    about = _FORMS[form]
    places = {file.relative_to(root).as_posix(): file for file in files}
    tables = {p: f for p, f in places.items() if f.suffix == ".csv" and _lists_baselines(f)}
    if headers := _by_pattern(root, files, ("_bperp.par",)):
        why = f"{len(headers[0].files)} files of GAMMA with perpendicular baselines"
        yield Key("baselines", headers[0].pattern, why), headers[0].files
    elif tables:
        place, file = next(iter(tables.items()))
        yield Key("baselines", place, "a table of perpendicular baselines"), [file]
    flat = form == "gamma"
    grids = {p: f for p, f in places.items() if flat and f.suffix == ".dem_par"}
    heights = {
        p: f
        for p, f in places.items()
        if (_FLAT_HEIGHT.fullmatch(f.name) if flat else _is_height(f, about.endings))
    }
    for name, found, why in (
        ("dem_par", grids, "the grid of files without a header"),
        ("height", heights, "heights by its name; metres are expected"),
    ):
        for place in list(found)[:1]:
            yield Key(name, place, why), [found[place]]
    axis = re.compile(rf"(?<![a-z])(?:{'|'.join(about.axes)})(?![a-z])", re.IGNORECASE)
    vectors = defaultdict(list)
    for place, file in places.items():
        if axis.search(file.name) and (flat or file.suffix.casefold() in _TIFF):
            vectors[axis.sub(about.axis, place)].append(file)
    for pattern, held in vectors.items():
        if len(held) == len(about.axes):
            why = f"{', '.join(about.axes)} of the direction to the satellite, by their names"
            yield Key("line_of_sight", pattern, why), held
            break


def _is_height(file: Path, endings: tuple[str, ...]) -> bool:
    return file.name.casefold().endswith(endings) and bool(_HEIGHT.search(file.stem))


def _lists_baselines(file: Path) -> bool:
    table = Columns.of(head(file))
    return bool(table and table.has("reference", "secondary", "perpendicular_baseline_m"))
