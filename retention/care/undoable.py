"""Which rows each deed with recoveries and snoozes may change, so that pages and API take it back alike."""

from django.utils import timezone

from departments.actions.rows_undo import Undoing
from departments.models import Person
from retention.models import Recovery, RecoveryStep, Snooze


def of_recovery(recovery: Recovery, person: Person) -> Undoing:
    """Return what takes a change of a recovery or of its steps back."""
    plan = Recovery.objects.filter(pk=recovery.pk)
    steps = RecoveryStep.objects.filter(recovery=recovery)
    incidents = Recovery.incidents.through._default_manager.filter(recovery=recovery)
    return Undoing(person, "the recovery is as it was", plan, steps, incidents)


def of_snoozes(person: Person) -> Undoing:
    """Return what takes back what the person has set aside or woken; what woke long ago is no part of it."""
    own = Snooze.objects.filter(person=person)
    return Undoing(person, "what was set aside is as it was", own.exclude(woken_at__lt=timezone.now()))
