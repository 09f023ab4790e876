"""What a page shows first: the answer of this build, and its figure, saved for print."""

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image, Markdown, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from PIL import Image as Picture

from qilian.archive.catalogue import Archive
from qilian.book._pictures import picture_of
from qilian.book.provenance import results_folder, whole_file

PRINT_DPI = 300
PAGE_PIXELS = 1600  # width of a figure on a page, which shows it at half of that


def answer(source: Archive, finding: str, *more: str) -> None:
    """Show the answer of this build to the page's question.

    A page shows it below the question, what is more in smaller print, and the front page its first
    sentence, together with whether the data are simulated or observed. Of the archive that is what
    was read until now.

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
    said = [sentence.replace(" %", "\u00a0%") for sentence in (finding, *more)]
    text = "\n\n".join((f"**{badge}.** {said[0]}", " ".join(said[1:]))).strip()
    display(Markdown(text), metadata={"qilian": {"finding": said[0], "simulated": simulated}})


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
    # By the canvases themselves, since `savefig` draws twice.
    of_screen, figure.dpi = figure.dpi, PRINT_DPI
    canvas = FigureCanvasAgg(figure)
    with whole_file(target / f"{name}.png") as path:
        # A tenth more bytes than most compressed, in a third of the time.
        canvas.print_png(path, pil_kwargs={"compress_level": 2})
    drawn = Picture.fromarray(np.array(canvas.buffer_rgba()))
    figure.set_layout_engine("none")  # found by now, and the same on paper
    figure.dpi = of_screen  # of the maps in it
    with whole_file(target / f"{name}.pdf") as path:
        FigureCanvasPdf(figure).print_pdf(path, metadata={"CreationDate": None})
    plt.close(figure)
    width = min(PAGE_PIXELS, drawn.width)
    return Image(picture_of(drawn, width), width=width // 2)
