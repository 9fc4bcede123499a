"""The way of an incident between departments: propose, accept, return, withdraw."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from departments.actions import handoffs as actions
from departments.actions.parts import own_department
from departments.forms import AnswerForm, CounterForm, HandOffForm
from departments.http import PersonRequest
from departments.models import Direction, HandOff
from departments.views.deeds import correct, correcting, do
from departments.views.incidents import page_of
from departments.views.page import visible_incident


@require_POST
def hand_off_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask another department to answer for it."""
    incident = visible_incident(request, public_id)
    giver = own_department(request.user, incident)
    form = HandOffForm(request.POST, department=giver, auto_id="hand_off_%s")
    if not form.is_valid():
        return correct(request, incident, hand_off_form=form)
    values = form.cleaned_data | {"share": form.cleaned_data["share"] / 100}
    return do(
        request,
        lambda: actions.hand_off(incident=incident, acting_person=request.user, **values),
        done=f"{values['to']} is asked to answer for “{incident}” at {incident.account}.",
        otherwise=page_of(incident),
        wrong=correcting(request, incident, hand_off_form=form),
    )


@require_POST
def accept_hand_off(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take what another department handed over."""
    hand_off = _visible_hand_off(request, public_id)
    form = AnswerForm(request.POST, auto_id="answer_%s")
    if not form.is_valid():
        return correct(request, hand_off.incident, answer_form=form)
    words = form.cleaned_data["words"]
    return do(
        request,
        lambda: actions.accept_hand_off(hand_off=hand_off, words=words, acting_person=request.user),
        done=_taken(hand_off),
        otherwise=page_of(hand_off.incident),
    )


@require_POST
def return_hand_off(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Give it back, with a reason."""
    hand_off = _visible_hand_off(request, public_id)
    form = AnswerForm(request.POST, auto_id="answer_%s")
    if not form.is_valid():
        return correct(request, hand_off.incident, answer_form=form)
    words = form.cleaned_data["words"]
    return do(
        request,
        lambda: actions.return_hand_off(hand_off=hand_off, words=words, acting_person=request.user),
        done=_returned(hand_off),
        otherwise=page_of(hand_off.incident),
        wrong=correcting(request, hand_off.incident, answer_form=form),
    )


@require_POST
def counter_hand_off(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer with another share."""
    hand_off = _visible_hand_off(request, public_id)
    form = CounterForm(request.POST, auto_id="counter_%s")
    if not form.is_valid():
        return correct(request, hand_off.incident, counter_form=form)
    share, words = form.cleaned_data["share"] / 100, form.cleaned_data["words"]
    return do(
        request,
        lambda: actions.counter_offer(hand_off=hand_off, share=share, words=words, acting_person=request.user),
        done=f"{hand_off.from_department} is asked whether {share:.0%} is right.",
        otherwise=page_of(hand_off.incident),
        wrong=correcting(request, hand_off.incident, counter_form=form),
    )


@require_POST
def withdraw_hand_off(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Ask no longer."""
    hand_off = _visible_hand_off(request, public_id)
    return do(
        request,
        lambda: actions.withdraw_hand_off(hand_off=hand_off, acting_person=request.user),
        done=f"{hand_off.to_department} is no longer asked.",
        otherwise=page_of(hand_off.incident),
    )


def _visible_hand_off(request: PersonRequest, public_id: uuid.UUID) -> HandOff:
    """Whoever sees the incident sees its way; who may answer is for the action to say."""
    hand_offs = HandOff.objects.visible_to(request.user).select_related(
        "incident__account", "incident__department", "from_department", "to_department"
    )
    return get_object_or_404(hand_offs, public_id=public_id)


def _taken(hand_off: HandOff) -> str:
    if hand_off.direction == Direction.TAKE:
        return f"{hand_off.from_department} takes {hand_off.share:.0%} of {hand_off.to_department}’s part, as offered."
    return f"{hand_off.to_department} has taken “{hand_off.incident}” from {hand_off.from_department}."


def _returned(hand_off: HandOff) -> str:
    if hand_off.direction == Direction.TAKE:
        return f"What {hand_off.from_department} offered is refused: {hand_off.to_department}’s part stays as it is."
    return f"“{hand_off.incident}” goes back to {hand_off.from_department}."
