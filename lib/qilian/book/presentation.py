"""What a page shows first: the answer of this build, and its figure, saved for print."""

from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import Image, Markdown, display
from matplotlib.figure import Figure
from PIL import Image as Picture

from qilian.archive.catalogue import Archive
from qilian.book._pictures import picture_of
from qilian.book.provenance import results_folder

PRINT_DPI = 300
PAGE_PIXELS = 1600  # width of a figure on a page, which shows it at half of that


def answer(source: Archive, finding: str, *more: str) -> None:
    """Show the answer of this build to the page's question.

    A page shows it below the question, and the front page its first sentence, together with
    whether the data are simulated or observed. Of the archive that is what was read until now.

    Parameters
    ----------
    source : Archive
        Where the input came from.
    finding : str
        One sentence with its numbers and intervals.
    *more : str
        One or two sentences more.
    """
    simulated = any(source.entry(name).simulated for name in source.used)
    badge = "Simulated data" if simulated else "Observed data"
    text = " ".join((f"**{badge}.**", finding, *more))
    display(Markdown(text), metadata={"qilian": {"finding": finding, "simulated": simulated}})


def show(figure: Figure, name: str) -> Image:
    """Save a figure for print, as PNG of 300 dpi and as PDF, and show it.

    Parameters
    ----------
    figure : matplotlib Figure
        Closed afterwards.
    name : str
        File name without ending, such as `s05`, in the notebook's folder of results.

    Returns
    -------
    IPython Image
        At most twice as many pixels wide as a page shows.
    """
    target = results_folder()
    # A tenth more bytes than at the highest level, in a third of the time.
    fast = {"compress_level": 2}
    png = _saved(figure, target / f"{name}.png", dpi=PRINT_DPI, pil_kwargs=fast)
    figure.set_layout_engine("none")  # found by now, and the same on paper
    _saved(figure, target / f"{name}.pdf", metadata={"CreationDate": None})
    plt.close(figure)
    drawn = Picture.open(png)
    width = min(PAGE_PIXELS, drawn.width)
    return Image(picture_of(drawn, width), width=width // 2)


def _saved(figure: Figure, path: Path, **options: object) -> Path:
    """Save under the file's own name only what is whole."""
    unfinished = path.with_name(f".{path.name}")
    figure.savefig(unfinished, format=path.suffix[1:], **options)
    unfinished.rename(path)
    return path
