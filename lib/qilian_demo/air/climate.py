"""Daily weather at 4000 m, the thawing index, and the annual course of thaw and freeze-back."""

from dataclasses import dataclass

import numpy as np

FIRST_DAY, LAST_DAY = np.datetime64("1984-01-01"), np.datetime64("2025-12-31")
MEAN_TEMPERATURE, AMPLITUDE = -4.2, 12.5  # degC
WARMING = 0.03  # degC a-1
MONTHLY_PRECIPITATION = np.array([2, 3, 9, 18, 50, 85, 108, 98, 54, 22, 6, 2.0])  # mm
WET_DAY_SHARE = np.array([8, 10, 15, 20, 35, 50, 55, 48, 28, 19, 14, 7]) / 100
WET_SPELL_MEMORY = 0.3
GAMMA_SHAPE = 0.75
ICE_SPREAD = 0.1


@dataclass(frozen=True)
class Climate:
    """Daily weather.

    Attributes
    ----------
    time : numpy.ndarray
        Days, shape (time,), datetime64[D].
    temperature : numpy.ndarray
        Daily mean air temperature, shape (time,) [degC].
    precipitation : numpy.ndarray
        Daily precipitation, shape (time,) [mm].
    """

    time: np.ndarray
    temperature: np.ndarray
    precipitation: np.ndarray

    def until(self, last: np.datetime64) -> "Climate":
        """Weather up to and with a day."""
        held = self.time <= last
        return Climate(self.time[held], self.temperature[held], self.precipitation[held])


def calendar_year(time: np.ndarray) -> np.ndarray:
    """Year of each date, shape as `time`."""
    return time.astype("datetime64[Y]").astype(int) + 1970


def day_of_year(time: np.ndarray | np.datetime64) -> np.ndarray:
    """Day of the year from 1, shape as `time`."""
    return (time - time.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1


def years_since(time: np.ndarray, origin: np.datetime64) -> np.ndarray:
    """Years of 365.25 days from `origin`, shape as `time` [a]."""
    return (time - origin).astype(float) / 365.25


def simulate_climate(rng: np.random.Generator) -> Climate:
    """Draw daily weather of the whole record.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the weather.

    Returns
    -------
    Climate
        Temperature and precipitation from `FIRST_DAY` to `LAST_DAY`.
    """
    time = np.arange(FIRST_DAY, LAST_DAY + 1)
    return Climate(time, _temperature(rng, time), _precipitation(rng, time))


def _temperature(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    season = AMPLITUDE * np.cos(2 * np.pi * (day_of_year(time) - 200) / 365.25)
    trend = WARMING * years_since(time, np.datetime64("2004-01-01"))
    year = calendar_year(time)
    weather = np.zeros(time.size)
    shock = rng.normal(0, 1.7, time.size)
    for day in range(1, time.size):
        weather[day] = 0.75 * weather[day - 1] + shock[day]
    of_year = rng.normal(0, 0.5, np.ptp(year) + 1)[year - year[0]]
    return MEAN_TEMPERATURE + season + trend + of_year + weather


def _precipitation(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    middle = (np.arange(12) + 0.5) * 365.25 / 12
    day = day_of_year(time)
    share = np.interp(day, middle, WET_DAY_SHARE, period=365.25)
    mean = np.interp(day, middle, MONTHLY_PRECIPITATION / (30.4 * WET_DAY_SHARE), period=365.25)
    year = calendar_year(time)
    wetness = rng.lognormal(0, 0.1, np.ptp(year) + 1)[year - year[0]]
    draw = rng.random(time.size)
    wet = np.zeros(time.size, dtype=bool)
    for i in range(1, time.size):
        wet[i] = draw[i] < share[i] + WET_SPELL_MEMORY * (wet[i - 1] - share[i])
    amount = rng.gamma(GAMMA_SHAPE, mean / GAMMA_SHAPE, time.size) * wetness
    # A gauge reads tenths of a millimetre.
    return np.round(np.where(wet, amount, 0.0), 1)


def thawing_index(time: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Sum the positive daily temperatures of each thaw year, which starts on 1 April.

    Parameters
    ----------
    time : numpy.ndarray
        Days, shape (time,).
    temperature : numpy.ndarray
        Daily mean air temperature, shape (time,) [degC].

    Returns
    -------
    numpy.ndarray
        Accumulated thawing degree days up to and with each day, shape (time,) [degC d].
    """
    return sum_by_year(thaw_year(time), np.clip(temperature, 0, None))


def thaw_year(time: np.ndarray) -> np.ndarray:
    """Year that began on the last 1 April, shape as `time`."""
    return calendar_year(time - 90)


def thaw_state(climate: Climate) -> np.ndarray:
    """Course of thaw settlement and frost heave within each year, as a share of a mean year's.

    With A the thawing index over its mean annual total, and F the freezing index from August over
    that winter's total, the state is sqrt(A) - sqrt(A_end F): settlement by the square root
    of the thawing index, then heave that restores it by the end of March.

    Parameters
    ----------
    climate : Climate
        Daily weather.

    Returns
    -------
    numpy.ndarray
        State, shape (time,) [1]: 0 when frozen, about 1 at the end of an average summer.
    """
    year = thaw_year(climate.time)
    index = thawing_index(climate.time, climate.temperature)
    totals = np.array([index[year == y].max() for y in np.unique(year)])
    # The first and last thaw years are cut by the ends of the record.
    mean_total = totals[1:-1].mean()
    autumn = calendar_year(climate.time - 212) == year  # from 1 August to 31 March
    frost = sum_by_year(year, np.where(autumn, np.clip(-climate.temperature, 0, None), 0.0))
    frost_total = np.array([frost[year == y].max() for y in np.unique(year)])
    of_day = year - year[0]
    end = totals[of_day] / mean_total
    frozen = frost / np.maximum(frost_total[of_day], 1.0)
    return np.sqrt(index / mean_total) - np.sqrt(end * frozen)


def autumn_ice(climate: Climate) -> np.ndarray:
    """Share of a mean year's ice that each thaw year holds, more after a wet autumn, shape (time,).

    The ice of a summer has grown from the water of the autumn before, so that equal thawing
    indices settle the ground by different amounts.

    Parameters
    ----------
    climate : Climate
        Daily weather.

    Returns
    -------
    numpy.ndarray
        Factor on the settlement of each day's thaw year [1], of mean 1 and spread `ICE_SPREAD`.
    """
    year = thaw_year(climate.time)
    autumn = (day_of_year(climate.time) >= 213) & (day_of_year(climate.time) < 305)
    fallen = np.bincount((year - year[0])[autumn], climate.precipitation[autumn], np.ptp(year) + 1)
    before = np.roll(fallen, 1)
    before[[0, -1]] = np.median(fallen)  # cut by the ends of the record
    return (1 + ICE_SPREAD * (before - before.mean()) / before.std())[year - year[0]]


def sum_by_year(year: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Accumulate daily `values` from the first day of each `year`, both of shape (time,)."""
    total = np.cumsum(values)
    starts = np.flatnonzero(np.diff(year, prepend=year[0] - 1))
    before = (total - values)[starts]
    return total - before[year - year[0]]
