"""One box for accounts, incidents, contacts and recoveries, as far as the person may see them."""

from dataclasses import dataclass
from typing import TypeVar

from django.db import models
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account, Contact
from accounts.models.account import account_holds
from accounts.searching import holds, is_short, keys_of_few
from departments.http import PersonRequest
from departments.models import Person
from retention.dashboards.search_incidents import FoundIncidents, find_incidents, own_accounts
from retention.models import Recovery, RecoveryStep

LEAST_LETTERS = 2
MOST_LETTERS = 100
FOUND_IN_BOX = 5
FOUND_ON_PAGE = 25
MOST_PUT_IN_ORDER = 2_000
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Found:
    """What a text was found in, each list cut at a limit."""

    accounts: list[Account]
    incidents: FoundIncidents
    contacts: list[Contact]
    recoveries: list[Recovery]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was found."""
        return not (self.accounts or self.incidents.incidents or self.contacts or self.recoveries)


def find(text: str, *, person: Person, limit: int) -> Found:
    """Return what holds the text among the records that the person may see."""
    own = own_accounts(person)
    accounts = _first(Account.objects.visible_to(person).filter(_among("pk", own)), account_holds(text), limit)
    contacts = _first(Contact.objects.visible_to(person).filter(_among("account", own)), _contact_holds(text), limit)
    recoveries = Recovery.objects.visible_to(person).filter(_recovery_holds(text)).select_related("account", "owner")
    return Found(
        list(accounts.select_related("score")),
        find_incidents(text, person=person, own=own, limit=limit),
        list(contacts.select_related("account")),
        list(recoveries[:limit]),
    )


def _among(field: str, own: list[int] | None) -> models.Q:
    return models.Q() if own is None else models.Q(**{f"{field}__in": own})


def _first(visible: models.QuerySet[Row], holding: models.Q, limit: int) -> models.QuerySet[Row]:
    """Return the first that are visible and hold the text.

    Few are found by the indexes of names and put in order; of many, the first are come across in the order of names.
    """
    keys = keys_of_few(visible.model._default_manager.filter(holding), MOST_PUT_IN_ORDER)
    return visible.filter(holding if keys is None else models.Q(pk__in=keys))[:limit]


@require_safe
def show_search(request: PersonRequest) -> HttpResponse:
    """Show what was found: as a page, or below the search box where htmx asks."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:MOST_LETTERS]
    limit = FOUND_IN_BOX if request.htmx else FOUND_ON_PAGE
    found = find(text, person=request.user, limit=limit) if len(text) >= LEAST_LETTERS else None
    template = "dashboards/_search_box.html" if request.htmx else "dashboards/search.html"
    context = {"search_text": text, "found": found, "is_short": is_short(text), "least_letters": LEAST_LETTERS}
    return render(request, template, context)


def _contact_holds(text: str) -> models.Q:
    return holds("name", text) | holds("email", text) | holds("phone", text)


def _recovery_holds(text: str) -> models.Q:
    steps = RecoveryStep.objects.order_by().filter(words__icontains=text)
    return models.Q(goal__icontains=text) | models.Q(pk__in=steps.values("recovery"))
