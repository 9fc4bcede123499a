"""One page in the order of 8D, for an incident or a problem: recorded facts alone, and gaps named as such."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from departments.cure.pages import stakes_of
from departments.cure.reading import ActionLine, Cure, cure_of
from departments.http import PersonRequest
from departments.models import (
    ActionKind,
    EffectivenessCheck,
    Incident,
    IncidentEvent,
    Person,
    Problem,
    ProblemEvent,
    Subject,
)
from retention.formatting import exact_day, exact_moment, money, number
from retention.templatetags.cure import interval_in_words, ratio_in_words

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded fact: what it is, in words."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Discipline:
    """One of the nine disciplines; without entries, nothing is recorded of it."""

    code: str
    title: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class EightD:
    """The whole report."""

    title: str
    what: str
    subject: Subject
    disciplines: Sequence[Discipline]


@require_safe
def show_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the report of an incident."""
    return _page(request, visible_incident(request.user, public_id))


@require_safe
def show_problem(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the report of a problem."""
    return _page(request, visible_problem(request.user, public_id))


def _page(request: PersonRequest, subject: Subject) -> HttpResponse:
    is_problem = isinstance(subject, Problem)
    context = {"report": report_of(subject, request.user), "is_problem": is_problem, "subject": subject}
    return render(request, "dashboards/eight_d.html", context)


def visible_incident(person: Person, public_id: uuid.UUID) -> Incident:
    """Return the incident; 404 for outsiders."""
    related = ("account", "friction_type", "department", "reporter", "rule", "problem__department")
    return get_object_or_404(Incident.objects.visible_to(person).select_related(*related), public_id=public_id)


def visible_problem(person: Person, public_id: uuid.UUID) -> Problem:
    """Return the problem; 404 for outsiders."""
    related = ("friction_type", "department", "opened_by", "closed_by")
    return get_object_or_404(Problem.objects.visible_to(person).select_related(*related), public_id=public_id)


def report_of(subject: Subject, person: Person) -> EightD:
    """Return the report as far as the record goes; that of an incident holds what was recorded at its problem."""
    cures = _cures(subject, person)
    lines = [line for cure in cures for line in cure.actions]
    parts: tuple[tuple[str, str, Iterable[Entry]], ...] = (
        ("D0", "Plan", _plan(subject)),
        ("D1", "Team", _team(subject, lines)),
        ("D2", "Problem description", _description(subject)),
        ("D3", "Interim containment", _containment(cures)),
        ("D4", "Root cause and escape point", _root_cause(cures)),
        ("D5", "Chosen corrective action", _chosen(_of_kind(lines, ActionKind.CORRECTIVE))),
        ("D6", "Implemented corrective action", _implemented(_of_kind(lines, ActionKind.CORRECTIVE))),
        ("D7", "Prevent recurrence", _prevented(_of_kind(lines, ActionKind.PREVENTIVE))),
        ("D8", "Recognise the team", _recognised(subject, lines)),
    )
    what = "Problem" if isinstance(subject, Problem) else "Incident"
    return EightD(subject.title, what, subject, [Discipline(code, title, list(told)) for code, title, told in parts])


def _cures(subject: Subject, person: Person) -> list[Cure]:
    if isinstance(subject, Problem):
        _, of_problem = cure_of(person, None, subject)
        return [of_problem] if of_problem else []
    problem = subject.problem if subject.problem is not None and subject.problem.withdrawn_at is None else None
    return [cure for cure in cure_of(person, subject, problem) if cure is not None]


def _of_kind(lines: Sequence[ActionLine], kind: str) -> list[ActionLine]:
    return [line for line in lines if line.action.kind == kind]


def _plan(subject: Subject) -> Iterator[Entry]:
    if isinstance(subject, Problem):
        yield Entry("Opened", f"{exact_moment(subject.opened_at)} by {subject.opened_by.name}")
        yield Entry("Held by", subject.department.name)
        return
    reporter = (
        subject.reporter.name if subject.reporter else (f"rule “{subject.rule}”" if subject.rule else "the system")
    )
    yield Entry("Happened", exact_moment(subject.happened_at))
    yield Entry("Reported", f"{exact_moment(subject.recorded_at)} by {reporter}")
    yield Entry("Held by", subject.department.name)
    yield Entry("Severity", f"{round(subject.severity * 100)} % of the worst of its kind")
    yield Entry("To be resolved by", exact_moment(subject.resolve_due_at))


def _team(subject: Subject, lines: Sequence[ActionLine]) -> Iterator[Entry]:
    """Whoever is in the record, in the order in which they came."""
    people: dict[int, Person] = {}
    for event in _events(subject):
        if event.person is not None:
            people.setdefault(event.person.pk, event.person)
    for line in lines:
        people.setdefault(line.action.owner_id, line.action.owner)
    owners = {line.action.owner_id for line in lines}
    for key, person in people.items():
        part = f"{person.department}" if person.department else person.get_role_display()
        yield Entry(person.name, f"{part}, owns an action" if key in owners else part)


def _events(subject: Subject) -> "QuerySet[Any]":
    events: QuerySet[Any] = (
        ProblemEvent.objects.filter(problem=subject)
        if isinstance(subject, Problem)
        else IncidentEvent.objects.filter(incident=subject)
    )
    return events.select_related("person__department").order_by("at", "pk")


def _description(subject: Subject) -> Iterator[Entry]:
    kind = subject.friction_type
    yield Entry("What", subject.title)
    if subject.description:
        yield Entry("In words", subject.description)
    yield Entry("Type", f"{kind.name}: {kind.definition}")
    if isinstance(subject, Problem):
        stakes = stakes_of(subject)
        yield Entry("How often", f"{number(stakes.incidents)} incidents at {number(stakes.accounts)} accounts")
        yield Entry("At risk now", f"{money(stakes.at_risk)} by {number(stakes.open)} open incidents")
        if stakes.lost_accounts:
            yield Entry("Lost since", f"{money(stakes.lost)} a year at {number(stakes.lost_accounts)} accounts")
        return
    yield Entry("Where", subject.account.name)
    if subject.current_money is not None:
        yield Entry("Puts at risk", money(subject.current_money))


def _containment(cures: Sequence[Cure]) -> Iterator[Entry]:
    for cure in cures:
        for row in cure.containments:
            yield Entry(f"{exact_moment(row.done_at)}, {row.person.name}", row.words)


def _root_cause(cures: Sequence[Cure]) -> Iterator[Entry]:
    for cure in cures:
        row = cure.root_cause
        if row is None:
            continue
        for place, why in enumerate(row.whys, start=1):
            yield Entry(f"Why {place}", why)
        if row.cause is not None:
            yield Entry("Cause", row.cause.name)
        yield Entry("Escape point", row.escape or NOT_RECORDED)


def _chosen(lines: Sequence[ActionLine]) -> Iterator[Entry]:
    for line in lines:
        action = line.action
        yield Entry(f"{action.owner.name}, by {exact_day(action.due_on)}", action.words)


def _implemented(lines: Sequence[ActionLine]) -> Iterator[Entry]:
    for line in lines:
        action = line.action
        if action.done_at is None or action.done_by is None:
            continue
        yield Entry(f"{exact_moment(action.done_at)}, {action.done_by.name}", action.done_words)
        yield Entry("Validated", _validated(line.check))


def _validated(check: EffectivenessCheck | None) -> str:
    if check is None:
        return NOT_RECORDED
    rate = f"{check.incidents_before} in {check.orders_before} orders before, "
    rate += f"{check.incidents_after} in {check.orders_after} after ({check.days} days each)"
    change = f", {ratio_in_words(check.ratio)}" if check.ratio is not None else ""
    reach = f"; 95 % range {interval_in_words(check)}" if check.low is not None else ""
    decided = f". {check.get_decision_display()}: {check.words}" if check.decision else ". Not decided yet"
    return f"{check.get_verdict_display()}: {rate}{change}{reach}{decided}"


def _prevented(lines: Sequence[ActionLine]) -> Iterator[Entry]:
    for line in lines:
        action = line.action
        done = f"done {exact_moment(action.done_at)}: {action.done_words}" if action.done_at else "planned"
        yield Entry(f"{action.owner.name}, by {exact_day(action.due_on)}", f"{action.words} ({done})")


def _recognised(subject: Subject, lines: Sequence[ActionLine]) -> Iterator[Entry]:
    for line in lines:
        for check in line.checks:
            if check.thanks and check.decided_by is not None:
                yield Entry(f"Thanks, by {check.decided_by.name}", check.thanks)
    if isinstance(subject, Problem) and subject.closed_at is not None and subject.closed_by is not None:
        yield Entry(f"Closed {exact_moment(subject.closed_at)}, {subject.closed_by.name}", subject.closing_words)
