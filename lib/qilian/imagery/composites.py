"""Reflectance as a picture for the eye."""

import xarray as xr

_COLOURS = (("red", "green", "blue"), ("near_infrared", "red", "green"))


def colour_composite(image: xr.DataArray) -> xr.DataArray:
    """Return reflectance as a picture, in natural colours if the image has a blue band.

    All three bands are stretched alike, from the 1st to the 99th percentile of all, and midtones
    are lifted, so that hues stay what they are. Without blue, near infrared, red and green stand
    in for red, green and blue, as in infrared film; without these, the first band is grey.

    Parameters
    ----------
    image : xarray.DataArray
        (band, y, x) reflectance.

    Returns
    -------
    xarray.DataArray
        (band, y, x), 0 to 255; the names of the bands say which they are.
    """
    held = image["band"].values.tolist()
    bands = next((names for names in _COLOURS if set(names) <= set(held)), held[:1] * 3)
    shown = image.sel(band=list(bands))
    low, high = shown.quantile([0.01, 0.99]).values
    return 255 * ((shown - low) / (high - low)).clip(0, 1) ** (1 / 1.6)
