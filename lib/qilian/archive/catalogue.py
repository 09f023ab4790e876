"""An archive: a catalogue file that names data, and the one door through which they are read."""

import hashlib
import inspect
import math
import os
import reprlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_type_hints

import xarray as xr

from qilian.archive._notes import noticed
from qilian.archive.facts import FACTS, check_facts
from qilian.archive.project import base_folder
from qilian.archive.readers.files import inputs, is_there
from qilian.archive.readers.formats import DELAYS, READERS, STACKS, Data, Reader
from qilian.archive.weather_delays import subtract_delays
from qilian.contracts.errors import InputError, require

_GLANCE = 600  # rows or columns of an image at a glance


@dataclass(frozen=True)
class Entry:
    """One table of the catalogue: where the files are, their format, what they don't say."""

    name: str
    title: str
    path: Path
    reader: Reader
    options: Mapping[str, Any]
    simulated: bool

    def files(self) -> list[Path]:
        """Every file that its reader may open, under the entry's path or not, in a fixed order."""
        return inputs(self.path, {**_defaults(self.reader), **self.options})


@dataclass(frozen=True)
class Archive:
    """A checked catalogue; an entry with a fault is held as the error that says so.

    `facts` of the place are those that the catalogue gives. What has been read through it is
    `used`, so that a result can say what it rests on, and `notes` are what readers noticed in it.
    """

    catalogue: Path
    name: str
    entries: Mapping[str, Entry | InputError]
    truth: Path | None
    facts: Mapping[str, tuple] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    notes: dict[str, str] = field(default_factory=dict, repr=False)
    _stacks: dict[str, Data] = field(default_factory=dict, repr=False)

    def entry(self, name: str) -> Entry:
        """Return the entry, or say that the catalogue lacks it or what is wrong with it."""
        if name not in self.entries:
            held = ", ".join(self.entries) or "nothing"
            raise InputError(f"{self.catalogue} has no [{name}], only {held}.")
        entry = self.entries[name]
        if isinstance(entry, InputError):
            raise entry
        return entry

    def sound(self) -> list[str]:
        """Name the entries without a fault in the catalogue."""
        return [name for name, one in self.entries.items() if isinstance(one, Entry)]

    def faults(self) -> list[str]:
        """Tell what is wrong with the others."""
        return [str(one) for one in self.entries.values() if isinstance(one, InputError)]

    def about(self) -> xr.Dataset:
        """Return an empty dataset that says of the whole archive what a loaded one says of itself.

        It is simulated if any of it is.
        """
        entries = (self.entry(name) for name in self.sound())
        about = {"title": self.name, "archive": self.name, "source": self.catalogue.name}
        simulated = any(entry.simulated for entry in entries)
        return xr.Dataset(attrs={**about, "simulated": simulated, "noticed": ""})

    def meeting(self, need: str) -> list[str]:
        """Name the entries of the catalogue that meet a need, the one to prefer first.

        A need is the name of an entry, `interferograms` for those of any satellite, or several
        of these, as in `interferograms or displacement`.
        """
        kinds = need.split(" or ")
        names = (STACKS if kind == "interferograms" else (kind,) for kind in kinds)
        return [name for some in names for name in some if name in self.entries]

    def choose(self, need: str, wanted: str = "auto") -> str:
        """Name the entry that is `wanted`, or by itself the first that meets a need.

        Raises
        ------
        InputError
            The catalogue has nothing that will do, or not what is wanted.
        """
        found = self.meeting(need)
        if wanted != "auto":
            expected = f"auto or one of {', '.join(found)}" if found else need
            require("entry", repr(wanted), wanted in found, expected)
            return wanted
        if not found:
            held = ", ".join(self.entries) or "nothing"
            missing = f"[{need}]" if need in READERS else need
            raise InputError(f"{self.catalogue} has no {missing}, only {held}.")
        return found[0]

    def fact(self, name: str, given: Sequence = ()) -> tuple:
        """Return a fact of the place: as `given`, or else by the catalogue's `[place]`.

        Parameters
        ----------
        name : str
            A name of `FACTS`, such as `thaw_season`.
        given : sequence, optional
            What a caller knows better; nothing if empty.

        Returns
        -------
        tuple
            Its values, none where nobody tells a fact that a page can do without.

        Raises
        ------
        InputError
            What is given is not as described, or nobody tells and there is no default.
        """
        if len(given):
            return FACTS[name].checked(name, given)
        told = self.facts.get(name, FACTS[name].default)
        if told is None:
            raise InputError(
                f"{self.catalogue} has no {name} in [place], expected {FACTS[name].expected}, "
                f"there or as a parameter."
            )
        return told

    def load(self, name: str, *variables: str, **options: Any) -> Data:
        """Read one entry into its contract.

        Parameters
        ----------
        name : str
            A name of the catalogue, such as `sentinel1` or `discharge`.
        *variables : str
            Optional variables of the contract that the caller can't do without.
        **options : Any
            Keys of the entry's format that go before those of the catalogue, such as `pixels` of
            an image that is only looked at.

        Returns
        -------
        xarray.Dataset or geopandas.GeoDataFrame
            As its contract says, or a table of features; `attrs` carry the archive's name,
            whether it is simulated and what the reader noticed.

        Raises
        ------
        InputError
            The catalogue lacks the name, the files break the contract or lack a variable.
        """
        entry = self.entry(name)
        options = {**entry.options, **options}
        if options != entry.options:  # those of the catalogue were checked as it was opened
            _check_options(f"{self.catalogue}: [{name}]", entry.reader, options)
        data = (
            self._opened(entry, options) if name in STACKS else entry.reader(entry.path, **options)
        )
        self.used.update(self._with_delays([name]))
        self.notes[name] = noticed(data)
        for variable in variables:
            if variable not in data:
                raise InputError(
                    f"{self.catalogue}: [{name}] brings no {variable}, expected it for this figure."
                )
        data.attrs.update(
            title=entry.title,
            archive=self.name,
            source=entry.path.name,
            simulated=entry.simulated,
            noticed=self.notes[name],
        )
        return data

    def _opened(self, entry: Entry, options: Mapping[str, Any]) -> Data:
        """Open a stack, or take it as it was opened before if its files are the same.

        Its many files take long to look at, and its variables are lazy. Delays by a weather model
        are taken off.
        """
        about = f"{self.identity([entry.name])} {sorted(options.items())}"
        if about not in self._stacks:
            stack = entry.reader(entry.path, **options)
            for name in self._with_delays([entry.name])[1:]:
                told = {"entry": f"{self.catalogue}: [{name}]", "radar": f"[{entry.name}]"}
                stack = subtract_delays(stack, self.load(name), **told)
            self._stacks[about] = stack
        return self._stacks[about].copy()

    def _with_delays(self, names: Iterable[str]) -> list[str]:
        """Name entries, and behind each radar the delays that are taken off its phase."""
        found: list[str] = []
        for name in names:
            own = DELAYS.get(name)
            found += [name, own] if own and own in self.entries else [name]
        return found

    def noticed(self) -> dict[str, str]:
        """Tell what readers noticed in the entries that were used, such as words and codes.

        Of one that was used without being read, its reader is asked now.
        """
        for name in self.used - self.notes.keys():
            self.load(name)
        return {name: self.notes[name] for name in sorted(self.used) if self.notes[name]}

    def get(self, name: str, *variables: str, **options: Any) -> Data | None:
        """Read one entry as `load` does, or return None where the catalogue lacks it."""
        return self.load(name, *variables, **options) if name in self.entries else None

    def glance(self, name: str) -> Data:
        """Read one entry as `load` does, an image in no more pixels than a small picture shows."""
        few = {"pixels": _GLANCE} if "pixels" in _keys(self.entry(name).reader) else {}
        return self.load(name, **few)

    def load_truth(
        self, name: str, *, like: xr.Dataset | xr.DataArray | None = None
    ) -> xr.Dataset | None:
        """Open what the simulator knows, for a comparison; None where no truth is known.

        Given `like`, on the pixels of that grid (y, x): those whose centres are nearest.
        """
        path = self.truth / f"{name}.nc" if self.truth else None
        if path is None or not path.is_file():
            return None
        truth = xr.open_dataset(path, decode_coords="all")
        if like is None:
            return truth
        pixels = {"y": like["y"], "x": like["x"]}
        return truth.sel(pixels, method="nearest").assign_coords(pixels)

    def digest(self, names: Iterable[str]) -> str:
        """Hash of what the catalogue says of these entries and of every byte that they mean."""
        total = hashlib.blake2b(digest_size=16)
        for name in self._with_delays(names):
            total.update(repr(self._described(name)).encode())
            entry = self.entry(name)
            _add_files(total, entry.files(), entry.path)
        return total.hexdigest()

    def identity(self, names: Iterable[str]) -> str:
        """Hash of what the catalogue says of these entries and of their files' sizes and times.

        Unlike `digest` it reads no file, and so stays quick however large they are.
        """
        about = [
            (self._described(name), [_stamp(file) for file in self.entry(name).files()])
            for name in self._with_delays(names)
        ]
        return hashlib.blake2b(repr(about).encode(), digest_size=16).hexdigest()

    def _described(self, name: str) -> tuple:
        entry = self.entry(name)
        reader = entry.reader.__module__, entry.reader.__qualname__
        return name, entry.title, entry.simulated, reader, sorted(entry.options.items())

    def truth_digest(self) -> str:
        """Hash of what the simulator knows, which a comparison depends on."""
        total = hashlib.blake2b(digest_size=16)
        if self.truth:
            _add_files(total, sorted(self.truth.glob("*.nc")), self.truth)
        return total.hexdigest()


def _stamp(file: Path) -> tuple[str, int, int]:
    about = file.stat()
    return str(file.resolve()), about.st_size, about.st_mtime_ns


def _add_files(total: "hashlib.blake2b", files: Iterable[Path], base: Path) -> None:
    for file in files:
        total.update(repr(os.path.relpath(file, base)).encode())
        total.update(_content(*_stamp(file)))


@cache
def _content(file: str, size: int, modified: int) -> bytes:
    """Hash of every byte of a file, read once by a process while size and time stay the same."""
    with Path(file).open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").digest()


def locate(archive: str | Path) -> Path:
    """Find the catalogue file that `archive` means.

    A folder with `catalogue.toml`, a catalogue file, or the bare name of either under the
    project's `data/`, outside of a project that of the working directory.
    """
    for base in (Path(archive).expanduser(), base_folder() / "data" / archive):
        for path in (base / "catalogue.toml", base, Path(f"{base}.toml")):
            if path.is_file():
                return path.resolve()
    hint = ", which `make demo` writes" if str(archive) == "demo" else ""
    lacking = "holds no catalogue.toml" if Path(archive).expanduser().is_dir() else "is not there"
    raise InputError(
        f"archive {str(archive)!r} {lacking}{hint}: "
        "expected a folder with catalogue.toml or a catalogue file."
    )


def open_archive(archive: str | Path) -> Archive:
    """Open a catalogue and check every line of it; no data are read yet.

    A fault of one entry is raised when that entry is asked for, so that it costs no other.

    Parameters
    ----------
    archive : str or Path
        A folder with `catalogue.toml`, a catalogue file, or its name under `data/`.

    Returns
    -------
    Archive
        Paths are resolved against the catalogue's folder.

    Raises
    ------
    InputError
        Not there, not TOML, no [archive], an unknown name or key of [archive].
    """
    catalogue = locate(archive)
    try:
        tables = tomllib.loads(catalogue.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{catalogue} is not valid TOML: {error}.") from error
    except OSError as error:
        raise InputError(
            f"{catalogue} cannot be read ({error.strerror}), expected TOML."
        ) from error
    about = tables.pop("archive", None)
    facts = check_facts(str(catalogue), tables.pop("place", {}))
    if not isinstance(about, dict) or not isinstance(about.get("name"), str):
        raise InputError(f"{catalogue} has no [archive] with a name, expected both.")
    unknown = sorted(set(about) - {"name", "simulated", "truth", "seed"})
    if unknown:
        raise InputError(f"{catalogue}: [archive] has an unknown key {unknown[0]!r}.")
    common = {"title": about["name"], "simulated": about.get("simulated", False)}
    _check_common(f"{catalogue}: [archive]", common)
    entries: dict[str, Entry | InputError] = {}
    for name, table in tables.items():
        if name not in READERS:
            raise InputError(f"{catalogue}: [{name}] is no known name{_meant(name, READERS)}.")
        try:
            entries[name] = _entry(catalogue, name, table, common)
        except InputError as error:
            entries[name] = error
    truth = catalogue.parent / str(about["truth"]) if "truth" in about else None
    return Archive(catalogue, about["name"], entries, truth, facts)


def _check_common(place: str, table: Mapping[str, Any]) -> None:
    if not isinstance(table["simulated"], bool):
        raise InputError(f"{place}: simulated is {table['simulated']!r}, expected true or false.")
    if not isinstance(table["title"], str):
        raise InputError(f"{place}: title is {table['title']!r}, expected text.")


def _entry(catalogue: Path, name: str, table: Any, common: Mapping[str, Any]) -> Entry:
    place = f"{catalogue}: [{name}]"
    formats = READERS[name]
    if not isinstance(table, dict) or not {"format", "path"} <= set(table):
        raise InputError(f"{place} lacks format or path, expected both.")
    if table["format"] not in list(formats):
        known = ", ".join(formats)
        raise InputError(
            f"{place} has format {reprlib.repr(table['format'])}, expected one of {known}."
        )
    path = catalogue.parent / str(table["path"])
    if not is_there(path):
        raise InputError(f"{place} has the path {path}, which does not exist.")
    about = {**common, **{key: table[key] for key in common if key in table}}
    _check_common(place, about)
    reader = formats[table["format"]]
    options = {k: v for k, v in table.items() if k not in ("format", "path", *common)}
    _check_options(place, reader, options)
    return Entry(name, path=path.resolve(), reader=reader, options=options, **about)


def _keys(reader: Callable) -> dict[str, inspect.Parameter]:
    """Keyword arguments of a reader, which are its format's keys in a catalogue."""
    parameters = inspect.signature(reader).parameters.items()
    return {name: about for name, about in parameters if about.kind is about.KEYWORD_ONLY}


def _defaults(reader: Callable) -> dict[str, Any]:
    return {name: about.default for name, about in _keys(reader).items()}


def _check_options(place: str, reader: Callable, options: Mapping[str, Any]) -> None:
    """Hold a catalogue's keys against the reader's keyword arguments."""
    hints = get_type_hints(reader)
    parameters = _keys(reader)
    for key, value in options.items():
        if key not in parameters:
            raise InputError(f"{place} has an unknown key {key!r}{_meant(key, parameters)}.")
        kinds = get_args(hints[key]) or (hints[key],)
        kinds = (*kinds, int) if float in kinds else kinds
        if not isinstance(value, kinds) or isinstance(value, bool):
            expected = " or ".join(k.__name__ for k in kinds if k is not type(None))
            raise InputError(f"{place}: {key} is {reprlib.repr(value)}, expected {expected}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{place}: {key} is {value}, expected a finite number.")
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and key not in options:
            raise InputError(f"{place} lacks {key}, which its format needs.")


def _meant(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f", perhaps {close[0]!r}" if close else f", expected one of {', '.join(known)}"
