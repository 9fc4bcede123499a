"""One box for accounts, incidents, contacts and recoveries, as far as the person may see them."""

from dataclasses import dataclass

from django.db import models
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Account, Contact
from departments.http import PersonRequest
from departments.models import Incident, Person
from retention.models import Recovery, RecoveryStep

LEAST_LETTERS = 2
MOST_LETTERS = 100
FOUND_IN_BOX = 5
FOUND_ON_PAGE = 25


@dataclass(frozen=True)
class Found:
    """What a text was found in, each list cut at a limit."""

    accounts: list[Account]
    incidents: list[Incident]
    contacts: list[Contact]
    recoveries: list[Recovery]

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was found."""
        return not (self.accounts or self.incidents or self.contacts or self.recoveries)


def find(text: str, *, person: Person, limit: int) -> Found:
    """Return what holds the text among the records that the person may see."""
    accounts = Account.objects.visible_to(person).matching(text).select_related("score")
    incidents = Incident.objects.visible_to(person).filter(title__icontains=text).select_related("account")
    contacts = Contact.objects.visible_to(person).filter(_contact_holds(text)).select_related("account")
    recoveries = Recovery.objects.visible_to(person).filter(_recovery_holds(text)).select_related("account", "owner")
    return Found(list(accounts[:limit]), list(incidents[:limit]), list(contacts[:limit]), list(recoveries[:limit]))


@require_safe
def show_search(request: PersonRequest) -> HttpResponse:
    """Show what was found: as a page, or below the search box where htmx asks."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:MOST_LETTERS]
    limit = FOUND_IN_BOX if request.htmx else FOUND_ON_PAGE
    found = find(text, person=request.user, limit=limit) if len(text) >= LEAST_LETTERS else None
    template = "dashboards/_search_box.html" if request.htmx else "dashboards/search.html"
    return render(request, template, {"search_text": text, "found": found, "least_letters": LEAST_LETTERS})


def _contact_holds(text: str) -> models.Q:
    return models.Q(name__icontains=text) | models.Q(email__icontains=text) | models.Q(phone__icontains=text)


def _recovery_holds(text: str) -> models.Q:
    steps = RecoveryStep.objects.order_by().filter(words__icontains=text)
    return models.Q(goal__icontains=text) | models.Q(pk__in=steps.values("recovery"))
