"""What a rule would have opened, before it is kept: by the code that detects, without writing anything."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import Account, Signal
from departments.detection.gathering import matches_of
from departments.detection.grouping import groups_of
from departments.detection.matching import CompiledRule, Finding, SignalRow, compile_rule, findings
from departments.models import DetectionRule, Incident, Person

DAYS = 90
MOST_SIGNALS = 100_000
EXAMPLES = 10
COLUMNS = ("id", "account_id", "kind", "order_id", "happened_at", "recorded_at", "data")


@dataclass(frozen=True, slots=True)
class Example:
    """One incident that it would have opened; `account` only for who sees it, `incident` where there is one."""

    title: str
    severity: float
    happened_at: datetime.datetime
    why: dict[str, Any]
    signals: int
    account: Account | None
    has_open_book: bool
    signal: UUID
    incident: UUID | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What it comes to since a moment; where there were too many signals, since the oldest that was looked at."""

    incidents: int
    accounts: int
    left: int
    signals: int
    since: datetime.datetime
    is_cut: bool
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class _Found:
    finding: Finding
    signals: int


def preview(
    rule: DetectionRule, *, now: datetime.datetime, person: Person, most_signals: int = MOST_SIGNALS
) -> Preview:
    """Return what the rule would have opened in the last 90 days; raises ConditionError where it does not compile."""
    compiled = compile_rule(rule)
    since = now - datetime.timedelta(days=DAYS)
    rows = _signals(compiled, since, now, most_signals + 1)
    is_cut = len(rows) > most_signals
    signals = rows[:most_signals]
    begin = max(since, signals[-1].happened_at) if is_cut else since
    found = [one for one in _found(compiled, signals) if begin <= one.finding.signal.happened_at <= now]
    accounts = {one.finding.signal.account_id for one in found}
    return Preview(
        incidents=len(found),
        accounts=len(accounts),
        left=Account.objects.filter(pk__in=accounts, left_on__isnull=False).count(),
        signals=len(signals),
        since=begin,
        is_cut=is_cut,
        examples=_examples(found, rule, person),
    )


def _signals(rule: CompiledRule, since: datetime.datetime, now: datetime.datetime, most: int) -> list[SignalRow]:
    """The newest first; where a rule gathers, also those with which what completed since may have begun."""
    begin = since - datetime.timedelta(days=rule.days if rule.gathers else 0)
    rows = Signal.objects.filter(kind=rule.kind, happened_at__range=(begin, now))
    newest = rows.order_by("-happened_at").values_list(*COLUMNS)
    return [SignalRow(*row) for row in newest[:most]]


def _found(rule: CompiledRule, signals: Iterable[SignalRow]) -> list[_Found]:
    found = findings(signals, {rule.kind: (rule,)})
    if not rule.gathers:
        return [_Found(finding, 1) for finding in found]
    matches = (match for _, match in matches_of(found))
    return [_Found(group.finding, len(group.matches)) for group in groups_of(matches, {rule.id: rule})]


def _examples(found: Sequence[_Found], rule: DetectionRule, person: Person) -> list[Example]:
    """The newest, each at another account as far as there are so many."""
    newest = sorted(found, key=lambda one: one.finding.signal.happened_at, reverse=True)
    first = list({one.finding.signal.account_id: one for one in reversed(newest)}.values())[::-1]
    taken = {id(one) for one in first}
    shown = [*first, *(one for one in newest if id(one) not in taken)][:EXAMPLES]
    keys = {one.finding.signal.account_id for one in shown}
    accounts = Account.objects.visible_to(person).in_bulk(keys)
    books = set(Account.objects.open_book_to(person).filter(pk__in=keys).values_list("pk", flat=True))
    signals = dict(
        Signal.objects.filter(pk__in={one.finding.signal.id for one in shown}).values_list("pk", "public_id")
    )
    opened = _opened(shown, rule, person)
    return [
        Example(
            title=one.finding.title,
            severity=one.finding.severity,
            happened_at=one.finding.signal.happened_at,
            why=one.finding.why,
            signals=one.signals,
            account=accounts.get(one.finding.signal.account_id),
            has_open_book=one.finding.signal.account_id in books,
            signal=signals[one.finding.signal.id],
            incident=opened.get((one.finding.signal.id, one.finding.signal.account_id)),
        )
        for one in shown
    ]


def _opened(shown: Sequence[_Found], rule: DetectionRule, person: Person) -> dict[tuple[int | None, int], UUID]:
    """The incidents that this rule, or else another, has opened for the signals, as far as the person sees them."""
    seen = Incident.objects.visible_to(person).filter(signal__in={one.finding.signal.id for one in shown})
    rows = seen.order_by().values_list("signal_id", "account_id", "public_id", "rule_id")
    ordered = sorted(rows, key=lambda row: row[3] == rule.pk)
    return {(signal, account): public_id for signal, account, public_id, _ in ordered}
