"""Setting accounts aside and waking them, ticked in the portfolio or one on its own page."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import ActionError
from accounts.models import Account
from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Capability
from departments.views.deeds import back, do, say_what_is_wrong, undo_tag
from retention.care.forms import SnoozeForm, TickedForm
from retention.care.snoozes import snooze_accounts, wake_accounts
from retention.care.undoable import of_snoozes
from retention.models import Snooze


@require_POST
def snooze_ticked(request: PersonRequest) -> HttpResponse:
    """Set the ticked accounts aside: all of them, or where one is refused none."""
    require(request, Capability.SNOOZE)
    form = SnoozeForm(request.POST, person=request.user)
    undoing = of_snoozes(request.user)
    if form.is_valid() and done(form, undoing(lambda: _snooze(request, form))):
        accounts = form.cleaned_data["accounts"]
        words = ngettext("%d account is set aside.", "%d accounts are set aside.", len(accounts)) % len(accounts)
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
    else:
        say_what_is_wrong(request, form)
    return back(request, reverse("portfolio"))


@require_POST
def wake_ticked(request: PersonRequest) -> HttpResponse:
    """Bring the ticked accounts back."""
    require(request, Capability.SNOOZE)
    form = TickedForm(request.POST, person=request.user)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, reverse("portfolio"))
    woken: list[int] = []
    accounts, undoing = form.cleaned_data["accounts"], of_snoozes(request.user)
    try:
        undoing(lambda: woken.append(wake_accounts(accounts=accounts, acting_person=request.user)))()
    except ActionError as refusal:
        messages.error(request, str(refusal))
    else:
        words = ngettext("%d account is back.", "%d accounts are back.", woken[0]) % woken[0]
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
    return back(request, reverse("portfolio"))


def _snooze(request: PersonRequest, form: SnoozeForm) -> object:
    return snooze_accounts(acting_person=request.user, **form.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
def snooze_at(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Set one account aside."""
    require(request, Capability.SNOOZE)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    sent = {**request.POST.dict(), "accounts": [customer.public_id]} if request.method == "POST" else None
    form = SnoozeForm(sent, person=request.user)
    undoing = of_snoozes(request.user)
    if form.is_valid() and done(form, undoing(lambda: _snooze(request, form))):
        words = f"{customer} is set aside; wake it here or under “Snoozed” in your portfolio."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
        return redirect("account", customer.public_id)
    own = Snooze.objects.filter(account=customer, person=request.user, woken_at=None).first()
    context = {"form": form, "account": customer, "own": own}
    return render(request, "care/snooze.html", context, status=status_of(form))


@require_POST
def wake_at(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Bring one account back."""
    require(request, Capability.SNOOZE)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    return do(
        request,
        of_snoozes(request.user)(lambda: wake_accounts(accounts=[customer], acting_person=request.user)),
        done=f"{customer} is back in your lists.",
        otherwise=reverse("account", args=[customer.public_id]),
    )
