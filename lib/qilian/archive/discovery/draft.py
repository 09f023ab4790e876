"""From a folder to a catalogue: every guess with its reason in a comment above it."""

import inspect
import json
import math
import os
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from qilian.archive.discovery.guesses import Guess, Key
from qilian.archive.discovery.heads import head
from qilian.archive.discovery.kinds import FILES, INTERFEROGRAMS, STACKS, Keys, Kind
from qilian.archive.discovery.radars import dates_in, first_day, named_radar, radar_of, wavelength
from qilian.archive.discovery.stacks import find_stacks
from qilian.archive.readers.files import files_under
from qilian.archive.readers.formats import READERS
from qilian.contracts.errors import InputError

_MOST = 200_000  # files; a folder with more is no archive but a disk
_TOLD = 12  # files that were not recognised, and folders of more than a few of them
_A_FEW = 3
_WIDTH = 96
_FACTS_OF_A_STATION = (
    "Figure S9 needs two facts that no file tells, longitude and latitude of the station and its "
    "first and last snow-free day. Put in yours and take the # away:"
)


def draft_catalogue(folder: Path, catalogue: Path) -> str:
    """Write the text of a catalogue that names what a folder holds.

    Names of files, first lines of texts and headers of rasters, netCDF and HDF5 files tell what
    they are. No file is read whole and none is changed.

    Parameters
    ----------
    folder : Path
        Looked at with all folders in it.
    catalogue : Path
        Where the text is going to be kept; its paths are relative to that place.

    Returns
    -------
    str
        TOML that `open_archive` opens. A comment above each line says why it is there; what could
        not be told, and other candidates for an entry, stand in comments.

    Raises
    ------
    InputError
        No folder, or nothing in it is known.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder, expected one with data.")
    root = folder.resolve()
    files = [f for f in files_under(root) if str(f).isprintable() and f.suffix != ".toml"]
    if len(files) > _MOST:
        raise InputError(f"{folder} holds {len(files)} files, expected at most {_MOST}.")
    guesses = [*_together(root, files)]
    claimed = {file for guess in guesses for file in guess.files}
    guesses += find_stacks(root, [file for file in files if file not in claimed])
    claimed |= {file for guess in guesses for file in guess.files}
    guesses += _single(root, [file for file in files if file not in claimed])
    if not guesses:
        raise InputError(_nothing(folder, files))
    place = catalogue.resolve().parent
    return "\n".join(_lines(root, guesses, files, place)) + "\n"


def write_catalogue(folder: Path, catalogue: Path) -> Path:
    """Write the catalogue of a folder, and return its path; none that is there is overwritten.

    Raises
    ------
    InputError
        It is there, its folder cannot be written to, or as `draft_catalogue` says.
    """
    text = draft_catalogue(folder, catalogue)
    try:
        with catalogue.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise InputError(
            f"{catalogue} is there already, expected another name (--out) or none."
        ) from None
    except OSError as error:
        raise InputError(f"{catalogue} cannot be written: {error.strerror}.") from error
    return catalogue


def _together(root: Path, files: Sequence[Path]) -> Iterator[Guess]:
    """Recognise interferograms whose files lie together, by their names."""
    found: dict[tuple[Kind, Path, tuple | None], list[Path]] = defaultdict(list)
    for file in files:
        for kind in STACKS:
            if fit := kind.fits(file.relative_to(root).as_posix()):
                radar = named_radar(_names(root, file)) if kind.entry == INTERFEROGRAMS else None
                found[kind, root / (fit["path"] or ""), radar].append(file)
                break
    for (kind, path, _), held in found.items():
        entry, why = kind.entry, f"{len(held)} files: {kind.why}"
        if kind.entry == INTERFEROGRAMS:
            dates = dates_in(file.relative_to(root).as_posix() for file in held)
            entry, told = radar_of(_names(root, held[0]), dates, root)
            why += f"; satellite: {told}"
        yield Guess(entry, kind.format, path, held, why, [*_beside(kind, path, files)])


def _names(root: Path, file: Path) -> str:
    """Names in which a satellite's may stand: of folders, of the file, and in MintPy's header."""
    platform = re.search(r"^PLATFORM=(\w+)", head(file), re.M) if file.suffix == ".h5" else None
    place = f"{root.name}/{file.relative_to(root).as_posix()}"
    return f"{place}/{platform[1]}" if platform else place


def _single(root: Path, files: Sequence[Path]) -> Iterator[Guess]:
    """Recognise single files by their names and what they say, and folders of weather."""
    found: dict[tuple[Kind, Path], tuple[list[Path], Keys]] = {}
    for file in files:
        first: Kind | None = None
        for kind in FILES:
            fit = kind.fits(file.relative_to(root).as_posix())
            second = kind.also and first is not None and first.format == kind.format
            if (first and not second) or not fit or not re.search(kind.says, head(file), re.M):
                continue
            keys = kind.keys(head(file))
            if keys is not None:
                first = first or kind
                path = root / (fit["path"] or "") if "path" in fit.groupdict() else file
                found.setdefault((kind, path), ([], keys))[0].append(file)
    for (kind, path), (held, keys) in found.items():
        own = held[0] if len(held) == 1 and not kind.folder else path
        beside = _beside(kind, held[0].parent, files)
        yield Guess(kind.entry, kind.format, own, held, kind.why, [*keys, *beside])


def _beside(kind: Kind, folder: Path, files: Sequence[Path]) -> Iterator[Key]:
    """Keys that name files near a folder, the nearest of each."""
    for name, like in kind.beside:
        near = [file for file in files if re.fullmatch(like, file.name)]
        if near:
            file = max(near, key=lambda file: len(os.path.commonpath([folder, file.parent])))
            yield Key(name, Path(os.path.relpath(file, folder)).as_posix(), "the nearest such file")


def _lines(
    root: Path, guesses: Sequence[Guess], files: Sequence[Path], place: Path
) -> Iterator[str]:
    """Lines of the catalogue."""
    yield from _comment(
        f"Written by `qilian archive new` from what lies in {root.name}. A comment above a line "
        "says why it stands here. A line of key and value behind a # is a proposal: take the # "
        "away where it holds. `qilian archive check` tells which pages this catalogue serves."
    )
    yield "\n[archive]"
    yield from _comment("The folder's name; it is shown on every figure.")
    yield f"name = {_value(root.name)}"
    for entry in READERS:
        ranked = sorted((guess for guess in guesses if guess.entry == entry), key=_rank)
        for number, guess in enumerate(ranked):
            yield ""
            lines = _table(guess, place)
            if number:
                yield "# Another candidate, in its place:"
                lines = (line if line.startswith("#") else f"# {line}" for line in lines)
            yield from lines
    if any(guess.entry == "gnssir" for guess in guesses):
        yield from ["", *_comment(_FACTS_OF_A_STATION), "# [place]"]
        yield "# station = [100.2, 38.0]"
        yield '# snow_free = ["2018-06-01", "2018-09-30"]'
    strangers = _strangers(root, files, guesses)
    if strangers:
        yield ""
        more = f" and {len(strangers) - _TOLD} more" if len(strangers) > _TOLD else ""
        yield from _comment(f"Not recognised: {', '.join(strangers[:_TOLD])}{more}.")


def _rank(guess: Guess) -> tuple:
    """Geocoded files go first, then much larger ones, then those with more steps in their names."""
    size = sum(file.stat().st_size for file in guess.files)
    return (
        "geo" not in guess.path.name.casefold(),
        -round(math.log2(size + 1), 1),
        -len(guess.path.name),
    )


def _table(guess: Guess, place: Path) -> Iterator[str]:
    """Lines of an entry."""
    yield from _comment(f"{guess.why[0].upper()}{guess.why[1:]}.")
    yield f"[{guess.entry}]"
    yield f"format = {_value(guess.format)}"
    yield f"path = {_value(Path(os.path.relpath(guess.path, place)).as_posix())}"
    for key in _with_needed(guess):
        yield from _comment(f"{key.name}: {key.why}{'.' if key.sure else ':'}")
        yield f"{'' if key.sure else '# '}{key.name} = {_value(key.value)}"


def _with_needed(guess: Guess) -> list[Key]:
    """Keys of a guess, with those that a reader of any satellite asks for."""
    known = inspect.signature(READERS[guess.entry][guess.format]).parameters
    asked = {
        "wavelength": lambda: wavelength(guess.entry, guess.path),
        "first_day": lambda: first_day(guess.entry),
    }
    given = {key.name for key in guess.keys}
    needed = [
        make()
        for name, make in asked.items()
        if name in known
        and name not in given
        and (known[name].default is known[name].empty or guess.entry != "sentinel1")
    ]
    return [*needed, *guess.keys]


def _strangers(root: Path, files: Sequence[Path], guesses: Sequence[Guess]) -> list[str]:
    """Places of files that no entry means and that lie beside none of a stack's."""
    known = {file for guess in guesses for file in guess.files}
    stacks = {file.parent for g in guesses if len(g.files) > 1 for file in g.files}
    stacks |= {g.path for g in guesses if len(g.files) > 1} - {root}
    strange = defaultdict(list)
    for file in files:
        if file not in known and file.parent not in stacks:
            strange[file.parent].append(file.relative_to(root).as_posix())
    return [
        told
        for folder, places in strange.items()
        for told in (
            places
            if len(places) <= _A_FEW
            else [f"{len(places)} files in {folder.relative_to(root).as_posix()}"]
        )
    ]


def _nothing(folder: Path, files: Sequence[Path]) -> str:
    packed = [file for file in files if file.suffix == ".zip"]
    if packed:
        return f"{packed[0]} is a zip archive, expected its files unpacked in {folder}."
    held = ", ".join(file.name for file in files[:4]) or "no file"
    return (
        f"{folder} holds nothing that is known ({held}), expected such data as the page on your "
        "own data lists: interferograms, discharge, weather, images."
    )


def _comment(text: str) -> list[str]:
    """Wrap a comment; letters of files that a screen cannot show become blanks."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return textwrap.wrap(
        shown, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False
    )


def _value(value: str | float) -> str:
    """Write text or a number as TOML does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
