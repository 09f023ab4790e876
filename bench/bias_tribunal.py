"""What each remedy for the bias of short pairs is worth, and how often its detector is right.

The tribunal: demo archives at full size, Sentinel-1's rate by every remedy of
`products.bias_remedies`, against the truth, over the ground on which both radars are compared.

The detector: Sentinel-1 stacks of the demo's radar at a quarter of its resolution, of two years
and of the whole record, with no bias and with multiples of the demo's. All have decorrelation, of
shared images or of single pairs, delay, and lost cycles; some have phases of single pairs besides,
as wide and strong as leave closures like those of a real stack: 24 loops over Mexico City, 2018,
scatter by 0.25 rad (robustly) with half of their correlation left at 2 km. A bias that does not
fade goes unseen.

The fading: what the loops' correction leaves of a meadow's bias that fades otherwise than it takes
it to, in two years at full resolution.

Usage: python bench/bias_tribunal.py [folder] [tribunal] [detector]
It writes bias_tribunal.csv, bias_detector.csv and bias_fading.csv, which
book/methods/short_pair_bias.md shows, into book/, unless told otherwise.
"""

import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import qilian_demo
from qilian import insar, products, spatial
from qilian.archive import open_archive
from qilian.thaw import settlement_course
from qilian_demo.ground.fields import correlated_field
from qilian_demo.headwaters import Ground, make_ground
from qilian_demo.radar import fading
from qilian_demo.radar.acquisitions import choose_pairs, make_acquisitions
from qilian_demo.radar.interferograms import Track
from qilian_demo.radar.sensors import SENTINEL1
from qilian_demo.streams import stream

BOOK = Path(__file__).resolve().parents[1] / "book"
SEEDS = range(1, 21)
SCALE = 0.25
SHORT, LONG = 40, 155  # dates: two years, the record
DRAWS = {SHORT: 100, LONG: 20}
ROUGH, ROUGH_LENGTH = 0.15, 3.0  # rad, km: of pairs whose closures are as over Mexico City
MEADOW = -5.0  # mm a-1, below which a twelve-day pair's false rate is a meadow's
TIMES = 0.0, 0.5, 1.0, 2.0  # of the demo's bias
FADINGS = {
    "as published": fading.FADING_SHARE,
    "slower": np.array([1, 0.7, 0.55, 0.48, 0.45]),
    "faster": np.array([1, 0.4, 0.2, 0.1, 0.05]),
    "not at all": np.ones(5),
}


def tried(seed: int) -> pd.DataFrame:
    """Score every remedy on one demo archive."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QILIAN_CACHE"] = f"{folder}/cache"
        qilian_demo.write_archive(Path(folder, "demo"), seed=seed)
        source = open_archive(f"{folder}/demo")
        maps, stable = products.bias_remedies(source), products.sentinel1_rates(source)["stable"]
        mask = products.compared_rates(source)["compared"].astype(bool)
        truth, outlines = source.load_truth("sentinel1").load(), source.get("outlines")
    true = truth["vertical_rate"] - truth["vertical_rate"].where(stable).median()
    near = next(iter(spatial.mine_zones(outlines, stable, near=2000, far=8000).values()))
    kinds = spatial.class_zones(truth["land_cover"])
    zones = {
        "all ground": mask,
        "near the mines": mask & near,
        "wet meadow": mask & kinds["wet meadow"],
        "alpine meadow": mask & kinds["alpine meadow"],
    }
    rate, width = maps["rate"], 1.96 * maps["rate_standard_error"]
    scores = spatial.against_truth(rate, true, half_width=width, zones=zones)
    names = ["rmse", "mean_error", "coverage"]
    return scores[names].to_dataframe()[names].reset_index().assign(seed=seed)


def tribunal(workers: int) -> pd.DataFrame:
    """Medians over the seeds, with the spread of the mean error."""
    with ProcessPoolExecutor(workers, max_tasks_per_child=1) as pool:
        scores = pd.concat(pool.map(tried, SEEDS))
    groups = scores.groupby(["zone", "remedy"], sort=False)
    low, high = (groups["rmse"].quantile(level) for level in (0.1, 0.9))
    table = pd.DataFrame(
        {
            "RMSE (mm/a)": groups["rmse"].median().map("{:.1f}".format),
            "in 8 of 10 seeds": low.map("{:.1f}".format) + "–" + high.map("{:.1f}".format),
            "mean error (mm/a)": groups["mean_error"].median().map(signed),
            "its spread": groups["mean_error"].std().map("{:.1f}".format),
            "coverage (%)": (100 * groups["coverage"].mean()).map("{:.0f}".format),
        }
    )
    return table.reset_index().rename(columns={"zone": "ground"})


def signed(value: float) -> str:
    """Write a number with its sign, a minus in place of a hyphen."""
    return f"{value:+.1f}".replace("-", "−")


class Scene:
    """Stacks of one seed: noise of either kind, and what a bias adds to each pair."""

    def __init__(self, seed: int, dates: int, images: bool = True, scale: float = SCALE) -> None:
        self.ground = make_ground(seed, scale)
        self.dates = make_acquisitions(stream(seed, "acquisitions")).dates[:dates]
        self.track = self._track(self.ground)
        pairs = self.dates[choose_pairs(self.dates)]
        with ThreadPoolExecutor(1) as pool:
            made = list(self._made(pairs, images, pool))
        grid = self.ground.scene.grid
        size = ("pair", "y", "x")
        self.stack = xr.Dataset(
            {
                "unwrapped_phase": (size, np.stack([one.unwrapped_phase for one in made])),
                "coherence": (size, np.stack([one.coherence for one in made])),
                "wavelength": SENTINEL1.wavelength,
            },
            {
                "reference_date": ("pair", [one.dates[0].astype("M8[ns]") for one in made]),
                "secondary_date": ("pair", [one.dates[1].astype("M8[ns]") for one in made]),
                "y": grid.y,
                "x": grid.x,
            },
        )
        rng = stream(seed, "bias")
        self.bias = fading.short_pair_bias(rng, self.ground.scene, self.ground.deformation.rate[-1])

    def _track(self, ground: Ground) -> Track:
        return Track(ground.seed, SENTINEL1, ground.scene, ground.deformation, ground.climate)

    def _made(self, pairs: np.ndarray, images: bool, pool: ThreadPoolExecutor):
        if not images:
            yield from (self.track.interferogram((one, other), 0.0) for one, other in pairs)
            return
        held = self.track.images(pool)
        for date in self.dates:
            held.add(date)
            for one, other in pairs[pairs[:, 1] == date]:
                yield self.track.interferogram_of(held, (one, other))

    def biased(self, times: float, shares: np.ndarray, rough: float = 0.0) -> xr.Dataset:
        """Add a bias, and phases of single pairs of so many radians, to the stack."""
        days = insar.time_span(self.stack).values
        share = np.interp(days, fading.FADING_DAYS, shares)
        if not np.all(shares == 1):
            share = share * np.minimum(1, fading.FADING_DAYS[-1] / days)
        away = -4 * np.pi / (1000 * SENTINEL1.wavelength) * self.track.unit_vector[2]
        added = np.multiply.outer(times * share * days / 365.25, self.bias * away)
        if rough:
            rng, shape = stream(self.ground.seed, "rough"), self.ground.scene.shape
            pixel = self.ground.scene.pixel
            added += rough * np.stack(
                [correlated_field(rng, shape, pixel=pixel, length=ROUGH_LENGTH) for _ in days]
            )
        phase = self.stack["unwrapped_phase"]
        return self.stack.assign(unwrapped_phase=phase + added.astype("f4"))


def told(stack: xr.Dataset) -> xr.Dataset:
    """Run the detector as the book does."""
    mean = insar.temporal_mean_coherence(stack["coherence"])["mean_coherence"]
    firm = insar.firm_ground(mean)
    return insar.detect_bias(insar.loop_strength(stack), {"other": ~firm}, firm)


def detections(case: tuple[int, int]) -> list[dict]:
    """Run the detector on the stacks of one seed and length."""
    seed, dates = case
    rows, published = [], FADINGS["as published"]
    scenes = {
        "shared images": (Scene(seed, dates), 0.0),
        "independent pairs": (Scene(seed, dates, images=False), 0.0),
    }
    scenes["closures as of a real stack"] = scenes["shared images"][0], ROUGH
    for name, (scene, rough) in scenes.items():
        for times in TIMES:
            found = told(scene.biased(times, published, rough))
            rows.append((name, f"{times:g}", found))
        unfading = told(scene.biased(1.0, FADINGS["not at all"], rough))
        rows.append((name, "1, not fading", unfading))
    return [
        {"dates": dates, "noise": name, "bias": times, "detected": bool(found["detected"][0]),
         "error": float(found["standard_error"][0])}
        for name, times, found in rows
    ]  # fmt: skip


def faded(seed: int) -> list[dict]:
    """Score the rate before and after the loops' correction where the bias fades otherwise."""
    scene, rows = Scene(seed, SHORT, scale=1.0), []
    climate = scene.ground.climate
    air = xr.DataArray(
        climate.temperature,
        {"time": climate.time.astype("M8[ns]")},
        ("time",),
    )
    model = insar.thaw_model(settlement_course(air, insar.acquisition_dates(scene.stack)))
    area = insar.reference_by_coherence(scene.stack)
    up, how = scene.track.unit_vector[2], {"model": model, "uncertainty": False}

    def rate(stack: xr.Dataset) -> xr.DataArray:
        found = insar.invert(stack, corrections=insar.fit_corrections(stack, area), **how)
        return found["parameters"].sel(parameter="rate") / up

    def strength(stack: xr.Dataset) -> xr.DataArray:
        found = insar.loop_strength(stack) / up
        return found - found.where(area).mean(("y", "x"))

    unit = insar.invert(insar.with_false_phase(scene.stack), **how)["parameters"]
    gain, still = unit.sel(parameter="rate"), rate(scene.stack)
    meadow = xr.DataArray(scene.bias < MEADOW, dims=("y", "x"))
    for name, shares in FADINGS.items():
        stack = scene.biased(1.0, shares)
        added = rate(stack) - still
        found = insar.bias_of_rate(strength(stack), gain, area)["bias"]
        for stage, left in (("before", added), ("after", added - found)):
            rows.append({"fading": name, "stage": stage, "mean": float(left.where(meadow).mean())})
    return rows


def percent(values: pd.Series) -> str:
    """Write how often something is true [%]."""
    return f"{100 * values.mean():.0f}"


def write_detector(folder: Path, workers: int) -> None:
    """Write how often the detector speaks, and what another fading leaves."""
    cases = [(seed, dates) for dates, draws in DRAWS.items() for seed in range(1, draws + 1)]
    with ProcessPoolExecutor(workers) as pool:
        rows = pd.DataFrame([row for found in pool.map(detections, cases) for row in found])
        of_fading = pd.DataFrame([row for found in pool.map(faded, range(1, 6)) for row in found])
    rows["record"] = rows["dates"].map({SHORT: "two years", LONG: "whole record"})
    keys = ["record", "noise"]
    table = rows.groupby([*keys, "bias"], sort=False)["detected"].agg(percent).unstack("bias")
    table = table[[f"{times:g}" for times in TIMES] + ["1, not fading"]]
    error = rows[rows["bias"] == "0"].groupby(keys, sort=False)["error"].median()
    table = table.assign(**{"standard error (mm/a)": error.map("{:.2f}".format)})
    table.reset_index().to_csv(folder / "bias_detector.csv", index=False)
    by_stage = of_fading.groupby(["fading", "stage"], sort=False)["mean"].mean().unstack("stage")
    by_stage.map(signed).reset_index().to_csv(folder / "bias_fading.csv", index=False)


if __name__ == "__main__":
    known = {"tribunal", "detector"}
    wanted = known & set(sys.argv[1:]) or known
    folders = [word for word in sys.argv[1:] if word not in known]
    folder, workers = Path(folders[0]) if folders else BOOK, 1
    if "tribunal" in wanted:
        tribunal(workers).to_csv(folder / "bias_tribunal.csv", index=False)
    if "detector" in wanted:
        write_detector(folder, workers)
