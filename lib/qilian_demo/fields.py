"""Random fields with a chosen correlation length, for terrain, soils and the atmosphere."""

import numpy as np


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
        The field, shape (y, x) [1].
    """
    # The filtered field is periodic; twice the extent keeps opposite edges independent.
    padded = (2 * shape[0], 2 * shape[1])
    ky = 2 * np.pi * np.fft.fftfreq(padded[0], pixel[0])[:, np.newaxis]
    kx = 2 * np.pi * np.fft.rfftfreq(padded[1], pixel[1])[np.newaxis, :]
    gain = (1 + (kx**2 + ky**2) * length**2) ** -0.75
    gain[0, 0] = 0.0
    # A real transform holds each column but the first and the last (Nyquist) for two.
    copies = np.full(kx.size, 2.0)
    copies[[0, -1]] = 1.0
    variance = np.sum(gain**2 * copies) / (padded[0] * padded[1])
    white = np.fft.rfft2(rng.standard_normal(padded))
    field = np.fft.irfft2(white * gain, s=padded) / np.sqrt(variance)
    return field[: shape[0], : shape[1]]
