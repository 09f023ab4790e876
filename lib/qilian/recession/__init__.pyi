from ._estimators import ESTIMATORS
from .change import choice_sensitivity, exponents, period_change
from .days import Choice, record_inventory, select_days
from .rules import RULES, Rule
from .segments import CLEAR_FALL, gauge_sums, segment_sums
from .telling import compared_years, first_telling, known_rain, telling_choice, telling_rules
from .trend import association, trend_test
from .verdicts import thaw_verdict, verdict
from .windows import (
    UNSEEN_RAIN,
    WORKING_POWER,
    compare_constants,
    fit_all,
    fit_windows,
    recession_constants,
    refit_windows,
    usual_reason,
    window_summary,
)

__all__ = [
    "CLEAR_FALL",
    "ESTIMATORS",
    "RULES",
    "UNSEEN_RAIN",
    "WORKING_POWER",
    "Choice",
    "Rule",
    "association",
    "choice_sensitivity",
    "compare_constants",
    "compared_years",
    "exponents",
    "first_telling",
    "fit_all",
    "fit_windows",
    "gauge_sums",
    "known_rain",
    "period_change",
    "recession_constants",
    "record_inventory",
    "refit_windows",
    "segment_sums",
    "select_days",
    "telling_choice",
    "telling_rules",
    "thaw_verdict",
    "trend_test",
    "usual_reason",
    "verdict",
    "window_summary",
]
