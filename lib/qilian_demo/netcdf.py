"""Classic netCDF, written by SciPy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr
from xarray.backends import ScipyDataStore


def write_netcdf(path: Path, dataset: xr.Dataset, encoding: Mapping[str, Any]) -> None:
    """Write a dataset; nothing in the file depends on the time of writing.

    Parameters
    ----------
    path : pathlib.Path
        File to write.
    dataset : xarray.Dataset
        What to write, with no integers wider than 32 bits once encoded.
    encoding : mapping
        How to store variables, as `Dataset.to_netcdf` takes it.
    """
    # Dataset.to_netcdf imports distributed, to ask whether its lock is needed.
    store = ScipyDataStore(str(path), mode="w", lock=False)
    try:
        dataset.dump_to_store(store, encoding=encoding)
    finally:
        store.close()
