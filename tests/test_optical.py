"""Indices against pixels worked by hand and another tool; masks, classes and shares."""

import numpy as np
import pytest
import rioxarray  # noqa: F401
import spyndex
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qilian.archive.catalogue import open_archive
from qilian.archive.readers import image
from qilian.contracts.errors import InputError
from qilian.imagery import indices
from qilian.spatial import classes

NAN = np.nan


def pixels(**bands: list[float]) -> xr.DataArray:
    """Reflectances as an image of one row."""
    values = np.array(list(bands.values()), float)[:, np.newaxis, :]
    coords = {"band": list(bands), "y": [0.0], "x": np.arange(values.shape[2], dtype=float)}
    return xr.DataArray(values, coords, ("band", "y", "x"), attrs={"units": "1"})


def test_both_indices_of_pixels_worked_by_hand():
    """Meadow, pond, and grey gravel, which is neither."""
    image = pixels(green=[0.08, 0.06, 0.2], red=[0.05, 0.03, 0.2], near_infrared=[0.35, 0.02, 0.2])
    np.testing.assert_allclose(indices.ndvi(image)[0], [0.75, -0.2, 0], atol=1e-12)
    np.testing.assert_allclose(indices.ndwi(image)[0], [-27 / 43, 0.5, 0], atol=1e-12)


def test_where_an_index_is_noise_it_is_missing():
    """Sums below 0.02 and of 0, a band without a value, a reflectance below 0."""
    red = [0.0, 0.009, 0.011, NAN, -0.01, 0.1]
    image = pixels(green=red, red=red, near_infrared=[0.0, 0.01, 0.011, 0.3, 0.3, NAN])
    expected = [NAN, NAN, 0, NAN, NAN, NAN]
    np.testing.assert_array_equal(indices.ndvi(image)[0], expected)
    np.testing.assert_array_equal(indices.ndwi(image)[0], expected)


def test_a_band_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"bands red, expected one named near_infrared\.$"):
        indices.ndvi(pixels(red=[0.1]))


reflectances = arrays(float, 24, elements=st.floats(0.02, 1.0))


@settings(max_examples=settings().max_examples // 4)
@given(reflectances, reflectances, reflectances, st.floats(0.1, 1.0))
def test_indices_stay_in_range_and_a_shadow_on_all_bands_leaves_them(green, red, near, shade):
    """A common factor cancels; the two indices swap sign with their bands."""
    image = pixels(green=green, red=red, near_infrared=near)
    for index in (indices.ndvi, indices.ndwi):
        whole, shaded = index(image), index(shade * image)
        assert (np.abs(whole) <= 1).all()
        held = shaded.notnull()
        np.testing.assert_allclose(shaded.where(held), whole.where(held), atol=1e-9)
    swapped = pixels(red=near, near_infrared=red)
    np.testing.assert_allclose(indices.ndvi(swapped), -indices.ndvi(image))


def test_what_the_range_of_the_thresholds_stands_for():
    """Two bands each off by 7 %, independently, put an index of 0 off by 0.05: (1 − I²) r / √2."""
    errors = 1 + 0.07 * np.random.default_rng(1).standard_normal((2, 100_000))
    found = indices.ndvi(pixels(red=0.2 * errors[0], near_infrared=0.2 * errors[1]))
    assert float(found.std()) == pytest.approx(0.05, rel=0.03)


def test_shadow_and_glare_and_what_was_not_flown_are_flagged():
    """By the mean of green, red and near infrared; limits out of order are refused."""
    image = pixels(
        green=[0.1, 0.01, 0.7, NAN], red=[0.1, 0.01, 0.7, 0.1], near_infrared=[0.3, 0.03, 0.7, 0.1]
    )
    found = indices.reflectance_quality(image, darkest=0.02, brightest=0.5)
    assert found.values.tolist() == [[0, 2, 3, 1]]
    assert found.flag_meanings.split() == ["usable", "no_data", "too_dark", "too_bright"]
    with pytest.raises(InputError, match=r"^brightest is 0\.1, expected more than darkest, 0\.2"):
        indices.reflectance_quality(image, darkest=0.2, brightest=0.1)


def test_water_goes_first_and_what_has_no_index_has_no_class():
    """Water, bare, sparse, covered; on a limit; floating plants are still water by NDWI."""
    plants = pixels(v=[-0.3, 0.1, 0.3, 0.7, 0.5, 0.6, NAN]).isel(band=0)
    wet = pixels(w=[0.4, -0.1, -0.3, -0.6, 0.0, 0.1, 0.2]).isel(band=0)
    found = indices.classify_indices(plants, wet)
    assert found.values.tolist() == [[1, 2, 3, 4, 3, 1, 0]]
    assert classes.class_fractions(found).values == pytest.approx([2 / 6, 1 / 6, 2 / 6, 1 / 6])
    with pytest.raises(InputError, match=r"vegetated is 0\.1, expected no less than bare"):
        indices.classify_indices(plants, wet, vegetated=0.1)


@given(arrays(float, 40, elements=st.floats(-1, 1)), st.lists(st.floats(-1, 1), min_size=1))
def test_the_fraction_above_a_threshold_is_counted(values, thresholds):
    """One by one, missing pixels left out."""
    index = pixels(i=[*values, NAN]).isel(band=0, drop=True).rename("i")
    expected = [(values > threshold).mean() for threshold in thresholds]
    np.testing.assert_allclose(indices.fraction_above(index, thresholds), expected)


def test_a_threshold_that_moves_takes_its_fraction_along():
    """Four pixels of NDWI at 0 ± 0.04 and far from it."""
    wet = pixels(w=[-0.04, 0.04, 0.5, -0.5]).isel(band=0, drop=True).rename("ndwi")
    found = indices.threshold_sensitivity([(wet, 0.0)])
    assert found.to_dataframe().loc["NDWI > 0"].tolist() == [0.5, 0.25, 0.75]


@pytest.fixture
def landsat(real) -> xr.DataArray:
    """Six real bands."""
    names = "blue,green,red,near_infrared,swir_1,swir_2"
    return image.read(real / "landsat7_six_bands.tif", bands=names).image.compute()


def test_indices_of_a_real_image_are_those_of_spyndex(landsat):
    """On every pixel, of stored numbers, in which nothing is masked."""
    bands = dict(zip("BGRN", landsat.values[:4].astype(float), strict=True))
    for index, name in ((indices.ndvi, "NDVI"), (indices.ndwi, "NDWI")):
        found, expected = index(landsat), spyndex.computeIndex(name, bands)
        assert found.notnull().all()
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.fixture(scope="module")
def survey(demo):
    """Survey and truth of the demo."""
    source = open_archive(demo)
    return source.load("uav").compute().image, source.load_truth("survey").surface


def test_the_demos_open_water_is_found(survey):
    """All of it but for the pixels that a bank shares, and little else."""
    reflectance, true = survey
    usable = indices.reflectance_quality(reflectance) == 0
    found = (indices.ndwi(reflectance) > 0).where(usable)
    wet = true.assign_coords(x=reflectance.x, y=reflectance.y) == 1
    assert float(found.where(wet).mean()) > 0.97
    assert float(wet.where(found == 1).mean()) > 0.99


def test_the_surveys_flown_ground_has_all_classes_and_its_shares_are_the_truths(survey):
    """Vegetation by NDVI within 2 % of the ground's meadow, water within 0.5 % of its ponds."""
    reflectance, true = survey
    plants, wet = indices.ndvi(reflectance), indices.ndwi(reflectance)
    found = classes.class_fractions(indices.classify_indices(plants, wet)).to_series()
    flown = true.assign_coords(x=plants.x, y=plants.y).where(plants.notnull())
    ground = float(flown.notnull().sum())
    assert found["vegetated"] == pytest.approx(float((flown == 3).sum()) / ground, abs=0.02)
    assert found["water"] == pytest.approx(float((flown == 1).sum()) / ground, abs=0.005)
