"""What the entries of an archive hold, found by opening each of them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.contracts.errors import InputError
from qilian.contracts.labels import attributes, written_list

_COUNTED = {"pair": "pair", "time": "date", "year": "year", "point": "point", "band": "band"}
_TIMES = ("reference_date", "secondary_date", "time", "year")


@dataclass(frozen=True)
class Holding:
    """What an entry holds, or its `fault` as a sentence.

    Attributes
    ----------
    entry, holds, first, last, noticed, fault : str
        Its name, its dimensions in words, its first and last date or year, what its reader
        noticed, and what is wrong with it.
    megabytes : float
        Of its files.
    variables : frozenset of str
        Those that its reader brought, and the bands of an image.
    """

    entry: str
    holds: str = ""
    megabytes: float = 0.0
    first: str = ""
    last: str = ""
    noticed: str = ""
    fault: str = ""
    variables: frozenset[str] = frozenset()

    @property
    def remark(self) -> str:
        """Its fault or else what was noticed."""
        return self.fault or self.noticed

    @property
    def span(self) -> str:
        """First and last date in words; empty where there is none."""
        return f"{self.first} to {self.last}" if self.first else ""


def take_inventory(archive: Archive) -> list[Holding]:
    """Open every entry of an archive; tables are read, rasters are only looked at.

    Parameters
    ----------
    archive : Archive
        Its entries may be faulty.

    Returns
    -------
    list of Holding
        In the order of the catalogue.
    """
    return [_holding(archive, name) for name in archive.entries]


def tabulate(holdings: Sequence[Holding]) -> xr.Dataset:
    """Lay out holdings, (entry,), each column with its meaning."""
    meanings = {
        "holds": ("what it holds", None),
        "megabytes": ("size", "MB"),
        "span": ("first and last date", None),
        "remark": ("fault, or what its reader noticed", None),
    }
    columns = {
        name: ("entry", [getattr(one, name) for one in holdings], attributes(*meaning))
        for name, meaning in meanings.items()
    }
    names = [one.entry for one in holdings]
    return xr.Dataset(columns, {"entry": ("entry", names, attributes("entry", None))})


def holding_verdicts(holdings: Sequence[Holding]) -> list[str]:
    """Say how many entries can be read, from which years, and what is wrong with the others.

    Returns
    -------
    list of str
        One to three sentences; the first stands alone.
    """
    read = [one for one in holdings if not one.fault]
    size = sum(one.megabytes for one in read)
    some = "All" if len(read) == len(holdings) else f"{len(read)} of"
    said = [f"{some} {len(holdings)} entries can be read, {size:.0f} MB in all."]
    if dated := [one for one in read if one.first]:
        first, last = min(one.first for one in dated), max(one.last for one in dated)
        said.append(f"The first date is {first}, the last {last}.")
    if faulty := [f"[{one.entry}]" for one in holdings if one.fault]:
        said.append(f"Not read: {written_list(faulty)}, for the reason in the table.")
    return said


def _holding(archive: Archive, name: str) -> Holding:
    try:
        data = archive.load(name)
        files = archive.entry(name).files()
    except InputError as error:
        return Holding(name, fault=str(error))
    size = sum(file.stat().st_size for file in files) / 1e6
    held = Holding(name, _counted(len(data), "feature"), size, noticed=data.attrs["noticed"])
    if not isinstance(data, xr.Dataset):
        return held
    names = [*data.data_vars, *(data["band"].values if "band" in data.coords else ())]
    first, last = _ends(data)
    return replace(
        held,
        holds=_in_words(data.sizes),
        first=first,
        last=last,
        variables=frozenset(map(str, names)),
    )


def _in_words(sizes: Mapping[Hashable, int]) -> str:
    counted = [_counted(sizes[name], word) for name, word in _COUNTED.items() if name in sizes]
    if {"y", "x"} <= set(sizes):
        counted.append(f"{sizes['y']} × {sizes['x']} pixels")
    return " of ".join(counted)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _ends(data: xr.Dataset) -> tuple[str, str]:
    """First and last date, or year; empty where there is none."""
    times = [data[name].values for name in _TIMES if name in data.variables and data[name].size]
    if not times:
        return "", ""
    first, last = min(found.min() for found in times), max(found.max() for found in times)
    return f"{first!s:.10}", f"{last!s:.10}"
