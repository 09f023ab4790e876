"""The rooms of the library and what they import of each other, read and drawn from the source."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import accumulate, chain, pairwise
from pathlib import Path
from statistics import mean

import nbformat

from qilian.archive.closure import names_in, used_names
from qilian.book.api import public_names, room_purpose
from qilian.book.chapters import python_code

_LIBRARY = Path(__file__).parents[1]
_OTHERS = "qilian_*/__init__.py"  # packages beside it, such as the simulator
_WIDTH = 480
_ROW, _HEIGHT = 80, 36  # from one row to the next, and of a room's box
_BOX, _PASSAGE = 106, 14  # widths of a box, and of a line that passes between boxes

_Spot = tuple[str, int]  # a room and its row, or a higher row where lines to the room pass


def room_imports(project: Path) -> dict[str, list[str]]:
    """Read which rooms of the library are imported by each room, by notebooks and the simulator.

    Parameters
    ----------
    project : Path
        Folder with `notebooks/`.

    Returns
    -------
    dict
        Sorted names of rooms, by the name of what imports them.
    """
    rooms = {room.name: room for room in library_rooms()}
    packages = {start.parent.name: start.parent for start in _LIBRARY.parent.glob(_OTHERS)}
    folders = rooms | packages | {"notebooks": project / "notebooks"}
    return {
        name: sorted({*_imported_rooms(folder)} & rooms.keys() - {name})
        for name, folder in sorted(folders.items())
    }


def library_rooms() -> list[Path]:
    """Return the folders of the library that list public names."""
    return sorted(stub.parent for stub in _LIBRARY.glob("*/__init__.pyi"))


def _imported_rooms(folder: Path) -> Iterator[str]:
    imported = [names_in(file) for file in folder.rglob("*.py")]
    for file in folder.glob("*.ipynb"):
        cells = nbformat.read(file, as_version=4).cells
        imported.append(used_names(python_code(cells).encode()))
    for name in chain.from_iterable(imported):
        if name.startswith("qilian."):
            yield name.split(".")[1]


def list_rooms(imports: Mapping[str, Sequence[str]]) -> str:
    """Write one line a room in Markdown: what it is for, what it imports, how many names it has."""
    lines = []
    for room in library_rooms():
        taken = ", ".join(f"`{name}`" for name in imports[room.name]) or "no other room"
        count = sum(map(len, public_names(room).values()))
        lines.append(
            f"- {{doc}}`api/{room.name}`. {room_purpose(room)} "
            f"Imports {taken}; {count} public names.\n"
        )
    return "".join(lines)


def draw_rooms(imports: Mapping[str, Sequence[str]]) -> str:
    """Draw what imports what: each box stands above all that it imports.

    An arrow is left out where others lead to the same room.

    Parameters
    ----------
    imports : mapping
        As `room_imports` returns it, without circles.

    Returns
    -------
    str
        An SVG element that takes its colours from the page.
    """
    row, links = _links(imports)
    place = _places(row, links)
    height = max(row.values()) * _ROW + _HEIGHT + 4
    top = {spot: height - 2 - _HEIGHT - spot[1] * _ROW for spot in place}
    shapes = [
        _line(place[a], top[a] + _HEIGHT, place[b], top[b], b in row.items()) for a, b in links
    ]
    for spot, x in place.items():
        if spot in row.items():
            shapes.append(
                f'<rect x="{x - _BOX / 2:.0f}" y="{top[spot]}" width="{_BOX}" height="{_HEIGHT}"/>'
                f'<text x="{x:.0f}" y="{top[spot] + 23}">{spot[0]}</text>'
            )
        else:
            shapes.append(_line(x, top[spot], x, top[spot] + _HEIGHT))
    said = "; ".join(
        f"{name} imports {', '.join(taken)}" for name, taken in imports.items() if taken
    )
    return (
        f'<svg class="rooms" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="Rooms and what they import: {said}.">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>'
        f"{''.join(shapes)}</svg>\n"
    )


def _links(
    imports: Mapping[str, Sequence[str]],
) -> tuple[dict[str, int], list[tuple[_Spot, _Spot]]]:
    """Row of each room, counted from below, and the lines from each row to the next."""
    row: dict[str, int] = {}
    reached: dict[str, set[str]] = {}
    links = set()
    for name in TopologicalSorter(imports).static_order():
        beyond = {room for taken in imports[name] for room in reached[taken]}
        reached[name] = beyond.union(imports[name])
        row[name] = 1 + max((row[taken] for taken in imports[name]), default=-1)
        for target in set(imports[name]) - beyond:
            spots = [(target, level) for level in range(row[target], row[name])]
            links |= set(pairwise([*spots, (name, row[name])]))
    return row, sorted((upper, lower) for lower, upper in links)


def _places(row: Mapping[str, int], links: Sequence[tuple[_Spot, _Spot]]) -> dict[_Spot, float]:
    """Horizontal place of each spot, in an order in which few lines cross."""
    spots = sorted({*row.items(), *chain(*links)})
    tied = {spot: [pair[pair[0] == spot] for pair in links if spot in pair] for spot in spots}
    place = dict.fromkeys(spots, _WIDTH / 2)
    levels = range(1 + max(row.values()))
    for level in [*levels, *reversed(levels)] * 8:
        here = [spot for spot in spots if spot[1] == level]
        here.sort(key=lambda spot: mean(place[other] for other in tied[spot] or [spot]))
        widths = [_BOX if spot in row.items() else _PASSAGE for spot in here]
        gap = (_WIDTH - sum(widths)) / (len(here) + 1)
        ends = accumulate(width + gap for width in widths)
        place |= {
            spot: end - width / 2 for spot, end, width in zip(here, ends, widths, strict=True)
        }
    return place


def _line(x: float, y: float, end_x: float, end_y: float, tip: bool = False) -> str:
    middle = (y + end_y) / 2
    mark = ' marker-end="url(#tip)"' if tip else ""
    return (
        f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {middle:.0f} {end_x:.0f} {middle:.0f} '
        f'{end_x:.0f} {end_y:.0f}"{mark}/>'
    )
