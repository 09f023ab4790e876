"""CDF matching against closed forms and pytesmo's definition; statistics against SciPy."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import interpolate, stats

from qilian.contracts.errors import InputError
from qilian.insar import cdf_matching

RNG = np.random.default_rng(3)


def line(values: np.ndarray) -> xr.DataArray:
    """Values as a map of one row."""
    about = {"long_name": "vertical rate", "units": "mm year-1"}
    coords = {"y": [0.0], "x": np.arange(len(values))}
    return xr.DataArray(np.atleast_2d(values).astype(float), coords, ("y", "x"), attrs=about)


def everywhere(field: xr.DataArray) -> xr.DataArray:
    return xr.ones_like(field, dtype=bool)


def fit(x: xr.DataArray, y: xr.DataArray, **options) -> xr.Dataset:
    return cdf_matching.fit_cdf_matching(x, y, everywhere(x), **options)


@pytest.fixture
def rates() -> xr.DataArray:
    """Two thousand rates of two kinds of ground."""
    return line(np.concatenate([RNG.normal(-9, 2, 1500), RNG.normal(-1, 1, 500)]))


def test_a_linear_transform_is_recovered_inside_and_beyond_what_was_seen(rates):
    """Exactly, whatever the order of the reference's pixels."""
    reference = rates.copy(data=RNG.permutation((0.7 * rates + 2).values.ravel())[np.newaxis])
    fitted = fit(rates, reference)
    beyond = line(np.linspace(-60, 40, 300))
    np.testing.assert_allclose(cdf_matching.apply_cdf_matching(fitted, beyond), 0.7 * beyond + 2)
    assert float(fitted["slope_below"]) == pytest.approx(0.7)


def test_a_map_matched_to_itself_stays_as_it_was(rates):
    """Missing values too, and block by block."""
    holes = rates.where(rates["x"] % 7 > 0)
    found = cdf_matching.apply_cdf_matching(fit(rates, rates), holes.chunk(x=100))
    np.testing.assert_allclose(found, holes)
    assert found.attrs["units"] == "mm year-1"


def noisy(rates: xr.DataArray, spread: float) -> tuple[xr.DataArray, xr.DataArray]:
    """A reference that is the map with noise, and the noise's standard deviation."""
    noise = RNG.normal(0, spread, rates.shape)
    return rates + noise, xr.full_like(rates, spread)


def test_noise_that_is_known_does_not_stretch_an_unbiased_map():
    """Matched to itself with 3 mm/a of noise: to 0.2 mm/a, where plain matching errs by 1."""
    kinds = [RNG.normal(-9, 2, 15_000), RNG.normal(-1, 1, 5000)]
    rates = line(np.concatenate(kinds))
    reference, spread = noisy(rates, 3.0)
    known = cdf_matching.apply_cdf_matching(fit(rates, reference, noise=spread), rates)
    plain = cdf_matching.apply_cdf_matching(fit(rates, reference), rates)
    off = [float(((found - rates) ** 2).mean() ** 0.5) for found in (known, plain)]
    assert off[0] < 0.2
    assert off[1] > 1


def test_noise_that_is_known_leaves_a_shift_as_it_is(rates):
    """A bias of -2 mm/a alike for all rates is corrected by as much on average."""
    reference, spread = noisy(rates + 2, 3.0)
    found = cdf_matching.apply_cdf_matching(fit(rates, reference, noise=spread), rates)
    assert float((found - rates).mean()) == pytest.approx(2, abs=0.2)


@pytest.mark.slow
def test_the_error_of_a_match_is_what_maps_drawn_again_scatter_by():
    """Blocks with offsets of their own: the bootstrap against 60 new maps, within a third."""
    size = 4000
    blocks = line(np.repeat(np.arange(20), size // 20))
    true = RNG.normal(-6, 3, size)

    def drawn() -> tuple[xr.DataArray, xr.DataArray]:
        offset = RNG.normal(0, 1.5, 20)[blocks.values.ravel().astype(int)]
        return line(true), line(true + offset)

    at = line(np.array([-9.0, -6.0, -3.0]))
    again = [cdf_matching.apply_cdf_matching(fit(*drawn()), at).values for _ in range(60)]
    found = [
        cdf_matching.matching_error(*drawn(), everywhere(blocks), blocks).values for _ in range(5)
    ]
    near = [int(abs(true - value).argmin()) for value in at.values.ravel()]
    told = np.mean([one.ravel()[near] for one in found], axis=0)
    np.testing.assert_allclose(told, np.std(again, axis=0).ravel(), rtol=1 / 3)


def test_the_error_of_a_match_grows_in_the_tails(rates):
    """Few blocks have the fastest pixels: there the correction is least certain."""
    reference, _ = noisy(rates, 2.0)
    blocks = cdf_matching.spatial_blocks(rates, rows=1, columns=8)
    error = cdf_matching.matching_error(rates, reference, everywhere(rates), blocks)
    assert float(error[0, int(rates.values.argmin())]) > 2 * float(error.median())


values = arrays(float, 60, elements=st.floats(-50, 50).map(lambda value: round(value, 1)))


@given(values, values, st.integers(2, 6))
def test_no_order_of_pixels_is_reversed(x, y, bins):
    """The function rises, with ties in either map, and beyond what was seen."""
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    fitted = fit(line(x), line(y), bins=bins)
    corrected = cdf_matching.apply_cdf_matching(fitted, line(np.linspace(-80, 80, 400))).values
    assert (np.diff(corrected) >= -1e-9).all()
    assert (np.diff(fitted["source"]) > 0).all()


def test_matched_values_have_the_references_distribution_to_a_bin(rates):
    """Of a reference of another shape, by SciPy's Kolmogorov-Smirnov distance."""
    reference = line(RNG.gamma(2, 3, rates.size))
    fitted = fit(rates, reference)
    matched = cdf_matching.apply_cdf_matching(fitted, rates)
    distance = stats.ks_2samp(matched.values.ravel(), reference.values.ravel()).statistic
    assert distance <= 0.01
    assert fitted.sizes["percentile"] == 101


def pytesmo(x: np.ndarray, y: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes of pytesmo's CDFMatching for values without ties, written after its definition."""
    x, y = np.sort(x), np.sort(y)
    position = 100 * (np.arange(x.size) + 0.5) / x.size
    percentiles = np.arange(bins + 1) / bins * 100
    at, to = (np.interp(percentiles, position, v) for v in (x, y))
    for edge, inner, seen in ((0, 1, np.less_equal), (-1, -2, np.greater_equal)):
        a = x[seen(x, at[inner])] - at[inner]
        b = y[seen(y, to[inner])] - to[inner]
        slope = np.linalg.lstsq(a[:, np.newaxis], b)[0][0]
        to[edge] = to[inner] + slope * (at[edge] - at[inner])
    return at, to


def test_it_is_what_pytesmo_does_by_default():
    """A thousand values, hence 50 bins; its line of two nodes goes on beyond them."""
    x, y = RNG.normal(-8, 4, 1000), RNG.gamma(3, 2, 1000)
    nodes = pytesmo(x, y, 50)
    spline = interpolate.InterpolatedUnivariateSpline(*nodes, k=1, ext=0)
    wide = np.linspace(-40, 30, 500)
    found = cdf_matching.apply_cdf_matching(fit(line(x), line(y)), line(wide))
    np.testing.assert_allclose(found.values.ravel(), spline(wide))


def test_an_outlier_of_the_reference_does_not_steer_the_edge():
    """One value of 20 in the lowest bin lies a hundred off: it turns the line, which misses it."""
    x = np.arange(400.0)
    y = x.copy()
    y[0] -= 100
    fitted = fit(line(x), line(y))
    assert 1 < float(fitted["slope_below"]) < 10
    assert cdf_matching.apply_cdf_matching(fitted, line([0.0])).item() > y[0]
    below = cdf_matching.apply_cdf_matching(
        fitted, line(np.array([-10.0, -20, -30]))
    ).values.ravel()
    assert np.diff(below) == pytest.approx(-10 * float(fitted["slope_below"]))


def test_equal_values_share_a_corrected_one_and_percentiles_stay_distinct():
    """A third of the source at one value, as a processor's rounding makes it."""
    x = np.concatenate([np.full(200, -3.0), np.linspace(-2, 5, 400)])
    fitted = fit(line(x), line(np.linspace(0, 1, 600)), bins=10)
    matched = cdf_matching.apply_cdf_matching(fitted, line(x)).values.ravel()
    assert np.ptp(matched[:200]) == 0
    assert (np.diff(fitted["source"]) > 0).all()
    assert 0 <= matched.min() <= matched.max() <= 1.01


def test_bins_hold_twenty_values_at_least():
    """Of 90 common values, four bins; of 39, none."""
    few = line(np.where(np.arange(100) < 90, np.arange(100.0), np.nan))
    assert fit(few, few).sizes["percentile"] == 5
    with pytest.raises(InputError, match="common values is 39, expected 40 or more"):
        fit(few[:, :39], few[:, :39])


def test_maps_on_different_grids_and_constant_ones_are_refused(rates):
    """No silent intersection of coordinates."""
    with pytest.raises(InputError, match="different grids"):
        fit(rates, rates.assign_coords(x=rates["x"] + 0.5))
    with pytest.raises(InputError, match="the reference is 2 everywhere"):
        fit(rates, xr.full_like(rates, 2.0))


def test_agreement_is_what_numpy_and_scipy_say_where_mask_and_values_are():
    """With missing values in both maps."""
    a, b = line(RNG.normal(0, 1, 300)), line(RNG.normal(1, 2, 300))
    a[0, :20], b[0, 10:40] = np.nan, np.nan
    mask = everywhere(a)
    mask[0, 250:] = False
    found = cdf_matching.map_agreement(a, b, mask)
    x, y = a.values[0, 40:250], b.values[0, 40:250]
    assert int(found["number"]) == 210
    assert float(found["correlation"]) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert float(found["root_mean_square"]) == pytest.approx(np.sqrt(np.mean((x - y) ** 2)))
    assert float(found["mean"]) == pytest.approx(x.mean() - y.mean())
    assert float(found["kolmogorov_smirnov"]) == pytest.approx(stats.ks_2samp(x, y).statistic)


def test_a_cumulative_curve_runs_through_the_median_and_both_ends():
    """Of what the mask leaves."""
    field = line(np.arange(101.0))
    curve = cdf_matching.cumulative_distribution(field, field <= 50, count=3)
    assert curve.values.tolist() == [0, 25, 50]
    assert curve["share"].values.tolist() == [0, 0.5, 1]


def test_blocks_are_numbered_row_by_row_and_differ_by_a_pixel_at_most():
    """Five by seven pixels, cut into two by three."""
    like = xr.DataArray(np.zeros((5, 7)), {"y": np.arange(5), "x": np.arange(7)}, ("y", "x"))
    number = cdf_matching.spatial_blocks(like, rows=2, columns=3)
    assert number.values[0].tolist() == [1, 1, 1, 2, 2, 3, 3]
    assert number.values[-1].tolist() == [4, 4, 4, 5, 5, 6, 6]
    assert number.values[:, 0].tolist() == [1, 1, 1, 4, 4]
    with pytest.raises(InputError, match="blocks along y is 6, expected 1 to 5"):
        cdf_matching.spatial_blocks(like, rows=6, columns=1)


def test_a_held_out_block_has_no_say_in_the_correction_that_it_is_judged_by():
    """The reference of the second half is off by 5: seen from the first half alone, all of it."""
    x = line(RNG.normal(0, 2, 2000))
    second = x["x"] >= 1000
    reference = x + 1 + 5 * second
    parts = cdf_matching.spatial_blocks(x, rows=1, columns=2)
    found = cdf_matching.evaluate_matching(x, reference, everywhere(x), parts)
    block = found.isel(area=2)
    assert found["block"].values.tolist() == [0, 1, 2]
    assert block["mean"].sel(matching="after").item() == pytest.approx(-5, abs=0.05)
    assert block["mean"].sel(matching="before").item() == pytest.approx(-6)
    assert block["number"].values.tolist() == [1000, 1000]
    fitted_area = found.sel(area="fitted area", matching="after")
    assert abs(float(fitted_area["mean"])) < 0.05
    assert float(fitted_area["root_mean_square"]) > 1
