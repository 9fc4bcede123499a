"""What tests of hand-offs and disputes do between departments."""

from departments.actions.handoffs import hand_off
from departments.models import Department, HandOff, Incident, Reason
from tests import make


def fresh(incident: Incident) -> Incident:
    """Read the incident again, with what actions look at."""
    related = ("department", "friction_type", "account", "problem")
    return Incident.objects.select_related(*related).get(pk=incident.pk)


def ask(
    incident: Incident, giver: Department, to: Department, share: float = 1.0, reason: Reason = Reason.CAUSED_ELSEWHERE
) -> HandOff:
    """Let a head of one department ask another to take the incident as it is now, or a share of it."""
    return hand_off(
        incident=fresh(incident),
        to=to,
        reason=reason,
        words="Wrong address.",
        expected="",
        share=share,
        acting_person=make.head(giver),
    )
