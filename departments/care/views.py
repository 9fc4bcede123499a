"""The pages on which people write about an account."""

import uuid
from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actions import log_contact
from accounts.errors import ActionError, Invalid, NotAllowed
from accounts.models import Account
from departments.actions import people
from departments.actions.incidents import report_friction
from departments.actions.undo import undo_of
from departments.actions.undoable import of_contact, of_keepers
from departments.care.forms import AssignAccountsForm, LogContactForm, ReportFrictionForm
from departments.http import PersonRequest
from departments.models import Capability, Incident
from departments.views.deeds import undo_tag

MATCHES_SHOWN = 20


@require_safe
def choose_account(request: PersonRequest) -> HttpResponse:
    """Ask at which account the friction was, for those who come from elsewhere than its page."""
    require(request, Capability.REPORT_FRICTION)
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    accounts = Account.objects.visible_to(request.user).staying()
    matches = (accounts.matching(text) if text else accounts)[:MATCHES_SHOWN]
    return render(request, "care/choose_account.html", {"matches": matches, "text": text})


@require_http_methods(["GET", "HEAD", "POST"])
def report_friction_at(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Report friction at an account."""
    require(request, Capability.REPORT_FRICTION)
    customer = get_object_or_404(Account.objects.visible_to(request.user), public_id=account)
    form = ReportFrictionForm(request.POST or None, account=customer, person=request.user)
    reported: list[Incident] = []
    if form.is_valid() and done(
        form,
        lambda: reported.append(report_friction(account=customer, acting_person=request.user, **form.cleaned_data)),
    ):
        words = f"Reported. {form.cleaned_data['friction_type'].department} is asked to answer."
        messages.success(request, words, extra_tags=undo_tag(undo_of(reported, request.user)))
        return redirect("account", customer.public_id)
    return render(request, "care/report_friction.html", {"form": form, "account": customer}, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
def log_contact_with(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Log a call, visit or mail with an account."""
    require(request, Capability.LOG_CONTACT)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    form = LogContactForm(request.POST or None, account=customer)
    undoing = of_contact(customer, request.user)
    deed = undoing(
        lambda: log_contact(account=customer, order_taken=None, acting_person=request.user, **form.cleaned_data)
    )
    if form.is_valid() and done(form, deed):
        messages.success(request, "The contact is logged.", extra_tags=undo_tag(undoing.batch))
        return redirect("account", customer.public_id)
    return render(request, "care/log_contact.html", {"form": form, "account": customer}, status=status_of(form))


@require_POST
def assign_accounts(request: PersonRequest) -> HttpResponse:
    """Let somebody look after the ticked accounts from today: all of them, or where one is refused none."""
    require(request, Capability.ASSIGN_ACCOUNTS)
    form = AssignAccountsForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was assigned: tick at least one account, and choose who looks after them.")
        return redirect("portfolio")
    chosen = form.cleaned_data
    undoing = of_keepers(chosen["accounts"], request.user)
    if done(
        form,
        undoing(lambda: people.assign_accounts(starts_on=timezone.localdate(), acting_person=request.user, **chosen)),
    ):
        words = f"{chosen['person']} looks after {len(chosen['accounts'])} more from today."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
    else:
        messages.error(request, " ".join(str(sentence) for errors in form.errors.values() for sentence in errors))
    return redirect("portfolio")


def require(request: PersonRequest, capability: Capability) -> None:
    """Answer with 403 whoever lacks the capability."""
    if not request.user.can(capability):
        raise PermissionDenied(f"{capability.label}: this is not for {request.user.get_role_display().lower()}s to do.")


def done(form: forms.BaseForm, action: Callable[[], object]) -> bool:
    """Do what a valid form asks for; a refusal becomes the form's error, a missing permission a 403."""
    try:
        action()
    except NotAllowed as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    except ActionError as refusal:
        field = refusal.field if isinstance(refusal, Invalid) and refusal.field in form.fields else None
        form.add_error(field, str(refusal))
        return False
    return True


def status_of(form: forms.Form) -> int:
    """Return 400 for a form that was sent and refused, else 200."""
    return 400 if form.is_bound and form.errors else 200
