"""How a dispute comes before an executive, and how it ends without one."""

from collections.abc import Iterable

from django.db.models import Max
from django.utils import timezone

from accounts.errors import Conflict
from accounts.models import Organisation
from departments.actions.steps import record_step
from departments.models import Answer, HandOff, Incident, IncidentEvent, Person, Regrading, Ruling, RulingState


def open_ruling(
    incident: Incident, words: str, acting_person: Person | None, regrading: Regrading | None = None
) -> Ruling:
    """Put the incident before an executive; a question that waits already takes the regrading in."""
    waiting = Ruling.objects.open().filter(incident=incident).first()
    if waiting is None:
        waiting = Ruling.objects.create(incident=incident, words=words, asked_by=acting_person, regrading=regrading)
        waiting.refresh_from_db()
    elif regrading is not None:
        waiting.regrading = regrading
        waiting.save(update_fields=["regrading"])
    details = {"ruling": str(waiting.public_id)}
    record_step(incident=incident, verb="ruling_asked", words=words, acting_person=acting_person, details=details)
    return waiting


def ruling_after_bounces(incident: Incident) -> Ruling | None:
    """Ask for a ruling by itself once the incident was returned so often as the organisation allows."""
    organisation = Organisation.objects.first() or Organisation()
    bounces = HandOff.objects.filter(incident=incident, answer=Answer.RETURNED).count()
    if bounces < organisation.bounces_before_ruling or Ruling.objects.open().filter(incident=incident).exists():
        return None
    return open_ruling(incident, f"It was handed back {bounces} times.", None)


def settle_ruling(incident: Incident, acting_person: Person) -> Ruling | None:
    """End the question who answers, since its holder accepts after all; one about the grade still waits."""
    waiting = Ruling.objects.open().filter(incident=incident, regrading=None).first()
    if waiting is None:
        return None
    closed = Ruling.objects.open().filter(pk=waiting.pk)
    closed.update(state=RulingState.SETTLED, decided_at=timezone.now(), decided_by=acting_person)
    return waiting


def refuse_while_ruled(incident: Incident) -> None:
    """Refuse to hand on what waits for a ruling, or what was ruled on and not reopened since."""
    if sentence := why_unmovable([incident]).get(incident.pk):
        raise Conflict(sentence)


def why_unmovable(incidents: Iterable[Incident]) -> dict[int, str]:
    """Return, by incident, why it is not handed on: it waits for a ruling, or was ruled on and not reopened since."""
    keys = [incident.pk for incident in incidents]
    rulings = Ruling.objects.filter(incident__in=keys, state__in=(RulingState.OPEN, RulingState.RULED))
    found = list(rulings.select_related("decided_by").order_by("incident", "decided_at"))
    reopened = IncidentEvent.objects.filter(incident__in=keys, verb="reopened").order_by().values("incident")
    latest = dict(reopened.annotate(latest=Max("at")).values_list("incident", "latest")) if found else {}
    # In order of the decisions, an open one (which has none) last: what is said last stands.
    sentences = {}
    for ruling in found:
        again = latest.get(ruling.incident_id)
        if ruling.is_open:
            sentences[ruling.incident_id] = "It waits for an executive's ruling on who answers for it."
        elif again is None or ruling.decided_at is None or again < ruling.decided_at:
            sentences[ruling.incident_id] = f"{ruling.decided_by} ruled on who answers for it; that stands."
        else:
            sentences.pop(ruling.incident_id, None)
    return sentences


def as_open(ruling: Ruling) -> dict[str, object]:
    """Return how a ruling stood while it waited, to be restored by an undo."""
    columns: dict[str, object] = {
        "state": RulingState.OPEN,
        "decided_at": None,
        "decided_by_id": None,
        "decision": "",
        "shares": {},
    }
    return {"model": "ruling", "pk": ruling.pk, "columns": columns}


def as_withdrawn(ruling: Ruling, acting_person: Person) -> dict[str, object]:
    """Return how a ruling stands once nobody asks for it any more, to be written by an undo."""
    columns = {"state": RulingState.WITHDRAWN, "decided_at": "@now", "decided_by_id": acting_person.pk}
    return {"model": "ruling", "pk": ruling.pk, "columns": columns}
