"""The vacation test, read from the books: who was away, and what their accounts ordered then and else."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection

from accounts.models import Organisation
from departments.models import Absence, Capacity
from retention.formatting import zone_named
from retention.scoring.absence import Away, Effect, Floats, Panel, Result, Verdict, effect_of_absence

DAYS: Final = 728

# While somebody looked after an account and it was a customer, within the window.
SPELLS: Final = """
WITH spell AS (
    SELECT account.id AS account_id, assignment.person_id,
           greatest(account.customer_since, %(first)s) AS came, least(account.left_on - 1, %(last)s) AS went,
           greatest(assignment.starts_on, account.customer_since, %(first)s) AS first,
           least(assignment.ends_on, account.left_on - 1, %(last)s) AS last
    FROM departments_assignment AS assignment JOIN accounts_account AS account ON account.id = assignment.account_id
    WHERE assignment.capacity = %(capacity)s AND (%(segment)s = '' OR account.segment = %(segment)s)
), kept AS (SELECT * FROM spell WHERE first <= last)
"""
# What changes from a day on: accounts, and the orders a day that are to be expected of them by their own rates.
CHANGES_SQL: Final = (
    SPELLS
    + """
, bought AS (
    SELECT account_id, count(*) AS orders FROM accounts_order
    WHERE ordered_at >= %(since)s AND ordered_at < %(until)s GROUP BY account_id
), rated AS (
    SELECT kept.*, coalesce(bought.orders, 0)::float8 / (went - came + 1) AS rate
    FROM kept LEFT JOIN bought ON bought.account_id = kept.account_id
)
SELECT person_id, day, sum(accounts), sum(rate)
FROM (SELECT person_id, first AS day, 1 AS accounts, rate FROM rated
      UNION ALL SELECT person_id, last + 1, -1, -rate FROM rated) AS change
GROUP BY person_id, day
"""
)
ORDERS_SQL: Final = (
    SPELLS
    + """
SELECT kept.person_id, bought.day, count(*)
FROM (SELECT account_id, (ordered_at AT TIME ZONE %(zone)s)::date AS day FROM accounts_order
      WHERE ordered_at >= %(since)s AND ordered_at < %(until)s) AS bought
JOIN kept ON kept.account_id = bought.account_id AND bought.day BETWEEN kept.first AND kept.last
GROUP BY kept.person_id, bought.day
"""
)


@dataclass(frozen=True, slots=True)
class Episode:
    """One absence, and what the accounts ordered meanwhile."""

    absence: Absence
    account_weeks: float
    orders: float
    expected: float

    @property
    def ratio(self) -> float | None:
        """Return orders over expected; None where nothing was expected."""
        return self.orders / self.expected if self.expected > 0 else None


@dataclass(frozen=True, slots=True)
class Vacation:
    """The vacation test of a window of days, both included."""

    first: datetime.date
    last: datetime.date
    result: Result
    episodes: Sequence[Episode]

    @property
    def is_known(self) -> bool:
        """Return whether there was any absence to look at."""
        return self.result.away.absences > 0

    @property
    def kinds(self) -> list[tuple[str, Effect]]:
        """Return the two ways of being away and the time after, with their names."""
        result = self.result
        return [
            ("Nobody stood in", result.uncovered),
            ("A colleague stood in", result.covered),
            ("The fortnight after", result.after),
        ]

    @property
    def sentence(self) -> str:
        """Say what the data tell."""
        return say(self.result.away)


def say(effect: Effect) -> str:
    """Say honestly what an effect amounts to."""
    if effect.verdict == Verdict.TOO_FEW:
        return f"Too few absences to tell{_why(effect)}"
    if effect.verdict == Verdict.NO_DIFFERENCE:
        return f"No difference seen (a fall of {1 - effect.low:.0%} would have shown)"
    word = "fewer" if effect.verdict == Verdict.FEWER else "more"
    near, far = sorted((abs(1 - effect.low), abs(1 - effect.high)))
    return f"{abs(1 - (effect.ratio or 0.0)):.0%} {word} orders than usual (95% range {near:.0%} to {far:.0%})"


def _why(effect: Effect) -> str:
    if not effect.absences:
        return " (none is on record)"
    if not np.isfinite(effect.high):
        return f" ({effect.absences} on record)"
    return f" ({effect.absences} on record; orders may be {effect.low:.0%} to {effect.high:.0%} of the usual)"


def vacation(today: datetime.date, *, segment: str) -> Vacation:
    """Return what absences in the two years to yesterday tell; days are those of the organisation's clock."""
    company = Organisation.objects.first() or Organisation()
    first, last = today - datetime.timedelta(days=DAYS), today - datetime.timedelta(days=1)
    zone = zone_named(company.time_zone)
    parameters: dict[str, Any] = {
        "first": first,
        "last": last,
        "since": datetime.datetime.combine(first, datetime.time.min, tzinfo=zone),
        "until": datetime.datetime.combine(today, datetime.time.min, tzinfo=zone),
        "zone": str(zone),
        "capacity": Capacity.ACCOUNT_MANAGER,
        "segment": segment,
    }
    return _tested(first, last, _rows(CHANGES_SQL, parameters), _rows(ORDERS_SQL, parameters))


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _tested(
    first: datetime.date, last: datetime.date, changes: list[tuple[Any, ...]], orders: list[tuple[Any, ...]]
) -> Vacation:
    managers = {person: row for row, person in enumerate(sorted({person for person, *_ in changes}))}
    accounts, rates = (_laid_out(managers, first, [(p, d, row[place]) for p, d, *row in changes]) for place in (0, 1))
    absences = _absences(list(managers), first, last)
    panel = Panel(
        orders=_laid_out(managers, first, orders)[:, :DAYS],
        # Sums of differences leave crumbs where everybody has gone.
        expected=np.where(np.cumsum(accounts, axis=1) > 0, np.cumsum(rates, axis=1), 0.0)[:, :DAYS],
        accounts=np.cumsum(accounts, axis=1)[:, :DAYS],
        absences=[_within(one, managers, first, last) for one in absences],
    )
    result = effect_of_absence(panel)
    episodes = [Episode(one, *figures) for one, figures in zip(absences, result.each, strict=True)]
    return Vacation(first, last, result, episodes)


def _laid_out(managers: dict[int, int], first: datetime.date, rows: Sequence[tuple[Any, ...]]) -> Floats:
    """Write (person, day, value) into an array by manager and day, with a place for the day behind the last."""
    table = np.zeros((len(managers), DAYS + 1))
    for person, day, value in rows:
        table[managers[person], (day - first).days] += float(value)
    return table


def _absences(managers: Sequence[int], first: datetime.date, last: datetime.date) -> list[Absence]:
    found = Absence.objects.filter(person__in=managers, starts_on__lte=last, ends_on__gte=first)
    return list(found.select_related("person", "covered_by").order_by("starts_on", "pk"))


def _within(absence: Absence, managers: dict[int, int], first: datetime.date, last: datetime.date) -> Away:
    begins, ends = max(absence.starts_on, first), min(absence.ends_on, last)
    return Away(
        manager=managers[absence.person_id],
        first=(begins - first).days,
        last=(ends - first).days,
        is_covered=absence.covered_by_id is not None,
    )
