"""How several matches of a rule become one incident: matches in, groups out; nothing is read or written."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from departments.detection.matching import CompiledRule, Finding, SignalRow

Key = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule matched a signal; `signal` tells of the account that it counts for, and when it did and was known.

    `carrier_id` is the signal by which the account got the batch; `incident_id` the incident that it belongs to.
    """

    rule_id: int
    signal: SignalRow
    severity: float
    batch: str = ""
    carrier_id: int | None = None
    incident_id: int | None = None

    @property
    def key(self) -> Key:
        """Return what it is gathered by: rule, account, and batch."""
        return self.rule_id, self.signal.account_id, self.batch


@dataclass(frozen=True, slots=True)
class Group:
    """Matches that are one incident, in the order in which they happened."""

    rule: CompiledRule
    matches: tuple[Match, ...]

    @property
    def finding(self) -> Finding:
        """Return what is found: with the signal that made them enough, as heavy as the gravest of them.

        It happened when they were enough, and was known when so many of them were.
        """
        rule, enough = self.rule, self.matches[self.rule.count - 1].signal
        known = sorted(match.signal.recorded_at for match in self.matches)[rule.count - 1]
        signal = SignalRow(
            enough.id, enough.account_id, enough.kind, enough.order_id, enough.happened_at, known, enough.data
        )
        title = rule.title.fill(enough.data, len(self.matches)).strip() or rule.name
        return Finding(rule, signal, max(match.severity for match in self.matches), title)

    @property
    def name(self) -> str:
        """Return what its incident is known by: the rule, the signals that began and completed it, the account."""
        first, enough = self.matches[0].signal, self.matches[self.rule.count - 1].signal
        return f"{self.rule.id}:{first.id}-{enough.id}@{enough.account_id}"


def groups_of(matches: Iterable[Match], rules: Mapping[int, CompiledRule]) -> Iterator[Group]:
    """Yield the groups of matches of any rules, accounts and batches."""
    together: dict[Key, list[Match]] = {}
    for match in matches:
        together.setdefault(match.key, []).append(match)
    for key, several in together.items():
        several.sort(key=lambda match: (match.signal.happened_at, match.signal.id))
        yield from _groups(rules[key[0]], several)


def _groups(rule: CompiledRule, matches: Sequence[Match]) -> Iterator[Group]:
    """From the earliest on: where enough follow within the span, all that do are one; the next begins after them."""
    span = datetime.timedelta(days=rule.days)
    begin = end = 0
    while begin < len(matches):
        end = max(end, begin)
        while end < len(matches) and matches[end].signal.happened_at < matches[begin].signal.happened_at + span:
            end += 1
        if end - begin >= rule.count:
            yield Group(rule, tuple(matches[begin:end]))
            begin = end
        else:
            begin += 1
