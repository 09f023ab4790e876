"""The times that README states, measured: each is to be within a factor of two.

A clone of this checkout is built in a folder of its own, so that packages are downloaded or come
from the installers' caches. Seconds are those of the clock, on whatever runs beside.

Usage: python bench/readme_times.py
"""

import json
import os
import platform
import re
import subprocess
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# How README words a time, and what it is that takes it.
STATED = {
    "a fresh clone to the book": r"make book .* in (\d+ \w+)",
    "all tests": r"make test .* in (\d+ \w+)",
    "the quick round": r"make check .* in (\d+ \w+)",
    "a book of which nothing changed": r"nothing changed in (\d+ \w+)",
    "a book with one notebook edited": r"one edited page in (\d+ \w+)",
    "a book with another parameter": r"one other parameter in (\d+ \w+)",
}


def stated(words: str) -> float:
    """Read a time as README words it, in seconds."""
    number, unit = words.split()
    return float(number) * (60 if unit.startswith("minute") else 1)


def seconds(folder: Path, *command: str) -> float:
    """Time a command, which has to succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def edit(notebook: Path) -> None:
    """Add a sentence to the first words below the title."""
    content = json.loads(notebook.read_text())
    cell = [cell for cell in content["cells"] if cell["cell_type"] == "markdown"][1]
    cell["source"] = [*cell["source"], " One sentence more."]
    notebook.write_text(json.dumps(content, indent=1))


def measured(folder: Path) -> dict[str, float]:
    """Do everything that README times."""
    times = {"a fresh clone to the book": seconds(folder, "make", "book")}
    times["a book of which nothing changed"] = seconds(folder, "make", "book")
    edit(folder / "notebooks" / "s05_recession.ipynb")
    times["a book with one notebook edited"] = seconds(folder, "make", "book")
    parameter = "PARAMETERS=-p s05.minimum_length 10"
    times["a book with another parameter"] = seconds(folder, "make", "book", parameter)
    subprocess.run(["git", "checkout", "--quiet", "."], cwd=folder, check=True)
    times["the quick round"] = seconds(folder, "make", "check")
    times["all tests"] = seconds(folder, "make", "test")
    return times


if __name__ == "__main__":
    text = re.sub(r"\s+", " ", (PROJECT / "README.md").read_text())
    print(f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "clone")
        subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
        times = measured(clone)
    for what, pattern in STATED.items():
        found = re.search(pattern.replace(" .* ", r" (?:(?!make ).)*?"), text)
        said, took = stated(found[1]), times[what]
        within = "within" if said / 2 <= took <= said * 2 else "beyond"
        print(f"{what:32} {took:6.0f} s, stated {said:.0f}, {within} a factor of two")
