"""The written truth of the demo company: who really drives customers away, for tests to hold the ledger against."""

from typing import Any

import numpy as np
import numpy.typing as npt

from retention.demo.company import Company
from retention.demo.formula import (
    CARE,
    CONFOUNDED_BY_ACTIVITY,
    DEPARTMENTS,
    EFFECTS,
    LEVELS,
    ORDER_HALF_LIFE_DAYS,
    PROMISE_HALF_LIFE_DAYS,
    WITHOUT_EFFECT,
    Reasons,
)
from retention.demo.plan import Floats
from retention.demo.usual import EPISODES


def truth(company: Company) -> dict[str, Any]:
    """Return the effects, each department's true share, and why each account would leave or left; fit for JSON.

    Terms are log-odds of deciding to leave within a month, as `formula.py` writes them.
    """
    course = company.course
    gone = ~np.isnan(course.decided)
    return {
        "today": company.plan.today.isoformat(),
        "seed": company.plan.seed,
        "formula": _formula(),
        "shares_of_leavers": _shares(course.why.departments[gone]),
        "shares_of_staying": _shares(course.now.departments[~gone]),
        "accounts": [_account(company, account) for account in range(len(company.customers))],
    }


def _formula() -> dict[str, Any]:
    return {
        "effects": dict(EFFECTS),
        "care": dict(CARE),
        "levels": dict(LEVELS),
        "without_effect": list(WITHOUT_EFFECT),
        "episodes": [
            {"department": slug, "from_months_ago": begin, "until_months_ago": end, "times_the_usual": factor}
            for slug, begin, end, factor in EPISODES
        ],
        "confounded_by_activity": CONFOUNDED_BY_ACTIVITY,
        "weights_and_half_lives": "as in the catalogue of friction types",
        "order_half_life_days": ORDER_HALF_LIFE_DAYS,
        "promise_half_life_days": PROMISE_HALF_LIFE_DAYS,
    }


def _shares(terms: Floats) -> dict[str, float]:
    """Return each department's part of all friction's log-odds; they sum to 1."""
    totals = terms.sum(axis=0)
    whole = totals.sum() or 1.0
    return {slug: round(float(total / whole), 6) for slug, total in zip(DEPARTMENTS, totals, strict=True)}


def _account(company: Company, account: int) -> dict[str, Any]:
    course, plan = company.course, company.plan
    decided, left = course.decided[account], course.left[account]
    told: dict[str, Any] = {"account": company.customers.number(account)}
    if not np.isnan(decided):
        told |= {"decided_on": plan.date(decided).isoformat(), "left_on": plan.date(left).isoformat()}
        return told | {"reasons": _terms(course.why, account)}
    return told | {"reasons": _terms(course.now, account)}


def _terms(reasons: Reasons, account: int) -> dict[str, Any]:
    return {
        "baseline": _rounded(reasons.baseline[account]),
        "departments": {
            slug: _rounded(term)
            for slug, term in zip(DEPARTMENTS, reasons.departments[account], strict=True)
            if term > 0
        },
        "care": dict(zip(CARE, map(_rounded, reasons.care[account]), strict=True)),
    }


def _rounded(value: npt.NDArray[np.float64] | float) -> float:
    return round(float(value), 5)
