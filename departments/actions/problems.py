"""Problems: the common cause of several incidents, opened from them, joined, left and closed."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from accounts.errors import ActionError, Conflict, Invalid, NotAllowed
from departments.actions.cure_steps import (
    allow_problem_undo,
    record_problem_step,
    record_problem_steps,
    said,
    swap_problem,
)
from departments.actions.outcome import MOST_AT_ONCE, Outcome, as_error
from departments.actions.permissions import require, require_answering, require_sight
from departments.actions.sets import Standing, Step, locked, planned, write
from departments.actions.steps import record_step, swap
from departments.actions.undo import allow_undo, picture
from departments.models import Capability, Department, FrictionType, Incident, Person, Problem


@transaction.atomic
def open_problem(
    *,
    title: str,
    description: str,
    department: Department,
    friction_type: FrictionType | None,
    incidents: Sequence[Incident],
    acting_person: Person,
) -> Problem:
    """Open a problem of incidents with a common cause; the department given holds it.

    Without a friction type, it is that of most of the incidents: its rate tells one day whether the problem is cured.
    """
    require(acting_person, Capability.ANSWER_INCIDENTS)
    text = said(title, "title", "Give the problem a name.")
    if not incidents:
        raise Invalid("incidents", "A problem begins with one incident at least.")
    if len(incidents) > MOST_AT_ONCE:
        raise Invalid("incidents", f"At most {MOST_AT_ONCE} incidents at once.")
    if not department.is_active:
        raise Invalid("department", f"{department} is no longer there.")
    problem = Problem.objects.create(
        title=text[:200],
        description=description.strip(),
        department=department,
        friction_type=friction_type or _commonest_type(incidents),
        opened_by=acting_person,
    )
    problem.refresh_from_db()
    details = {"department": department.slug, "incidents": [str(one.public_id) for one in incidents]}
    record_problem_step(problem, "opened", text, acting_person, details)
    withdrawn = {"model": "problem", "pk": problem.pk, "columns": {"withdrawn_at": "@now"}}
    found, refused = locked(incidents)
    links = _Links(problem, found, acting_person, also=[withdrawn])
    done = planned(found, refused, links.plan)
    for refusal in done.refused:
        raise as_error(refusal)
    write(done, acting_person)
    return problem


def _commonest_type(incidents: Sequence[Incident]) -> FrictionType:
    types = [incident.friction_type for incident in incidents]
    return max(types, key=types.count)


def link_incident(*, incident: Incident, problem: Problem, acting_person: Person) -> Incident:
    """Say that an incident belongs to a problem: any department's head can who sees both."""
    outcome = link_all(incidents=[incident], problem=problem, acting_person=acting_person)
    for refusal in outcome.refused:
        raise as_error(refusal)
    incident.refresh_from_db()
    return incident


@transaction.atomic
def link_all(*, incidents: Sequence[Incident], problem: Problem, acting_person: Person) -> Outcome:
    """Link each of the incidents to the problem; each is done or refused by itself, all are written together."""
    found, refused = locked(incidents)
    links = _Links(problem, found, acting_person)
    why_not = _why_unlinkable(problem, acting_person)

    def plan(standing: Standing) -> Step:
        if why_not is not None:
            raise why_not
        return links.plan(standing)

    done = planned(found, refused, plan)
    steps = [(step.incident.title, {"incident": str(step.incident.public_id)}) for step in done.steps]
    record_problem_steps(problem, "incident_linked", steps, acting_person)
    return write(done, acting_person)


def _why_unlinkable(problem: Problem, acting_person: Person) -> ActionError | None:
    """Return why nothing can be linked to the problem, whatever it is."""
    try:
        require(acting_person, Capability.ANSWER_INCIDENTS)
    except NotAllowed as refusal:
        return refusal
    if not Problem.objects.visible_to(acting_person).filter(pk=problem.pk).exists():
        return NotAllowed("This problem is not among those you can see.")
    return None if problem.is_open else Conflict("The problem is closed: reopen it first.")


class _Links:
    """Links incidents to a problem; which of them the person sees is asked once."""

    def __init__(
        self,
        problem: Problem,
        found: Iterable[Standing],
        acting_person: Person,
        *,
        also: Sequence[Mapping[str, object]] = (),
    ) -> None:
        self._problem = problem
        self._also = also
        keys = [standing.incident.pk for standing in found]
        seen = Incident.objects.visible_to(acting_person).order_by().filter(pk__in=keys)
        self._seen = frozenset(seen.values_list("pk", flat=True))

    def plan(self, standing: Standing) -> Step:
        incident, problem = standing.incident, self._problem
        if incident.pk not in self._seen:
            raise NotAllowed("This incident is not among those you can see.")
        if incident.merged_into_id is not None:
            raise Conflict("It was merged into another incident: link that one.")
        if incident.problem_id == problem.pk:
            raise Conflict("It belongs to this problem already.")
        if incident.problem_id is not None:
            raise Conflict("It belongs to another problem: take it out of that one first.")
        details = {"problem": str(problem.public_id)}
        changes = {"problem_id": problem.pk}
        return Step(standing, "problem_linked", changes, details, words=problem.title, also=self._also)


@transaction.atomic
def unlink_incident(*, incident: Incident, words: str, acting_person: Person) -> Incident:
    """Say why an incident does not belong to its problem after all."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    require_sight(acting_person, incident)
    reason = said(words, "words", "Say why it does not belong there.")
    problem = incident.problem
    if problem is None:
        raise Conflict("It belongs to no problem.")
    before = picture(incident)
    swap(incident, problem=None)
    details = {"problem": str(problem.public_id)}
    record_step(incident=incident, verb="problem_unlinked", words=reason, acting_person=acting_person, details=details)
    record_problem_step(problem, "incident_unlinked", reason, acting_person, {"incident": str(incident.public_id)})
    allow_undo(before, incident, "problem_unlinked", acting_person)
    return incident


@transaction.atomic
def close_problem(*, problem: Problem, words: str, acting_person: Person) -> Problem:
    """Say why the problem is done with; the head of the department that holds it can."""
    require_answering(acting_person, problem.department)
    reason = said(words, "words", "Say why it is done with.")
    if not problem.is_open:
        raise Conflict("The problem is closed already.")
    swap_problem(problem, closed_at=timezone.now(), closed_by=acting_person, closing_words=reason)
    record_problem_step(problem, "closed", reason, acting_person, {})
    before = {"closed_at": None, "closed_by": None, "closing_words": ""}
    allow_problem_undo(problem, "closed", acting_person, before=before)
    return problem


@transaction.atomic
def reopen_problem(*, problem: Problem, words: str, acting_person: Person) -> Problem:
    """Say why the problem is not done with after all; any department's head can who sees it."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    reason = said(words, "words", "Say why it is not done with.")
    if problem.closed_at is None:
        raise Conflict("The problem is open.")
    before = {
        "closed_at": problem.closed_at.isoformat(),
        "closed_by_id": problem.closed_by_id,
        "closing_words": problem.closing_words,
    }
    swap_problem(problem, closed_at=None, closed_by=None, closing_words="")
    record_problem_step(problem, "reopened", reason, acting_person, {})
    allow_problem_undo(problem, "reopened", acting_person, before=before)
    return problem
