"""What waits for a person on the way to a cure: their own actions, and checks to decide on."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from departments.cure.reminding import NOTICE
from departments.models import Capability, CorrectiveAction, EffectivenessCheck, Person
from retention.notifications.item import Item


def waiting_in_cures(person: Person) -> Iterator[Item]:
    """Yield the actions that the person owns and should do by now or soon, and the checks of the own department."""
    today = timezone.localdate()
    own = CorrectiveAction.objects.standing().filter(owner=person, done_at=None, due_on__lte=today + NOTICE)
    days = list(own.order_by("due_on").values_list("due_on", flat=True))
    late = sum(day < today for day in days)
    place = reverse("cures")
    words = ngettext("corrective action of yours is past due", "corrective actions of yours are past due", late)
    yield Item(late, words, place, is_urgent=True)
    soon = len(days) - late
    words = ngettext("corrective action of yours is due soon", "corrective actions of yours are due soon", soon)
    yield Item(soon, words, place, is_urgent=False)
    if person.can(Capability.ANSWER_INCIDENTS):
        waiting = EffectivenessCheck.objects.undecided().filter(action__department=person.department_id).count()
        words = ngettext(
            "effectiveness check waits for your decision", "effectiveness checks wait for your decision", waiting
        )
        yield Item(waiting, words, place, is_urgent=False)
