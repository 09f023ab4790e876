"""Daily flow of the upper Datong: a linear reservoir that drains ever more slowly."""

from dataclasses import dataclass

import numpy as np

from qilian_demo.air.climate import Climate, calendar_year, day_of_year, sum_by_year

AREA = 4576e6  # m2
MILLIMETRES_TO_FLOW = AREA / 1e3 / 86400.0  # m3 s-1 per mm d-1
# Drizzle wets plants only; heavy rain partly runs off over the ground.
WETTING, RECHARGE_SHARE = 1.5, 0.355  # mm d-1, 1
HEAVY, QUICK_SHARE = 7.0, 0.12  # mm d-1, 1
FAST_DAYS, ICE_DAYS = 1.3, 10.0
# Zones by height above the weather station [m], from the gauge up, and their shares of the basin.
ZONES = np.array([-800.0, -450.0, -150.0, 150.0, 450.0])
ZONE_SHARE = np.array([0.08, 0.22, 0.32, 0.26, 0.12])
LAPSE = -0.006  # degC m-1
MELT_FACTOR = 2.0  # mm degC-1 d-1
# Springs freeze in the channels all winter; the sun melts this ice from March on.
ICING = 13.0  # mm over the basin
ICING_MELT, ICING_MELTS_ABOVE = 0.018, -8.0  # mm degC-1 d-1, degC at the gauge
LONG_GAP = (np.datetime64("1996-05-11"), np.datetime64("1997-08-24"))


@dataclass(frozen=True)
class Streamflow:
    """Flow of the basin.

    Attributes
    ----------
    observed : numpy.ndarray
        Daily mean discharge as gauged, NaN where missing, shape (time,) [m3 s-1].
    recession_constant : numpy.ndarray
        True recession constant of each day, shape (time,) [d].
    """

    observed: np.ndarray
    recession_constant: np.ndarray


def recession_constant(time: np.ndarray) -> np.ndarray:
    """Ks of each day: 25 d up to 2005, growing evenly to 35 d in 2018, shape as `time` [d]."""
    return np.interp(calendar_year(time), [2005, 2018], [25.0, 35.0])


def simulate_streamflow(rng: np.random.Generator, climate: Climate) -> Streamflow:
    """Route rain and snowmelt to the gauge and lose part of the record.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of gauging errors and gaps.
    climate : Climate
        Daily weather.

    Returns
    -------
    Streamflow
        Gauged flow and true recession constant.
    """
    ks = recession_constant(climate.time)
    water = liquid_water(climate)
    slow = route(RECHARGE_SHARE * np.clip(water - WETTING, 0, None), ks)
    fast = route(QUICK_SHARE * np.clip(water - HEAVY, 0, None), np.full(ks.size, FAST_DAYS))
    ice = route(icing_melt(climate), np.full(ks.size, ICE_DAYS))
    flow = (slow + fast + ice) * MILLIMETRES_TO_FLOW
    observed = flow * (1 + rng.normal(0, 0.03, flow.size))
    observed[_missing(rng, climate.time)] = np.nan
    return Streamflow(observed, ks)


def liquid_water(climate: Climate) -> np.ndarray:
    """Rain and snowmelt over the basin, shape (time,) [mm d-1]; snow waits for warm days."""
    warmth = climate.temperature + LAPSE * ZONES[:, np.newaxis]
    return np.sum(
        [
            share * _zone_water(temperature, climate.precipitation)
            for share, temperature in zip(ZONE_SHARE, warmth, strict=True)
        ],
        axis=0,
    )


def _zone_water(temperature: np.ndarray, precipitation: np.ndarray) -> np.ndarray:
    """Rain and snowmelt of one zone, shape (time,) [mm d-1]."""
    liquid = np.empty(temperature.size)
    snow = 0.0
    # Plain numbers: a day at a time is no work for arrays.
    days = zip(temperature.tolist(), precipitation.tolist(), strict=True)
    for day, (warmth, amount) in enumerate(days):
        melt = min(snow, MELT_FACTOR * max(warmth, 0.0))
        rain = amount if warmth > 1.0 else 0.0
        snow = snow - melt + amount - rain
        liquid[day] = melt + rain
    return liquid


def icing_melt(climate: Climate) -> np.ndarray:
    """Melt of channel ice until the year's supply is used up, shape (time,) [mm d-1]."""
    warmth = climate.temperature + LAPSE * ZONES[0] - ICING_MELTS_ABOVE
    year = calendar_year(climate.time)
    melted = np.minimum(sum_by_year(year, ICING_MELT * np.clip(warmth, 0, None)), ICING)
    return np.clip(np.diff(melted, prepend=0.0), 0, None)


def route(inflow: np.ndarray, storage_days: np.ndarray) -> np.ndarray:
    """Send water through a linear reservoir: storage = storage_days * outflow.

    Parameters
    ----------
    inflow : numpy.ndarray
        Daily inflow, shape (time,) [mm d-1].
    storage_days : numpy.ndarray
        Recession constant of each day, shape (time,) [d].

    Returns
    -------
    numpy.ndarray
        Daily outflow, shape (time,) [mm d-1].
    """
    keep = np.exp(-1 / storage_days)
    outflow = np.empty(inflow.size)
    previous = inflow.mean()
    for day in range(inflow.size):
        previous = keep[day] * previous + (1 - keep[day]) * inflow[day]
        outflow[day] = previous
    return outflow


def _missing(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Days without a reading: ice, one long closure, and a dozen short gaps."""
    year, day = calendar_year(time), day_of_year(time)
    number = year - year[0]
    ice_on = 335 + rng.integers(-5, 8, number[-1] + 1)[number]
    ice_off = 70 + rng.integers(0, 25, number[-1] + 1)[number]
    missing = (day >= ice_on) | (day <= ice_off)
    missing |= (time >= LONG_GAP[0]) & (time <= LONG_GAP[1])
    for start in rng.integers(0, time.size, 12):
        missing[start : start + rng.integers(1, 20)] = True
    return missing
