"""What waits for a person: counted from the records themselves, so that nothing can be read away."""

from collections.abc import Iterator

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from departments.models import (
    Answer,
    Capability,
    Dispute,
    HandOff,
    Incident,
    Mention,
    Person,
    Role,
    Ruling,
    State,
    Wait,
)
from retention.models import Override
from retention.notifications.care import waiting_in_care
from retention.notifications.cure import waiting_in_cures
from retention.notifications.item import Item


def inbox(person: Person) -> list[Item]:
    """Return what waits for the person's answer, without what waits for nobody's."""
    return [item for item in _items(person) if item.count]


def waiting_count(person: Person) -> int:
    """Return how many things wait for the person's answer."""
    return sum(item.count for item in inbox(person))


def _items(person: Person) -> Iterator[Item]:
    if person.can(Capability.ANSWER_INCIDENTS) and person.department is not None:
        yield from _of_a_department_head(person)
    if person.can(Capability.WORK_ON_INCIDENTS):
        yield _late_assignments(person)
        yield _waited_for(person)
        yield from waiting_in_cures(person)
    if person.can(Capability.RULE):
        yield _to_rule(person)
        yield _disputed(person)
    if person.can(Capability.APPROVE_OVERRIDES):
        yield _overrides_to_approve(person)
    if person.department_id is None and person.can(Capability.REPORT_FRICTION):
        yield _disputed_with(person)
    yield _mentioned(person)
    yield from waiting_in_care(person)
    if person.role in {Role.ACCOUNT_MANAGER, Role.SERVICE_DESK}:
        yield _late_on_own_accounts(person)


def _of_a_department_head(person: Person) -> Iterator[Item]:
    desk = reverse("triage")
    asked = HandOff.objects.filter(to_department=person.department_id, answer=Answer.PENDING).count()
    words = ngettext("incident was handed to your department", "incidents were handed to your department", asked)
    yield Item(asked, words, desk, is_urgent=True)
    disputed = Dispute.objects.awaiting(person.department_id).count()
    words = ngettext("dispute waits for your department’s word", "disputes wait for your department’s word", disputed)
    yield Item(disputed, words, f"{desk}?tab=disputed", is_urgent=True)
    new = Incident.objects.filter(department=person.department_id, state=State.NEW)
    counts = new.aggregate(all=models.Count("pk"), late=models.Count("pk", filter=models.Q(due_at__lt=timezone.now())))
    late, in_time = counts["late"], counts["all"] - counts["late"]
    words = ngettext("incident should have been answered by now", "incidents should have been answered by now", late)
    yield Item(late, words, desk, is_urgent=True)
    words = ngettext("new incident needs an answer", "new incidents need an answer", in_time)
    yield Item(in_time, words, desk, is_urgent=False)


def _overrides_to_approve(person: Person) -> Item:
    waiting = Override.objects.visible_to(person).pending(timezone.now()).exclude(made_by=person).count()
    words = ngettext("override of a risk waits for your approval", "overrides of risks wait for your approval", waiting)
    return Item(waiting, words, reverse("overrides"), is_urgent=False)


def _to_rule(person: Person) -> Item:
    waiting = Ruling.objects.visible_to(person).open().count()
    words = ngettext("dispute waits for your ruling", "disputes wait for your ruling", waiting)
    return Item(waiting, words, reverse("rulings"), is_urgent=True)


def _disputed(person: Person) -> Item:
    disputed = Incident.objects.visible_to(person).filter(state=State.DISPUTED).count()
    words = ngettext("disputed incident between departments", "disputed incidents between departments", disputed)
    return Item(disputed, words, reverse("scorecard") + "#between-departments", is_urgent=True)


def _disputed_with(person: Person) -> Item:
    """What the person reported and a department says is not its own, where no department is the other side."""
    open_ones = Dispute.objects.open().filter(against=None, upheld_at=None, incident__reporter=person)
    waiting = list(open_ones.filter(incident__reporting_department=None).select_related("incident"))
    first = waiting[0] if waiting else None
    words = ngettext("report of yours is disputed", "reports of yours are disputed", len(waiting))
    place = reverse("incident", args=[first.incident.public_id]) if first else ""
    return Item(len(waiting), words, place, is_urgent=False)


def _mentioned(person: Person) -> Item:
    new = Mention.objects.visible_to(person).unseen().count()
    words = ngettext("note mentions you", "notes mention you", new)
    return Item(new, words, reverse("mentions"), is_urgent=False)


def _late_assignments(person: Person) -> Item:
    late = Incident.objects.due_before(timezone.now()).filter(assignee=person).count()
    words = ngettext("incident assigned to you is past due", "incidents assigned to you are past due", late)
    return Item(late, words, reverse("triage") + "?tab=in_work", is_urgent=True)


def _waited_for(person: Person) -> Item:
    waiting = Wait.objects.open().filter(department=person.department_id, department__isnull=False).count()
    words = ngettext("incident waits for your department", "incidents wait for your department", waiting)
    return Item(waiting, words, reverse("triage") + "?tab=awaited", is_urgent=True)


def _late_on_own_accounts(person: Person) -> Item:
    late = Incident.objects.visible_to(person).due_before(timezone.now()).count()
    words = ngettext("incident on your accounts is past due", "incidents on your accounts are past due", late)
    return Item(late, words, reverse("portfolio_incidents"), is_urgent=False)
