"""What the front page shows of a build: findings, pictures of its figures, times."""

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode
from PIL import Image

from qilian.book._layout import findings
from qilian.book._pictures import picture_of
from qilian.book.chapters import Chapter
from qilian.book.provenance import whole_file

THUMBNAIL = 640, 440  # pixels, twice of what a card shows
THUMBNAILS = "thumbnails"  # their folder, in the book's


@dataclass(frozen=True)
class Shown:
    """A page as the front page tells of it.

    Attributes
    ----------
    chapter : Chapter
        Its notebook.
    finding : str
        Its answer's first sentence, or why there is none.
    badge : str
        `simulated`, `observed`, or empty where there is no result.
    seconds : float
        How long its notebook ran; 0 where it gave no result.
    alternative : str
        What its figure shows, in words.
    date : str
        Day on which it ran, as YYYY-MM-DD.
    picture : bytes
        A thumbnail as PNG; empty where there is no figure.
    """

    chapter: Chapter
    finding: str = ""
    badge: str = ""
    seconds: float = 0.0
    alternative: str = ""
    date: str = ""
    picture: bytes = b""


def shown(chapter: Chapter, executed: NotebookNode, thumbnails: Path) -> Shown:
    """Read a page's finding, figure and time from its executed notebook.

    Parameters
    ----------
    chapter : Chapter
        Its notebook.
    executed : NotebookNode
        The same, as it ran.
    thumbnails : Path
        Folder that keeps its thumbnail for the next build.
    """
    said = findings(executed)
    alternative, picture = _figure(executed)
    ran = executed.metadata.get("papermill", {})
    return Shown(
        chapter,
        said[0]["finding"] if said else "",
        ("simulated" if said[0]["simulated"] else "observed") if said else "",
        float(ran.get("duration") or 0),
        alternative,
        (ran.get("end_time") or "")[:10],
        _kept(picture, chapter.name, thumbnails) if picture else b"",
    )


def _figure(executed: NotebookNode) -> tuple[str, bytes]:
    """First numbered figure of a notebook: what it shows in words, and its picture."""
    for cell in executed.cells:
        about = cell.metadata.get("mystnb", {})
        for output in cell.get("outputs", ()):
            if "figure" in about and (picture := output.get("data", {}).get("image/png")):
                return about.get("image", {}).get("alt", ""), base64.b64decode(picture)
    return "", b""


def _kept(picture: bytes, name: str, thumbnails: Path) -> bytes:
    """Take the thumbnail of a page's figure from a folder, or make it and keep it there."""
    known = hashlib.blake2b(picture, digest_size=16).hexdigest()
    file = thumbnails / f"{name}.{known}.png"
    if not file.is_file():
        for old in thumbnails.glob(f"{name}.*.png"):
            old.unlink()
        with whole_file(file) as unfinished:
            unfinished.write_bytes(thumbnail(picture))
    return file.read_bytes()


def thumbnail(picture: bytes) -> bytes:
    """Reduce a figure to the width of a thumbnail, and keep of it what stands on top."""
    image = Image.open(io.BytesIO(picture))
    width, height = THUMBNAIL
    shown = min(image.height, round(height * image.width / width))
    return picture_of(image.crop((0, 0, image.width, shown)), width)


def gallery(pages: Sequence[Shown]) -> str:
    """Write a card for each page, as MyST of a file in the book's folder."""
    cards = "\n".join(_card(page) for page in pages)
    return f"::::::{{grid}} 1 2 3 3\n:gutter: 3\n:class-container: gallery\n\n{cards}\n::::::\n"


def _card(page: Shown) -> str:
    lines = [f":::::{{grid-item-card}} {page.chapter.title}"]
    lines += [f":link: ../notebooks/{page.chapter.name}", ":link-type: doc"]
    if page.picture:
        lines += [f":img-top: {THUMBNAILS}/{page.chapter.name}.png"]
        lines += [f":img-alt: {page.alternative}"]
    about = [f"{{bdg-{_COLORS[page.badge]}}}`{page.badge or 'no result'}`"]
    about += [f"runs in {page.seconds:.0f} s"] if page.seconds else []
    return "\n".join([*lines, "", page.finding, "", " ".join(about), ":::::"])


_COLORS = {"simulated": "warning", "observed": "success", "": "secondary"}


def found(pages: Sequence[Shown], archive: str) -> str:
    """Name the archive, and list what the pages found whose notebooks say they are a headline."""
    headlines = [page for page in pages if page.chapter.headline and page.badge]
    told = [
        f"- {{doc}}`{_number(page.chapter)} <../notebooks/{page.chapter.name}>`: {page.finding}\n"
        for page in headlines
    ]
    simulated = any(page.badge == "simulated" for page in headlines)
    stands = (
        f"{'**Simulated data.** ' * simulated}This build stands on the archive “{archive}”.\n\n"
    )
    return stands + "".join(told)


def execution_times(pages: Sequence[Shown]) -> str:
    """Write a page with the time that each notebook took when it last ran."""
    rows = "\n".join(_times(pages))
    return (
        "# Execution times\n\nSeconds by the clock of each notebook when it last ran, kernel and "
        "imports in it. Two run side by side; a displacement series that several share is found "
        "once, by the first of them.\n\n````{table} Seconds a notebook\n:align: left\n\n"
        f"| page | seconds |\n|:--|--:|\n{rows}\n````\n"
    )


def _times(pages: Sequence[Shown]) -> Iterator[str]:
    for page in pages:
        seconds = f"{page.seconds:.1f}" if page.seconds else "no result"
        yield f"| {{doc}}`../notebooks/{page.chapter.name}` | {seconds} |"


def _number(chapter: Chapter) -> str:
    return chapter.title.partition(":")[0]


def imprint(citation: Path, pages: Sequence[Shown]) -> str:
    """Tell who made the book, its version, date and licences, and how to cite it.

    Parameters
    ----------
    citation : Path
        The project's `CITATION.cff`.
    pages : sequence of Shown
        The build's pages, the latest of which gives its date.
    """
    about = yaml.safe_load(citation.read_text())
    authors = ", ".join(author["name"] for author in about["authors"])
    paper = about["references"][0]
    names = ", ".join(author["family-names"] for author in paper["authors"])
    built = max((page.date for page in pages), default="")
    return (
        f"{authors}: *{about['title']}*. Version {about['version']}"
        f"{f', built on {built}' if built else ''}. The code is under {about['license'][0]}, the "
        f"text under {about['license'][1]}.\n\n"
        f"To cite a figure, take the BibTeX below it. To cite its method, cite the paper: {names} "
        f"({paper['year']}): [{paper['title'].strip()}]({paper['url']}), "
        f"{paper['publisher']['name']}.\n"
    )


def write_front(project: Path, book: Path, pages: Sequence[Shown], archive: str) -> None:
    """Write what the front page includes, and the page of execution times, into a staged book."""
    (book / "imprint.md").write_text(imprint(project / "CITATION.cff", pages))
    (book / "gallery.md").write_text(gallery(pages))
    (book / "found.md").write_text(found(pages, archive))
    (book / "execution.md").write_text(execution_times(pages))
    (book / THUMBNAILS).mkdir()
    for page in pages:
        if page.picture:
            (book / THUMBNAILS / f"{page.chapter.name}.png").write_bytes(page.picture)
