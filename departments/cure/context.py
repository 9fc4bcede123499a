"""What the pages of an incident and of a problem show of the cure, with the forms that the person may fill in."""

from collections.abc import Collection, Sequence
from typing import Any

from django.urls import reverse

from accounts.prepared import Prepared, given
from departments.cure.costs import costs_of
from departments.cure.forms import (
    ActionForm,
    ConfirmForm,
    ContainmentForm,
    CostForm,
    CustomerStepForm,
    LinkForm,
    ProblemForm,
    ReopenForm,
    RootCauseForm,
    owners_shown,
)
from departments.cure.iso import steps
from departments.cure.reading import cure_of, days_from_now, may_cure, next_check, next_step
from departments.cure.words import NEXT
from departments.forms import once_shown
from departments.models import (
    Capability,
    CustomerStep,
    Department,
    Incident,
    IncidentEvent,
    Person,
    Problem,
    Subject,
)

WEEKS_TO_ACT = 14


def cure_context(
    person: Person, subject: Subject, *, problem: Problem | None = None, bound: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the cure of an incident, with that of its problem beside it, or of a problem alone."""
    incident = subject if isinstance(subject, Incident) else None
    own_problem = subject if isinstance(subject, Problem) else problem
    of_incident, of_problem = cure_of(person, incident, own_problem)
    cure = of_incident if incident is not None else of_problem
    following = next_step(of_incident, of_problem)
    cures = may_cure(person, subject)
    return {
        "cure": cure,
        "cure_of_problem": of_problem if incident is not None else None,
        "next_step": following,
        "next_words": NEXT[following],
        "next_check_at": next_check(of_incident, of_problem),
        "may_cure": cures,
        "cure_urls": urls_of(subject),
        **(_forms(subject) if cures else {}),
        **_deciding(),
    }


def urls_of(subject: Subject) -> dict[str, str]:
    """Return where the steps of the cure are sent, by step."""
    kind = "incident" if isinstance(subject, Incident) else "problem"
    return {
        step: reverse(f"{kind}_{step}", args=[subject.public_id]) for step in ("contain", "cause", "plan", "eight_d")
    }


def _forms(subject: Subject) -> dict[str, Any]:
    found, in_weeks = owners_shown(subject), {"due_on": days_from_now(WEEKS_TO_ACT)}
    return {
        "contain_form": once_shown(ContainmentForm, auto_id="contain_%s"),
        "cause_form": once_shown(RootCauseForm, department=subject.department, auto_id="cause_%s"),
        "action_form": once_shown(ActionForm, subject=subject, shown=found, auto_id="plan_%s", initial=in_weeks),
        "owners": found,
    }


def _deciding() -> dict[str, Any]:
    return {
        "confirm_form": once_shown(ConfirmForm, auto_id="confirm_%s"),
        "reopen_action_form": once_shown(
            ReopenForm, auto_id="reopen_action_%s", initial={"due_on": days_from_now(WEEKS_TO_ACT)}
        ),
    }


_TOLD = Prepared(lambda: CustomerStep.objects.standing().filter(incident=given("incident")).select_related("person"))


def incident_context(
    person: Person, incident: Incident, events: Sequence[IncidentEvent], departments: Collection[Department]
) -> dict[str, Any]:
    """Return everything about the cure for the page of an incident; `events` in order of time, all departments."""
    problem = incident.problem if incident.problem is not None and incident.problem.withdrawn_at is None else None
    context = cure_context(person, incident, problem=problem)
    told = _TOLD(incident=incident.pk)
    heads = person.can(Capability.ANSWER_INCIDENTS)
    return {
        **context,
        "problem": problem,
        "iso_steps": steps(incident, events, told, context["cure"]),
        "customer_steps": told,
        "customer_form": once_shown(CustomerStepForm, auto_id="customer_%s"),
        "may_tell": person.can(Capability.REPORT_FRICTION),
        "costs": costs_of(incident),
        "cost_form": once_shown(CostForm, auto_id="cost_%s"),
        "may_link": heads and incident.merged_into_id is None,
        **(_linking(person, incident, departments) if heads and problem is None else {}),
    }


def _linking(person: Person, incident: Incident, departments: Collection[Department]) -> dict[str, Any]:
    initial = {"title": incident.title, "department": incident.department.slug}
    return {
        "link_form": once_shown(LinkForm, person=person, auto_id="link_%s"),
        "problem_form": once_shown(ProblemForm, auto_id="problem_%s", initial=initial, known=departments),
    }
