"""Disputes: a changed grade and its contest, what is put before an executive, and the ruling."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from departments.actions import grading, rulings
from departments.actions.undoable import of_statement
from departments.forms import RegradeForm, RulingForm, WordsForm
from departments.http import PersonRequest
from departments.models import (
    Attachment,
    Capability,
    Department,
    Dispute,
    HandOff,
    Note,
    Person,
    Ruling,
    RulingState,
    Statement,
)
from departments.views.deeds import NOT_PROCESSED, correct, correcting, do
from departments.views.incidents import page_of
from departments.views.page import facts, visible_incident

RULED_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Side:
    """One department's evidence: its share, what it says, what it asked and answered on the way, and its files."""

    department: Department
    share: float
    statements: Sequence[Statement]
    disputes: Sequence[Dispute]
    asked: Sequence[HandOff]
    answered: Sequence[HandOff]
    notes: Sequence[Note]
    files: Sequence[Attachment]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was said, noted and put there."""

    statements: Sequence[Statement]
    notes: Sequence[Note]
    files: Sequence[Attachment]


@require_POST
def regrade_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Call it more or less severe, or of another type."""
    incident = visible_incident(request, public_id)
    form = RegradeForm(request.POST, auto_id="regrade_%s")
    if not form.is_valid():
        return correct(request, incident, regrade_form=form)
    values = form.cleaned_data | {"severity": form.cleaned_data["severity"] / 100}
    return do(
        request,
        lambda: grading.regrade(incident=incident, acting_person=request.user, **values),
        done=f"“{incident}” is graded anew; whoever reported it can contest that.",
        otherwise=page_of(incident),
        wrong=correcting(request, incident, regrade_form=form),
    )


@require_POST
def contest_grade(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Contest the changed grade."""
    incident = visible_incident(request, public_id)
    form = WordsForm(request.POST, auto_id="contest_%s")
    if not form.is_valid():
        return correct(request, incident, contest_form=form)
    words = form.cleaned_data["words"]
    return do(
        request,
        lambda: grading.contest(incident=incident, words=words, acting_person=request.user),
        done="Contested: until an executive rules, the grade is the one before.",
        otherwise=page_of(incident),
    )


@require_POST
def ask_for_ruling(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Put a dispute before an executive."""
    incident = visible_incident(request, public_id)
    form = WordsForm(request.POST, auto_id="ruling_%s")
    if not form.is_valid():
        return correct(request, incident, ruling_form=form)
    words = form.cleaned_data["words"]
    return do(
        request,
        lambda: rulings.ask_for_ruling(incident=incident, words=words, acting_person=request.user),
        done="It is before an executive now; both sides can say what speaks for them.",
        otherwise=page_of(incident),
    )


@require_safe
def list_rulings(request: PersonRequest) -> HttpResponse:
    """List what waits for a ruling, the dearest first, and what was ruled last."""
    seen = Ruling.objects.visible_to(request.user).select_related(
        "incident__account", "incident__department", "asked_by", "decided_by"
    )
    context = {
        "waiting": seen.open().order_by("-incident__money_at_risk", "asked_at"),
        "ruled": seen.filter(state=RulingState.RULED).order_by("-decided_at", "-pk")[:RULED_SHOWN],
    }
    return render(request, "departments/rulings.html", context)


@require_safe
def show_ruling(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show one dispute with both sides' evidence."""
    return _show(request, _visible(request, public_id))


@require_POST
def state_case(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say what speaks for the own side."""
    ruling = _visible(request, public_id)
    form = WordsForm(request.POST, auto_id="state_%s")
    if not form.is_valid():
        return _show(request, ruling, NOT_PROCESSED, state_form=form)
    words = form.cleaned_data["words"]
    return do(
        request,
        of_statement(ruling, request.user)(
            lambda: rulings.state_case(ruling=ruling, words=words, acting_person=request.user)
        ),
        done="What you say is on record.",
        otherwise=reverse("ruling", args=[ruling.public_id]),
    )


@require_POST
def rule(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Rule on it."""
    ruling = _visible(request, public_id)
    form = _ruling_form(request, ruling)
    if not form.is_valid():
        return _show(request, ruling, NOT_PROCESSED, ruling_form=form)
    values = form.cleaned_data
    return do(
        request,
        lambda: rulings.rule(
            ruling=ruling,
            shares=values["shares"],
            words=values["words"],
            regrading_stands=values.get("regrading_stands"),
            acting_person=request.user,
        ),
        done="Ruled: the ledgers follow, back to the day it happened.",
        otherwise=reverse("ruling", args=[ruling.public_id]),
    )


def _visible(request: PersonRequest, public_id: uuid.UUID) -> Ruling:
    seen = Ruling.objects.visible_to(request.user).select_related(
        "incident__account__score",
        "incident__friction_type",
        "incident__department",
        "incident__signal",
        "incident__reporter",
        "asked_by",
        "decided_by",
        "regrading__type_before",
        "regrading__type_after",
        "regrading__department",
        "regrading__contested_by",
    )
    return get_object_or_404(seen, public_id=public_id)


def _ruling_form(request: PersonRequest, ruling: Ruling) -> RulingForm:
    data = request.POST if request.method == "POST" else None
    shares = _shares_now(ruling)
    return RulingForm(data, shares=shares, is_graded=ruling.regrading_id is not None, auto_id="rule_%s")


def _shares_now(ruling: Ruling) -> dict[Department, float]:
    answered = rulings.answered_for(ruling.incident)
    return {side: answered.get(side, 0.0) for side in rulings.parties(ruling.incident)}


def _show(request: PersonRequest, ruling: Ruling, status: int = 200, **bound: Form) -> HttpResponse:
    incident, person = ruling.incident, request.user
    shares = _shares_now(ruling)
    evidence = _evidence(ruling, person)
    context = {
        "ruling": ruling,
        "incident": incident,
        "facts": list(facts(incident.signal)) if incident.signal else [],
        "sides": _sides(shares, evidence, ruling),
        "others": _beside(shares, evidence),
        "decided": [(side, ruling.shares[side.slug]) for side in Department.objects.filter(slug__in=ruling.shares)],
        "may_state": ruling.is_open and _may_state(person, shares),
        "may_rule": ruling.is_open and person.can(Capability.RULE),
        "state_form": WordsForm(auto_id="state_%s"),
        "ruling_form": bound.pop("ruling_form", None)
        or RulingForm(shares=shares, is_graded=ruling.regrading_id is not None, auto_id="rule_%s"),
        **bound,
    }
    return render(request, "departments/ruling.html", context, status=status)


def _may_state(person: Person, shares: dict[Department, float]) -> bool:
    if person.department_id is None:
        return person.can(Capability.REPORT_FRICTION)
    return person.can(Capability.ANSWER_INCIDENTS) and person.department in shares


def _evidence(ruling: Ruling, person: Person) -> Evidence:
    """Return everything that was said and put there, as far as the person may read it."""
    incident = ruling.incident
    files = incident.attachments.on_a_visible_one(person).kept()
    return Evidence(
        statements=list(ruling.statements.select_related("person", "department")),
        notes=list(incident.notes.visible_to(person).select_related("person")),
        files=list(files.select_related("person")),
    )


def _sides(shares: dict[Department, float], evidence: Evidence, ruling: Ruling) -> list[Side]:
    steps: QuerySet[HandOff] = ruling.incident.hand_offs.select_related(
        "from_department", "to_department", "proposed_by", "answered_by"
    )
    path = list(steps)
    disputes = list(ruling.incident.disputes.counted().select_related("against", "raised_by", "upheld_by"))
    return [
        Side(
            department=department,
            share=share,
            statements=[one for one in evidence.statements if one.department_id == department.pk],
            disputes=[one for one in disputes if department.pk in (one.department_id, one.against_id)],
            asked=[step for step in path if step.from_department_id == department.pk],
            answered=[step for step in path if step.to_department_id == department.pk and step.answered_at],
            notes=[note for note in evidence.notes if note.department_id == department.pk],
            files=[file for file in evidence.files if file.department_id == department.pk],
        )
        for department, share in shares.items()
    ]


def _beside(shares: dict[Department, float], evidence: Evidence) -> Evidence:
    """Return what comes from who is no side of it, such as an account manager without a department."""
    sides = {department.pk for department in shares}
    return Evidence(
        statements=[one for one in evidence.statements if one.department_id not in sides],
        notes=[note for note in evidence.notes if note.department_id not in sides],
        files=[file for file in evidence.files if file.department_id not in sides],
    )
