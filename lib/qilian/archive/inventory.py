"""What the entries of an archive hold, found by opening each of them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import xarray as xr

from qilian.archive.catalogue import Archive
from qilian.contracts.errors import InputError

_COUNTED = {"pair": "pairs", "time": "dates", "year": "years", "point": "points", "band": "bands"}
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


def _holding(archive: Archive, name: str) -> Holding:
    try:
        data = archive.load(name)
        files = archive.entry(name).files()
    except InputError as error:
        return Holding(name, fault=str(error))
    size = sum(file.stat().st_size for file in files) / 1e6
    held = Holding(name, f"{len(data)} features", size, noticed=data.attrs["noticed"])
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
    counted = [f"{sizes[name]} {word}" for name, word in _COUNTED.items() if name in sizes]
    if {"y", "x"} <= set(sizes):
        counted.append(f"{sizes['y']} × {sizes['x']} pixels")
    return " of ".join(counted)


def _ends(data: xr.Dataset) -> tuple[str, str]:
    """First and last date, or year; empty where there is none."""
    times = [data[name].values for name in _TIMES if name in data.variables and data[name].size]
    if not times:
        return "", ""
    first, last = min(found.min() for found in times), max(found.max() for found in times)
    return f"{first!s:.10}", f"{last!s:.10}"
