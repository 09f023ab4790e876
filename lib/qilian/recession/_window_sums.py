"""Sums over moving windows of years."""

import numpy as np
import xarray as xr


class WindowSums:
    """Sums over the segments of every moving window, each at its centre year.

    Parameters
    ----------
    segments : xarray.Dataset
        (segment,) as from `segment_sums`.
    reported : xarray.DataArray
        (year,) or (gauge, year), whose shape the sums have.
    window : int
        Length of the window [year], odd.
    """

    def __init__(self, segments: xr.Dataset, reported: xr.DataArray, window: int):
        self.shape, self.window, years = reported.shape, window, reported.sizes["year"]
        year = segments["year"].values - reported["year"].values[0]
        gauge = segments["gauge"].values if "gauge" in segments else 0
        # (window, segment), what lies beyond the record at the end of all.
        offset = np.arange(window)[:, np.newaxis] - window // 2
        inside = (year + offset >= 0) & (year + offset < years)
        self.centre = np.where(inside, gauge * years + year + offset, reported.size)

    def moving(self, values: np.ndarray) -> np.ndarray:
        """Add values of segments, (segment,), over windows."""
        yearly = self._add(values, self.centre[self.window // 2])
        return members(yearly, self.window).sum(-1)

    def total(self, values: np.ndarray) -> np.ndarray:
        """Add values of segments in each of their windows, (window, segment), over windows."""
        return self._add(values, self.centre)

    def of(self, sums: np.ndarray) -> np.ndarray:
        """Return what each segment's windows have, (window, segment), NaN beyond the record."""
        return np.append(sums, np.nan)[self.centre]

    def _add(self, values: np.ndarray, centre: np.ndarray) -> np.ndarray:
        sums = np.bincount(centre.ravel(), values.ravel(), np.prod(self.shape) + 1)
        return sums[:-1].reshape(self.shape)


def members(values: np.ndarray, window: int) -> np.ndarray:
    """Lay out the years of each window, (..., year) → (..., year, window), 0 beyond the record."""
    beyond = [(0, 0)] * (values.ndim - 1) + [(window // 2, window // 2)]
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, beyond), window, -1)
