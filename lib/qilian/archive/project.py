"""The folder that holds the book, found from the working directory, and that of kept products."""

import os
from pathlib import Path

import platformdirs


def find_project(start: Path | None = None) -> Path | None:
    """Find the nearest folder upwards that has `_toc.yml` and `notebooks/`.

    Parameters
    ----------
    start : Path, optional
        Where the search begins; the working directory by default.

    Returns
    -------
    Path or None
        None outside of a project.
    """
    here = (start or Path()).resolve()
    for folder in (here, *here.parents):
        if (folder / "_toc.yml").is_file() and (folder / "notebooks").is_dir():
            return folder
    return None


def base_folder(start: Path | None = None) -> Path:
    """Return the folder that relative names mean: the project's, or `start` outside of one."""
    return find_project(start) or (start or Path()).resolve()


def cache_folder() -> Path:
    """Return the folder of kept products.

    The one that `QILIAN_CACHE` names, else the project's `data/cache`, else the user's own.
    """
    if named := os.environ.get("QILIAN_CACHE"):
        return Path(named)
    project = find_project()
    return project / "data" / "cache" if project else platformdirs.user_cache_path("qilian")
