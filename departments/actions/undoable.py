"""Which rows each deed of care may change, so that pages and API take it back alike."""

import datetime
from collections.abc import Iterable

from django.utils import timezone

from accounts.models import Account, Order, Touchpoint
from departments.actions.rows_undo import Undoing
from departments.models import (
    Absence,
    Assignment,
    Attachment,
    CallRequest,
    Department,
    DetectionRule,
    Incident,
    Mention,
    Note,
    Person,
    Ruling,
    Statement,
    WorkingCalendar,
)
from departments.models.calendar import ClosingDay, WorkingSpan

# What a person may just have logged: a narrow look instead of all that ever passed with the customer.
JUST_NOW = datetime.timedelta(minutes=1)


def of_contact(account: Account, person: Person) -> Undoing:
    """Return what takes a logged contact back."""
    recent = Touchpoint.objects.filter(account=account, recorded_at__gte=timezone.now() - JUST_NOW)
    return Undoing(person, "the contact is not logged", recent)


def of_keepers(accounts: Iterable[Account], person: Person) -> Undoing:
    """Return what takes back who looks after accounts."""
    keepers = Assignment.objects.filter(account__in=list(accounts))
    return Undoing(person, "who looked after the accounts looks after them again", keepers)


def of_absence(person: Person) -> Undoing:
    """Return what takes the person's own absence back."""
    return Undoing(person, "you are not away", Absence.objects.filter(person=person))


def of_note(incident: Incident, person: Person) -> Undoing:
    """Return what takes the person's own note back."""
    own = Note.objects.filter(incident=incident, person=person)
    return Undoing(person, "the note is marked as taken back", own)


def of_file(incident: Incident, person: Person) -> Undoing:
    """Return what takes back a file that the person put to the incident, and its note."""
    files, notes = (rows.filter(person=person) for rows in (incident.attachments.all(), incident.notes.all()))
    return Undoing(person, "the file is removed, and what it held with it", files, notes)


def of_mention(mention: Mention, person: Person) -> Undoing:
    """Return what takes back that the person has seen where they are addressed."""
    return Undoing(person, "it waits for you again", Mention.objects.filter(pk=mention.pk))


def of_asking_for_a_call(account: Account, person: Person) -> Undoing:
    """Return what takes back that the service desk is asked."""
    return Undoing(person, "the service desk is not asked", CallRequest.objects.filter(account=account))


def of_returning_a_call(asked: CallRequest, person: Person) -> Undoing:
    """Return what takes back that a call was returned."""
    return Undoing(person, "the call waits for you again", CallRequest.objects.filter(pk=asked.pk))


def of_withdrawing_a_call(asked: CallRequest, person: Person) -> Undoing:
    """Return what takes back that a call was withdrawn."""
    return Undoing(person, "the call is asked for again", CallRequest.objects.filter(pk=asked.pk))


def of_removing_a_file(file: Attachment, person: Person) -> Undoing:
    """Return what takes back that a file was removed, as long as it still holds what it held."""
    return Undoing(person, f"{file} is with the incident again"[:200], Attachment.objects.filter(pk=file.pk))


def of_statement(ruling: Ruling, person: Person) -> Undoing:
    """Return what takes back what the person has said before a ruling."""
    return Undoing(
        person, "what you said is marked as taken back", Statement.objects.filter(ruling=ruling, person=person)
    )


def of_hours(department: Department, person: Person) -> Undoing:
    """Return what takes back hours: the calendar, its shifts and its closing days."""
    calendar = WorkingCalendar.objects.filter(department=department)
    shifts, days = (table.objects.filter(calendar__department=department) for table in (WorkingSpan, ClosingDay))
    return Undoing(person, f"{department} works by the hours before", calendar, shifts, days)


def of_rule(rule: DetectionRule, person: Person) -> Undoing:
    """Return what takes a change of a rule back; a new one is known by its name until it is kept."""
    if rule._state.adding:
        made = DetectionRule.objects.filter(name=rule.name, signal_kind=rule.signal_kind)
        return Undoing(person, "the rule is switched off, and stays on record as taken back", made)
    return Undoing(person, "the rule is as it was before", DetectionRule.objects.filter(pk=rule.pk))


def of_order(account: Account, person: Person) -> Undoing:
    """Return what takes back an order that was taken on the spot."""
    recent = Order.objects.filter(account=account, recorded_at__gte=timezone.now() - JUST_NOW)
    return Undoing(person, "the order is not taken", recent)


def of_call(account: Account, person: Person) -> Undoing:
    """Return what takes back a call: that it was held, the order taken on it, and the request that it answered."""
    since = timezone.now() - JUST_NOW
    # The request first: it points to the call.
    requests = CallRequest.objects.filter(account=account).exclude(answered_at__lt=since)
    calls, orders = (table.objects.filter(account=account, recorded_at__gte=since) for table in (Touchpoint, Order))
    return Undoing(person, f"the call with {account} is not on record", requests, calls, orders)
