"""Files that a page's view loads when a reader zooms in."""

import shutil
from collections.abc import Mapping

from qilian.book.provenance import results_folder


def save_tiles(name: str, tiles: Mapping[str, str]) -> None:
    """Save a view's tiles in the notebook's folder of results, in the place of those before.

    The rendered site has them in `_tiles/`, one folder for each view.

    Parameters
    ----------
    name : str
        Of the page, such as `s08`; the folder is `s08_tiles`.
    tiles : mapping of str to str
        What is in each file, by the file's name.
    """
    target = results_folder() / f"{name}_tiles"
    unfinished = target.with_name(f".{target.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for file, content in tiles.items():
        (unfinished / file).write_text(content, encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
