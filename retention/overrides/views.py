"""The pages on which risks are overridden, approved and looked back on."""

import uuid
from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import ActionError, NotAllowed
from accounts.models import Account
from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Capability
from retention.models import Override, Score
from retention.overrides.actions import (
    approve_override,
    needs_approval,
    override_risk,
    refuse_override,
    withdraw_override,
)
from retention.overrides.forms import AnswerForm, OverrideForm
from retention.overrides.record import override_record

MOST_SHOWN = 100


@require_safe
def show_overrides(request: PersonRequest) -> HttpResponse:
    """Show what waits for approval, what holds, and how well past overrides foresaw what happened."""
    require(request, Capability.SEE_PORTFOLIO)
    now = timezone.now()
    visible = Override.objects.visible_to(request.user).select_related(
        "account__score__model", "made_by", "answered_by"
    )
    pending = list(visible.pending(now).order_by("made_at")[:MOST_SHOWN])
    context = {
        "pending": pending,
        "standing": list(visible.standing(now).order_by("expires_at")[:MOST_SHOWN]),
        "ended": list(visible.exclude(pk__in=visible.unended(now).order_by().values("pk"))[:MOST_SHOWN]),
        "record": override_record(segment=""),
        "may_approve": request.user.can(Capability.APPROVE_OVERRIDES),
    }
    return render(request, "overrides/overrides.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Override the risk of an account."""
    require(request, Capability.OVERRIDE_RISK)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    form = OverrideForm(request.POST or None)
    if form.is_valid() and done(form, lambda: _override(request, form, customer)):
        return redirect("account", customer.public_id)
    score = Score.objects.filter(account=customer).select_related("model").first()
    context = {
        "form": form,
        "account": customer,
        "score": score,
        "needs_approval": score is not None and needs_approval(score),
    }
    return render(request, "overrides/override.html", context, status=status_of(form))


def _override(request: PersonRequest, form: OverrideForm, customer: Account) -> None:
    given = form.cleaned_data
    made = override_risk(
        account=customer,
        risk=given["percent"] / 100,
        reason=given["reason"],
        expires_on=given["expires_on"],
        acting_person=request.user,
    )
    waits = "It holds once a second person has approved it." if made.is_pending else "It holds from now on."
    messages.success(request, f"The risk is overridden to {made.risk:.0%}. {waits}")


@require_POST
def approve(request: PersonRequest, override: uuid.UUID) -> HttpResponse:
    """Approve what somebody else has made."""
    words = _words(request)
    return _act(
        request,
        override,
        Capability.APPROVE_OVERRIDES,
        lambda found: approve_override(override=found, words=words, acting_person=request.user),
        "Approved: it holds from now on.",
    )


@require_POST
def refuse(request: PersonRequest, override: uuid.UUID) -> HttpResponse:
    """Refuse what somebody else has made."""
    words = _words(request)
    return _act(
        request,
        override,
        Capability.APPROVE_OVERRIDES,
        lambda found: refuse_override(override=found, words=words, acting_person=request.user),
        "Refused: the computed risk alone counts.",
    )


@require_POST
def withdraw(request: PersonRequest, override: uuid.UUID) -> HttpResponse:
    """Take an override back."""
    return _act(
        request,
        override,
        Capability.OVERRIDE_RISK,
        lambda found: withdraw_override(override=found, acting_person=request.user),
        "Withdrawn: the computed risk alone counts.",
    )


def _words(request: PersonRequest) -> str:
    form = AnswerForm(request.POST)
    return str(form.cleaned_data["words"]) if form.is_valid() else ""


def _act(
    request: PersonRequest,
    public_id: uuid.UUID,
    capability: Capability,
    action: Callable[[Override], object],
    sentence: str,
) -> HttpResponse:
    """Do it to an override that the person sees, and say what came of it where they came from."""
    visible = Override.objects.visible_to(request.user).select_related("account")
    found = get_object_or_404(visible, public_id=public_id)
    require(request, capability)
    try:
        action(found)
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, sentence)
    return redirect("overrides") if capability == Capability.APPROVE_OVERRIDES else _to_account(found)


def _to_account(override: Override) -> HttpResponse:
    return redirect("account", override.account.public_id)
