"""Files whose names hold dates, found by a pattern."""

import re
from pathlib import Path

from qilian.archive.readers.files import files_like, refuse_packed
from qilian.contracts.errors import InputError

_PLACE = re.compile(r"\\\{(reference|secondary|date)\\\}")
_DATE = r"\d{8}|(?<!\d)\d{6}(?!\d)"  # eight digits, or six that stand alone


def dated_files(path: Path, pattern: str, *names: str) -> dict[tuple[str, ...], Path]:
    """Files under a folder that fit a pattern, by their dates (YYYYMMDD).

    Parameters
    ----------
    path : Path
        The folder.
    pattern : str
        Relative to it; `{name}` stands for a date as YYYYMMDD or YYMMDD, `*` for anything.
    *names : {"reference", "secondary", "date"}
        The dates that the pattern must name, in the order of the keys.

    Raises
    ------
    InputError
        A date without a place in the pattern, no file, two files of the same dates.
    """
    for name in names:
        if f"{{{name}}}" not in pattern:
            raise InputError(f"the pattern {pattern!r} lacks {{{name}}}, the place of a date.")
    one = "pair" if len(names) > 1 else "date"
    expression, loose = (
        _expression(pattern),
        re.sub(r"\{(reference|secondary|date)\}", "*", pattern),
    )
    found: dict[tuple[str, ...], Path] = {}
    for file in files_like(path, loose):
        fit = re.fullmatch(expression, file.relative_to(path).as_posix())
        if fit is None:
            continue
        dates = tuple(full_date(fit[name]) for name in names)
        if dates in found:
            raise InputError(
                f"{file}: the {one} {'-'.join(dates)} has {found[dates].name} already."
            )
        found[dates] = file
    if not found:
        refuse_packed(path)
        raise InputError(f"{path} holds no file named {pattern}, expected one a {one}.")
    return found


def _expression(pattern: str) -> str:
    """Regular expression of a pattern; a date named again is the same date."""
    seen: set[str] = set()

    def group(place: re.Match[str]) -> str:
        name = place[1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>{_DATE})"

    return _PLACE.sub(group, re.escape(pattern)).replace(r"\*", "[^/]*")


def full_date(date: str) -> str:
    """YYYYMMDD of a date that may lack its century; radars have flown since 1978."""
    return date if len(date) == 8 else f"{20 if date < '78' else 19}{date}"
