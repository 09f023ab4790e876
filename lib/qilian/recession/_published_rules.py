"""Rules of others that say on which days a river recedes, so that their numbers compare.

Each follows its source as far as its docstring says. All but `vogel_kroll` ask noisy discharge to
fall from day to day.
"""

import numpy as np

from qilian.recession._record import (
    Record,
    bend,
    lag,
    positions,
    quantile,
    recent,
    three_day_mean,
)


def falling(record: Record) -> np.ndarray:
    """Every day lower than the day before."""
    return record.flow < lag(record.flow, 1)


def vogel_kroll(record: Record) -> np.ndarray:
    """Falling three-day mean, in falls of ten days and more, without the first 30 % of each.

    Nor days that lie below 70 % of the day before. That the mean is centred is ours.
    """
    smooth = three_day_mean(record.flow)
    run = smooth < lag(smooth, 1)
    since, length = positions(run)
    gentle = record.flow >= 0.7 * lag(record.flow, 1)
    return run & gentle & (length >= 10) & (since >= 0.3 * length)


def brutsaert(record: Record) -> np.ndarray:
    """Falling days but for three after the last rise, four if it is major, and two before the next.

    Nor days that a faster fall follows, nor sudden falls. The slope of a day is that between its
    neighbours. What is major, a flow that one day in ten exceeds, and sudden, twice the fall of
    the day before, is taken from its automation (Cheng, Zhang & Brutsaert 2016,
    doi:10.1061/(ASCE)HE.1943-5584.0001427), both as others have programmed them. That days must
    come in a row is ours.
    """
    fall = (lag(record.flow, 1) - lag(record.flow, -1)) / 2
    run = fall > 0
    since, length = positions(run)
    begin = np.arange(run.size).reshape(run.shape) - since
    major = record.flow.ravel()[begin] > quantile(record.flow, 0.9)
    odd = (lag(fall, -1) > fall) | (fall >= 2 * lag(fall, 1))
    return run & (since >= 3 + major) & (since < length - 2) & ~odd


def tossh(record: Record) -> np.ndarray:
    """Of falls of 15 days and more, the days from the first on which all flow is base flow.

    Base flow is what one forward pass of Lyne & Hollick's filter, with a parameter of 0.925,
    leaves; falls count from their peak, end before zero, and four days must remain. This is
    `sig_BaseflowRecessionK`; `util_RecessionSegments` by itself gives falls, as `falling` does.
    """
    from scipy.signal import lfilter  # brings scipy.stats, which no other rule needs

    fall = np.cumsum(~(falling(record) & (record.flow > 0))).reshape(record.flow.shape)
    there = np.isfinite(record.flow)
    flow = np.where(there, record.flow, quantile(record.flow, 0.5))
    step = np.diff(flow, prepend=flow[:, :1])
    # The filter starts from the rise above the lowest flow.
    step[:, 0] = (flow[:, 0] - flow.min(axis=1)) / 0.9625
    base = (lfilter([0.9625], [1, -0.925], step) <= 0) & there
    last_base = np.maximum.accumulate(np.where(base, fall, 0), axis=1)
    return fall * ((np.bincount(fall.ravel())[fall] > 15) & (last_base == fall))


def low_flow(record: Record) -> np.ndarray:
    """First days, as many as a segment needs, of falls below a low flow.

    Low is below the flow exceeded on `exceeded` per cent of the days, zeros among them. As in R's
    lfstat a fall is entered on the last day that is not low, unless that day or the one before is
    a peak, 1 / 0.95 times its neighbours or more.
    """
    flow = record.flow
    limit = quantile(flow, 1 - record.exceeded / 100)
    peak = (0.95 * flow >= np.maximum(lag(flow, 1), lag(flow, -1))) & (flow > limit)
    below = (flow < limit) & ~lag(peak, 1, False) & ~lag(peak, 2, False)
    entered = ~below & lag(below, -1, False)
    day = np.arange(flow.shape[1])
    last_turn = np.maximum.accumulate(np.where(falling(record), 0, day), axis=1)
    last_entry = np.maximum.accumulate(np.where(entered, day, -1), axis=1)
    run = last_entry >= last_turn
    run &= falling(record) | ~lag(run, 1, False)
    return run & (positions(run)[0] < record.shortest)


def cooper(record: Record) -> np.ndarray:
    """Days that do not rise, without peak, the day after it, the minimum, and rainy bends.

    A bend is a day that both the record and its three-day mean call concave; it is left out
    within three days of rain above 1 mm, or always where rain is unknown. As the authors' code
    (its `eventsplitter`) does it by default, but for its extra test of unchanging slopes.
    """
    flow = record.flow
    run = flow <= lag(flow, 1)
    since, length = positions(run)
    concave = (bend(flow) <= 0) & (bend(three_day_mean(flow)) <= 0)
    rain = record.rain > 1
    rainy = recent(rain, 3) | recent(rain[:, ::-1], 3)[:, ::-1]
    inner = (since >= 1) & (since < length - 1)
    return run & inner & ~(concave & (rainy | np.isnan(record.rain)))
