"""Facts of a place that no file tells, from the table `[place]` of a catalogue."""

import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qilian.contracts.errors import InputError, require
from qilian.contracts.seasons import THAW_SEASON


@dataclass(frozen=True)
class Fact:
    """What a fact looks like: some values, each of a kind; what holds if none is given.

    An empty default is that of a fact which a page can do without.
    """

    is_one: Callable[[Any], bool]
    expected: str
    default: tuple | None = None
    size: int = 2

    def checked(self, place: str, value: Any) -> tuple:
        """Return the values, or say what was expected."""
        listed = isinstance(value, Sequence) and not isinstance(value, str)
        holds = listed and len(value) == self.size and all(map(self.is_one, value))
        require(place, reprlib.repr(value), holds, self.expected)
        return tuple(value)


def _is_day(value: Any) -> bool:
    """Tell whether it is mm-dd, in any year."""
    return _is_date(f"2001-{value}")


def _is_date(value: Any) -> bool:
    try:
        return datetime.strptime(value, "%Y-%m-%d").strftime("%Y-%m-%d") == value
    except (TypeError, ValueError):
        return False


def _is_year(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= 3000


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_degree(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 360


def _is_height(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 9000


FACTS: Mapping[str, Fact] = {
    "station": Fact(_is_degree, "longitude and latitude in degrees"),
    "snow_free": Fact(_is_date, "first and last snow-free day as yyyy-mm-dd"),
    "thaw_season": Fact(_is_day, "its first and last day as mm-dd", THAW_SEASON),
    "split_season": Fact(
        _is_date, "first day, last day of the part and last day as yyyy-mm-dd", (), size=3
    ),
    "mining": Fact(_is_year, "first and last year of the disturbance", ()),
    "heights": Fact(_is_height, "heights of gauge and weather station in metres", (0, 0)),
    "pictures": Fact(
        _is_name, "names of the old and the new picture", ("old picture", "new picture")
    ),
}


def check_facts(catalogue: str, table: Any) -> dict[str, tuple]:
    """Hold the table of a catalogue against what facts there are.

    Raises
    ------
    InputError
        No table, an unknown fact, or one that is not as described.
    """
    if not isinstance(table, dict):
        raise InputError(f"{catalogue}: [place] is no table, expected facts of the place in it.")
    unknown = sorted(set(table) - set(FACTS))
    if unknown:
        known = ", ".join(FACTS)
        raise InputError(
            f"{catalogue}: [place] has an unknown key {unknown[0]!r}, expected one of {known}."
        )
    return {name: FACTS[name].checked(f"{catalogue}: {name}", table[name]) for name in table}
