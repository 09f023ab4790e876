"""What the page on data lists: entries of a catalogue, their contracts, formats and radars."""

from collections import defaultdict
from collections.abc import Iterable

from qilian.archive.readers.formats import READERS, Reader
from qilian.contracts.datasets import Contract, Variable
from qilian.contracts.radars import RADARS

_FEATURES = Contract("features")


def reader_contract(reader: Reader) -> Contract:
    """Find the contract that a reader fulfils; a table of features has none of its own.

    It is the one that the reader's own code names, or else the only one of its module.
    """
    held = {k: v for k, v in reader.__globals__.items() if isinstance(v, Contract)}
    named = [held[name] for name in reader.__code__.co_names if name in held]
    return next(iter(named or held.values()), _FEATURES)


def list_datasets() -> str:
    """Write the entries of a catalogue in Markdown: one table of all, then one fold a contract.

    Returns
    -------
    str
        What entries hold and the formats they come in; of each contract its formats, and each
        variable's meaning, dimensions, units and valid range; nominal values of the radars.
    """
    entries: dict[tuple[str, ...], list[str]] = defaultdict(list)
    formats: dict[str, dict[str, Reader]] = defaultdict(dict)
    contracts = {}
    for entry, readers in READERS.items():
        contract = reader_contract(next(iter(readers.values())))
        contracts[contract.name] = contract
        formats[contract.name] |= readers
        entries[contract.name, *readers].append(entry)
    rows = [
        (_codes(names), _words(name), _codes(forms)) for (name, *forms), names in entries.items()
    ]
    table = _table(["entries", "hold", "formats"], rows)
    page = f":::{{table}} What entries of a catalogue hold\n{table}:::\n"
    for name, contract in contracts.items():
        page += _fold(_words(name).capitalize(), _described(contract, formats[name]))
    return page + _fold("Radars, nominal values at mid swath", _radars())


def _described(contract: Contract, formats: dict[str, Reader]) -> str:
    lines = (
        f"- `{form}`: {(read.__doc__ or '').splitlines()[0]}" for form, read in formats.items()
    )
    text = "\n".join(lines) + "\n\n"
    if contract.variables:
        heads = ["variable", "meaning", "dimensions", "units", "valid range", "needed"]
        text += _table(heads, (_row(*about) for about in contract.variables.items()))
    if contract.gridded:
        text += "\nWith the coordinates `x`, `y` and `spatial_ref`.\n"
    return text


def _row(name: str, variable: Variable) -> list[str]:
    directions = f" ({' or '.join(variable.directions)})" if variable.directions else ""
    limits = " to ".join(f"{limit:,.10g}" for limit in variable.valid_range or ())
    needed = "yes" if variable.required else "no"
    about = variable.long_name + directions
    return [f"`{name}`", about, _codes(variable.dims), variable.units or "", limits, needed]


def _radars() -> str:
    rows = [
        (
            name,
            f"{100 * radar.wavelength:.2f}",
            f"{radar.bandwidth / 1e6:g}",
            f"{radar.incidence_angle:g}",
            f"{radar.slant_range / 1e3:g}",
            f"{radar.repeat_cycle}",
        )
        for name, radar in RADARS.items()
    ]
    heads = "satellite", "λ (cm)", "bandwidth (MHz)", "incidence (°)", "range (km)", "cycle (d)"
    return _table(heads, rows)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _fold(title: str, text: str) -> str:
    return f"\n:::{{dropdown}} {title}\n{text}:::\n"
