"""The thaw seasons of a series, year by year and on average, kept for all pages that need them."""

from pathlib import Path

import xarray as xr

from qilian.archive.cache import kept
from qilian.archive.catalogue import Archive
from qilian.insar import rates
from qilian.insar.season_curves import lowest_day, mean_season, season_amounts
from qilian.products.inversion import displacement
from qilian.thaw.progress import season_progress

_CELLS = 30_000  # that the pixels are averaged to, about, at most


def thaw_seasons(
    source: Archive, entry: str = "auto", *, minimum_temporal_coherence: float = 0.7
) -> xr.Dataset:
    """Find how far ground settles each thaw season, how much of that late, and when it is lowest.

    Neighbouring pixels are averaged where there are more than some 30 000.

    Parameters
    ----------
    source : Archive
        Holds `entry` and `climate`.
    entry : str, optional
        As `displacement` has it.
    minimum_temporal_coherence : float, optional
        Temporal coherence below which a pixel is masked.

    Returns
    -------
    xarray.Dataset
        In memory: (year, y, x) what `insar.season_amounts` finds, as `{name}_of_year`; (y, x) their
        mean, as from `insar.mean_season`, `degrees_of_freedom`, and what `insar.lowest_day` finds
        of all years together. Vertical if the series has a look vector.

    Raises
    ------
    InputError
        As `displacement` and `thaw.season_progress` say.
    """
    entry = source.choose("interferograms or displacement", entry)
    season = source.fact("thaw_season")
    options = {"coherence": minimum_temporal_coherence, "thaw_season": season}

    def make(_: Path) -> xr.Dataset:
        inverted = rates.vertical_if_known(displacement(source, entry))
        masked = rates.mask_incoherent(inverted, minimum=minimum_temporal_coherence)
        measured = masked["displacement"].where(~masked["bridged"]).transpose("time", "y", "x")
        step = max(1, round((measured.sizes["y"] * measured.sizes["x"] / _CELLS) ** 0.5))
        cells = measured.coarsen(y=step, x=step, boundary="trim").mean(keep_attrs=True).compute()
        lasts = {name: inverted.attrs.get(name, 0.0) for name in ("persistence", "walk")}
        temperature = source.load("climate")["air_temperature"]
        progress = season_progress(temperature, cells["time"], thaw_season=season)
        amounts = season_amounts(cells, progress, **lasts).dropna("year", how="all")
        day = lowest_day(cells, progress, together=True, **lasts)
        of_years = amounts.drop_vars("degrees_of_freedom")
        of_years = of_years.rename({name: f"{name}_of_year" for name in of_years})
        both = xr.merge([mean_season(amounts), day, of_years], combine_attrs="override")
        return both.assign_attrs(inverted.attrs)

    return kept(f"seasons-{entry}", source, [entry, "climate"], options, make).load()
