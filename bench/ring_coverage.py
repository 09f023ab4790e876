"""How often the 95 % intervals of S10's rings cover the truth, on the simulated headwaters.

Each draw is an archive of its own, made, inverted and removed again. Rings are those of S10 with
its defaults. They are compared with the true rate of the same pixels, zero on stable ground, and
with the truth plus what the bias of short pairs adds to the rate, which no interval claims to
cover.

Usage: python bench/ring_coverage.py [folder]
It writes ring_coverage.csv, which book/methods/zonal_means.md shows, into book/, unless told
otherwise.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import xarray as xr

from qilian import insar, products, spatial
from qilian.archive import open_archive
from qilian_demo.write import write_archive

BOOK = Path(__file__).resolve().parents[1] / "book"
SEEDS = range(1, 4)
RINGS = (300, 600, 1000, 2500)  # m, and all ground beyond
INSIDE = 1.96  # standard errors


def compared(folder: Path) -> Iterator[dict[str, object]]:
    """Give what each ring is off by, in its standard errors, and its half-width [mm/a]."""
    source = open_archive(folder)
    kept = products.displacement(source, "sentinel1")
    solved = insar.mask_incoherent(insar.vertical_if_known(kept), minimum=0.7)
    whole = insar.model_rates(solved)[["rate", "rate_standard_error"]]
    outlines, picture = source.load("outlines"), source.load("basemap")
    bounds = picture.rio.transform_bounds(kept.rio.crs)
    site = whole.where(spatial.inside(whole, bounds), drop=True).load()
    site = site.where(~spatial.covered(outlines[outlines.kind == "pit"], site.rate))
    rings = spatial.rings(outlines, site.rate, RINGS)
    rate, found = products.rate_around(source, whole.rate, site, rings, height=kept.get("height"))
    truth, gain = (
        source.load_truth("sentinel1", like=whole),
        products.loop_bias(source, "sentinel1")["gain"],
    )
    grounds = spatial.thaw_zones(products.sentinel1_season(source), outlines, rate)
    stable = products.stable_ground_of(source, whole.rate)
    for name, true in (
        ("truth", truth.vertical_rate),
        ("truth and bias of short pairs", truth.vertical_rate + gain * truth.short_pair_bias),
    ):
        held = (true - true.where(stable).median()).reindex_like(rate).where(rate.notnull())
        known = spatial.ring_means(
            held.assign_attrs(rate.attrs), xr.zeros_like(rate), rings, grounds
        ).sel(ground=found.ground)
        for quantity, error in (("mean", "standard_error"), ("excess", "excess_standard_error")):
            last = None if quantity == "mean" else -1
            off = ((found[quantity] - known[quantity]) / found[error]).values[:, :last]
            for z, wide in zip(off.ravel(), found[error].values[:, :last].ravel(), strict=True):
                yield {"against": name, "of": quantity, "off": z, "half": INSIDE * wide}


def drawn(seed: int) -> list[dict[str, object]]:
    """Make an archive and compare its rings."""
    with TemporaryDirectory() as place:
        archive, cache = Path(place, "archive"), Path(place, "cache")
        cache.mkdir()
        os.environ["QILIAN_CACHE"] = str(cache)
        write_archive(archive, seed=seed)
        return list(compared(archive))


def row(rings: pd.DataFrame) -> pd.Series:
    """Coverage of some rings [%], and median half-width and error [mm/a]."""
    off = abs(rings["off"])
    return pd.Series(
        {
            "rings": len(rings),
            "coverage (%)": round(100 * (off < INSIDE).mean(), 1),
            "median half-width (mm/a)": round(rings["half"].median(), 2),
            "median error (mm/a)": round((off * rings["half"] / INSIDE).median(), 2),
        }
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else BOOK
    rings = []
    for seed in SEEDS:
        rings += drawn(seed)
        print(seed, len(rings), flush=True)
    table = pd.DataFrame(rings).replace({"of": {"mean": "mean", "excess": "last ring minus it"}})
    table = table.groupby(["of", "against"], sort=False).apply(row, include_groups=False)
    table = table.astype({"rings": int}).reset_index()
    table.to_csv(folder / "ring_coverage.csv", index=False)
    print(table.to_string(index=False))
