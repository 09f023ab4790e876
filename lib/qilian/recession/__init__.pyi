from ._estimators import ESTIMATORS
from .aquifer import aquifer_changes
from .change import choice_sensitivity, compare_periods, exponents, period_change
from .choices import FINDINGS, choice_sentences, choices_verdict, every_choice
from .conditions import (
    EVENED_DAYS,
    FEIGNED_LEVEL,
    RATING_ERROR,
    REGULATED,
    STEADY_INFLOW,
    feigned,
    feigned_by_size,
    period_conditions,
)
from .days import Choice, record_inventory, select_days
from .floors import law_fits, laws_of_periods
from .ice import freeze_up, frozen_days
from .rules import RULES, Rule
from .segments import CLEAR_FALL, gauge_sums, segment_sums
from .telling import (
    compared_years,
    first_telling,
    known_ice,
    known_rain,
    telling_choice,
    telling_rules,
)
from .trend import association, trend_test
from .verdicts import (
    FAR_FROM_LINEAR,
    Judgement,
    judge,
    thaw_verdict,
    true_change,
    verdict,
    winter_verdict,
)
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
    "EVENED_DAYS",
    "FAR_FROM_LINEAR",
    "FEIGNED_LEVEL",
    "FINDINGS",
    "RATING_ERROR",
    "REGULATED",
    "RULES",
    "STEADY_INFLOW",
    "UNSEEN_RAIN",
    "WORKING_POWER",
    "Choice",
    "Judgement",
    "Rule",
    "aquifer_changes",
    "association",
    "choice_sensitivity",
    "choice_sentences",
    "choices_verdict",
    "compare_constants",
    "compare_periods",
    "compared_years",
    "every_choice",
    "exponents",
    "feigned",
    "feigned_by_size",
    "first_telling",
    "fit_all",
    "fit_windows",
    "freeze_up",
    "frozen_days",
    "gauge_sums",
    "judge",
    "known_ice",
    "known_rain",
    "law_fits",
    "laws_of_periods",
    "period_change",
    "period_conditions",
    "recession_constants",
    "record_inventory",
    "refit_windows",
    "segment_sums",
    "select_days",
    "telling_choice",
    "telling_rules",
    "thaw_verdict",
    "trend_test",
    "true_change",
    "usual_reason",
    "verdict",
    "window_summary",
    "winter_verdict",
]
