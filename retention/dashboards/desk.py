"""Service desk: whom to call, with what in hand, and one form for what came of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Account
from departments.care.call_form import CallForm
from departments.care.calls import record
from departments.http import PersonRequest
from departments.models import Capability, Person
from retention.dashboards.desk_account import case_of
from retention.dashboards.desk_list import LISTED, CallRow, call_list, call_rows, keepers

NOT_PROCESSED = 422


@dataclass(frozen=True, slots=True)
class Desk:
    """The desks that the person may look at, whose it is that is looked at, and one page of its call list."""

    keepers: Sequence[Person]
    keeper: Person | None
    page: Page[int]
    rows: Sequence[CallRow]

    @classmethod
    def of(cls, request: PersonRequest) -> Self:
        """Return the own desk; whoever sees all of them may choose."""
        people = keepers(request.user)
        wanted = request.GET.get("person", "")
        chosen = next((one for one in people if str(one.public_id) == wanted), None)
        keeper = chosen or next(iter(people), None)
        if keeper is None:
            return cls(people, None, Paginator(range(0), LISTED).page(1), [])
        return cls(people, keeper, *call_rows(keeper, timezone.now(), request.GET.get("page")))

    def first(self) -> Account | None:
        """Return whom to call first, whatever page is looked at."""
        if self.keeper is not None and self.page.number > 1:
            return call_list(self.keeper, timezone.now()).first()
        return self.rows[0].account if self.rows else None


@require_safe
def show_desk(request: PersonRequest) -> HttpResponse:
    """Show the call list, with the first account of it opened."""
    _require(request, Capability.SEE_DESK)
    desk = Desk.of(request)
    first = desk.first()
    return _page(request, desk, first, _form(request, first))


@require_http_methods(["GET", "HEAD", "POST"])
def show_account(request: PersonRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show the call list with one account opened, or record the call to it."""
    _require(request, Capability.SEE_DESK)
    accounts = Account.objects.open_book_to(request.user).select_related("score")
    account = get_object_or_404(accounts, public_id=public_id)
    form = _form(request, account)
    if request.method == "POST" and form is None:
        raise PermissionDenied("Your role does not log contacts.")
    if form is not None and form.is_valid() and record(request, account, form):
        # The account that was called goes to the end of the list, so its top is the next.
        return redirect("desk") if "next" in request.POST else redirect("desk_account", account.public_id)
    return _page(request, Desk.of(request), account, form, NOT_PROCESSED if form and form.errors else 200)


def _require(request: PersonRequest, capability: Capability) -> None:
    if not request.user.can(capability):
        raise PermissionDenied("Your role has no service desk.")


def _form(request: PersonRequest, account: Account | None) -> CallForm | None:
    if account is None or not request.user.can(Capability.LOG_CONTACT):
        return None
    return CallForm(request.POST or None, account=account, person=request.user)


def _page(
    request: PersonRequest, desk: Desk, account: Account | None, form: CallForm | None, status: int = 200
) -> HttpResponse:
    context = {
        "page": desk.page,
        "rows": desk.rows,
        "keeper": desk.keeper,
        "keepers": desk.keepers,
        "case": case_of(account, request.user) if account else None,
        "form": form,
        "may_return_calls": request.user.can(Capability.RETURN_CALLS),
    }
    return render(request, "dashboards/desk.html", context, status=status)
