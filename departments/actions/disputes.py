"""How a dispute comes before an executive, and how it ends without one."""

from collections.abc import Iterable

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from accounts.errors import Conflict
from accounts.models import Organisation
from departments.actions.steps import record_step
from departments.models import (
    Answer,
    Dispute,
    DisputeEnd,
    Incident,
    IncidentEvent,
    Person,
    Regrading,
    Ruling,
    RulingState,
    State,
)
from departments.models.dispute import DisputeQuerySet

BEFORE_AN_EXECUTIVE = "It waits for an executive's ruling on who answers for it."


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
    """Ask for a ruling by itself once the incident bounced so often as the organisation allows.

    Not while it waits: nobody rules on what another department is just asked to take.
    """
    if incident.state == State.WAITING or Ruling.objects.open().filter(incident=incident).exists():
        return None
    bounces = bounced_too_often([incident]).get(incident.pk)
    return open_ruling(incident, bounced_words(bounces), None) if bounces else None


def bounced_words(bounces: int) -> str:
    """Say what is in dispute where nobody asked for a ruling."""
    return f"It was handed back or disputed {bounces} times."


def bounced_too_often(incidents: Iterable[Incident]) -> dict[int, int]:
    """Return, by incident, how often it was returned or disputed, of those where that is as often as is allowed."""
    keys = [incident.pk for incident in incidents]
    allowed = (Organisation.objects.first() or Organisation()).bounces_before_ruling
    returned = Count("hand_offs", filter=Q(hand_offs__answer=Answer.RETURNED), distinct=True)
    disputed = Count("disputes", filter=Q(disputes__in=Dispute.objects.bounces()), distinct=True)
    counted = Incident.objects.order_by().filter(pk__in=keys).annotate(bounces=returned + disputed)
    return dict(counted.filter(bounces__gte=allowed).values_list("pk", "bounces"))


def holders_question(incidents: Iterable[Incident]) -> QuerySet[Ruling]:
    """Return the open questions who answers, which end once the holder accepts: nobody disputes a part besides."""
    of_a_part = Dispute.objects.open().filter(is_of_part=True).order_by().values("incident")
    waiting = Ruling.objects.open().filter(incident__in=[incident.pk for incident in incidents], regrading=None)
    return waiting.exclude(incident__in=of_a_part)


def settle_ruling(incident: Incident, acting_person: Person) -> Ruling | None:
    """End the question who answers, since its holder accepts after all; one about the grade still waits."""
    return _settle(holders_question([incident]).first(), acting_person)


def settle_undisputed(incident: Incident, acting_person: Person) -> list[dict[str, object]]:
    """End the question who answers once nobody disputes it any more, and return how it stood."""
    if incident.state == State.DISPUTED or Dispute.objects.open().filter(incident=incident).exists():
        return []
    settled = _settle(Ruling.objects.open().filter(incident=incident, regrading=None).first(), acting_person)
    return [as_open(settled)] if settled else []


def _settle(waiting: Ruling | None, acting_person: Person) -> Ruling | None:
    if waiting is None:
        return None
    closed = Ruling.objects.open().filter(pk=waiting.pk)
    closed.update(state=RulingState.SETTLED, decided_at=timezone.now(), decided_by=acting_person)
    return waiting


def end_disputes(disputes: DisputeQuerySet, end: DisputeEnd, acting_person: Person) -> list[dict[str, object]]:
    """End those of the disputes that are open, and return how they stood, to be restored by an undo."""
    keys = list(disputes.open().values_list("pk", flat=True))
    Dispute.objects.filter(pk__in=keys).update(ended_at=timezone.now(), ended_by=acting_person, end=end)
    return [as_disputed(key) for key in keys]


def as_disputed(key: int) -> dict[str, object]:
    """Return how a dispute stood while it was open, to be restored by an undo."""
    columns: dict[str, object] = {"ended_at": None, "ended_by_id": None, "end": ""}
    return {"model": "dispute", "pk": key, "columns": columns}


def disputed_by(incidents: Iterable[Incident]) -> dict[int, dict[int, int]]:
    """Return the keys of the open disputes, by incident and by the department that raised them."""
    found: dict[int, dict[int, int]] = {}
    disputes = Dispute.objects.open().filter(incident__in=[incident.pk for incident in incidents])
    for key, incident_id, department_id in disputes.values_list("pk", "incident", "department_id"):
        found.setdefault(incident_id, {})[department_id] = key
    return found


def not_raised(dispute: Dispute, acting_person: Person) -> dict[str, object]:
    """Return how a dispute stands once it is taken back at once, to be written by an undo."""
    columns = {"ended_at": "@now", "ended_by_id": acting_person.pk, "end": DisputeEnd.TAKEN_BACK.value}
    return {"model": "dispute", "pk": dispute.pk, "columns": columns}


def refuse_while_before_an_executive(incident: Incident) -> None:
    """Refuse what would keep an executive from ruling on who answers."""
    if Ruling.objects.open().filter(incident=incident, regrading=None).exists():
        raise Conflict(BEFORE_AN_EXECUTIVE)


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
            sentences[ruling.incident_id] = BEFORE_AN_EXECUTIVE
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
