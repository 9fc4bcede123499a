"""The cure of one incident or problem as it stands: what was recorded, and which step comes next."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone

from accounts.presence import Places, present
from departments.models import (
    Capability,
    Containment,
    CorrectiveAction,
    EffectivenessCheck,
    Incident,
    OfSubject,
    Person,
    Problem,
    RootCause,
    Subject,
)

OF_INCIDENT: Places = {
    "containments": (Containment, "incident"),
    "causes": (RootCause, "incident"),
    "actions": (CorrectiveAction, "incident"),
}
OF_PROBLEM: Places = {name: (model, "problem") for name, (model, _) in OF_INCIDENT.items()}


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One action, the checks of its effect in order of time, and what the person may do with it."""

    action: CorrectiveAction
    checks: Sequence[EffectivenessCheck]
    may_finish: bool
    may_change: bool
    may_decide: bool

    @property
    def check(self) -> EffectivenessCheck | None:
        """Return the check since it was last done, once it is open."""
        last = self.checks[-1] if self.checks else None
        return last if last is not None and last.done_at == self.action.done_at else None

    @property
    def earlier(self) -> Sequence[EffectivenessCheck]:
        """Return the checks after which it was reopened."""
        return [check for check in self.checks if check is not self.check]

    @property
    def state(self) -> str:
        """Return planned, overdue, done, to decide or closed."""
        if self.action.done_at is None:
            return "overdue" if self.action.is_overdue else "planned"
        if self.check is None:
            return "done"
        return "closed" if self.check.decision else "to_decide"


@dataclass(frozen=True, slots=True)
class Cure:
    """What was recorded of one incident or problem, without what was taken back."""

    subject: Subject
    containments: Sequence[Containment]
    root_causes: Sequence[RootCause]
    actions: Sequence[ActionLine]

    @property
    def root_cause(self) -> RootCause | None:
        """Return why it happened, as was recorded last."""
        return self.root_causes[-1] if self.root_causes else None

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was recorded."""
        return not (self.containments or self.root_causes or self.actions)

    @property
    def next_check_at(self) -> datetime.datetime | None:
        """Return when the next check opens by itself."""
        due = [line.action.check_due_at for line in self.actions if line.state == "done"]
        return min((moment for moment in due if moment is not None), default=None)


def next_step(*cures: Cure | None) -> str:
    """Return what is to be done next, by all that was recorded of an incident and of its problem.

    One of contain, cause, plan, act, wait, decide, or done where every action is closed.
    """
    known = [cure for cure in cures if cure is not None]
    states = {line.state for cure in known for line in cure.actions}
    if "to_decide" in states:
        return "decide"
    if not any(cure.containments for cure in known):
        return "contain"
    if not any(cure.root_causes for cure in known):
        return "cause"
    if not states:
        return "plan"
    order = (("overdue", "act"), ("planned", "act"), ("done", "wait"))
    return next((step for state, step in order if state in states), "done")


def next_check(*cures: Cure | None) -> datetime.datetime | None:
    """Return when the next check opens by itself, if one does."""
    due = [cure.next_check_at for cure in cures if cure is not None]
    return min((moment for moment in due if moment is not None), default=None)


def cure_of(person: Person, incident: Incident | None, problem: Problem | None) -> tuple[Cure | None, Cure | None]:
    """Return the cures of the incident and of the problem, each where there is one; a constant number of statements."""
    checks = EffectivenessCheck.objects.select_related("decided_by")
    there = _there(incident, problem)
    containments: list[Containment] = []
    if "containments" in there:
        containments = list(Containment.objects.standing().of(incident, problem).select_related("person"))
    causes: list[RootCause] = []
    if "causes" in there:
        causes = list(RootCause.objects.standing().of(incident, problem).select_related("person", "cause"))
    lines: list[CorrectiveAction] = []
    if "actions" in there:
        actions = CorrectiveAction.objects.standing().of(incident, problem)
        owned = actions.select_related("owner", "done_by", "department", "friction_type")
        lines = list(owned.prefetch_related(Prefetch("checks", checks)))
    return tuple(  # type: ignore[return-value]  # one for each of the two
        None
        if subject is None
        else Cure(
            subject,
            [row for row in containments if _is_of(row, subject)],
            [row for row in causes if _is_of(row, subject)],
            [_line(row, subject, person) for row in lines if _is_of(row, subject)],
        )
        for subject in (incident, problem)
    )


def _there(incident: Incident | None, problem: Problem | None) -> frozenset[str]:
    of_incident = present(OF_INCIDENT, [incident.pk]) if incident is not None else frozenset()
    return of_incident | (present(OF_PROBLEM, [problem.pk]) if problem is not None else frozenset())


def _is_of(row: OfSubject, subject: Subject) -> bool:
    return (row.incident_id if isinstance(subject, Incident) else row.problem_id) == subject.pk


def _line(action: CorrectiveAction, subject: Subject, person: Person) -> ActionLine:
    cures = may_cure(person, subject)
    is_planned = action.done_at is None
    heads = person.can(Capability.ANSWER_INCIDENTS) and person.department_id == action.department_id
    return ActionLine(
        action,
        list(action.checks.all()),
        may_finish=is_planned and (cures or person.pk == action.owner_id),
        may_change=is_planned and cures,
        may_decide=heads,
    )


def may_cure(person: Person, subject: Subject) -> bool:
    """Return whether the person works where it is held."""
    return person.can(Capability.WORK_ON_INCIDENTS) and person.department_id == subject.department_id


def days_from_now(days: int) -> datetime.date:
    """Return the day so many days from today, as a first suggestion for a date."""
    return timezone.localdate() + datetime.timedelta(days=days)
