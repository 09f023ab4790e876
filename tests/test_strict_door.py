"""Whatever lies in a file, a reader returns what its contract asks for or one sentence, in time."""

import tempfile
import time
import warnings
from dataclasses import replace
from inspect import signature
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import LAYOUTS, damages, write_entry

from qilian.archive.catalogue import open_archive
from qilian.archive.readers.formats import READERS
from qilian.contracts import datasets
from qilian.contracts.errors import InputError

pytestmark = pytest.mark.slow  # a third of a minute of a core

CONTRACTS = {
    "sentinel1": datasets.INTERFEROGRAMS,
    "alos1": datasets.INTERFEROGRAMS,
    "alos2": datasets.INTERFEROGRAMS,
    "envisat": datasets.INTERFEROGRAMS,
    "nisar": datasets.INTERFEROGRAMS,
    "sentinel1_delays": datasets.DELAYS,
    "displacement": datasets.DISPLACEMENT,
    "rate": datasets.RATE,
    "uav": datasets.IMAGE,
    "climate": datasets.CLIMATE,
    "discharge": datasets.DISCHARGE,
    "thaw_depth": datasets.THAW_DEPTH,
    "gnssir": datasets.REFLECTOR_HEIGHT,
    "pairs": datasets.PAIR_TABLE,
    "keyhole_points": datasets.CONTROL_POINTS,
}
SECONDS = 20
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # thousands of small files
FEW = settings().max_examples // 4  # of what takes a tenth of a second each
each_layout = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda x: f"{x.name}-{x.form}")


def hold(name: str, data: xr.Dataset | gpd.GeoDataFrame) -> None:
    """Hold what a reader returns to its contract, every number of it read."""
    if isinstance(data, gpd.GeoDataFrame):
        assert data.geometry.is_valid.all()
        assert not data.geometry.is_empty.any()
        return
    datasets.conform(data.load(), CONTRACTS[name], "here")
    for coordinate in data.coords.values():
        if coordinate.dtype.kind in "fM":
            assert coordinate.notnull().all()
    phase = data.get("unwrapped_phase")
    assert phase is None or not np.isinf(phase).any()


def test_every_format_of_a_catalogue_is_among_those_that_are_damaged():
    readers = {reader for formats in READERS.values() for reader in formats.values()}
    assert readers == {READERS[layout.name][layout.form] for layout in LAYOUTS}


@each_layout
def test_a_file_as_it_should_be_meets_its_contract(layout, tmp_path):
    write_entry(layout, tmp_path)
    hold(layout.name, open_archive(tmp_path).load(layout.name))


TEXTS = ["", "x", "*", "**", "{reference}", "{reference}{secondary}*", "..", "/", "a,b", "=" * 300]
VALUES = st.sampled_from([*TEXTS, 0, -1, 1, 10**30, 0.0, -0.5, 1e-300, 1e308])


@each_layout
@settings(max_examples=FEW, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_key_with_another_value_is_obeyed_or_refused_in_a_sentence(layout, data):
    reader = READERS[layout.name][layout.form]
    keys = [key for key, about in signature(reader).parameters.items() if about.kind == 3]
    if not keys:
        return
    key, value = data.draw(st.sampled_from(keys)), data.draw(VALUES)
    with tempfile.TemporaryDirectory(dir=MEMORY) as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = replace(layout, keys={**layout.keys, key: value})
        write_entry(changed, Path(place))
        try:
            archive = open_archive(place)
            archive.digest([layout.name])
            hold(layout.name, archive.load(layout.name))
        except InputError as error:
            assert len(str(error).replace(place, "")) < 400


@each_layout
@settings(max_examples=FEW, suppress_health_check=[HealthCheck.too_slow])
@given(damage=damages(), which=st.floats(0, 1, exclude_max=True))
def test_a_damaged_file_meets_its_contract_or_is_refused_in_a_sentence(layout, damage, which):
    with tempfile.TemporaryDirectory(dir=MEMORY) as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_entry(layout, Path(place))
        files = sorted(path for path in Path(place, "in").rglob("*") if path.is_file())
        file = files[int(which * len(files))]
        content = file.read_bytes()
        # From bytes changed inside a file, HDF5's own library may never return: those are cut.
        inside = file.suffix not in (".h5", ".he5", ".nc")
        file.write_bytes(damage(content) if inside else content[: int(which * len(content))])
        start = time.process_time()
        try:
            archive = open_archive(place)
            archive.digest([layout.name])
            hold(layout.name, archive.load(layout.name))
        except InputError as error:
            assert len(str(error)) < 400
            assert (
                "expected" in str(error) or "did you mean" in str(error) or "it has" in str(error)
            )
        assert time.process_time() - start < SECONDS
