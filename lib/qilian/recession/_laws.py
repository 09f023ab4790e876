"""Laws of recession fitted to the slopes and bends of events, many groups of events at once.

An event tells the slope of ln Q in its middle, k, and how it bends, β: with k a function of flow,
ln Q = c - k t + β t², β = k (dk/d ln Q) / 2. A law gives both from its terms and the event's
level, ln Q in its middle had it fallen from its beginning by the law. A group is what is fitted
alone, such as a window of years or a period; groups may share events.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import stdtrit

from qilian.recession._estimators import chosen
from qilian.recession._events import between_events, centred, lengths

FEWEST = 6  # events, of a window that is fitted
_LONGEST = 12.0  # ln of days, beyond which there is no upper bound
_DEEPEST = 3.0  # fall of ln Q to an event's middle, at most
_Law = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _exponential(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.exp(-theta[0]) + 0 * level, np.zeros(level.size)


def _floor(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = theta[1] * np.exp(-level)
    return np.exp(-theta[0]) * (1 - share).clip(1e-3), np.exp(-theta[0]) * share


def _power_law(theta: np.ndarray, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    k = np.exp(-theta[0] + (theta[1] * level).clip(-9, 9))
    return k, theta[1] * k


# k and dk/d ln Q, both (event,), from the terms, (term, event), and ln Q; the number of terms.
LAWS: dict[str, tuple[_Law, int]] = {
    "exponential": (_exponential, 1),
    "floor": (_floor, 2),
    "power law": (_power_law, 2),
}


@dataclass(frozen=True)
class Curves:
    """Slopes and bends of events, (event,), and their noise.

    Attributes
    ----------
    year : numpy.ndarray
        To which each counts.
    slope, bend : numpy.ndarray
        Of ln Q [day-1], [day-2].
    slope_noise, bend_noise : numpy.ndarray
        Their variances by the noise of days.
    begin, half : numpy.ndarray
        ln Q, over a stated flow, in the beginning of each one's line, and half its length [day].
    """

    year: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    slope_noise: np.ndarray
    bend_noise: np.ndarray
    begin: np.ndarray
    half: np.ndarray


def _curves(log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray) -> Curves:
    """Sum up days, as from `_estimators.chosen`, by their events."""
    first, n = lengths(segment)
    t, y, _ = centred(log_flow, segment)

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, first)

    xx = total(t * t)
    slope = -total(t * y) / xx
    parabola = t**2 - np.repeat(xx / n, n)
    bends = total(parabola**2)
    bend = total(parabola * y) / bends
    rest = total(y * y) - slope**2 * xx - bend**2 * bends
    noise = max(float(rest.sum() / (n - 3).clip(1).sum()), 1e-12)
    half = (n - 1) / 2
    begin = total(log_flow) / n + slope * half
    return Curves(year[first], slope, bend, noise / xx, noise / bends, begin, half)


def stated_curves(days: xr.Dataset) -> tuple[Curves, float]:
    """Return the curves of the events of some days, and the flow at which constants are stated."""
    log_flow, segment, year = chosen(days)
    if not log_flow.size:
        return Curves(*(np.zeros(0) for _ in range(7))), 1.0
    middle = float(np.mean(log_flow))
    return _curves(log_flow - middle, segment, year), float(np.exp(middle))


@dataclass(frozen=True)
class Groups:
    """Events of groups, one after another, arrays of shape (member,).

    Attributes
    ----------
    event : numpy.ndarray
        The member's place among the curves.
    group : numpy.ndarray
        To which it belongs, rising; every group has a member.
    unit : numpy.ndarray
        What is left out together for the errors, such as the event or its year, rising; a unit
        belongs to one group.
    """

    event: np.ndarray
    group: np.ndarray
    unit: np.ndarray

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(self.group[-1]) + 1

    def total(self, values: np.ndarray) -> np.ndarray:
        """Add (…, member) over the members of each group."""
        return np.add.reduceat(values, _starts(self.group), axis=-1)


def grouped(members: list[np.ndarray], units: list[np.ndarray]) -> Groups:
    """Lay out groups: places of the events of each, and the units of these, as numbers that rise.

    Parameters
    ----------
    members, units : list of numpy.ndarray
        (member,) of each group, none empty.
    """
    group = np.repeat(np.arange(len(members)), [len(one) for one in members])
    unit = np.concatenate(units)
    new = np.diff(group, prepend=group[0]).astype(bool) | (np.diff(unit, prepend=unit[0]) != 0)
    return Groups(np.concatenate(members), group, np.cumsum(new))


def window_members(
    year: np.ndarray, every: np.ndarray, windows: Iterable[int], told: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return which windows have events enough, counted through all of each length, and which.

    Only where `told`, (window, year).
    """
    members = [
        np.flatnonzero(np.abs(year - centre) <= window // 2) if wanted else np.zeros(0, int)
        for window, row in zip(windows, told, strict=True)
        for centre, wanted in zip(every, row, strict=True)
    ]
    places = [place for place, one in enumerate(members) if one.size >= FEWEST]
    return np.array(places, int), [members[place] for place in places]


@dataclass(frozen=True)
class LawFit:
    """A law fitted to groups.

    Attributes
    ----------
    terms : numpy.ndarray
        (term, group): ln Ks, and the floor over the stated flow or b - 1.
    absent : numpy.ndarray
        (term, unit), what the absence of a unit does to those of its group.
    unit_group : numpy.ndarray
        (unit,), the group of each.
    rest, variance : numpy.ndarray
        (2, member), what the law leaves of slopes and bends, and what it is expected to leave:
        the noise of days and what events differ by besides.
    """

    terms: np.ndarray
    absent: np.ndarray
    unit_group: np.ndarray
    rest: np.ndarray
    variance: np.ndarray

    def standard_errors(self) -> np.ndarray:
        """(term, group), by leaving units out one at a time (jackknife)."""
        starts = _starts(self.unit_group)
        n = np.diff(np.append(starts, self.unit_group.size))
        mean = np.add.reduceat(self.absent, starts, axis=1) / n
        squares = np.add.reduceat((self.absent - mean[:, self.unit_group]) ** 2, starts, axis=1)
        return np.sqrt((n - 1) / n * squares)


def fit_law(name: str, held: Curves, groups: Groups) -> LawFit:
    """Fit a law to every group, by least squares weighted anew until the terms stand still.

    Parameters
    ----------
    name : str
        Of `LAWS`.
    held : Curves
        Of all events.
    groups : Groups
        Which of them are fitted together.
    """
    law, count = LAWS[name]
    slope, bend, slope_noise, bend_noise, begin, half = (
        getattr(held, part)[groups.event]
        for part in ("slope", "bend", "slope_noise", "bend_noise", "begin", "half")
    )
    of, data = groups.group, np.stack([slope, bend])
    terms = np.zeros((count, groups.count))
    middle = groups.total(slope / slope_noise) / groups.total(1 / slope_noise)
    terms[0] = -np.log(middle.clip(1e-4))
    k = np.exp(-terms[0])[of]
    for _ in range(30):
        level = begin - (k * half).clip(0, _DEEPEST)
        k, change = law(terms[:, of], level)
        told = np.stack([k, k * change / 2])
        rest = data - told
        gradient = np.stack([_moved(law, terms[:, of], level, n) - told for n in range(count)])
        gradient /= _STEP
        between = (
            between_events(rest[0] / k, slope_noise / k**2, count, groups.total)[of] * k**2,
            between_events(rest[1], bend_noise, 1, groups.total)[of],
        )
        variance = np.stack([slope_noise, bend_noise]) + between
        weighted = gradient / variance
        own = np.einsum("ism,jsm->mij", weighted, gradient)
        score = np.einsum("ism,sm->mi", weighted, rest)
        whole = groups.total(own.T).T
        step = _solved(whole, groups.total(score.T).T).T.clip(-0.5, 0.5)
        terms = terms + step
        if name == "floor":
            lowest, highest = (
                np.exp(ufunc.reduceat(level, _starts(of))) for ufunc in (np.minimum, np.maximum)
            )
            terms[1] = terms[1].clip(-highest, 0.95 * lowest)
        if np.abs(step).max() < 1e-7:
            break
    units = _starts(groups.unit)
    left = whole[of[units]] - np.add.reduceat(own, units)
    absent = -_solved(left, np.add.reduceat(score, units))
    return LawFit(terms, absent.T, of[units], rest, variance)


def constants(fit: LawFit, groups: Groups) -> np.ndarray:
    """Return Ks of groups whose units are events, and its bounds, (3, group) [day]."""
    half = reach(fit, groups)[0]
    found = np.exp(np.minimum(fit.terms[0] + np.array([[0], [-1], [1]]) * half, _LONGEST))
    found[2, fit.terms[0] + half >= _LONGEST] = np.nan
    return found


def reach(fit: LawFit, groups: Groups) -> np.ndarray:
    """Half-widths of the 95 % intervals of terms, (term, group)."""
    free = groups.total(np.ones(groups.event.size)) - len(fit.terms)
    return stdtrit(free, 0.975) * fit.standard_errors()


_STEP = 1e-5


def _moved(law: _Law, terms: np.ndarray, level: np.ndarray, number: int) -> np.ndarray:
    """Slopes and bends, (2, member), with one term a little greater."""
    near = terms.copy()
    near[number] += _STEP
    k, change = law(near, level)
    return np.stack([k, k * change / 2])


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve small systems, (…, term, term) and (…, term), also where a term is not determined."""
    ridge = 1e-12 * np.trace(matrix, axis1=-2, axis2=-1)[..., np.newaxis, np.newaxis] + 1e-300
    return np.linalg.solve(matrix + ridge * np.eye(right.shape[-1]), right[..., np.newaxis])[..., 0]


def _starts(numbers: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.diff(numbers, prepend=-1))
