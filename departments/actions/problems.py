"""Problems: the common cause of several incidents, opened from them, joined, left and closed."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.errors import Conflict, Invalid, NotAllowed
from departments.actions.bulk import Outcome, for_each
from departments.actions.cure_steps import allow_problem_undo, record_problem_step, said, swap_problem
from departments.actions.permissions import require, require_answering, require_sight
from departments.actions.steps import record_step, swap
from departments.actions.undo import allow_undo, picture
from departments.models import Capability, Department, FrictionType, Incident, Person, Problem

MOST_LINKED = 100


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
    if len(incidents) > MOST_LINKED:
        raise Invalid("incidents", f"At most {MOST_LINKED} incidents at once.")
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
    for incident in incidents:
        _link(incident, problem, acting_person, also=[withdrawn])
    return problem


def _commonest_type(incidents: Sequence[Incident]) -> FrictionType:
    types = [incident.friction_type for incident in incidents]
    return max(types, key=types.count)


@transaction.atomic
def link_incident(*, incident: Incident, problem: Problem, acting_person: Person) -> Incident:
    """Say that an incident belongs to a problem: any department's head can who sees both."""
    require(acting_person, Capability.ANSWER_INCIDENTS)
    if not Problem.objects.visible_to(acting_person).filter(pk=problem.pk).exists():
        raise NotAllowed("This problem is not among those you can see.")
    if not problem.is_open:
        raise Conflict("The problem is closed: reopen it first.")
    details = {"incident": str(incident.public_id)}
    record_problem_step(problem, "incident_linked", incident.title, acting_person, details)
    return _link(incident, problem, acting_person)


def _link(
    incident: Incident, problem: Problem, acting_person: Person, *, also: Sequence[dict[str, object]] = ()
) -> Incident:
    require_sight(acting_person, incident)
    if incident.merged_into_id is not None:
        raise Conflict("It was merged into another incident: link that one.")
    if incident.problem_id == problem.pk:
        raise Conflict("It belongs to this problem already.")
    if incident.problem_id is not None:
        raise Conflict("It belongs to another problem: take it out of that one first.")
    before = picture(incident)
    swap(incident, problem=problem)
    details = {"problem": str(problem.public_id)}
    record_step(
        incident=incident, verb="problem_linked", words=problem.title, acting_person=acting_person, details=details
    )
    allow_undo(before, incident, "problem_linked", acting_person, also=also)
    return incident


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


def link_all(*, incidents: Sequence[Incident], problem: Problem, acting_person: Person) -> Outcome:
    """Link each of the incidents to the problem; each is done or refused by itself."""
    return for_each(
        incidents=incidents,
        deed=lambda one: link_incident(incident=one, problem=problem, acting_person=acting_person),
        acting_person=acting_person,
    )


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
