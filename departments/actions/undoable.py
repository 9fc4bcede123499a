"""Which rows each deed of care may change, so that pages and API take it back alike."""

import datetime
from collections.abc import Iterable

from django.utils import timezone

from accounts.models import Account, Touchpoint
from departments.actions.rows_undo import Undoing
from departments.models import Absence, Assignment, CallRequest, Incident, Mention, Note, Person

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
