"""The inversion against MintPy's, against reading its input, and against one matrix for all pixels.

Everything runs on one core; rates are pixels per second of CPU time, or of the clock where said.
MintPy is part of the bench's environment only. Usage: python bench/inversion_mintpy.py
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import stacks
import xarray as xr
from mintpy.ifgram_inversion import estimate_timeseries
from mintpy.objects import ifgramStack
from stacks import cost

from qilian.archive.cache import store
from qilian.archive.readers import mintpy
from qilian.insar import temporal_models
from qilian.insar.sbas import invert

SMALL, LARGE = (40, 40), (600, 600)
BARE = {"weight": "coherence", "screen_loops": False, "uncertainty": False}
MILLIMETRES = -1000 * stacks.WAVELENGTH / (4 * np.pi)
AGREED = 0.001  # mm


def pixels(stack: xr.Dataset) -> int:
    """Count pixels."""
    return stack.sizes["y"] * stack.sizes["x"]


def by_mintpy(stack: xr.Dataset) -> None:
    """Solve in memory by MintPy's function, pixel by pixel as its script does."""
    ends = [stack[end].dt.strftime("%Y%m%d").values for end in ("reference_date", "secondary_date")]
    displacement, velocity = ifgramStack.get_design_matrix4timeseries(
        list(map("_".join, zip(*ends, strict=True)))
    )
    days = np.full((stacks.DATES - 1, 1), stacks.DAYS / 365.25, "float32")
    phase, weight = (
        stack[name].values.reshape(stack.sizes["pair"], -1)
        for name in ("unwrapped_phase", "coherence")
    )
    for d, w in zip(phase.T, np.sqrt(weight).T, strict=True):
        estimate_timeseries(displacement, velocity, d, days, weight_sqrt=w, print_msg=False)


def by_mintpys_script(path: Path, folder: Path) -> None:
    """Solve from file to files by MintPy's script."""
    outputs = [str(folder / name) for name in ("timeseries.h5", "coherence.h5", "pairs.h5")]
    script = [sys.executable, "-m", "mintpy.cli.ifgram_inversion", str(path), "-w", "coh", "-o"]
    subprocess.run(script + outputs, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def by_files(path: Path, folder: Path) -> None:
    """Solve from file to Zarr."""
    store(invert(mintpy.read_stack(path), **BARE), Path(tempfile.mkdtemp(dir=folder), "out.zarr"))


def design() -> np.ndarray:
    """Design matrix (pair, date but the first) of displacement."""
    first, second = stacks.network()
    return (np.eye(stacks.DATES)[second] - np.eye(stacks.DATES)[first])[:, 1:]


def by_one_matrix(phase: np.ndarray, kind: str) -> np.ndarray:
    """Solve complete, unweighted pixels (pair, pixel) by one pseudo-inverse, in mm."""
    inverse = (np.linalg.pinv(design()) * MILLIMETRES).astype(kind)
    return inverse @ phase.astype(kind, copy=False)


def by_normal_equations(stack: xr.Dataset) -> np.ndarray:
    """Solve each pixel's dense normal equations in double precision, in mm (time, y, x)."""
    matrix = design()
    phase = stack["unwrapped_phase"].values.astype(float).reshape(len(matrix), -1)
    weight = np.where(np.isnan(phase), 0, stack["coherence"].values.reshape(len(matrix), -1))
    series = np.zeros((stacks.DATES, phase.shape[1]))
    for k, (d, w) in enumerate(zip(np.nan_to_num(phase).T, weight.T, strict=True)):
        series[1:, k] = np.linalg.solve(matrix.T * w @ matrix, matrix.T @ (w * d))
    return MILLIMETRES * series.reshape(stacks.DATES, *stack["unwrapped_phase"].shape[1:])


def well_connected(stack: xr.Dataset) -> np.ndarray:
    """Mask (y, x) of pixels that keep two pairs or more of every date."""
    kept = np.zeros((stacks.DATES, *stack["unwrapped_phase"].shape[1:]), int)
    for phase, *ends in zip(stack["unwrapped_phase"].values, *stacks.network(), strict=True):
        kept[ends] += ~np.isnan(phase)
    return (kept >= 2).all(axis=0)


def solvers(small: xr.Dataset, large: xr.Dataset) -> None:
    """Compare solvers in memory, and ours with what else it can do."""
    theirs = pixels(small) / cost(lambda: by_mintpy(small), times=3).cpu
    print(f"solve in memory, coherence as weight: MintPy {theirs:.0f}/s")
    model = temporal_models.periodic_model(xr.DataArray(stacks.dates(), dims="time"))
    for name, options in (
        ("series alone", {}),
        ("loops screened", {"screen_loops": True}),
        ("temporal model", {"model": model}),
        ("standard errors", {"uncertainty": True}),
        ("all of these", {"screen_loops": True, "model": model, "uncertainty": True}),
    ):
        options = BARE | options
        ours = pixels(large) / cost(lambda o=options: invert(large, **o), times=3).cpu
        print(f"  {name:16} {ours:8.0f}/s, ratio {ours / theirs:.0f}")
    layers = [large[name].values for name in ("unwrapped_phase", "coherence")]
    read = cost(lambda: [layer.sum(0) for layer in layers], times=3)
    solve = cost(lambda: invert(large, **BARE), times=3)
    print(f"summing phase and coherence {read.cpu:.2f} s, solving {solve.cpu:.2f} s, ", end="")
    print(f"ratio {solve.cpu / read.cpu:.1f}")


def files(small: xr.Dataset, large: xr.Dataset, folder: Path) -> None:
    """Compare from file to file, MintPy's start-up taken off, and the series that come out."""
    paths = [folder / name for name in ("tiny.h5", "small.h5", "large.h5")]
    for path, stack in zip(paths, (small.isel(y=[0], x=[0, 1]), small, large), strict=True):
        stacks.write(path, stack)
    tiny, whole = (
        cost(lambda p=path: by_mintpys_script(p, folder), times=2, children=True)
        for path in paths[:2]
    )
    ours = cost(lambda: by_files(paths[2], folder), times=3)
    print(f"file to file: MintPy's start-up {tiny.cpu:.1f} s of CPU time, taken off")
    for clock, start, full, own in zip(("CPU", "clock"), tiny, whole, ours, strict=True):
        theirs = (pixels(small) - 2) / (full - start)
        rate = pixels(large) / own
        print(f"  {clock:6} MintPy {theirs:.0f}/s, here {rate:.0f}/s, ratio {rate / theirs:.0f}")
    agreement(small, paths[1], folder / "timeseries.h5")


def agreement(small: xr.Dataset, path: Path, result: Path) -> None:
    """Print how far MintPy, this inversion and dense float64 lie apart."""
    with h5py.File(result) as file:
        theirs = 1000 * file["timeseries"][:]
    ours = invert(mintpy.read_stack(path), **BARE)["displacement"].values
    dense, well = by_normal_equations(small), well_connected(small)
    print(f"largest difference on {well.sum()} well-connected pixels of {well.size}, in mm:")
    for names, a, b in (
        ("here and MintPy", ours, theirs),
        ("here and float64", ours, dense),
        ("MintPy and float64", theirs, dense),
    ):
        apart = np.abs(a - b)[:, well].max()
        print(f"  {names:20}{apart:.6f}, {'within' if apart < AGREED else 'beyond'} {AGREED}")


def one_matrix() -> None:
    """Compare with the one pseudo-inverse that serves complete pixels of equal weight."""
    stack = stacks.simulate(*LARGE, missing=0)
    phase = stack["unwrapped_phase"].values.reshape(stack.sizes["pair"], -1)
    options = BARE | {"weight": "none"}
    ours = pixels(stack) / cost(lambda: invert(stack, **options), times=3).cpu
    series = invert(stack, **options)["displacement"].values.reshape(stacks.DATES, -1)[1:]
    print(f"complete and unweighted: here {ours:.0f}/s, with residuals and temporal coherence")
    for kind in ("float32", "float64"):
        theirs = pixels(stack) / cost(lambda k=kind: by_one_matrix(phase, k), times=3).cpu
        apart = np.abs(by_one_matrix(phase, kind) - series).max()
        print(
            f"  one matrix, {kind} {theirs:.0f}/s, ratio {ours / theirs:.2f}, "
            f"largest difference {apart:.6f} mm"
        )


def main() -> None:
    """Run all comparisons."""
    small, large = stacks.simulate(*SMALL), stacks.simulate(*LARGE)
    invert(small, **BARE)  # compiles
    print(f"{stacks.DATES} dates, {small.sizes['pair']} pairs, 5 % missing at random, one core")
    solvers(small, large)
    with tempfile.TemporaryDirectory() as folder:
        files(small, large, Path(folder))
    del large
    one_matrix()


if __name__ == "__main__":
    # Libraries count cores when they are loaded, so that a new process has to load them.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(main).result()
