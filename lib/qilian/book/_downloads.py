"""Files that a page offers: its figure, the numbers behind it, its notebook, how to cite it."""

import re
import shutil
from html import escape
from importlib.metadata import version
from pathlib import Path

import h5netcdf
import nbformat
from nbformat import NotebookNode

from qilian.book._clean import clean
from qilian.book.chapters import Chapter
from qilian.book.run import Run

_FIGURES, _NUMBERS = (".png", ".pdf"), (".nc", ".csv")
PAPER = "chang2026"


def downloads(run: Run, chapter: Chapter) -> list[str]:
    """Name what can be downloaded of a page, below the site's folder `downloads`."""
    saved = sorted(path.name for path in run.results(chapter).glob("[!.]*"))
    ordered = [name for kind in (*_FIGURES, *_NUMBERS) for name in saved if name.endswith(kind)]
    own = [f"{chapter.name}{end}" for end in (".ipynb", ".executed.ipynb", ".bib")]
    return [f"{chapter.name}/{name}" for name in (*ordered, *own)]


def copy_downloads(site: Path, run: Run, chapter: Chapter, references: Path) -> None:
    """Put a page's files into the site, and the tiles that its views load beside them."""
    folder = site / "downloads" / chapter.name
    folder.mkdir(parents=True)
    for name in downloads(run, chapter):
        if (saved := run.results(chapter) / Path(name).name).is_file():
            shutil.copy(saved, folder)
    shutil.copy(chapter.path, folder)
    executed = without_plots(nbformat.read(run.executed(chapter), as_version=4))
    nbformat.write(executed, folder / f"{chapter.name}.executed.ipynb")
    (folder / f"{chapter.name}.bib").write_text(citation(chapter, references))
    for tiles in run.results(chapter).glob("*_tiles"):
        shutil.copytree(tiles, site / "_tiles" / tiles.name)


def without_plots(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without live plots, which are drawn when their cells are run."""
    light = clean(notebook)
    for cell in light.cells:
        if cell.cell_type == "code":
            cell.outputs = [out for out in cell.outputs if "data-root-id" not in str(out)]
    return light


def citation(chapter: Chapter, references: Path) -> str:
    """Write BibTeX of a page, and of the paper as the book's own references have it."""
    entry = re.search(rf"^@\w+\{{{PAPER},.*?^\}}$", references.read_text(), re.M | re.S)
    paper = entry[0] if entry else ""
    title = chapter.title.translate({ord(brace): None for brace in "{}"})
    return (
        f"@misc{{qilian_{chapter.name},\n"
        "  author = {{The executable supplement's authors}},\n"
        f"  title = {{{{{title}}}}},\n"
        f"  howpublished = {{Executable supplement, version {version('qilian-supplement')}}},\n"
        f"  note = {{Page of the supplement to {PAPER}}}\n}}\n\n{paper}"
    )


def colophon(executed: NotebookNode, results: Path, archive: str) -> str:
    """Say at a page's end what made it, and when."""
    about = executed.metadata.get("papermill", {})
    parts = [made_by(results), escape(f"archive “{archive}”")]
    if about.get("end_time"):
        parts.append(f"run on {about['end_time'][:10]} in {about['duration']:.0f} s")
    return f'<p class="colophon">{" · ".join(filter(None, parts))}</p>'


def made_by(results: Path) -> str:
    """Project, version and commit that saved a folder of results, as its files say."""
    for path in sorted(results.glob("*.nc")):
        with h5netcdf.File(path) as saved:
            versions = str(saved.attrs.get("versions", ""))
        return next((part for part in versions.split(", ") if "qilian" in part), "")
    return ""
