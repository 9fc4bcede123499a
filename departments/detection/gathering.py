"""Incidents that stand for several signals, or for a batch: kept in line with what their rules match.

What matched is on record; from the record alone follows which matches are one incident, in whatever order the signals
came. A group goes on as the incident that its earliest member belongs to, so that detecting again opens nothing twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from departments.actions.opening import NewIncident, open_incidents
from departments.detection import records
from departments.detection.carrying import carried
from departments.detection.correcting import (
    JOINED,
    WITHDRAWN,
    Change,
    apply_changes,
    incidents_named,
    incidents_of,
    record_steps,
    settle,
)
from departments.detection.grouping import Group, Key, Match, groups_of
from departments.detection.matching import CompiledRule, Finding

TOO_FEW = "Withdrawn: too few signals are left within the rule’s days."
GONE = "Withdrawn: no signal says any more that this account got a bad batch."

Incident = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What it came to."""

    opened: int = 0
    corrected: int = 0
    withdrawn: int = 0


def matches_of(found: Iterable[Finding]) -> list[tuple[Finding, Match]]:
    """Return the matches that findings stand for: one of its own each, or one at every account that got the batch."""
    several = list(found)
    single = [(one, Match(one.rule.id, one.signal, one.severity)) for one in several if not one.rule.follows_batches]
    following = [one for one in several if one.rule.follows_batches]
    by_signal = {(one.rule.id, one.signal.id): one for one in following}
    return single + [(by_signal[match.rule_id, match.signal.id], match) for match in carried(following)]


def gather(
    found: Iterable[Finding], looked_at: Iterable[tuple[int, int]], rules: Mapping[int, CompiledRule]
) -> Gathered:
    """Bring the incidents of rules that gather in line with what was found.

    `looked_at` are all pairs of rule and signal that were held against each other; `rules` are by key.
    """
    pairs = set(looked_at)
    if not pairs:
        return Gathered()
    fresh = matches_of(found)
    old = records.old_matches(pairs)
    still = {(match.rule_id, match.signal.id, match.signal.account_id) for _, match in fresh}
    records.forget(one for one in old if (one.rule_id, one.signal_id, one.account_id) not in still)
    records.write_matches(fresh)
    touched = {one.incident_id for one in old if one.incident_id is not None}
    keys = {one.key for one in old} | {match.key for _, match in fresh}
    return _settle(keys, touched, rules)


def _settle(keys: Iterable[Key], touched: set[int], rules: Mapping[int, CompiledRule]) -> Gathered:
    matches = records.gathered_with(keys, rules, touched)
    groups = list(groups_of(matches, rules))
    known = incidents_of(touched | {match.incident_id for match in matches if match.incident_id is not None})
    claimed, unclaimed = _claims(groups, known)
    changes = apply_changes(
        [
            change
            for incident in known.values()
            if (change := _what_becomes(incident, claimed.get(incident["id"]), rules)) is not None
        ]
    )
    _record_joins(claimed)
    opened = _open(unclaimed)
    withdrawn = sum(change.verb == WITHDRAWN for change in changes)
    return Gathered(opened, len(changes) - withdrawn, withdrawn)


def _claims(groups: Sequence[Group], known: dict[int, Incident]) -> tuple[dict[int, Group], list[Group]]:
    """Return the groups by the incident that each goes on as, and those that are new; adds to `known` by name."""
    claimed: dict[int, Group] = {}
    left: list[Group] = []
    for group in groups:
        members = (match.incident_id for match in group.matches)
        incident = next((one for one in members if one is not None and one not in claimed), None)
        if incident is None:
            left.append(group)
        else:
            claimed[incident] = group
    named = incidents_named([group.name for group in left])
    unclaimed = []
    for group in left:
        found = named.get(group.name)
        if found is None or found["id"] in claimed:
            unclaimed.append(group)
        else:
            known[found["id"]] = found
            claimed[found["id"]] = group
    return claimed, unclaimed


def _what_becomes(incident: Incident, group: Group | None, rules: Mapping[int, CompiledRule]) -> Change | None:
    rule = rules.get(incident["rule_id"])
    words = GONE if rule is not None and rule.follows_batches else TOO_FEW
    return settle(incident, group.finding if group else None, words)


def _record_joins(claimed: Mapping[int, Group]) -> None:
    """Say in the record of each incident how many signals joined it, and that these belong to it."""
    steps = []
    for incident_id, group in claimed.items():
        new = sum(match.incident_id != incident_id for match in group.matches)
        if new:
            words = f"{new} more, {len(group.matches)} in all."
            details = {"signals": len(group.matches), "joined": new}
            steps.append({"incident_id": incident_id, "verb": JOINED, "words": words, "details": details})
    record_steps(steps)
    _link(claimed.items())


def _open(groups: Sequence[Group]) -> int:
    opened = open_incidents(incidents=[_new_incident(group) for group in groups], acting_person=None)
    _link((one.incident_id, group) for one, group in zip(opened.incidents, groups, strict=True))
    return opened.opened


def _link(settled: Iterable[tuple[int, Group]]) -> None:
    records.link((match, incident_id, group.rule.version) for incident_id, group in settled for match in group.matches)


def _new_incident(group: Group) -> NewIncident:
    return new_incident(group.finding, group.name)


def new_incident(finding: Finding, name: str) -> NewIncident:
    """What is found was known as soon as its signal was: history that is loaded later is judged by its own time."""
    signal, rule = finding.signal, finding.rule
    return NewIncident(
        account_id=signal.account_id,
        friction_type_id=rule.friction_type_id,
        severity=finding.severity,
        title=finding.title,
        happened_at=signal.happened_at,
        recorded_at=signal.recorded_at,
        order_id=signal.order_id,
        signal_id=signal.id,
        rule_id=rule.id,
        rule_version=rule.version,
        source="detection",
        external_id=name,
    )
