"""How much revenue stayed, and who went: net and gross revenue retention, accounts lost."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Min
from django.utils import timezone

from accounts.models import Account, Holding, Order
from retention.dashboards.periods import DAY, months_after

# Orders do not come on every day: a history that begins within a week of what is needed counts as whole.
SLACK: Final = datetime.timedelta(days=7)
SILENT_DAYS: Final = 90
LOST_SHOWN: Final = 8

# What was ordered, and what was held by the day, in the last year and in the one before, by account.
RETAINED_SQL: Final = """
WITH part AS (
    SELECT account_id, coalesce(sum(amount) FILTER (WHERE ordered_at >= %(year)s), 0)::float8 AS now,
           coalesce(sum(amount) FILTER (WHERE ordered_at < %(year)s), 0)::float8 AS before
    FROM accounts_order WHERE ordered_at >= %(start)s AND ordered_at < %(end)s GROUP BY account_id
    UNION ALL
    SELECT account_id,
           monthly_value::float8 * 12 / 365.25 * greatest(0,
               least(coalesce(held_until, %(end_day)s), %(end_day)s) - greatest(held_from, %(year_day)s)),
           monthly_value::float8 * 12 / 365.25 * greatest(0,
               least(coalesce(held_until, %(year_day)s), %(year_day)s) - greatest(held_from, %(start_day)s))
    FROM accounts_holding WHERE held_from < %(end_day)s AND (held_until IS NULL OR held_until > %(start_day)s)
), whole AS (
    SELECT account_id, sum(now) AS now, sum(before) AS before FROM part GROUP BY account_id HAVING sum(before) > 0
)
SELECT count(*), coalesce(sum(before), 0), coalesce(sum(now), 0), coalesce(sum(least(now, before)), 0)
FROM whole JOIN accounts_account AS account ON account.id = whole.account_id
WHERE %(segment)s = '' OR account.segment = %(segment)s
"""

# Who ended the relation in the window, or, without a contract, was silent for the 90th day in it.
LOST_SQL: Final = """
WITH gap AS (
    SELECT account_id, ordered_at + %(silence)s AS silent_at,
           lead(ordered_at) OVER (PARTITION BY account_id ORDER BY ordered_at) AS following
    FROM accounts_order WHERE ordered_at >= %(since)s - %(silence)s AND ordered_at < %(until)s
)
SELECT account.id, account.left_on IS NOT NULL AND account.left_on BETWEEN %(first)s AND %(last)s AS ended
FROM accounts_account AS account
WHERE (%(segment)s = '' OR account.segment = %(segment)s) AND (
    account.left_on BETWEEN %(first)s AND %(last)s
    OR (account.renews_on IS NULL AND (account.left_on IS NULL OR account.left_on > %(last)s) AND account.id IN (
        SELECT account_id FROM gap
        WHERE silent_at >= %(since)s AND silent_at < %(until)s AND (following IS NULL OR following > silent_at)
    ))
)
"""


@dataclass(frozen=True, slots=True)
class Retained:
    """Revenue of the accounts that had some in the year before: then, now, and now capped account by account."""

    accounts: int
    before: float
    now: float
    capped: float

    @property
    def net(self) -> float | None:
        """Return net revenue retention; None where nobody brought revenue before."""
        return self.now / self.before if self.before else None

    @property
    def gross(self) -> float | None:
        """Return gross revenue retention: no account counts for more than it brought before."""
        return self.capped / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Lost:
    """Accounts lost in a window of days: those that ended the relation, and those that fell silent."""

    ended: Sequence[int]
    silent: Sequence[int]

    @property
    def count(self) -> int:
        """Return how many were lost."""
        return len(self.ended) + len(self.silent)


def history_begins() -> datetime.date | None:
    """Return the day of the first order on record, or of the first service held where nobody orders."""
    first = Order.objects.aggregate(first=Min("ordered_at"))["first"]
    if first is not None:
        return timezone.localdate(first)
    held: datetime.date | None = Holding.objects.aggregate(first=Min("held_from"))["first"]
    return held


def retained(end: datetime.date, *, segment: str, begins: datetime.date | None) -> Retained | None:
    """Return the two years up to a day, included; None where the history on record does not reach back so far."""
    year, start = months_after(end, -12), months_after(end, -24)
    if begins is None or begins > start + SLACK:
        return None
    parameters: dict[str, Any] = {
        "end": _midnight(end + DAY),
        "year": _midnight(year + DAY),
        "start": _midnight(start + DAY),
        "end_day": end + DAY,
        "year_day": year + DAY,
        "start_day": start + DAY,
        "segment": segment,
    }
    with connection.cursor() as cursor:
        cursor.execute(RETAINED_SQL, parameters)
        return Retained(*cursor.fetchone())


def lost(first: datetime.date, last: datetime.date, *, segment: str) -> Lost:
    """Return who was lost from the first day to the last, both included."""
    parameters: dict[str, Any] = {
        "first": first,
        "last": last,
        "since": _midnight(first),
        "until": _midnight(last + DAY),
        "silence": datetime.timedelta(days=SILENT_DAYS),
        "segment": segment,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOST_SQL, parameters)
        rows = cursor.fetchall()
    return Lost([pk for pk, ended in rows if ended], [pk for pk, ended in rows if not ended])


def dearest(found: Lost) -> list[Account]:
    """Return the lost accounts that brought most a year, with their score."""
    accounts = Account.objects.filter(pk__in=[*found.ended, *found.silent]).select_related("score")
    return list(accounts.order_by("-annual_revenue", "pk")[:LOST_SHOWN])


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
