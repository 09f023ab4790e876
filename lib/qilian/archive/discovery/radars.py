"""Whose interferograms they are, told by names, by a header or by their dates alone."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from qilian.archive.discovery.guesses import Key
from qilian.archive.discovery.heads import head
from qilian.contracts.radars import RADARS, SATELLITES, SPEED_OF_LIGHT

# Words of names, in the order in which they are tried.
_NAMED: Mapping[str, str] = {
    "sentinel1": r"sen(?:tinel-?1)?|s1[abcd]{0,2}|licsar|licsbas",
    "alos2": r"alos-?2|palsar-?2|a2",
    "alos1": r"alos(-?1)?|palsar(-?1)?|alpsr\w*",
    "envisat": r"envisat|asar|env",
    "ers2": r"ers-?[12]?",
}
# First days of those that fly a year, the latest first; nothing else tells C band from C band.
_SINCE = (("20141001", "sentinel1"), ("20020801", "envisat"), ("19950501", "ers2"))
_FREQUENCY = re.compile(r"^radar_frequency:\s*([\d.eE+]+)", re.M)
_SENSOR = re.compile(r"^sensor:\s*(\w+)", re.M)
_DATE = re.compile(r"(?<!\d)(?:19|20)\d{5,6}(?!\d)")  # or year and day


def named_radar(place: str) -> tuple[str, str] | None:
    """Find the satellite that a place names, the innermost word first, and say which word did."""
    for word in reversed(re.split(r"[/_.\s]", place.casefold())):
        for entry, named in _NAMED.items():
            if re.fullmatch(named, word):
                return entry, f"“{word}” in the name"
    return None


def radar_of(place: str, dates: Sequence[str], folder: Path) -> tuple[str, str]:
    """Find the satellite of some interferograms, and say what told it.

    Parameters
    ----------
    place : str
        Where a file lies, the outermost folder's name first.
    dates : sequence of str
        As `dates_in` gives them.
    folder : Path
        In which headers of GAMMA may lie.
    """
    if found := named_radar(place):
        return found
    _, sensor = _header(folder)
    for entry, named in _NAMED.items():
        if sensor and re.fullmatch(named, sensor.casefold()):
            return entry, f"a header's sensor is {sensor}"
    if not dates:
        return "sentinel1", "no name tells it; if it is another, the entry takes its name"
    entry = next((name for since, name in _SINCE if dates[0] >= since), "ers2")
    told = f"none is named, and the first date is {dates[0]}; if it is another"
    return entry, f"{told}, the entry takes its name"


def first_day(entry: str) -> Key:
    """Say which number GMTSAR gives to the first day of a year."""
    number = 0 if entry == "sentinel1" else 1
    name = SATELLITES.get(entry, entry)
    return Key("first_day", number, f"the number of 1 January in GMTSAR's names for {name}")


def wavelength(entry: str, folder: Path) -> Key:
    """Take the wavelength from a header of GAMMA, or else that of the satellite."""
    frequency, _ = _header(folder)
    if frequency:
        metres = round(SPEED_OF_LIGHT / frequency, 6)
        return Key("wavelength", metres, f"radar_frequency of a header, {frequency:.6g} Hz")
    if entry not in SATELLITES:
        return Key("wavelength", 0.2384, "in metres, which no name tells; that of yours", False)
    name = SATELLITES[entry]
    metres = round(RADARS[name].wavelength, 6)
    return Key("wavelength", metres, f"that of {name}, in metres; the files do not say it")


def dates_in(places: Iterable[str]) -> list[str]:
    """List the dates that stand in names, as YYYYMMDD or YYYYDDD, in their order in time."""
    return sorted({date for place in places for date in _DATE.findall(place)})


@cache
def _header(folder: Path) -> tuple[float, str]:
    """Frequency (Hz) and sensor of the first header of GAMMA in a folder; 0 and empty if none."""
    for path in sorted(folder.rglob("*.par"))[:200]:
        text = head(path)
        frequency, sensor = _FREQUENCY.search(text), _SENSOR.search(text)
        if frequency:
            return float(frequency[1]), sensor[1] if sensor else ""
    return 0.0, ""
