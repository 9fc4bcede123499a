"""How much revenue stayed, and who went: net and gross revenue retention, accounts lost."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Account, Holding, Order
from accounts.prepared import among, given
from departments.models import Person
from departments.prepared import PreparedFor
from retention.dashboards.periods import DAY, Period, months_after

# Orders do not come on every day: a history that begins within a week of what is needed counts as whole.
SLACK: Final = datetime.timedelta(days=7)
SILENT_DAYS: Final = 90
LOST_SHOWN: Final = 8
# So many of the lost are named at most; the others are counted.
LOST_NAMED: Final = 200

# What was ordered, and what was held by the day, in the last year and in the one before, by account.
KEPT_SQL: Final = """
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
), cohort AS (
    SELECT whole.* FROM whole JOIN accounts_account AS account ON account.id = whole.account_id
    WHERE %(segment)s = '' OR account.segment = %(segment)s
)
"""
RETAINED_SQL: Final = (
    KEPT_SQL
    + """
SELECT count(*), coalesce(sum(before), 0), coalesce(sum(now), 0), coalesce(sum(least(now, before)), 0) FROM cohort
"""
)
MOVED_SQL: Final = (
    KEPT_SQL
    + """
(SELECT account_id, before, now FROM cohort ORDER BY now - before, account_id LIMIT %(shown)s)
UNION
(SELECT account_id, before, now FROM cohort ORDER BY before - now, account_id LIMIT %(shown)s)
"""
)

# Who ended the relation in the window, or, without a contract, was silent for the 90th day in it.
LOST_SQL: Final = """
WITH gap AS (
    SELECT account_id, ordered_at + %(silence)s AS silent_at,
           lead(ordered_at) OVER (PARTITION BY account_id ORDER BY ordered_at) AS following
    FROM accounts_order WHERE ordered_at >= %(since)s - %(silence)s AND ordered_at < %(until)s
), gone AS (
    SELECT account.id, account.annual_revenue,
           account.left_on IS NOT NULL AND account.left_on BETWEEN %(first)s AND %(last)s AS ended
    FROM accounts_account AS account
    WHERE (%(segment)s = '' OR account.segment = %(segment)s) AND (
        account.left_on BETWEEN %(first)s AND %(last)s
        OR (account.renews_on IS NULL AND (account.left_on IS NULL OR account.left_on > %(last)s) AND account.id IN (
            SELECT account_id FROM gap
            WHERE silent_at >= %(since)s AND silent_at < %(until)s AND (following IS NULL OR following > silent_at)
        ))
    )
)
SELECT count(*) FILTER (WHERE ended), count(*) FILTER (WHERE NOT ended),
       ARRAY(SELECT id FROM gone ORDER BY annual_revenue DESC, id LIMIT %(named)s)
FROM gone
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
    """Accounts lost in a window of days: how many ended the relation, how many fell silent; the ids of the dearest."""

    ended: int
    silent: int
    dearest: Sequence[int]

    @property
    def count(self) -> int:
        """Return how many were lost."""
        return self.ended + self.silent


def history_begins() -> datetime.date | None:
    """Return the day of the first order on record, or of the first service held where nobody orders."""
    first = Order.objects.aggregate(first=Min("ordered_at"))["first"]
    if first is not None:
        return timezone.localdate(first)
    held: datetime.date | None = Holding.objects.aggregate(first=Min("held_from"))["first"]
    return held


def retained(end: datetime.date, *, segment: str, begins: datetime.date | None) -> Retained | None:
    """Return the two years up to a day, included; None where the history on record does not reach back so far."""
    if not reaches_back(end, begins):
        return None
    with connection.cursor() as cursor:
        cursor.execute(RETAINED_SQL, _two_years(end, segment))
        return Retained(*cursor.fetchone())


def retained_in(period: Period, *, segment: str) -> dict[datetime.date, Retained | None]:
    """Return what stayed by the period's last day and by the end of the one before, by those days."""
    begins = history_begins()
    before = period.end_before
    # Days missing at the beginning would look like a change.
    known_before = reaches_back(before, begins, slack=DAY)
    return {
        period.today: retained(period.today, segment=segment, begins=begins),
        before: retained(before, segment=segment, begins=begins) if known_before else None,
    }


def reaches_back(end: datetime.date, begins: datetime.date | None, slack: datetime.timedelta = SLACK) -> bool:
    """Return whether a history that begins on a day holds the two years before another."""
    return begins is not None and begins <= months_after(end, -24) + slack


def moved_most(end: datetime.date, *, segment: str, shown: int) -> list[tuple[int, float, float]]:
    """Return the accounts that fell and grew most, at most so many each: (account id, before, now), falls first."""
    with connection.cursor() as cursor:
        cursor.execute(MOVED_SQL, {**_two_years(end, segment), "shown": shown})
        return sorted(cursor.fetchall(), key=lambda row: (row[2] - row[1], row[0]))


def _two_years(end: datetime.date, segment: str) -> dict[str, Any]:
    year, start = months_after(end, -12), months_after(end, -24)
    return {
        "end": _midnight(end + DAY),
        "year": _midnight(year + DAY),
        "start": _midnight(start + DAY),
        "end_day": end + DAY,
        "year_day": year + DAY,
        "start_day": start + DAY,
        "segment": segment,
    }


def lost(first: datetime.date, last: datetime.date, *, segment: str) -> Lost:
    """Return who was lost from the first day to the last, both included."""
    parameters: dict[str, Any] = {
        "first": first,
        "last": last,
        "since": _midnight(first),
        "until": _midnight(last + DAY),
        "silence": datetime.timedelta(days=SILENT_DAYS),
        "segment": segment,
        "named": LOST_NAMED,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOST_SQL, parameters)
        return Lost(*cursor.fetchone())


def lost_in(period: Period, *, segment: str) -> dict[datetime.date, Lost]:
    """Return who was lost in the period, and in as many days of the one before, by their first days."""
    return {
        period.first: lost(period.first, period.today, segment=segment),
        period.first_before: lost(period.first_before, period.same_day_before, segment=segment),
    }


def dearest(found: Lost, person: Person, shown: int = LOST_SHOWN) -> list[Any]:
    """Return the lost accounts that brought most a year, as far as the person sees them; some have `ordered_again`."""
    since = _midnight(timezone.localdate() + datetime.timedelta(days=1 - SILENT_DAYS))
    return _DEAREST[shown](person, keys=list(found.dearest), since=since) if found.dearest else []


def _dearest(shown: int, reader: Person) -> QuerySet[Account]:
    lately = Order.objects.order_by().filter(account=OuterRef("pk"), ordered_at__gte=given("since"))
    accounts = Account.objects.visible_to(reader).filter(pk=among("keys")).annotate(ordered_again=Exists(lately))
    return accounts.only(*_NAMED_BY).order_by("-annual_revenue", "pk")[:shown]


_NAMED_BY = ("public_id", "name", "segment", "left_on", "annual_revenue")
# How many are shown is part of what the database plans for.
_DEAREST = {shown: PreparedFor(partial(_dearest, shown)) for shown in (LOST_SHOWN, LOST_NAMED)}


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
