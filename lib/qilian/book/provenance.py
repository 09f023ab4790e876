"""Where a result comes from: notice, versions, parameters, input hash; its numbers on disk."""

import inspect
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rioxarray  # noqa: F401  gives xarray its .rio accessor
import xarray as xr
from IPython.display import HTML

from qilian.archive.catalogue import Archive
from qilian.archive.project import base_folder
from qilian.contracts.errors import InputError
from qilian.figures.tables import Table, table

_DISTRIBUTION = "qilian-supplement"


def notice(data: xr.Dataset) -> HTML:
    """Say at the head of a page whether its input is simulated, what it is, what was noticed.

    Parameters
    ----------
    data : xarray.Dataset
        A dataset as the archive loads it.
    """
    if data.attrs["simulated"]:
        kind, head = "warning simulated", "Simulated data"
        text = "Made by this project's simulator; it is not the paper's data, nor its result."
    else:
        kind, head = "note", "Data"
        text = f"Read from {data.attrs['source']} of the archive “{data.attrs['archive']}”."
    if data.attrs["noticed"]:
        text += f" Noticed: {data.attrs['noticed']}."
    return HTML(
        f'<div class="admonition {kind}"><p class="admonition-title">{head}: '
        f"{escape(data.attrs['title'])}</p><p>{escape(text)}</p></div>"
    )


def save_results(name: str, figure_data: xr.Dataset, source: Archive) -> Table:
    """Save the numbers of a figure as netCDF and, what is not a map, as CSV.

    The notebook's parameters, those with a type beside them, are read from the notebook itself;
    `results` among them names the folder. Every map is given the coordinate system of the dataset.

    Parameters
    ----------
    name : str
        File name without ending, such as `s05`.
    figure_data : xarray.Dataset
        Everything that the figure draws, with units.
    source : Archive
        Where the input came from; all that was read of it until now counts as input.

    Returns
    -------
    Table
        Input, simulated or not, what readers noticed in it, parameters, versions and input hash,
        one row each.
    """
    used = sorted(source.used)
    entries = [source.entry(name) for name in used]
    simulated = any(entry.simulated for entry in entries)
    target = results_folder()
    about = {
        "archive": source.name,
        "simulated": "true" if simulated else "false",
        "input": "; ".join(dict.fromkeys(entry.title for entry in entries)),
        "entries": ", ".join(used),
        **{f"noticed_in_{name}": told for name, told in source.noticed().items()},
        "input_hash": source.digest(used),
        "parameters": json.dumps(_method_parameters()),
        "versions": _versions(),
    }
    title = f"{name}{', simulated data' if simulated else ''}: {about['input']}"
    labelled = _mapped(figure_data).assign_attrs(Conventions="CF-1.11", title=title, **about)
    with whole_file(target / f"{name}.nc") as path:
        _packed(labelled).to_netcdf(path, engine="h5netcdf")
    saved = f"{name}.nc"
    if any(not {"x", "y"} & set(variable.dims) for variable in labelled.data_vars.values()):
        _write_csv(labelled, target / f"{name}.csv")
        saved += f", {name}.csv"
    rows = {**about, "saved": saved}
    heads = [name.replace("_", " ") for name in rows]
    frame = pd.DataFrame({"provenance": heads, "value": list(rows.values())})
    return table(frame, f"Where the numbers in {name}.nc come from", folded=True)


def results_folder() -> Path:
    """Make and return the folder that the notebook's parameter `results` names."""
    return _folder(_parameters()["results"])


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Have a file written beside its place; it is given its own name only when it is complete."""
    unfinished = path.with_name(f".{path.name}")
    yield unfinished
    unfinished.rename(path)


def _method_parameters() -> dict[str, Any]:
    """Parameters but for where input and results lie."""
    return {k: v for k, v in _parameters().items() if k not in ("archive", "results")}


def _parameters() -> dict[str, Any]:
    """Values in force of the notebook's annotated names, which are its parameters."""
    notebook = sys.modules["__main__"]
    return {name: getattr(notebook, name) for name in inspect.get_annotations(notebook)}


def _versions() -> str:
    """Versions of Python, of this project with its commit, and of what its science requires."""
    required = [line for line in requires(_DISTRIBUTION) or () if "extra ==" not in line]
    packages = sorted(re.split(r"[^\w.-]", line)[0] for line in required)
    own = " ".join(filter(None, [version(_DISTRIBUTION), _commit()]))
    others = [f"{package} {version(package)}" for package in packages]
    return ", ".join([f"Python {platform.python_version()}", f"{_DISTRIBUTION} {own}", *others])


def _commit() -> str | None:
    """Name the commit that the code is checked out at, and whether it was changed since."""
    here = Path(__file__)
    told = ""
    for command in (
        ["git", "ls-files", "--error-unmatch", here.name],  # else another project's checkout
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
    ):
        try:
            done = subprocess.run(
                command, cwd=here.parent, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):  # no git, or not in a checkout
            return None
        told = done.stdout.strip()
    return f"({told})"


def _packed(data: xr.Dataset) -> xr.Dataset:
    """Have what is large compressed, and maps with five digits, more than any of them holds."""
    packed = data.copy()
    for variable in packed.data_vars.values():
        if {"x", "y"} <= set(variable.dims) and variable.dtype.kind == "f":
            variable.data = _five_digits(variable.values)
        if variable.size > 1000:
            variable.encoding |= {"zlib": True, "complevel": 4, "shuffle": True}
    return packed


def _five_digits(values: np.ndarray) -> np.ndarray:
    """Round to single floats whose last byte is zero, which compression then leaves out.

    To the nearest, ties to even, with 15 bits after the first.
    """
    bits = np.ascontiguousarray(values, "float32").view("uint32")
    rounded = (bits + 0x7F + ((bits >> 8) & 1)) & np.uint32(0xFFFFFF00)
    return np.where(np.isfinite(values), rounded.view("float32"), values).astype("float32")


def _mapped(figure_data: xr.Dataset) -> xr.Dataset:
    """Name the coordinate system on every map, so that GDAL finds it."""
    if not {"x", "y"} <= set(figure_data.dims):
        return figure_data
    return figure_data.rio.write_crs(figure_data.rio.crs).rio.write_transform()


def _folder(folder: str | Path) -> Path:
    target = base_folder() / folder
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"results folder {target} cannot be made: {error.strerror}.") from error
    return target


def _write_csv(data: xr.Dataset, path: Path) -> None:
    """Write what is not a map as one table, under a `#` line that says what it is."""
    flat = data.drop_vars([n for n, v in data.variables.items() if {"x", "y"} & set(v.dims)])
    flat = flat.drop_vars([n for n in flat.variables if flat[n].ndim == 0])
    rows = flat.to_dataframe().reset_index()
    units = "; ".join(
        f"{name} [{flat[name].attrs['units']}]"
        for name in rows
        if name in flat.variables and "units" in flat[name].attrs
    )
    with whole_file(path) as unfinished, unfinished.open("w", encoding="utf-8") as stream:
        stream.write(f"# {data.attrs['title']}; units: {units}\n")
        rows.to_csv(stream, index=False, float_format="%.6g")
