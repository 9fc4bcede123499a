"""“This is not ours”: said without naming a taker, answered by the other side, withdrawn."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from departments.actions import dispute_answers, disputing
from departments.forms import DisputeAnswerForm, DisputeForm
from departments.http import PersonRequest
from departments.models import Dispute
from departments.views.deeds import correct, do
from departments.views.incidents import page_of
from departments.views.page import visible_incident


@require_POST
def dispute_incident(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Say that it is not the own department's."""
    incident = visible_incident(request, public_id)
    form = DisputeForm(request.POST, auto_id="dispute_%s")
    if not form.is_valid():
        return correct(request, incident, dispute_form=form)
    return do(
        request,
        lambda: disputing.dispute(incident=incident, acting_person=request.user, **form.cleaned_data),
        done=f"“{incident}” at {incident.account} is disputed; until it is settled, who answers stays as it is.",
        otherwise=page_of(incident),
    )


@require_POST
def answer_dispute(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Answer as the other side: take it, offer to take a share, or say that it stays."""
    dispute = _visible(request, public_id)
    form = DisputeAnswerForm(request.POST, takes=dispute.against is not None, auto_id="dispute_answer_%s")
    if not form.is_valid():
        return correct(request, dispute.incident, dispute_answer_form=form)
    share, words = (form.cleaned_data.get("share") or 0) / 100, form.cleaned_data["words"]
    return do(
        request,
        lambda: dispute_answers.answer_dispute(dispute=dispute, share=share, words=words, acting_person=request.user),
        done=_answered(dispute, share),
        otherwise=page_of(dispute.incident),
    )


def _answered(dispute: Dispute, share: float) -> str:
    if share == 0:
        return f"{dispute.department} is told that “{dispute.incident}” stays with it."
    if share == 1:
        return f"{dispute.against} has taken “{dispute.incident}” from {dispute.department}."
    return f"{dispute.department} is asked whether {share:.0%} is right."


@require_POST
def withdraw_dispute(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Dispute it no longer."""
    dispute = _visible(request, public_id)
    return do(
        request,
        lambda: disputing.withdraw_dispute(dispute=dispute, words="", acting_person=request.user),
        done=f"{dispute.department} disputes “{dispute.incident}” no longer.",
        otherwise=page_of(dispute.incident),
    )


def _visible(request: PersonRequest, public_id: uuid.UUID) -> Dispute:
    """Whoever sees the incident sees what is disputed of it; who may answer is for the action to say."""
    related = ("incident__account", "incident__department", "incident__reporter", "department", "against")
    return get_object_or_404(Dispute.objects.visible_to(request.user).select_related(*related), public_id=public_id)
