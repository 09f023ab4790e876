"""Reference, ramps and delay with height against what was put in."""

import numpy as np
import pytest
import xarray as xr

from qilian.contracts.errors import InputError
from qilian.insar import corrections
from qilian.insar.sbas import invert

ROWS, COLUMNS = 30, 40


def scene(rng, *, pairs=3) -> xr.Dataset:
    """Pairs of one chain over flat and hilly ground that does not move; offsets, ramps, delay."""
    y, x = np.arange(ROWS, 0, -1.0), np.arange(COLUMNS, dtype=float)
    height = 4000 + 200 * np.sin(x / 7) * np.cos(y[:, np.newaxis] / 5)
    offset, east, gradient = rng.normal(0, [[9], [0.02], [0.01]], (3, pairs))[..., None, None]
    phase = offset + east * x + gradient * (height - 4000)
    days = np.datetime64("2019-05-01", "ns") + np.arange(pairs + 1) * np.timedelta64(12, "D")
    coherence = np.full(phase.shape, 0.5) + 0.4 * (height > 4050)
    return xr.Dataset(
        {
            "unwrapped_phase": (("pair", "y", "x"), phase.astype("float32")),
            "coherence": (("pair", "y", "x"), coherence.astype("float32")),
            "height": (("y", "x"), height),
            "wavelength": ((), 0.0555),
        },
        {
            "reference_date": ("pair", days[:-1]),
            "secondary_date": ("pair", days[1:]),
            "y": y,
            "x": x,
        },
    )


def corrected(stack, found) -> np.ndarray:
    """Phase less the corrections, (pair, y, x)."""
    taken = (found["coefficient"] * found["basis"]).sum("term")
    return (stack["unwrapped_phase"] - taken).transpose("pair", "y", "x").values


def test_ramp_and_delay_with_height_are_found_beside_one_another():
    """A scene made of nothing else is left with zero, wrong cycles on a tenth of it or not."""
    rng = np.random.default_rng(0)
    stack = scene(rng)
    area = corrections.reference_around(stack, 20.0, 10.0)
    found = corrections.fit_corrections(stack, area, ramp=True, height=True)
    assert found["term"].values.tolist() == ["reference", "ramp_x", "ramp_y", "height"]
    np.testing.assert_allclose(corrected(stack, found), 0, atol=1e-4)
    slipped = rng.random(stack["height"].shape) < 0.1
    stack["unwrapped_phase"] += 2 * np.pi * slipped.astype("float32")
    again = corrections.fit_corrections(stack, area, ramp=True, height=True)
    np.testing.assert_allclose(corrected(stack, again)[:, ~slipped], 0, atol=1e-4)


def test_the_inversion_takes_off_what_was_found():
    """A scene of nothing but offsets, ramps and delay gives a displacement of zero."""
    stack = scene(np.random.default_rng(1))
    area = corrections.reference_around(stack, 20.0, 10.0)
    found = corrections.fit_corrections(stack, area, ramp=True, height=True)
    result = invert(stack, corrections=found)
    np.testing.assert_allclose(result["displacement"], 0, atol=1e-3)


def test_a_cycle_more_in_a_whole_pair_changes_nothing_once_it_is_referred():
    """Each pair's own constant goes."""
    stack = scene(np.random.default_rng(2))
    area = corrections.reference_around(stack, 20.0, 10.0)
    before = corrected(stack, corrections.fit_corrections(stack, area))
    stack["unwrapped_phase"] += xr.DataArray([0.0, 2 * np.pi, -40.0], dims="pair").astype("f4")
    np.testing.assert_allclose(
        corrected(stack, corrections.fit_corrections(stack, area)), before, atol=1e-4
    )


def test_the_reference_is_the_most_coherent_square_with_phase_in_every_pair():
    """A better square that lacks one value in one pair is passed over."""
    stack = scene(np.random.default_rng(3))
    stack["coherence"][:] = 0.4
    stack["coherence"][:, 4:9, 4:9] = 0.9
    stack["coherence"][:, 20:25, 30:35] = 0.8
    area = corrections.reference_by_coherence(stack)
    assert area.values[4:9, 4:9].all()
    assert area.values.sum() == 25
    stack["unwrapped_phase"][1, 6, 6] = np.nan
    assert corrections.reference_by_coherence(stack).values[20:25, 30:35].all()


def test_a_lazy_stack_is_corrected_as_one_in_memory():
    """Blocks change nothing."""
    stack = scene(np.random.default_rng(4))
    area = corrections.reference_by_coherence(stack)
    whole = corrections.fit_corrections(stack, area, ramp=True, height=True)
    lazy = stack.chunk(y=7)
    xr.testing.assert_equal(corrections.reference_by_coherence(lazy), area)
    xr.testing.assert_allclose(
        corrections.fit_corrections(lazy, area, ramp=True, height=True), whole
    )


def test_what_cannot_be_corrected_is_said_in_one_sentence():
    """No phase at the reference, no height, a place outside, no complete square."""
    stack = scene(np.random.default_rng(5))
    with pytest.raises(InputError, match=r"^reference x is 99.0, expected a place in x\.$"):
        corrections.reference_around(stack, 99.0, 10.0)
    area = corrections.reference_around(stack, 20.0, 10.0)
    with pytest.raises(InputError, match="no height, expected it"):
        corrections.fit_corrections(stack.drop_vars("height"), area, height=True)
    stack["unwrapped_phase"][1] = stack["unwrapped_phase"][1].where(~area)
    with pytest.raises(InputError, match="2019-05-13 to 2019-05-25 has no phase in the reference"):
        corrections.fit_corrections(stack, area)
    stack["unwrapped_phase"][2, ::3, ::3] = np.nan
    with pytest.raises(InputError, match="no 5 × 5 pixels have phase in every pair"):
        corrections.reference_by_coherence(stack)
