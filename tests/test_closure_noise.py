"""How independent the noise of pairs is: closed forms, mixtures, and what must not count."""

import numpy as np
import pytest
import xarray as xr

from qilian.insar import closure_ratio, closure_verdict

DATES, SHAPE = 14, (90, 110)
FIRST, SECOND = np.array([(i, j) for i in range(DATES) for j in range(i + 1, min(DATES, i + 4))]).T


def stack(phase: np.ndarray) -> xr.Dataset:
    days = np.datetime64("2020-01-03", "ns") + 12 * np.arange(DATES) * np.timedelta64(1, "D")
    return xr.Dataset(
        {
            "unwrapped_phase": (("pair", "y", "x"), phase),
            "reference_date": ("pair", days[FIRST]),
            "secondary_date": ("pair", days[SECOND]),
        }
    )


def noise(own: float, of_images: float, seed: int = 0) -> np.ndarray:
    """Noise of pairs, of a variance `own` that is independent and one that comes with images."""
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((DATES, *SHAPE)) * (of_images / 2) ** 0.5
    pairs = rng.standard_normal((FIRST.size, *SHAPE)) * own**0.5
    return pairs + image[SECOND] - image[FIRST]


def test_independent_noise_has_the_ratio_one_within_its_error():
    found = closure_ratio(stack(noise(0.3, 0.0)), loops=100)
    assert found.loops == DATES - 2 + 2 * (DATES - 3)
    assert found.of_loop.size == found.loops
    assert abs(found.ratio - 1) < 3 * found.standard_error
    assert found.standard_error < 0.02


def test_noise_of_images_closes():
    assert closure_ratio(stack(noise(0.0, 0.3))).ratio < 1e-20


@pytest.mark.parametrize("part", [0.1, 0.5])
def test_the_ratio_is_the_fraction_of_independent_noise(part):
    found = closure_ratio(stack(noise(0.3 * part, 0.3 * (1 - part))))
    assert found.ratio == pytest.approx(part, abs=0.02)


@pytest.mark.slow
def test_the_error_is_the_scatter_between_scenes():
    """Its median over 12 scenes is within 40 % of the ratios' standard deviation."""
    found = [closure_ratio(stack(noise(0.05, 0.25, seed))) for seed in range(12)]
    scatter = np.std([each.ratio for each in found], ddof=1)
    claimed = np.median([each.standard_error for each in found])
    assert claimed == pytest.approx(scatter, rel=0.4)


def test_neither_smooth_ground_nor_lost_cycles_nor_gaps_count():
    """Delay and motion are smooth; a patch is off by a cycle in one pair, which opens its loops."""
    rows, columns = np.indices(SHAPE)
    phase = noise(0.1, 0.2)
    plain = closure_ratio(stack(phase)).ratio.item()
    smooth = 10 * np.sin(rows / 30 + columns / 20 + FIRST[:, np.newaxis, np.newaxis])
    phase = phase + smooth
    phase[3, 20:50, 30:60] += 2 * np.pi
    phase[:, 60:70, :15] = np.nan
    assert closure_ratio(stack(phase)).ratio == pytest.approx(plain, abs=0.01)


def test_without_loops_or_phase_there_is_no_ratio_and_a_sentence_says_why():
    whole = stack(noise(0.3, 0.0))
    chain = whole.isel(pair=np.flatnonzero(SECOND - FIRST == 1))
    none = closure_ratio(chain)
    assert none.ratio.isnull() and none.loops == 0
    assert closure_verdict(none).startswith("No three pairs form a loop, so nothing tells")
    unseen = closure_ratio(whole.drop_vars("unwrapped_phase"))
    assert unseen.ratio.isnull() and unseen.loops > 0
    assert closure_verdict(unseen).startswith("Loops have no phase")
    assert closure_ratio(stack(np.full((FIRST.size, 4, 4), 1.0))).ratio.isnull()


@pytest.mark.parametrize(
    ("ratio", "error", "words"),
    [
        (0.16, 0.01, "16 ± 2 % of the variance that independent noise would leave in them: pairs "),
        (0.6, 0.01, "share a part of it"),
        (0.97, 0.02, "no sign that pairs"),
    ],
)
def test_a_sentence_says_how_much_is_independent(ratio, error, words):
    found = xr.Dataset({"ratio": ratio, "standard_error": error, "loops": 4})
    assert words in closure_verdict(found)
