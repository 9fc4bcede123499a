"""The scorecard's table of departments: what each puts at risk, its budget, its rate, how fast it answers."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from departments.models import Department
from retention.dashboards.budgets import BudgetState, budget_states
from retention.dashboards.rates import Answers, Rate, Scope, answers, on_time, rates
from retention.dashboards.scorecard_figures import Standing


@dataclass(frozen=True, slots=True)
class DepartmentRow:
    """One department in figures; those that are not known are None."""

    department: Department
    at_risk: float | None
    before: float | None
    budget: BudgetState
    rate: Rate
    answers: Answers
    on_time: float | None


def department_rows(
    departments: Sequence[Department],
    now: Standing | None,
    before: Standing | None,
    *,
    segment: str,
    moment: datetime.datetime,
    today: datetime.date,
) -> list[DepartmentRow]:
    """Return the rows, those that put most at risk first."""
    scope = Scope.recent(departments, moment, segment)
    budgets = budget_states(departments, segment=segment, today=today)
    rated, answered, timely = rates(scope), answers(scope), on_time(scope)
    rows = [
        DepartmentRow(
            department=one,
            at_risk=_at_risk(one, now),
            before=_at_risk(one, before),
            budget=budgets[one.pk],
            rate=rated[one.pk],
            answers=answered.get(one.pk, Answers(None, 0)),
            on_time=timely.get(one.pk),
        )
        for one in departments
    ]
    return sorted(rows, key=lambda row: (-(row.at_risk or 0.0), row.department.position))


def _at_risk(department: Department, standing: Standing | None) -> float | None:
    return None if standing is None else standing.by_department.get(department.pk, 0.0)
