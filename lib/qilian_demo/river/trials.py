"""Rivers of known storage on which a verdict is tried: many at once, and one thing changes.

Each feigns something else than storage: a reservoir that is not linear under less rain, water
from a mine, a later freeze-up, another rating of the gauge, regulation, snow that melts later.
Their storage constant is known, and so is whether it changes.
"""

from dataclasses import dataclass

import numpy as np

AUTUMN_FLOW = 20.0  # m3 s-1, the mean of September to November, about
WET_SHARE = {"summer": 0.35, "other": 0.12}  # of days; summer is June to August
WET_DAY, EXCESS = 1.1, 8.0  # mm, least and mean beyond it
RECHARGE = 0.019  # per mm and day of constant: autumn flow then is `AUTUMN_FLOW`, about
AMPLITUDE, HOTTEST = 13.0, 200  # degC, day of the year
WEATHER, WEATHER_MEMORY = 1.8, 0.75  # degC, 1
SNOW_BELOW, MELT_FACTOR = 1.0, 2.0  # degC, mm degC-1 d-1
DETENTION = 30.0  # d, for which a regulating reservoir holds water back in the mean
# Frost after which ice holds water back, and the fraction of the flow that it takes a day.
FREEZES_AFTER, ICE_LOSS, ICE_DAYS = 60.0, 0.05, 25  # degC d, d-1, d


@dataclass(frozen=True)
class TrialRiver:
    """A river, and how it differs after its change.

    Attributes
    ----------
    constant : float
        Storage constant before, at the flow `AUTUMN_FLOW` [day].
    exponent : float
        b of -dQ/dt = a Q^b, 1 to 2.
    noise, persistence : float
        Standard deviation of a day's ln Q, and its correlation with the next day's [1].
    spread : float
        Relative deviations of 1 / Ks between events.
    yearly, memory : float
        The same between years, and the correlation of one year's with the next.
    base_flow : float
        Steady flow from below all storage [m3 s-1].
    snow, ice : bool
        Whether precipitation freezes, and whether the river does.
    slower, wetter : float
        Factors on the storage constant and on rain after the change.
    temperature : float
        Mean of the year [degC]; at 0 the river freezes about 8 November, at 8 it does not.
    mine_water : float
        Steady inflow after the change [m3 s-1].
    warmer : float
        Rise of temperature [degC]; 2.6 delays the freeze-up by about twelve days.
    rating : float
        Exponent by which a new rating curve distorts flow about `AUTUMN_FLOW`.
    regulated : float
        Fraction of the flow that passes a reservoir after the change.
    """

    constant: float = 30.0
    exponent: float = 1.0
    noise: float = 0.03
    persistence: float = 0.0
    spread: float = 0.15
    yearly: float = 0.0
    memory: float = 0.0
    base_flow: float = 0.0
    snow: bool = False
    ice: bool = False
    slower: float = 1.0
    wetter: float = 1.0
    temperature: float = 8.0
    mine_water: float = 0.0
    warmer: float = 0.0
    rating: float = 1.0
    regulated: float = 0.0


@dataclass(frozen=True)
class TrialRecords:
    """Daily records of some rivers, arrays of shape (record, time) unless told otherwise.

    Attributes
    ----------
    time : numpy.ndarray
        (time,) days.
    discharge : numpy.ndarray
        As gauged [m3 s-1].
    precipitation, temperature : numpy.ndarray
        As measured [mm day-1], [degC].
    constant : numpy.ndarray
        (time,) true storage constant at `AUTUMN_FLOW` [day].
    """

    time: np.ndarray
    discharge: np.ndarray
    precipitation: np.ndarray
    temperature: np.ndarray
    constant: np.ndarray


def trial_records(
    rng: np.random.Generator,
    river: TrialRiver,
    records: int,
    *,
    first: int = 1980,
    years: int = 40,
    ramp: tuple[int, int] = (1993, 2007),
) -> TrialRecords:
    """Simulate some records of one kind of river; what changes does so evenly over the ramp.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of weather, events and the gauge's errors.
    river : TrialRiver
        The kind.
    records : int
        How many.
    first, years : int
        First year, and how many.
    ramp : tuple of int
        First and last year of the change.
    """
    time = np.arange(str(first), str(first + years), dtype="datetime64[D]")
    year = time.astype("datetime64[Y]").astype(int) + 1970
    day = (time - time.astype("datetime64[Y]")).astype(int) + 1
    share = np.interp(year, [ramp[0] - 1, ramp[1] + 1], [0.0, 1.0])
    shape = (time.size, records)
    warmth = river.temperature + share * river.warmer
    temperature = warmth[:, np.newaxis] + _air(rng, day, shape)
    summer = (day >= 152) & (day <= 243)
    chance = np.where(summer, WET_SHARE["summer"], WET_SHARE["other"])[:, np.newaxis]
    wet = rng.random(shape) < chance
    rain = np.where(wet, WET_DAY + rng.exponential(EXCESS, shape), 0.0)
    rain *= 1 + share[:, np.newaxis] * (river.wetter - 1)
    constant = river.constant * (1 + share * (river.slower - 1))
    water = _liquid(rain, temperature) if river.snow else rain
    fall = _events(rng, river, wet, year - first) / constant[:, np.newaxis]
    flow = _drain(river.exponent, water, fall, constant)
    flow += river.base_flow + (share * river.mine_water)[:, np.newaxis]
    flow += (share * river.regulated)[:, np.newaxis] * (_detained(flow) - flow)
    if river.ice:
        flow *= _left_by_ice(temperature, day)
    gauged = AUTUMN_FLOW * (flow / AUTUMN_FLOW) ** (1 + share * (river.rating - 1))[:, np.newaxis]
    gauged *= np.exp(river.noise * _correlated(rng, river.persistence, shape))
    return TrialRecords(time, gauged.T, rain.T, temperature.T, constant)


def _correlated(rng: np.random.Generator, memory: float, shape: tuple[int, int]) -> np.ndarray:
    """First-order autoregression of unit variance along the first dimension."""
    values = rng.standard_normal(shape)
    if memory:
        values[1:] *= np.sqrt(1 - memory**2)
        for step in range(1, shape[0]):
            values[step] += memory * values[step - 1]
    return values


def _air(rng: np.random.Generator, day: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Season and weather about the mean of the year [degC]."""
    season = AMPLITUDE * np.cos(2 * np.pi * (day - HOTTEST) / 365.25)
    weather = WEATHER / np.sqrt(1 - WEATHER_MEMORY**2) * _correlated(rng, WEATHER_MEMORY, shape)
    return season[:, np.newaxis] + weather


def _events(
    rng: np.random.Generator, river: TrialRiver, wet: np.ndarray, year: np.ndarray
) -> np.ndarray:
    """1 / Ks of each day over that of its time; every wet day draws a new one."""
    event = np.cumsum(wet, axis=0)
    drawn = 1 + river.spread * rng.standard_normal((event.max() + 1, wet.shape[1]))
    yearly = _correlated(rng, river.memory, (year[-1] + 1, wet.shape[1]))
    factor = np.take_along_axis(drawn.clip(0.1), event, 0)
    return factor * (1 + river.yearly * yearly[year]).clip(0.1)


def _drain(
    exponent: float, water: np.ndarray, fall: np.ndarray, constant: np.ndarray
) -> np.ndarray:
    """Drain a reservoir, with q the flow over `AUTUMN_FLOW` and S = ∫ dq q^(1-b) Ks.

    A day without water takes q^(1-b) to q^(1-b) + (b - 1) / Ks; water takes S to S + water.
    """
    q = np.ones(water.shape[1])
    flow = np.empty(water.shape)
    rest, power = 2 - exponent, 1 - exponent
    for day, (amount, k) in enumerate(zip(RECHARGE * 30 * water, fall, strict=True)):
        q = q * np.exp(-k) if power == 0 else (q**power - power * k) ** (1 / power)
        stored = amount / constant[day]
        q = q * np.exp(stored) if rest == 0 else (q**rest + rest * stored) ** (1 / rest)
        flow[day] = q
    return AUTUMN_FLOW * flow


def _detained(flow: np.ndarray) -> np.ndarray:
    """Pass flow through a reservoir that lets out the same fraction of its storage every day."""
    held, left = flow[0].copy(), np.empty(flow.shape)
    for day, inflow in enumerate(flow):
        held += (inflow - held) / DETENTION
        left[day] = held
    return left


def _liquid(precipitation: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Rain and snowmelt [mm day-1]; snow waits for warm days."""
    water = np.empty(precipitation.shape)
    snow = np.zeros(precipitation.shape[1])
    for day, (amount, warmth) in enumerate(zip(precipitation, temperature, strict=True)):
        melt = np.minimum(snow, MELT_FACTOR * warmth.clip(0))
        rain = np.where(warmth > SNOW_BELOW, amount, 0)
        snow += amount - rain - melt
        water[day] = rain + melt
    return water


def _left_by_ice(temperature: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Fraction of the flow that the growing ice lets pass."""
    frost = np.zeros(temperature.shape[1])
    frozen = np.zeros(temperature.shape[1])
    left = np.empty(temperature.shape)
    for step, warmth in enumerate(temperature):
        if day[step] == 182:
            frost[:], frozen[:] = 0, 0
        frost -= warmth.clip(max=0)
        frozen += frost > FREEZES_AFTER
        left[step] = np.exp(-ICE_LOSS * frozen.clip(max=ICE_DAYS))
    return left
