"""The page of one incident: what happened, what it puts at risk, who answers for it, and what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts.models import Signal
from accounts.signals import KINDS, Field, JsonValue
from departments.forms import AnswerForm, AssignForm, HandOffForm, NoteForm, ResolveForm, WordsForm
from departments.http import PersonRequest
from departments.models import Answer, Capability, HandOff, Incident, IncidentEvent, Person, State

# What a page about one incident reads in its first query.
WITH_IT = (
    "account",
    "friction_type",
    "department",
    "reporter",
    "reporting_department",
    "assignee",
    "order",
    "signal",
    "rule",
    "cause",
    "merged_into",
)
VERBS = {
    "handed_off": "asked another department to take it",
    "hand_off_accepted": "took it over",
    "returned": "returned it",
    "withdrawn": "asked no longer",
    "noted": "wrote a note",
    "undone": "took back the last step",
    "merged": "merged it into another",
    "took_in": "merged a duplicate into it",
}
UNDER_WAY = (State.NEW, State.IN_WORK, State.DISPUTED)


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


@dataclass(frozen=True, slots=True)
class May:
    """What this person may do with this incident now; the actions decide again."""

    accept: bool
    assign: bool
    hand_off: bool
    resolve: bool
    reopen: bool
    answer_hand_off: bool
    withdraw: bool
    note: bool


def visible_incident(request: PersonRequest, public_id: object) -> Incident:
    """Return the incident with what a page about it reads; 404 for outsiders."""
    incidents = Incident.objects.visible_to(request.user).select_related(*WITH_IT)
    return get_object_or_404(incidents, public_id=public_id)


def show(request: PersonRequest, incident: Incident, status: int = 200, **bound: Form) -> HttpResponse:
    """Render the page; `bound` are forms that were sent and need correction, by name."""
    return render(request, "departments/incident.html", _context(request.user, incident) | bound, status=status)


def _context(person: Person, incident: Incident) -> dict[str, object]:
    path = list(_path(incident))
    pending = next((step for step in path if step.answer == Answer.PENDING), None)
    return {
        "incident": incident,
        "duplicates": list(incident.merged.all()),
        "parts": list(incident.responsibilities.filter(share__gt=0).select_related("department")),
        "path": path,
        "pending": pending,
        "history": [Step(event, VERBS.get(event.verb, event.verb.replace("_", " "))) for event in _history(incident)],
        "notes": list(incident.notes.visible_to(person).select_related("person", "department")),
        "facts": list(facts(incident.signal)) if incident.signal else [],
        "may": may(person, incident, pending),
        **_forms(person, incident),
    }


def _forms(person: Person, incident: Incident) -> dict[str, Form]:
    department = incident.department
    assignee = incident.assignee.public_id if incident.assignee else None
    return {
        "assign_form": AssignForm(department=department, auto_id="assign_%s", initial={"assignee": assignee}),
        "hand_off_form": HandOffForm(department=department, auto_id="hand_off_%s"),
        "resolve_form": ResolveForm(department=department, auto_id="resolve_%s"),
        "reopen_form": WordsForm(auto_id="reopen_%s"),
        "answer_form": AnswerForm(auto_id="answer_%s"),
        "note_form": NoteForm(person=person, auto_id="note_%s"),
    }


def may(person: Person, incident: Incident, pending: HandOff | None) -> May:
    """Return what the person may do with the incident as it stands."""
    holds = person.department_id == incident.department_id
    answers = holds and person.can(Capability.ANSWER_INCIDENTS)
    under_way = incident.state in UNDER_WAY
    asked = pending is not None and pending.to_department_id == person.department_id
    gave = pending is not None and pending.from_department_id == person.department_id
    return May(
        accept=answers and incident.state in (State.NEW, State.DISPUTED),
        assign=holds and person.can(Capability.WORK_ON_INCIDENTS) and incident.is_open,
        hand_off=answers and under_way and pending is None,
        resolve=answers and under_way,
        reopen=incident.state == State.RESOLVED and person.can(Capability.REPORT_FRICTION),
        answer_hand_off=asked and person.can(Capability.ANSWER_INCIDENTS),
        withdraw=gave and person.can(Capability.ANSWER_INCIDENTS),
        note=person.can(Capability.REPORT_FRICTION),
    )


def _path(incident: Incident) -> QuerySet[HandOff]:
    return incident.hand_offs.select_related("from_department", "to_department", "proposed_by", "answered_by")


def _history(incident: Incident) -> QuerySet[IncidentEvent]:
    return incident.events.select_related("person").order_by("-at", "-pk")


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
    return words if field.unit in ("", "money") else f"{words} {field.unit}"
