"""What a record answers, in sentences: whether storage changed, and what else could cause it."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from qilian.contracts.labels import written_list, written_number
from qilian.recession.telling import first_telling

# Departure of b from 1 that its interval must exclude: many permafrost basins have 1.5 to 3
# (Cooper et al. 2023, doi:10.1029/2022WR033154).
FAR_FROM_LINEAR = 0.5


@dataclass(frozen=True)
class Judgement:
    """Whether the river drains more slowly.

    Attributes
    ----------
    finding : str
        "slower" or "faster" storage; "longer" or "shorter" recessions, which something else could
        cause; "none", no significant change; "open", no interval or no constant.
    feigned_by : tuple of str
        What could, as sentences without a full stop; empty for storage.
    """

    finding: str
    feigned_by: tuple[str, ...]


def judge(
    compared: xr.Dataset,
    bent: xr.Dataset,
    feigners: xr.Dataset,
    conditions: xr.Dataset,
) -> Judgement:
    """Judge a change of recessions, and list what else could cause it.

    Storage is named only where the change is significant as it came and at equal flow, the interval
    of b includes 1 and neither 0.5 nor 1.5, the change exceeds what the stated inflow, rating error
    and regulation would make, and rain and freeze-up are known.

    Parameters
    ----------
    compared : xarray.Dataset
        (comparison,) as from `compare_periods`.
    bent : xarray.Dataset
        (estimate,) as from `exponents`; the first is judged.
    feigners : xarray.Dataset
        (cause,) as from `feigned`.
    conditions : xarray.Dataset
        (condition,) as from `period_conditions`.
    """
    plain, equal = _both(compared)
    if np.isnan(plain["change_lower"]) or np.isnan(equal["change_lower"]):
        return Judgement("open", ())
    found = [step for step in (plain, equal) if step["significant"]]
    if not found:
        return Judgement("none", ())
    longer = bool(found[-1]["change"] > 0)
    sign = 1 if longer else -1
    causes = []
    if not (plain["significant"] and sign * plain["change"] > 0):
        causes.append(f"flow: as they came the change is {_size(plain)}")
    if not (equal["significant"] and sign * equal["change"] > 0):
        causes.append(f"flow: at equal flow the change is {_size(equal)}{_flow(conditions)}")
    value, low, high = (float(bent[f"exponent{end}"].values[0]) for end in ("", "_lower", "_upper"))
    about = f"b is {value:.2f} (95 %: {low:.2f} to {high:.2f})"
    if np.isnan(low):
        causes.append("a river that is not a linear reservoir, since b is not known")
    elif not low <= 1 <= high:
        causes.append(f"a river that is not a linear reservoir: {about}")
    elif not max(1 - low, high - 1) < FAR_FROM_LINEAR:
        causes.append(f"a river that is not a linear reservoir, since b is hardly known: {about}")
    for cause, stated, makes, feigns in zip(
        *(feigners[name].values for name in ("cause", "stated", "makes", "feigns")), strict=True
    ):
        if feigns:
            causes.append(f"{_CAUSES[cause].format(stated)}, which makes {_percent(makes)}")
    known = conditions["condition"].values
    if "rain" not in known:
        causes.append("small rains, since rain is not known")
    if "freeze-up" not in known:
        causes.append("another freeze-up, since air temperature is not known")
    storage, recessions = ("slower", "longer") if longer else ("faster", "shorter")
    return Judgement(recessions if causes else storage, tuple(causes))


def verdict(
    compared: xr.Dataset,
    bent: xr.Dataset,
    feigners: xr.Dataset,
    conditions: xr.Dataset,
    runs: xr.Dataset,
    rules: xr.Dataset,
) -> list[str]:
    """Say whether a river drains its storage more slowly, and on what that hangs.

    Parameters
    ----------
    compared, bent, feigners, conditions : xarray.Dataset
        As `judge` takes them.
    runs : xarray.Dataset
        (choice,) as from `choice_sensitivity`.
    rules : xarray.Dataset
        (method,) as from `telling_rules`; the first that tells is the one used.

    Returns
    -------
    list of str
        Sentences; the first stands alone.
    """
    plain, equal = _both(compared)
    judged = judge(compared, bent, feigners, conditions)
    finding = _finding(judged, plain, equal)
    more = [_hangs_on(judged, equal, bent, feigners), _around(conditions), _choices(runs)]
    more = [sentence for sentence in more if sentence]
    asked = rules.isel(method=0)
    if asked["fitted"].item():
        return [finding, *more]
    used = first_telling(rules)["method"].item()
    reason = asked["reason"].item().removeprefix("cannot tell: ")
    silent = (
        f"The rule “{asked['method'].item()}” gives no constant here: {reason}. "
        f"What would help: {asked['remedy'].item()}."
    )
    return [f"By the rule “{used}”: {finding[0].lower()}{finding[1:]}", silent, *more]


def thaw_verdict(tie: xr.Dataset) -> str:
    """Return in a sentence how Ks goes with thaw depth, by `association` of ln Ks with it."""
    of = {str(name): value.item() for name, value in tie.items()}
    if np.isnan(of["correlation_lower"]):
        return "Too few years have both a recession constant and a thaw depth to correlate them."
    said = (
        "Over {years} years the correlation of ln Ks with thaw depth is {correlation:.2f} "
        "(95 %: {correlation_lower:.2f} to {correlation_upper:.2f}).".format(**of)
    )
    return said.replace("-", "−")


def winter_verdict(compared: xr.Dataset) -> str:
    """Say in a sentence how recessions under ice changed, by `compare_periods` of them."""
    plain, equal = _both(compared)
    if np.isnan(plain["change_lower"]):
        return f"Whether winter recession changed stays open: {plain['reason'].item()}."
    did = "changed" if plain["significant"] else "did not change significantly:"
    before, after = (int(plain[f"segments_{period}"]) for period in ("before", "after"))
    return (
        f"The winter recession constant {did} {_went(plain)}, {_size(plain)}, by {before} "
        f"recessions before and {after} after; at equal flow {_size(equal)}. Flow under ice is "
        "measured seldom and estimated between, so that another practice could also cause it."
    )


def true_change(constant: xr.DataArray, *, until: int, since: int) -> str:
    """Return in a sentence how a known recession constant, (year,) [day], went between periods."""
    early = constant.sel(year=slice(None, until)).mean().item()
    late = constant.sel(year=slice(since, None)).mean().item()
    change = _percent(100 * (late / early - 1))
    return f"The true constant went from {early:.1f} to {late:.1f} d, {change}."


def _both(compared: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    plain, equal = (compared.isel(comparison=row) for row in (0, 1))
    return plain, equal


def _finding(judged: Judgement, plain: xr.Dataset, equal: xr.Dataset) -> str:
    of = {str(name): value.item() for name, value in plain.items()}
    if np.isnan(of["change"]):
        return f"Whether the river drains more slowly stays open: {of['reason']}."
    went = _went(plain)
    if judged.finding == "open":
        rose = "rose" if of["change"] > 0 else "fell"
        reason = of["reason"] or equal["reason"].item()
        return f"The recession constant {rose} {went}; {reason}."
    if judged.finding == "none":
        return f"The recession constant did not change significantly: {went}, {_size(plain)}."
    if judged.finding in ("slower", "faster"):
        drains = {"slower": "more slowly", "faster": "faster"}[judged.finding]
        return (
            f"The river drains its storage {drains}: at equal flow the recession constant went "
            f"{_went(equal)}, {_size(equal)}."
        )
    shown, where = (plain, "") if plain["significant"] else (equal, " at equal flow")
    return (
        f"Recessions became {judged.finding}{where}, {_went(shown)}, {_size(shown)}, "
        "but something else than storage could cause this."
    )


def _hangs_on(judged: Judgement, equal: xr.Dataset, bent: xr.Dataset, feigners: xr.Dataset) -> str:
    """Say what else could cause the change, or what does not."""
    if judged.feigned_by:
        return f"What could cause it: {'; '.join(judged.feigned_by)}."
    value, low, high = (float(bent[f"exponent{end}"].values[0]) for end in ("", "_lower", "_upper"))
    about = f"The exponent b is {value:.2f} (95 %: {low:.2f} to {high:.2f})"
    if judged.finding not in ("slower", "faster"):
        return "" if np.isnan(low) else f"{about}; at equal flow the change is {_size(equal)}."
    rows = list(
        zip(*(feigners[name].values for name in ("cause", "stated", "needed")), strict=True)
    )
    alone = [_CAUSES[cause].format(needed) for cause, _, needed in rows if np.isfinite(needed)]
    allowed = written_list([f"{stated:.0f}" for _, stated, _ in rows])
    of_linear = f"{about}, as of a linear reservoir."
    if not alone:
        return (
            f"{of_linear} No inflow, rating error or regulation could make the whole change alone."
        )
    *some, last = alone
    either = f"{', '.join(some)} or {last}" if some else last
    return f"{of_linear} Another cause alone would take {either}; allowed for are {allowed} %."


_CAUSES = {
    "steady inflow": "a new steady inflow of {:.0f} % of the season's flow",
    "water taken out": "water taken out, {:.0f} % of the season's flow",
    "rating curve": "a rating exponent off by {:.0f} %",
    "regulation": "regulation that evens out {:.0f} % of the flow",
    "regulation that ended": "regulation that ended, of {:.0f} % of the flow",
}


def _flow(conditions: xr.Dataset) -> str:
    row = conditions.sel(condition="flow")
    if np.isnan(row["difference"]):
        return ""
    change = 100 * float(row["difference"]) / float(row["before"])
    return f", while the season's flow went by {_percent(change)}"


def _around(conditions: xr.Dataset) -> str:
    """Tell the flow, rain and freeze-up of the two periods."""
    said: list[str] = []
    for name, before, difference in zip(
        *(conditions[key].values for key in ("condition", "before", "difference")), strict=True
    ):
        if np.isnan(difference):
            continue
        amount = f"{written_number(difference, 0, plus=True)} d"
        if name != "freeze-up":
            amount = _percent(100 * difference / before)
        said.append(f"{name}{'' if said else ' changed'} by {amount}")
    return f"Between the periods the season's {written_list(said)}." if said else ""


def _went(step: xr.Dataset) -> str:
    of = {str(name): value.item() for name, value in step.items()}
    return "from {before:.1f} d (until {until}) to {after:.1f} d (since {since})".format(**of)


def _size(step: xr.Dataset) -> str:
    change, low, high = (
        written_number(step[name], 0, plus=True)
        for name in ("change", "change_lower", "change_upper")
    )
    return f"{change} % (95 %: {low} to {high} %)"


def _percent(value: float) -> str:
    return f"{written_number(value, 0, plus=True)} %"


def _choices(runs: xr.Dataset) -> str:
    others = runs.isel(choice=(runs["kind"] != "as chosen").values)
    rises, falls = (
        int((others["significant"] & (sign * others["change"] > 0)).sum()) for sign in (1, -1)
    )
    count, judged = others.sizes["choice"], int(others["change_lower"].notnull().sum())
    return (
        f"Other choices of days, season and fit find a significant rise in {rises} of {count} "
        f"cases and a significant fall in {falls}; {count - judged} give no interval."
    )
