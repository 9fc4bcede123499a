"""Whose turn it is where departments disagree."""

from departments.models import Dispute, HandOff, Incident

EXECUTIVE = "an executive"


def next_word(
    incident: Incident, dispute: Dispute | None, pending: HandOff | None, *, is_before_an_executive: bool
) -> str:
    """Return in words who has to say something next: what was handed back is its holder's to accept or to ask again."""
    if is_before_an_executive:
        return EXECUTIVE
    if pending is not None:
        return pending.to_department.name
    return dispute.next_word if dispute is not None else incident.department.name
