"""What the columns of a text table hold, told by their headings and first rows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from qilian.archive.discovery.guesses import Key

_ROWS = 1000
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
_DAY = re.compile(r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?:[T ].*)?")
_MISSING = re.compile(r"-9{2,}(?:\.0*)?")

# Headings by what they mean, those that mean it most surely first.
_TIME = ("date", "date_?time", "time", "timestamp", "day", "datum")
_FLOW = (
    r"(?:x_|\d+_)?00060_00003",
    *("discharge", "stream_?flow", "flow", "q_?obs", "q", "runoff", "abfluss", "caudal", "debit"),
)
_RAIN = ("rain(?:fall)?", "prcp", "precip(?:itation)?")
_CODE = ("flag", "sym(?:bol)?", "quality", "qualifiers?", "code")
_PARTS = (("year", "month", "day"), ("yyyy", "mm", "dd"))
_UNITS = {
    "m3 s-1": r"m3_?/?s|m³/s|m\^3/s|m3 s-1|cms|cumecs",
    "ft3 s-1": r"cfs|ft3|ft³|ft\^3|00060",
    "l s-1": r"l/s|lps|l_s|l s-1",
}


@dataclass(frozen=True)
class Columns:
    """Headings and first rows of a table, and what stands between fields."""

    separator: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]

    @classmethod
    def of(cls, text: str) -> "Columns | None":
        """Split the first lines of a text; None where it is no table with headings."""
        lines = (line for line in text.splitlines() if line.strip() and line[0] not in "#%")
        first, *others = list(islice(lines, _ROWS)) or [""]
        separator = max(";\t,", key=first.count) if re.search("[;\t,]", first) else " "
        names, *rows = (_split(line, separator) for line in (first, *others))
        if len(names) < 2 or any(_NUMBER.fullmatch(name) for name in names):
            return None
        return cls(separator, names, [row for row in rows if len(row) == len(names)])

    def find(self, *meant: str) -> str | None:
        """Return the heading that is such a name, or begins with it, the first meant first."""
        for name in meant:
            for heading in self.names:
                if re.fullmatch(rf"{name}(?:[\W_].*)?", heading.casefold()):
                    return heading
        return None

    def has(self, *names: str) -> bool:
        """Tell whether all of these are headings, in any case."""
        return set(names) <= {heading.casefold() for heading in self.names}

    def values(self, name: str) -> list[str]:
        """Cells of a column that are not blank."""
        position = list(self.names).index(name)
        return [row[position] for row in self.rows if row[position]]


def _split(line: str, separator: str) -> list[str]:
    fields = line.split() if separator == " " else line.split(separator)
    return [field.strip().strip('"') for field in fields]


def discharge_keys(text: str) -> list[Key] | None:
    """Keys of a table of daily discharge; None where it is none."""
    table = Columns.of(text)
    flow = table and table.find(*_FLOW)
    if not table or not table.rows or not flow:
        return None
    parts = next((names for names in _PARTS if table.has(*names)), ())
    time = ",".join(str(table.find(part)) for part in parts) or table.find(*_TIME)
    if not time:
        return None
    keys = [Key("time", time, "the heading of the days, or of their parts")]
    keys.append(Key("discharge", flow, f"the heading of discharge among {_listed(table.names)}"))
    keys += _form(table, time, flow)
    keys.append(_unit(flow))
    if rain := table.find(*_RAIN):
        keys.append(Key("precipitation", rain, "a heading of rain; mm a day are expected"))
    code = next((n for n in table.names if n.casefold() == f"{flow}_cd".casefold()), None)
    if code := code or table.find(*_CODE):
        keys.append(Key("quality", code, "codes beside the numbers"))
        codes = sorted({word for cell in table.values(code) for word in cell.split()})
        if codes:
            why = f"days of such codes become gaps; the first rows hold {_listed(codes)}"
            keys.append(Key("leave_out", codes[-1], why, False))
    missing = next((v for v in table.values(flow) if _MISSING.fullmatch(v)), None)
    if missing:
        keys.append(Key("nodata", float(missing), "stands in place of a discharge"))
    return keys


def thaw_depth_keys(text: str) -> list[Key] | None:
    """Keys of a table of thaw depth, one row a year; None where it is none."""
    table = Columns.of(text)
    if not table or not table.has("year") or table.has("month") or not table.rows:
        return None
    depths = [n for n in table.names if re.search(r"thaw|active_?layer|(?:^|_)alt(?:_|$)", n, re.I)]
    errors = [n for n in depths if re.search(r"(?:^|_)(?:sig|std|sd|se|err|unc)", n, re.I)]
    depth = next((name for name in depths if name not in errors), None)
    if depth is None:
        return None
    keys = [Key("year", str(table.find("year")), "the heading of the years")]
    keys.append(Key("thaw_depth", depth, f"a heading of thaw among {_listed(table.names)}"))
    if errors:
        keys.append(Key("standard_deviation", errors[0], "a heading of its uncertainty"))
    unit = re.search(r"(?:^|[\W_])(mm|cm|m)(?:[\W_]|$)", depth)
    if unit:
        keys.append(Key("unit", unit[1], f"stands in the heading {depth}"))
    else:
        keys.append(Key("unit", "cm", "no heading tells it, m is taken", False))
    return keys


def climate_keys(text: str) -> list[Key] | None:
    """Keys of a table of daily air temperature; None where it is none."""
    table = Columns.of(text)
    if not table or not any(table.has(name) for name in ("date", "time", "t", "day")):
        return None
    means = ("tavg", "tmean", "air_temperature_avg", "air_temperature_mean", "air_temperature")
    extremes = (("tmin", "tmax"), ("air_temperature_min", "air_temperature_max"))
    if not any(table.has(name) for name in means) and not any(table.has(*two) for two in extremes):
        return None
    time = next(n for n in table.names if n.casefold() in ("date", "time", "t", "day"))
    keys = list(_form(table, time, time))
    why = "degC, tenths or degF; found out where two witnesses agree, else to be given"
    return [*keys, Key("unit", "degC", why, False)]


def _form(table: Columns, time: str, value: str) -> Iterator[Key]:
    """Say how fields, numbers and dates are written, where it is not the usual way."""
    if table.separator != ",":
        yield Key("separator", table.separator, "stands between the fields")
    commas = [cell for cell in table.values(value) if re.fullmatch(r"-?\d+,\d+", cell)]
    if commas:
        yield Key("decimal", ",", f"as in {commas[0]}")
    if time in table.names and (form := date_form(table.values(time))):
        yield form


def date_form(days: Sequence[str]) -> Key | None:
    """Tell how dates are written, from fields that are larger than a month; None for ISO."""
    parts = [found.groups() for day in days if (found := _DAY.fullmatch(day))]
    if not parts or len(parts[0][0]) == 4:
        return None
    mark = parts[0][1]
    first, second = (max(int(p[k]) for p in parts) for k in (0, 2))
    year = "YYYY" if len(parts[0][3]) == 4 else "YY"
    if first > 12 or (second <= 12 and mark == "."):
        order = "D", "M"
        told = "the first number exceeds 12" if first > 12 else "usual with points"
    else:
        order, told = ("M", "D"), "the second number exceeds 12"
        if second <= 12:
            told = f"no number tells; if the day is first, D{mark}M{mark}{year}"
    return Key("dates", mark.join((*order, year)), f"as in {days[0]}: {told}")


def _unit(heading: str) -> Key:
    for unit, named in _UNITS.items():
        found = re.search(rf"(?<![a-z0-9])(?:{named})(?![a-z0-9])", heading.casefold())
        if found:
            why = f"“{found[0]}” in the heading {heading}"
            code = "00060 is USGS's discharge, in cubic feet per second"
            return Key("unit", unit, code if found[0] == "00060" else why)
    return Key("unit", "ft3 s-1", "no heading tells it, m3 s-1 is taken; if it is another", False)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
