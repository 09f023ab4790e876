"""Which pages an archive serves, and what a page lacks or goes without."""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import nbformat

from qilian.archive.catalogue import Archive
from qilian.archive.facts import FACTS
from qilian.archive.inventory import Holding
from qilian.archive.readers.formats import READERS, STACKS
from qilian.book.chapters import Chapter, python_code

_YEARLY = "the season is a yearly wave, or none"
_UNSORTED = "ground is not sorted by its thaw-season deformation"
_BY_ALOS2 = "no `remedy` by ALOS-2"
_COHERENCE = {
    "sentinel1": _UNSORTED,
    "climate": _UNSORTED,
    "outlines": "outlined ground is not told from the rest",
}
_PERIODS = {
    "outlines": "no zones near the outlines and far from them",
    **dict.fromkeys(("ers2", "envisat", "alos1", "alos2"), "no map of its years"),
}
# What a page goes without where the archive lacks an entry that it may use.
_WITHOUT: Mapping[str, Mapping[str, str]] = {
    "s01": {
        "sites": "no site is marked",
        "outlines": "no outline is drawn",
        "basemap": "no picture lies around the survey",
        "sentinel1": "no relief lies around the survey",
    },
    "s03": {"climate": "the page stops, for its season follows the thaw"},
    "s05": {"climate": "rain is that beside discharge, if any, and freeze-up is not known"},
    "recession": {
        "thaw_depth": "recession is not set against thaw depth",
        "climate": "rain is that beside discharge, if any, and freeze-up is not known",
    },
    "s06": _COHERENCE,
    "s07": _COHERENCE,
    "bias": {"alos2": _BY_ALOS2, "outlines": "no zones near the outlines and far from them"},
    "s08": {
        "climate": f"{_YEARLY}, and the bias of short pairs stays",
        "alos2": _BY_ALOS2,
        "outlines": "pits are not masked",
    },
    "s09": {"climate": _YEARLY},
    "thaw": {"outlines": "none is drawn"},
    "nisar": {"climate": _YEARLY, "outlines": "stable ground may include mines"},
    "s10": {
        "basemap": "the map covers all pixels, or the `extent` that is asked for",
        "outlines": "there are no rings, and pits are not masked",
        "sentinel1": "rings are not split by thaw-season deformation",
        "climate": f"{_YEARLY}, and splits no ring",
        "alos2": _BY_ALOS2,
    },
    "s12": _PERIODS,
    "s13": _PERIODS,
    "demo": dict.fromkeys(("outlines", "keyhole_points", "uav_rgb", "pairs"), "it is not shown"),
}
# Of `products`, what inverts interferograms.
_OF_ANY = {"displacement", "thaw_seasons"}
_INVERTING = {*_OF_ANY, "sentinel1_rates", "sentinel1_season", "compared_rates", "rate_versions"}
# Of `imagery`, what asks a survey for bands.
_INDICES = {"ndvi": ["red", "near_infrared"], "ndwi": ["green", "near_infrared"]}
_OF_RADARS = (*STACKS, "displacement")
_WITHOUT_RAIN = (
    "no rain: where the rule `undisturbed` cannot tell, the page takes another and says so; "
    "`-p s05.method falling` asks for no rain"
)


@dataclass(frozen=True)
class Readiness:
    """Whether a page can be made: `ready`, `no input` or `fails`, and what there is to say."""

    page: str
    status: str
    remarks: tuple[str, ...]


def tell_readiness(
    chapters: Sequence[Chapter], archive: Archive, holdings: Sequence[Holding]
) -> list[Readiness]:
    """Tell of each page whether an archive serves it.

    Parameters
    ----------
    chapters : sequence of Chapter
        Notebooks; what they load is read from their code.
    archive : Archive
        Its catalogue.
    holdings : sequence of Holding
        What its entries hold, as `archive.take_inventory` finds it.

    Returns
    -------
    list of Readiness
        In the order of the chapters.
    """
    held = {holding.entry: holding for holding in holdings}
    return [_readiness(chapter, archive, held) for chapter in chapters]


def _readiness(chapter: Chapter, archive: Archive, held: Mapping[str, Holding]) -> Readiness:
    page = chapter.name
    if lacking := chapter.lacks(archive):
        return Readiness(page, "no input", (f"lacks {', '.join(lacking)}",))
    faulty = [name for name in chapter.reads(archive, {}) if held[name].fault]
    if faulty:
        return Readiness(page, "fails", tuple(f"[{name}] has a fault" for name in faulty))
    if untold := [fact for fact in _facts_needed(chapter) if fact not in archive.facts]:
        told = " and ".join(f"{fact} in [place]" for fact in untold)
        return Readiness(page, "no input", (f"lacks {told}",))
    if any(texts[:1] == ["entries"] for method, texts in _calls(chapter) if method == "require"):
        needed = [str(entry) for entry in chapter.defaults["entries"]]
        if not set(needed) & set(archive.entries):
            return Readiness(page, "no input", (f"lacks {' or '.join(needed)}",))
    missing = [*_missing(chapter, archive, held), *_uncovered(chapter, archive, held)]
    if missing:
        return Readiness(page, "fails", tuple(missing))
    remarks = list(_remarks(chapter, archive, held))
    return Readiness(page, "ready", tuple(remarks))


def _missing(chapter: Chapter, archive: Archive, held: Mapping[str, Holding]) -> Iterator[str]:
    """Variables that a notebook asks an entry for and that it does not bring."""
    told = set()
    for entry, variables in _loaded(chapter, archive):
        holding = held.get(entry)
        for variable in variables:
            if holding and variable not in holding.variables and (entry, variable) not in told:
                told.add((entry, variable))
                yield f"[{entry}] brings no {variable}"


def _uncovered(chapter: Chapter, archive: Archive, held: Mapping[str, Holding]) -> Iterator[str]:
    """Weather that does not reach over the acquisitions whose season it tells."""
    entries = [*chapter.needs, *chapter.uses]
    if "climate" not in entries or "climate" not in held:
        return
    weather = held["climate"]
    asked = {*chapter.defaults.get("entries", ()), *_inverted(chapter, archive)}
    if "climate" in chapter.needs:
        asked |= set(chapter.needs)
    for radar in (held[name] for name in archive.entries if name in asked & set(_OF_RADARS)):
        if weather.first > radar.first or weather.last < radar.last:
            yield (
                f"[climate] has {weather.span}, and the season of [{radar.entry}] asks for "
                f"{radar.span}"
            )


def _inverted(chapter: Chapter, archive: Archive) -> Iterator[str]:
    """Entries whose displacement a notebook asks for, or that sort its ground."""
    chosen = _chosen(chapter, archive)
    for method, texts in _calls(chapter):
        if method in _INVERTING:
            named = [text for text in texts if text in READERS]
            yield named[0] if named else chosen if method in _OF_ANY else "sentinel1"


def _chosen(chapter: Chapter, archive: Archive) -> str:
    """Name what the archive chooses for the notebook's need, if that is not an entry's name."""
    needs = [need for need in chapter.needs if need not in READERS]
    return archive.choose(needs[0]) if needs else "sentinel1"


def _loaded(chapter: Chapter, archive: Archive) -> Iterator[tuple[str, list[str]]]:
    """Entries that a notebook's code loads, each with the variables that it asks for.

    One that is not named is that which the archive chooses for the notebook's need.
    """
    chosen = _chosen(chapter, archive)
    for method, texts in _calls(chapter):
        named = [text for text in texts if text in READERS]
        entry = named[0] if named else chosen
        if method == "load" or (method == "get" and named):
            yield entry, [text for text in texts if text not in READERS]
        elif method in _INDICES:
            yield "uav", _INDICES[method]
    for entry in _inverted(chapter, archive):
        if entry in STACKS:
            yield entry, ["unwrapped_phase"]


def _facts_needed(chapter: Chapter) -> list[str]:
    """List facts of the place that a notebook asks for and that have no default."""
    asked = [fact for method, texts in _calls(chapter) if method == "fact" for fact in texts]
    return [fact for fact in asked if fact in FACTS and FACTS[fact].default is None]


def _calls(chapter: Chapter) -> list[tuple[str, list[str]]]:
    """Functions that a notebook's code calls, each with the texts that it is given."""
    return _calls_in(python_code(nbformat.read(chapter.path, as_version=4).cells))


@cache  # asked for five times a page
def _calls_in(code: str) -> list[tuple[str, list[str]]]:
    calls = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            named = ast.unparse(node.func).rpartition(".")[2]
            values = (a.value for a in node.args if isinstance(a, ast.Constant))
            calls.append((named, [value for value in values if isinstance(value, str)]))
    return calls


def _remarks(chapter: Chapter, archive: Archive, held: Mapping[str, Holding]) -> Iterator[str]:
    """Tell what a page that can be made goes without; the same loss once."""
    told: dict[str, list[str]] = {}
    for entry in chapter.uses:
        if entry in READERS and entry not in archive.entries:
            told.setdefault(loss_without(chapter, entry), []).append(entry)
    for loss, entries in told.items():
        yield f"no {' or '.join(entries)}: {loss}"
    if chapter.is_page("s05") and not _knows_rain(held.values()):
        yield _WITHOUT_RAIN


def loss_without(chapter: Chapter, entry: str) -> str:
    """Say what a page goes without where the archive lacks an entry that it may use."""
    page = chapter.name.partition("_")[0]
    return _WITHOUT.get(page, {}).get(entry, "it is not used")


def _knows_rain(holdings: Iterable[Holding]) -> bool:
    return any("precipitation" in holding.variables for holding in holdings)
