"""The page of one incident: what happened, what it puts at risk, who answers for it, and what to do."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet, prefetch_related_objects
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.models import Signal
from accounts.prepared import Prepared, given
from accounts.presence import Places, present
from accounts.signals import KINDS, Field, JsonValue
from departments.actions.parts import own_department
from departments.attachments.forms import AttachForm
from departments.attachments.shelf import shelf
from departments.charging import clocks_of
from departments.clocks import calendars
from departments.cure.context import incident_context
from departments.cure.found import found_cause
from departments.forms import (
    AnswerForm,
    AssignForm,
    CounterForm,
    DisputeForm,
    HandOffForm,
    NoteForm,
    RegradeForm,
    ResolveForm,
    WordsForm,
    once_shown,
)
from departments.http import PersonRequest
from departments.models import (
    Attachment,
    CauseCode,
    Department,
    Dispute,
    HandOff,
    Incident,
    IncidentEvent,
    Note,
    Person,
    Regrading,
    Responsibility,
    Ruling,
    RulingState,
    Wait,
)
from departments.prepared import PreparedFor, departments_by_slug
from departments.views.may import Standing, disputes_shown, may
from departments.views.why import why_of
from departments.wait_forms import EndWaitForm, WaitForm
from departments.words import words_of

# What a page about one incident reads in its first query.
WITH_IT = ("account", "friction_type", "department")
# And after it, as far as there is any: so many tables in one statement take longer to plan than to read.
IF_ANY = (
    "reporter",
    "reporting_department",
    "assignee",
    "order",
    "signal",
    "rule__friction_type",
    "cause",
    "merged_into",
    "problem__department",
)
# What an incident may have besides; most have little of it.
OF_INCIDENT: Places = {
    "path": (HandOff, "incident"),
    "waits": (Wait, "incident"),
    "regradings": (Regrading, "incident"),
    "rulings": (Ruling, "incident"),
    "disputes": (Dispute, "incident"),
    "duplicates": (Incident, "merged_into"),
    "attachments": (Attachment, "incident"),
    "notes": (Note, "incident"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a signal in words."""

    label: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the record, and what was done in words."""

    event: IncidentEvent
    words: str


def _visible(reader: Person) -> QuerySet[Incident]:
    seen = Incident.objects.visible_to(reader).filter(public_id=given("public_id"))
    return seen.select_related(*WITH_IT)


_VISIBLE = PreparedFor(_visible)
_HISTORY = Prepared(
    lambda: IncidentEvent.objects.filter(incident=given("incident")).select_related("person").order_by("-at", "-pk")
)
_PARTS = Prepared(
    lambda: Responsibility.objects.filter(incident=given("incident"), share__gt=0).select_related("department")
)


def visible_incident(request: PersonRequest, public_id: object) -> Incident:
    """Return the incident with what a page about it reads; 404 for outsiders."""
    incident = next(iter(_VISIBLE(request.user, public_id=public_id)), None)
    if incident is None:
        raise Http404
    # Of what there is none of, even to see that takes as long as to read it.
    there = [path for path in IF_ANY if getattr(incident, f"{path.partition('__')[0]}_id") is not None]
    prefetch_related_objects([incident], *there)
    if incident.department_id == request.user.department_id:
        request.user.department = incident.department
    return incident


def show(request: PersonRequest, incident: Incident, status: int = 200, **bound: Form) -> HttpResponse:
    """Render the page; `bound` are forms that were sent and need correction, by name."""
    return render(request, "departments/incident.html", _context(request.user, incident) | bound, status=status)


def _context(person: Person, incident: Incident) -> dict[str, object]:
    there = present(OF_INCIDENT, [incident.pk])
    path = list(_path(incident)) if "path" in there else []
    events = _HISTORY(incident=incident.pk)
    waits = list(_waits(incident)) if "waits" in there else []
    open_wait = next((wait for wait in waits if wait.is_open), None)
    regradings = list(_regradings(incident)) if "regradings" in there else []
    rulings = list(_rulings(incident)) if "rulings" in there else []
    disputes = list(_disputes(incident)) if "disputes" in there else []
    parts, departments = _PARTS(incident=incident.pk), departments_by_slug()
    cure = incident_context(person, incident, events[::-1], departments.values())
    standing = Standing(path, regradings, rulings, open_wait, disputes, parts)
    return {
        "incident": incident,
        "duplicates": list(incident.merged.all()) if "duplicates" in there else [],
        "parts": parts,
        "path": path,
        "pending": standing.pending,
        "history": [Step(event, words_of(event)) for event in events],
        "clocks": clocks_of(incident, events[::-1], path, departments, calendars(), timezone.now(), waits),
        "attachments": shelf(person, incident) if "attachments" in there else [],
        "attach_form": once_shown(AttachForm, person=person, auto_id="attach_%s"),
        "waits": waits,
        "open_wait": open_wait,
        "notes": list(_notes(incident, person)) if "notes" in there else [],
        "facts": list(facts(incident.signal)) if incident.signal else [],
        "why": why_of(incident, person),
        "regradings": regradings,
        "rulings": rulings,
        **disputes_shown(person, incident, standing),
        "may": may(person, incident, standing),
        **cure,
        **_forms(person, incident, _cause_offered(incident, cure), departments.values()),
        "end_wait_form": once_shown(EndWaitForm, wait=open_wait, person=person, auto_id="end_wait_%s"),
    }


def _cause_offered(incident: Incident, cure: Mapping[str, Any]) -> CauseCode | None:
    """Return the cause that it was resolved with, or that was found of it."""
    cures = [cure[name] for name in ("cure_of_problem", "cure") if cure[name]]
    return incident.cause or found_cause(incident, [row for one in cures for row in one.root_causes])


def _forms(
    person: Person, incident: Incident, cause: CauseCode | None, departments: Collection[Department]
) -> dict[str, object]:
    department = incident.department
    assignee = incident.assignee.public_id if incident.assignee else None
    grade = {"severity": round(incident.severity * 100), "friction_type": incident.friction_type.slug}
    people_at = reverse("incident_people", args=[incident.public_id])
    forms: dict[str, Callable[..., Form]] = {
        "assign": partial(AssignForm, department=department, initial={"assignee": assignee}),
        "hand_off": partial(HandOffForm, department=own_department(person, incident), known=departments),
        "dispute": DisputeForm,
        "resolve": partial(ResolveForm, department=department, initial={"cause": cause}),
        "reopen": WordsForm,
        "answer": AnswerForm,
        "counter": CounterForm,
        "contest": WordsForm,
        "ruling": WordsForm,
        "regrade": partial(RegradeForm, initial=grade),
        "wait": partial(WaitForm, department=department, known=departments),
        "note": partial(NoteForm, person=person, people_at=people_at),
    }
    return {f"{name}_form": once_shown(form, auto_id=f"{name}_%s") for name, form in forms.items()}


def _regradings(incident: Incident) -> QuerySet[Regrading]:
    shown = incident.regradings.filter(undone_at=None)
    return shown.select_related("department", "person", "type_before", "type_after", "contested_by")


def _path(incident: Incident) -> QuerySet[HandOff]:
    return incident.hand_offs.select_related("from_department", "to_department", "proposed_by", "answered_by")


def _waits(incident: Incident) -> QuerySet[Wait]:
    return incident.waits.select_related("department", "waiting_department", "started_by", "ended_by")


def _rulings(incident: Incident) -> QuerySet[Ruling]:
    return incident.rulings.select_related("decided_by").exclude(state=RulingState.WITHDRAWN)


def _disputes(incident: Incident) -> QuerySet[Dispute]:
    related = ("department", "against", "raised_by", "upheld_by", "ended_by")
    return incident.disputes.counted().select_related(*related)


def _notes(incident: Incident, person: Person) -> QuerySet[Note]:
    return incident.notes.on_a_visible_one(person).select_related("person", "department")


def facts(signal: Signal) -> Iterator[Fact]:
    """Say what a signal holds: the meaning of each field, and its value in words."""
    kind = KINDS.get(signal.kind)
    data: Mapping[str, Any] = signal.data
    for field in kind.fields if kind else ():
        if data.get(field.name) is not None:
            label = field.name.replace("_", " ").capitalize()
            yield Fact(label, _in_words(field, data[field.name]), field.meaning)


def _in_words(field: Field, value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = f"{value:,g}" if isinstance(value, int | float) else str(value)
    unit = field.unit.removesuffix("s") if words == "1" else field.unit
    return words if unit in ("", "money") else f"{words} {unit}"
