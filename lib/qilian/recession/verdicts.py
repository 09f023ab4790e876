"""What a record answers, in sentences: the change, whether other choices find it, linearity."""

import numpy as np
import xarray as xr

from qilian.contracts.labels import written_number
from qilian.recession.telling import first_telling


def verdict(step: xr.Dataset, runs: xr.Dataset, bent: xr.Dataset, rules: xr.Dataset) -> list[str]:
    """Say whether a river drains more slowly, by which rule, and what that hangs on.

    Parameters
    ----------
    step : xarray.Dataset
        As from `period_change`.
    runs : xarray.Dataset
        (choice,) as from `choice_sensitivity`.
    bent : xarray.Dataset
        (estimate,) as from `exponents`; the curvature of segments, its first, is judged.
    rules : xarray.Dataset
        (method,) as from `telling_rules`; the first that tells is the one used.

    Returns
    -------
    list of str
        Three or four sentences; the first stands alone.
    """
    asked, change = rules.isel(method=0), _change(step)
    if asked["fitted"].item():
        return [change, _choices(runs), _linearity(bent)]
    used = first_telling(rules)["method"].item()
    reason = asked["reason"].item().removeprefix("cannot tell: ")
    silent = (
        f"The rule “{asked['method'].item()}” gives no constant here: {reason}. "
        f"What would help: {asked['remedy'].item()}."
    )
    by_rule = f"By the rule “{used}”: {change[0].lower()}{change[1:]}"
    return [by_rule, silent, _choices(runs), _linearity(bent)]


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


def _change(step: xr.Dataset) -> str:
    of = {str(name): value.item() for name, value in step.items()}
    if np.isnan(of["change"]):
        return f"Whether the river drains more slowly stays open: {of['reason']}."
    slower = of["change"] > 0
    went = "from {before:.1f} d (until {until}) to {after:.1f} d (since {since})".format(**of)
    rose = "rose" if slower else "fell"
    if np.isnan(of["change_lower"]):
        return f"The recession constant {rose} {went}; {of['reason']}."
    change, low, high = (
        written_number(of[name], 0, plus=True)
        for name in ("change", "change_lower", "change_upper")
    )
    size = f"{change} % (95 %: {low} to {high} %)"
    if not of["significant"]:
        return f"The recession constant did not change significantly: {went}, {size}."
    drains = "more slowly" if slower else "faster"
    return f"The river drains {drains}: its recession constant {rose} {went}, {size}."


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


def _linearity(bent: xr.Dataset) -> str:
    names = ("exponent", "exponent_lower", "exponent_upper")
    value, low, high = (bent[name].values[0] for name in names)
    if np.isnan(low):
        return "The exponent b has no interval here: that the reservoir is linear is assumed."
    said = f"The exponent b of the recession is {value:.2f} (95 %: {low:.2f} to {high:.2f})"
    if low <= 1 <= high:
        return f"{said}: a linear reservoir, b = 1, is not excluded."
    return f"{said}: the reservoir is not linear, and wetness may explain the change."
