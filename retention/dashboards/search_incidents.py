"""What incidents are called, looked through within the time that somebody who types waits.

A text that few incidents hold is looked for in all of them, by an index of their titles. What many hold would be read
whole to be put in order: of that, the newest on record are looked through and, for a department, what lies open on its
desk. Whoever looks after accounts has those looked through, whatever the text.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat

from accounts.models import Account
from accounts.searching import holds, is_short
from departments.models import Department, Incident, Person
from departments.models.person import SEES_EVERY_ACCOUNT, WORKS_IN_DEPARTMENT

# So many of the newest are looked through, and a text that more of them hold is in too many to read them all.
NEWEST = 20_000
MOST_AMONG_THEM = 50


@dataclass(frozen=True, slots=True)
class FoundIncidents:
    """The newest incidents that hold a text; `among` says how many were looked through, None for all.

    `desk` is whose open ones were looked through besides.
    """

    incidents: list[Incident]
    among: int | None = None
    desk: Department | None = None


def own_accounts(person: Person) -> list[int] | None:
    """Return the accounts that the person looks after; None for whoever sees what others look after."""
    if person.role in SEES_EVERY_ACCOUNT | WORKS_IN_DEPARTMENT:
        return None
    return list(Account.objects.order_by().open_book_to(person).values_list("pk", flat=True))


def find_incidents(text: str, *, person: Person, own: list[int] | None, limit: int) -> FoundIncidents:
    """Return the newest incidents that the person may see and whose titles hold the text."""
    visible = Incident.objects.visible_to(person)
    if own is not None:
        return FoundIncidents(_newest(_by_reading(visible.filter(account__in=own), text), limit))
    before = _last_before_the_newest()
    if before is None or not _is_in_many(text, before):
        return FoundIncidents(_newest(visible.filter(holds("title", text)), limit))
    desk = person.department if person.role in WORKS_IN_DEPARTMENT else None
    found = _newest(_by_reading(visible.filter(pk__gt=before), text), limit)
    if desk is not None:
        older = Incident.objects.held_by(desk).open().filter(pk__lte=before)
        found += _newest(_by_reading(older, text), limit)
    found.sort(key=lambda incident: (incident.happened_at, incident.pk), reverse=True)
    return FoundIncidents(found[:limit], NEWEST, desk)


def _last_before_the_newest() -> int | None:
    """Return the last key that is not among the newest; None where all are."""
    keys = Incident.objects.order_by("-pk").values_list("pk", flat=True)
    return next(iter(keys[NEWEST : NEWEST + 1]), None)


def _is_in_many(text: str, before: int) -> bool:
    found = _by_reading(Incident.objects.order_by().filter(pk__gt=before), text)
    return len(found.values_list("pk", flat=True)[: MOST_AMONG_THEM + 1]) > MOST_AMONG_THEM


def _by_reading(incidents: QuerySet[Incident], text: str) -> QuerySet[Any]:
    """Return those that hold the text, such that the database reads these incidents and not the index of all titles."""
    words = incidents.annotate(words=Concat(Value(" "), "title"))
    return words.filter(words__icontains=f" {text}" if is_short(text) else text)


def _newest(found: QuerySet[Incident], limit: int) -> list[Incident]:
    return list(found.order_by("-happened_at", "-pk").select_related("account")[:limit])
