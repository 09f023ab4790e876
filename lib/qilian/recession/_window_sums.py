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
        years = reported["year"].values
        self.shape, self.window = reported.shape, window
        index = segments["year"].values - years[0]
        gauge = segments["gauge"].values if "gauge" in segments else np.zeros_like(index)
        centre = index[:, np.newaxis] + np.arange(window) - window // 2
        self.segment, column = np.nonzero((centre >= 0) & (centre < years.size))
        self.centre = (gauge[:, np.newaxis] * years.size + centre)[self.segment, column]

    def total(self, values: np.ndarray) -> np.ndarray:
        """Add values, one for each segment of each window, over windows."""
        return np.bincount(self.centre, values, np.prod(self.shape)).reshape(self.shape)

    def moving(self, values: np.ndarray) -> np.ndarray:
        """Add values of segments over windows."""
        return self.total(values[self.segment])


def all_years(holds: np.ndarray, window: int) -> np.ndarray:
    """Whether something holds in every year of each window, (..., year), not beyond the record."""
    beyond = [(0, 0)] * (holds.ndim - 1) + [(window // 2, window // 2)]
    members = np.lib.stride_tricks.sliding_window_view(np.pad(holds, beyond), window, -1)
    return np.logical_and.reduce(members, -1)
