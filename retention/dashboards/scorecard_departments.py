"""The scorecard's table of departments: what each puts at risk, its budget, its rate, how fast it answers."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.segments import segments_on_record
from departments.models import Department
from retention.dashboards.budgets import BudgetState, budget_states
from retention.dashboards.kept import Figures, Reading
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


@dataclass(frozen=True, slots=True)
class Work:
    """How departments worked in 90 days, by department id."""

    rates: Mapping[int, Rate]
    answers: Mapping[int, Answers]
    on_time: Mapping[int, float]


def work(scope: Scope) -> Work:
    """Compute it."""
    return Work(rates(scope), answers(scope), on_time(scope))


@dataclass(frozen=True, slots=True)
class WorkBySegment:
    """How they worked for the accounts of each segment, and under an empty one for all."""

    of: Mapping[str, Work]


def _of_the_company(moment: datetime.datetime) -> WorkBySegment:
    departments = list(Department.objects.filter(is_active=True))
    segments = ("", *segments_on_record())
    return WorkBySegment({name: work(Scope.recent(departments, moment, name)) for name in segments})


WORK = Figures("work_by_segment", WorkBySegment, _of_the_company)


def work_in(departments: Sequence[Department], segment: str, moment: datetime.datetime) -> Reading[Work]:
    """Return how departments worked for the accounts of a segment, or all, as it is kept or else computed now."""
    kept = WORK.kept_of(Work, segment, moment)
    if kept is not None and kept.figures is not None:
        return Reading(kept.figures, kept.as_of, is_kept=True)
    return Reading(work(Scope.recent(departments, moment, segment)), moment, is_kept=False)


def department_rows(
    departments: Sequence[Department],
    worked: Work,
    now: Standing | None,
    before: Standing | None,
    *,
    segment: str,
    today: datetime.date,
) -> list[DepartmentRow]:
    """Return the rows, those that put most at risk first."""
    budgets = budget_states(departments, segment=segment, today=today)
    rows = [
        DepartmentRow(
            department=one,
            at_risk=_at_risk(one, now),
            before=_at_risk(one, before),
            budget=budgets[one.pk],
            # A department that was set up a moment ago is not in what is kept.
            rate=worked.rates.get(one.pk, Rate(0.0, 0, one.get_exposure_display())),
            answers=worked.answers.get(one.pk, Answers(None, 0)),
            on_time=worked.on_time.get(one.pk),
        )
        for one in departments
    ]
    return sorted(rows, key=lambda row: (-(row.at_risk or 0.0), row.department.position))


def _at_risk(department: Department, standing: Standing | None) -> float | None:
    return None if standing is None else standing.by_department.get(department.pk, 0.0)
