"""The names of a catalogue, the formats each may come in, and the reader of each format."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import geopandas as gpd
import xarray as xr

from qilian.archive.readers import (
    caravan,
    control_points,
    delays,
    displacements,
    era5,
    flat,
    geotiff,
    ghcn,
    ghcn_daily,
    gmtsar,
    gnssrefl,
    gunw,
    hydrograph,
    hyp3,
    image,
    isce2,
    licsar,
    licsbas,
    mintpy,
    opera,
    pairs,
    thaw_depth,
    vector,
)

# What a reader returns: variables under a contract, or a table of features.
Data: TypeAlias = xr.Dataset | gpd.GeoDataFrame
Reader = Callable[..., Data]

# Formats that interferograms of any satellite come in.
_INTERFEROGRAMS: Mapping[str, Reader] = {
    "geotiff": geotiff.read,
    "gamma": flat.read_gamma,
    "gmtsar": gmtsar.read,
    "isce2": isce2.read,
    "hyp3": hyp3.read,
    "mintpy": mintpy.read_stack,
}

# Names of interferogram stacks, in the order in which a page takes one by itself.
STACKS = ("sentinel1", "alos2", "alos1", "envisat", "ers2", "nisar")

# What a weather model says of the delay at a radar's dates, by the name of its stack.
DELAYS = {stack: f"{stack}_delays" for stack in STACKS}

# What a name in a catalogue may hold, and the formats it may come in.
READERS: Mapping[str, Mapping[str, Reader]] = {
    "sentinel1": {
        "licsar": licsar.read,
        "licsbas": flat.read_licsbas,
        "aria": gunw.read_aria,
        **_INTERFEROGRAMS,
    },
    "alos2": _INTERFEROGRAMS,
    "alos1": _INTERFEROGRAMS,
    "envisat": _INTERFEROGRAMS,
    "ers2": _INTERFEROGRAMS,
    "nisar": {"nisar": gunw.read_nisar, **_INTERFEROGRAMS},
    **{
        name: {"netcdf": delays.read_netcdf, "gacos": delays.read_gacos} for name in DELAYS.values()
    },
    "displacement": {
        "geotiff": displacements.read_series,
        "licsbas": licsbas.read_series,
        "mintpy": mintpy.read_timeseries,
        "opera": opera.read,
    },
    "rate": {
        "geotiff": displacements.read_rate,
        "licsbas": licsbas.read_rate,
        "mintpy": mintpy.read_velocity,
    },
    "uav": {"image": image.read},
    "uav_rgb": {"image": image.read},
    "keyhole": {"image": image.read},
    "keyhole_points": {"csv": control_points.read_csv},
    "basemap": {"image": image.read},
    "sites": {"vector": vector.read_sites},
    "outlines": {"vector": vector.read_outlines},
    "climate": {
        "ghcn_csv": ghcn.read_csv,
        "ghcn_daily": ghcn_daily.read,
        "era5": era5.read,
        "caravan": caravan.read_climate,
    },
    "gnssir": {"gnssrefl": gnssrefl.read},
    "discharge": {
        "csv": hydrograph.read_csv,
        "usgs_rdb": hydrograph.read_usgs_rdb,
        "grdc": hydrograph.read_grdc,
        "ehyd": hydrograph.read_ehyd,
        "caravan": caravan.read_discharge,
    },
    "thaw_depth": {"csv": thaw_depth.read_csv},
    "pairs": {"csv": pairs.read_csv},
}
