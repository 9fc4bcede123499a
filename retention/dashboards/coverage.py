"""What data the number stands on: each feed with its rhythm, its latest record, and whether it has gone quiet."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Count

from accounts.models import Account, Holding
from accounts.models.touchpoint import Channel
from accounts.signals import KINDS
from departments.models import Department

QUIET_DAYS: Final = 7.0
# A feed with long gaps of its own is not called quiet before ten of them have passed.
USUAL_GAPS: Final = 10.0
# From so many gaps on a feed is judged by those it has had, all but the longest hundredth of them.
LEAST_GAPS: Final = 20
SHORTEST_DAYS: Final = 2.0
DAY_SECONDS: Final = 86_400

# A feed is what comes of one sort from one sender; its gaps are the days between days on which anything came.
FEEDS_SQL: Final = """
    WITH days AS (
        SELECT {sort} AS sort, {sender} AS sender, floor(date_part('epoch', happened) / 86400::float8) AS day,
               count(*) AS records, min(happened) AS first, max(happened) AS last, max(recorded_at) AS received
        FROM (SELECT *, {happened} AS happened FROM {table}) AS record
        WHERE happened <= %(moment)s AND recorded_at <= %(moment)s
        GROUP BY 1, 2, 3
    ), gaps AS (
        SELECT *, day - lag(day) OVER (PARTITION BY sort, sender ORDER BY day) AS gap FROM days
    )
    SELECT sort, sender, sum(records)::bigint, min(first), max(last), max(received),
           CASE WHEN count(gap) >= %(least)s THEN percentile_disc(0.99) WITHIN GROUP (ORDER BY gap) END
    FROM gaps GROUP BY sort, sender ORDER BY sort, sender
"""
ORDERS: Final = {"table": "accounts_order", "sort": "'order'", "sender": "source", "happened": "ordered_at"}
CONTACTS: Final = {"table": "accounts_touchpoint", "sort": "channel", "sender": "source", "happened": "happened_at"}
SIGNALS: Final = {"table": "accounts_signal", "sort": "kind", "sender": "source", "happened": "happened_at"}
REPORTS: Final = {
    "table": "departments_incident WHERE reporting_department_id IS NOT NULL",
    "sort": "'incident'",
    "sender": "reporting_department_id::text",
    "happened": "happened_at",
}


@dataclass(frozen=True, slots=True)
class Feed:
    """Records of one sort from one sender; `last` is when the latest happened, `received` when we last heard of any.

    `sender` is the department that it comes from, `source` the system; `longest_gap` is the gap in days that 99 % of
    its gaps do not exceed, None where it has had too few. `key` says what comes: order, contact, report or signal.
    """

    label: str
    sender: str
    count: int
    first: datetime.datetime | None
    last: datetime.datetime | None
    received: datetime.datetime | None
    source: str = ""
    longest_gap: float | None = None
    key: str = ""

    def silent_days(self, moment: datetime.datetime) -> float | None:
        """Return the days since the latest record; None where there is none."""
        return None if self.last is None else (moment - self.last).total_seconds() / DAY_SECONDS

    def patience_days(self) -> float:
        """Return after how many silent days the feed counts as quiet: longer than almost any gap of its own."""
        if self.longest_gap is not None:
            # From the end of one day to the start of another, a gap of days lasts up to one more.
            return max(SHORTEST_DAYS, self.longest_gap + 1.0)
        if self.first is None or self.last is None or self.count < 2:
            return QUIET_DAYS
        usual = (self.last - self.first).total_seconds() / DAY_SECONDS / (self.count - 1)
        return max(QUIET_DAYS, USUAL_GAPS * usual)

    def words(self, moment: datetime.datetime) -> str:
        """Say how the feed stands."""
        silent = self.silent_days(moment)
        if silent is None:
            return "never received"
        if silent > self.patience_days():
            return f"quiet for {silent:.0f} days"
        return "arriving"


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed and how it stands now."""

    feed: Feed
    words: str

    @property
    def is_stale(self) -> bool:
        """Return whether it once came and comes no longer."""
        return self.words.startswith("quiet")


def feeds(moment: datetime.datetime) -> list[Feed]:
    """Return every feed: orders, contacts by channel, reports by department, signals by kind, each by its source."""
    return [*_orders(moment), *_contacts(moment), *_reports(moment), *_signals(moment)]


def states(feeds: Iterable[Feed], moment: datetime.datetime) -> list[FeedState]:
    """Return how the feeds stand at a moment."""
    return [FeedState(feed, feed.words(moment)) for feed in feeds]


def _read(what: dict[str, str], moment: datetime.datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(FEEDS_SQL.format(**what), {"moment": moment, "least": LEAST_GAPS})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _orders(moment: datetime.datetime) -> Iterator[Feed]:
    found = _read(ORDERS, moment)
    for row in found:
        yield _feed("Orders", "", row, "order", row[1])
    if not found:
        yield Feed("Orders", "", *_NOTHING)


def _contacts(moment: datetime.datetime) -> Iterator[Feed]:
    found = _read(CONTACTS, moment)
    for row in found:
        label = f"Contacts: {Channel(row[0]).label.lower()}s"
        yield _feed(label, "", row, f"contact:{row[0]}", row[1])
    if not found:
        yield Feed("Contacts", "", *_NOTHING)


def _reports(moment: datetime.datetime) -> Iterator[Feed]:
    found = _read(REPORTS, moment)
    names = dict(Department.objects.values_list("pk", "name")) if found else {}
    for row in found:
        yield _feed("Reported friction", names[int(row[1])], row, f"report:{row[1]}", "")


def _signals(moment: datetime.datetime) -> Iterator[Feed]:
    found = _read(SIGNALS, moment)
    for kind in KINDS.values():
        sender = kind.department.replace("_", " ").capitalize()
        rows = [row for row in found if row[0] == kind.name]
        for row in rows:
            yield _feed(kind.label, sender, row, f"signal:{kind.name}", row[1])
        if not rows:
            yield Feed(kind.label, sender, *_NOTHING)


_NOTHING: Final = (0, None, None, None)


def _feed(label: str, sender: str, row: tuple[Any, ...], key: str, source: str) -> Feed:
    _, _, count, first, last, received, gap = row
    return Feed(label, sender, count, first, last, received, source, gap, key)


@dataclass(frozen=True, slots=True)
class Books:
    """How many customers there are, with how many services on record."""

    accounts: int
    left: int
    contracts: int
    holdings: int


def books() -> Books:
    """Count the customers and what they hold."""
    counted = Account.objects.aggregate(accounts=Count("pk"), left=Count("left_on"), contracts=Count("renews_on"))
    return Books(**counted, holdings=Holding.objects.count())
