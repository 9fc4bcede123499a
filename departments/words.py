"""What was done with an incident, in the words in which it is told: after a name and a colon."""

from collections.abc import Mapping
from typing import Any

from departments.cure.words import VERBS as OF_CURES
from departments.models import Direction, IncidentEvent

VERBS = {
    "reported": "reported it",
    "detected": "found it by a rule",
    "corrected": "corrected it by its signal",
    "signal_withdrawn": "withdrew it, since its signal was corrected",
    "restored": "opened it again, since its signal shows friction again",
    "joined": "found further signals of the same",
    "accepted": "accepted it",
    "assigned": "assigned it",
    "resolved": "resolved it",
    "reopened": "reopened it",
    "handed_off": "asked another department to take it",
    "hand_off_accepted": "took it over",
    "returned": "returned it",
    "waited": "set it to wait",
    "wait_ended": "ended the wait",
    "attached": "put a file to it",
    "attachment_removed": "removed a file",
    "attachment_restored": "put a removed file back",
    "withdrawn": "asked no longer",
    "noted": "wrote a note",
    "note_taken_back": "took a note back",
    "reminded": "reminded of the deadline",
    "escalated": "told the executives that it is past due",
    "countered": "answered with another share",
    "offered": "offered another share",
    "ruling_asked": "asked for a ruling",
    "case_stated": "spoke for the own side",
    "statement_taken_back": "took back what was said for the own side",
    "ruled": "ruled on it",
    "regraded": "graded it anew",
    "contested": "contested the new grade",
    "disputed": "disputed it",
    "dispute_withdrawn": "withdrew the dispute",
    "dispute_upheld": "said that it stays",
    "dispute_taken": "took it",
    "part_accepted": "accepted the department’s part",
    "part_handed_off": "asked another department to take a part",
    "part_hand_off_accepted": "took a part over",
    "part_returned": "returned a part",
    "part_withdrawn": "asked no longer about a part",
    "part_countered": "answered with another share of a part",
    "part_offered": "offered another share of a part",
    "part_disputed": "disputed the department’s part",
    "part_dispute_withdrawn": "withdrew the dispute about the department’s part",
    "part_dispute_upheld": "said that the part stays",
    "part_dispute_taken": "took the part",
    "undone": "took back the last step",
    "merged": "merged it into another",
    "took_in": "merged a duplicate into it",
    **OF_CURES,
}
# Of a share that another department offered to take, instead.
OF_OFFERS = {
    "hand_off_accepted": "agreed to what was offered",
    "returned": "refused what was offered",
    "withdrawn": "withdrew the offer",
}


def words_of(event: IncidentEvent) -> str:
    """Return what was done, as it follows the name of whoever did it; a step that nobody named is told as it is."""
    if event.verb == "assigned":
        return _assigned(event.details)
    is_offer = event.details.get("direction") == Direction.TAKE
    offered = OF_OFFERS.get(event.verb.removeprefix("part_")) if is_offer else None
    return offered or VERBS.get(event.verb) or event.verb.replace("_", " ")


def _assigned(details: Mapping[str, Any]) -> str:
    if details.get("to"):
        return f"assigned it to {details['to']}"
    return f"took it from {details['from']}" if details.get("from") else VERBS["assigned"]
