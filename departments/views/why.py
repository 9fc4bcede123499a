"""Why a rule opened an incident: the version that did, and what it read in which signals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import Signal
from accounts.signals import KINDS
from departments.models import Incident, Person, RuleMatch, RuleVersion
from departments.models.person import SEES_EVERYTHING

MATCHES_SHOWN = 10
# Of a condition: what stands in quotes, which is left as it is, and what people read otherwise than a program.
SPOKEN = re.compile(r"""(?P<quoted>"[^"]*"|'[^']*')|(?P<name>[A-Za-z]\w*)|(?P<sign>==|!=|>=|<=|=~)""")
SIGNS = {"==": "is", "!=": "is not", ">=": "≥", "<=": "≤", "=~": "begins like"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal that the rule matched: what it read, in words; `carrier` is how the account got the batch."""

    signal: Signal
    carrier: Signal | None
    fields: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Why:
    """The version that opened the incident, the signals that it stands for, and whether the person sees the rule."""

    version: RuleVersion | None
    condition: str
    reasons: list[Reason]
    more: int
    may_see_rule: bool


def why_of(incident: Incident, person: Person) -> Why | None:
    """Return why there is this incident; None where no rule opened it."""
    rule = incident.rule
    if rule is None:
        return None
    matches = list(incident.matches.select_related("signal", "carrier"))
    number = incident.rule_version or rule.version
    version = RuleVersion.objects.filter(rule=rule, number=number).first()
    return Why(
        version=version,
        condition=spoken(version.condition) if version else "",
        reasons=[_reason(match) for match in matches[:MATCHES_SHOWN]],
        more=max(0, len(matches) - MATCHES_SHOWN),
        may_see_rule=person.role in SEES_EVERYTHING or rule.friction_type.department_id == person.department_id,
    )


def spoken(condition: str) -> str:
    """Write a condition as people read it: `days_late > 2 and issued == false` is days late > 2 and issued is false."""
    return SPOKEN.sub(_word, condition)


def _word(found: re.Match[str]) -> str:
    if found["quoted"]:
        return found["quoted"]
    return SIGNS[found["sign"]] if found["sign"] else found["name"].replace("_", " ")


def _reason(match: RuleMatch) -> Reason:
    values: Mapping[str, Any] = match.fields
    kind = KINDS.get(match.signal.kind)
    units = {field.name: field.unit for field in kind.fields} if kind else {}
    carrier = match.carrier if match.carrier_id != match.signal_id else None
    return Reason(
        match.signal,
        carrier,
        [(name.replace("_", " "), _in_words(value, units.get(name, ""))) for name, value in values.items()],
    )


def _in_words(value: Any, unit: str) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = f"{value:,g}" if isinstance(value, int | float) else str(value)
    return words if unit in ("", "money") else f"{words} {unit}"
