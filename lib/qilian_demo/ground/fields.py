"""Random fields with a chosen correlation length, for terrain, soils and the atmosphere."""

from functools import lru_cache

import numpy as np
from scipy import fft

REACH = 6.0  # correlation lengths after which opposite edges no longer know of each other


def correlated_field(
    rng: np.random.Generator, shape: tuple[int, int], *, pixel: tuple[float, float], length: float
) -> np.ndarray:
    """Draw a Gaussian field of zero mean and unit variance with exponential covariance.

    White noise is filtered in the wavenumber domain by the spectrum of exp(-r / length) in two
    dimensions, proportional to (1 + (k length)^2)^(-3/2).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    shape : tuple of int
        Rows and columns.
    pixel : tuple of float
        Height and width of a pixel [km].
    length : float
        Distance at which the correlation has fallen to 1/e [km].

    Returns
    -------
    numpy.ndarray
        The field, shape (y, x), float32 [1].
    """
    # The filtered field is periodic; a margin keeps opposite edges independent.
    margin = [int(np.ceil(REACH * length / size)) for size in pixel]
    padded = tuple(fft.next_fast_len(n + m, real=True) for n, m in zip(shape, margin, strict=True))
    white = fft.rfft2(rng.standard_normal(padded, dtype=np.float32), overwrite_x=True)
    white *= _gain(padded, pixel, length)
    field = fft.irfft2(white, s=padded, overwrite_x=True)
    return np.ascontiguousarray(field[: shape[0], : shape[1]])


@lru_cache(2)  # the delays of all dates share one for the air and one for electrons
def _gain(shape: tuple[int, ...], pixel: tuple[float, float], length: float) -> np.ndarray:
    """Root of the spectrum at the wavenumbers of a real transform, for unit variance, float32."""
    ky = 2 * np.pi * np.fft.fftfreq(shape[0], pixel[0])[:, np.newaxis]
    kx = 2 * np.pi * np.fft.rfftfreq(shape[1], pixel[1])[np.newaxis, :]
    gain = (1 + (kx**2 + ky**2) * length**2) ** -0.75
    gain[0, 0] = 0.0
    # A real transform holds each column for two, but the first and that of an even length's end.
    copies = np.full(kx.size, 2.0)
    copies[0] = 1.0
    if shape[1] % 2 == 0:
        copies[-1] = 1.0
    variance = np.sum(gain**2 * copies) / (shape[0] * shape[1])
    return (gain / np.sqrt(variance)).astype(np.float32)
