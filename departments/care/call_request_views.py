"""The pages and buttons by which a call is asked of the service desk, returned or withdrawn."""

import datetime
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from departments.actions.call_requests import ask_for_call, return_call_request, withdraw_call_request
from departments.actions.undoable import of_asking_for_a_call, of_returning_a_call, of_withdrawing_a_call
from departments.care.forms import Day
from departments.care.views import done, require, status_of
from departments.http import PersonRequest
from departments.models import Assignment, CallRequest, Capability, Capacity
from departments.views.deeds import back, do, say_what_is_wrong, undo_tag

USUAL_WAIT = datetime.timedelta(days=2)


class AskForCallForm(forms.Form):
    """What to say, and until when."""

    words = forms.CharField(
        label="What to say or to find out",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Whoever calls has the account’s orders and friction before them; write what does not stand there.",
    )
    due_on = forms.DateField(label="Call until", widget=Day())

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["due_on"].initial = timezone.localdate() + USUAL_WAIT


class ReturnCallForm(forms.Form):
    """Why a call is not made."""

    words = forms.CharField(label="Why the call is not made", max_length=2000)


@require_http_methods(["GET", "HEAD", "POST"])
def ask_at(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Ask the service desk to call an account."""
    require(request, Capability.ASK_FOR_CALLS)
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    form = AskForCallForm(request.POST or None)
    undoing = of_asking_for_a_call(customer, request.user)
    deed = undoing(lambda: ask_for_call(account=customer, acting_person=request.user, **form.cleaned_data))
    if form.is_valid() and done(form, deed):
        words = "The service desk is asked to call; it stands at the top of their list."
        messages.success(request, words, extra_tags=undo_tag(undoing.batch))
        return redirect("account", customer.public_id)
    serving = Assignment.objects.in_force(timezone.localdate()).filter(capacity=Capacity.SERVICE_DESK)
    context = {
        "form": form,
        "account": customer,
        "serving": serving.filter(account=customer).select_related("person").first(),
        "waiting": customer.call_requests.open().select_related("asked_by").first(),
    }
    return render(request, "care/ask_for_call.html", context, status=status_of(form))


@require_POST
def return_(request: PersonRequest, call_request: uuid.UUID) -> HttpResponse:
    """Give a call back to whoever asked for it."""
    asked = _visible(request, call_request)
    form = ReturnCallForm(request.POST)
    require(request, Capability.RETURN_CALLS)
    if not form.is_valid():
        say_what_is_wrong(request, form)
        return back(request, reverse("desk"))
    undoing = of_returning_a_call(asked, request.user)
    words = form.cleaned_data["words"]
    return do(
        request,
        undoing(lambda: return_call_request(call_request=asked, words=words, acting_person=request.user)),
        done=f"Returned to {asked.asked_by}, with your words.",
        otherwise=reverse("desk"),
    )


@require_POST
def withdraw(request: PersonRequest, call_request: uuid.UUID) -> HttpResponse:
    """Take back what was asked for."""
    asked = _visible(request, call_request)
    undoing = of_withdrawing_a_call(asked, request.user)
    return do(
        request,
        undoing(lambda: withdraw_call_request(call_request=asked, acting_person=request.user)),
        done="The service desk is not asked to call any more.",
        otherwise=reverse("account", args=[asked.account.public_id]),
    )


def _visible(request: PersonRequest, call_request: uuid.UUID) -> CallRequest:
    requests = CallRequest.objects.visible_to(request.user).select_related("account", "asked_by")
    return get_object_or_404(requests, public_id=call_request)
