"""What each recession says by itself, and how that goes with flow and period.

An event's own k_j = -xy_j / xx_j errs by the noise of its days, variance σ² / xx_j, and differs
from others by more, variance τ² relative to k². With both,

    k_j = μ_j (1 + e_j),  ln μ_j = β0 + β1 z_1j + …,  var(e_j) = τ² + σ² / (xx_j μ_j²),

events weigh as their errors ask, where sums of days let the longest decide. τ² is from moments
(DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2), β from weighted least squares, again
and again. Years, not events, are left out in turn for its variance.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Events:
    """Recessions of some days, arrays of shape (event,).

    Attributes
    ----------
    year : numpy.ndarray
        To which each counts.
    k, xx : numpy.ndarray
        1 / Ks [day-1] and sum of squared days about their mean [day2].
    begin, half : numpy.ndarray
        ln Q in the beginning of each one's line, and half its length [day].
    noise : float
        Variance of a day's ln Q about the lines of the events.
    """

    year: np.ndarray
    k: np.ndarray
    xx: np.ndarray
    begin: np.ndarray
    half: np.ndarray
    noise: float


def events(log_flow: np.ndarray, segment: np.ndarray, year: np.ndarray) -> Events:
    """Sum up days, as from `_estimators.chosen`, by their events."""
    first, n = lengths(segment)
    t, y, _ = centred(log_flow, segment)
    xx, xy, yy = (np.add.reduceat(values, first) for values in (t * t, t * y, y * y))
    k = -xy / xx
    half = (n - 1) / 2
    begin = np.add.reduceat(log_flow, first) / n + k * half
    noise = np.sum(yy - xy**2 / xx) / np.sum(n - 2)
    return Events(year[first], k, xx, begin, half, max(float(noise), 1e-12))


@dataclass(frozen=True)
class Regression:
    """Coefficients of ln k, (term,), and what each year's absence does to them, (year, term)."""

    coefficients: np.ndarray
    influence: np.ndarray
    years: np.ndarray


def regress(held: Events, *columns: np.ndarray) -> Regression:
    """Regress ln k of events on columns, (event,), beside a constant; NaN where it cannot be."""
    years, number = np.unique(held.year, return_inverse=True)
    design = np.column_stack([np.ones(held.k.size), *columns])
    beta = np.zeros(design.shape[1])
    middle = (held.k @ held.xx) / held.xx.sum()
    if middle <= 0 or years.size <= beta.size:
        return Regression(beta * np.nan, np.full((years.size, beta.size), np.nan), years)
    beta[0] = np.log(middle)
    for _ in range(50):
        mu = np.exp((design @ beta).clip(-20, 5))
        rest = held.k / mu - 1
        noise = held.noise / held.xx / mu**2
        weight = 1 / (noise + between_events(rest, noise, beta.size))
        weighted = (design.T * weight).T
        step = (np.linalg.pinv(weighted.T @ design) @ (weighted.T @ rest)).clip(-1, 1)
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    whole = weighted.T @ design
    score = (weighted.T * rest).T
    first = np.flatnonzero(np.diff(number, prepend=-1))  # events are in order of time
    squares = np.add.reduceat(weighted[:, :, np.newaxis] * design[:, np.newaxis], first)
    left = np.linalg.pinv(whole - squares)
    absent = -np.einsum("yij,yj->yi", left, np.add.reduceat(score, first))
    return Regression(beta, absent, years)


def regress_on_flow(held: Events, *columns: np.ndarray) -> Regression:
    """Regress ln k of events on their flow, less its mean, and on columns.

    The flow is ln Q in the middle of the event, had it fallen from its beginning as fast as events
    of its flow and period do: of how fast it fell itself it must not know.
    """
    fall = np.full(held.k.size, (held.k @ held.xx) / held.xx.sum())
    for _ in range(3):
        level = held.begin - fall * held.half
        level -= level.mean()
        found = regress(held, level, *columns)
        design = np.column_stack([np.ones(held.k.size), level, *columns])
        fall = np.exp((design @ found.coefficients).clip(-20, 2))
    return found


def between_events(
    rest: np.ndarray,
    noise: np.ndarray,
    terms: int,
    total: Callable[[np.ndarray], np.ndarray] = np.sum,
) -> np.ndarray:
    """τ², by which events differ, such that departures are as wide as expected; not below 0.

    Of all events, or of each group of them that `total` adds over.
    """
    w = 1 / noise
    weight = total(w)
    free = weight - total(w**2) / weight
    count = total(np.ones(w.size))
    told = (free > 1e-12 * weight) & (count > terms)
    beyond = total(w * rest**2) - (count - terms)
    return np.where(told, beyond / np.where(told, free, 1), 0).clip(0)


def event_mean(log_flow: np.ndarray, segment: np.ndarray) -> float:
    """Mean of the events' own slopes, each with the weight that its error gives it."""
    held = events(log_flow, segment, segment)
    return float(np.exp(regress(held).coefficients[0]))


def lengths(segment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each segment begins, and its length."""
    first = np.concatenate([[0], np.flatnonzero(np.diff(segment)) + 1])
    return first, np.diff(np.append(first, segment.size))


def centred(log_flow: np.ndarray, segment: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days and ln Q minus their segment's means, and the segments' lengths."""
    first, n = lengths(segment)
    t = np.arange(segment.size) - np.repeat(first + (n - 1) / 2, n)
    return t, log_flow - np.repeat(np.add.reduceat(log_flow, first) / n, n), n
