"""What each department carries, computed ahead: at how many accounts, how much, and at which of them the most.

Of all accounts and of each segment. Sums and counts are made in one reading of all scores, which also counts how many
accounts carry about as much; so a second one finds those that carry the most without putting the others in order.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection

from retention.dashboards.kept import Figures
from retention.dashboards.ledgers import friction_places
from retention.models import ModelVersion

LEADING = 200
# A step is a tenth of money's natural logarithm; what carries no money is below all others.
NO_MONEY = -10_000
_STEPS: Final = f"""
    SELECT model_id, place, segment, step, count(*), sum(carried) FROM (
        SELECT score.model_id, charged.place, account.segment, carried,
            CASE WHEN carried > 0 THEN floor(10 * ln(carried))::int ELSE {NO_MONEY} END AS step
        FROM retention_score AS score
        JOIN accounts_account AS account ON account.id = score.account_id
        CROSS JOIN LATERAL unnest(score.points) WITH ORDINALITY AS charged (part, place)
        CROSS JOIN LATERAL (SELECT charged.part * score.annual_revenue AS carried) AS money
        WHERE NOT score.is_frozen AND charged.part > 0) AS carrying
    GROUP BY model_id, place, segment, step
"""
_LEADING: Final = """
    SELECT department, segment, account_id FROM (
        SELECT least.department, least.segment, carried, account.name, account.id AS account_id, row_number() OVER (
            PARTITION BY least.department, least.segment ORDER BY carried DESC, account.name, account.id) AS number
        FROM retention_score AS score
        JOIN accounts_account AS account ON account.id = score.account_id
        JOIN unnest(%(models)s::bigint[], %(places)s::int[], %(segments)s::text[], %(moneys)s::float8[],
            %(departments)s::text[]) AS least (model_id, place, segment, money, department)
            ON least.model_id = score.model_id AND least.segment = account.segment
        CROSS JOIN LATERAL (SELECT score.points[least.place] * score.annual_revenue AS carried) AS charged
        WHERE NOT score.is_frozen AND score.points[least.place] > 0 AND carried >= least.money) AS first_ones
    WHERE number <= %(most)s
    ORDER BY carried DESC, name, account_id
"""
Holder = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Carried:
    """At how many accounts a department carries some revenue at risk, how much in all, and the first by how much."""

    accounts: int
    whole: float
    leading: Sequence[int]

    def on_page(self, number: int, length: int) -> Sequence[int] | None:
        """Return the accounts of a page; None beyond those that are kept."""
        before = (number - 1) * length
        ids = self.leading[before : before + length]
        return ids if len(ids) == min(length, self.accounts - before) else None


@dataclass(frozen=True, slots=True)
class CarriedBy:
    """Those of each department and segment, as an address names both; nothing of one that carries nothing there."""

    of: Mapping[str, Carried]


def key_of(department: str, segment: str) -> str:
    """Return the name under which is kept what a department, by slug, carries at a segment; empty for all."""
    return urlencode({"department": department, "segment": segment})


@dataclass(slots=True)
class _Held:
    """What is counted of a department at a segment: accounts by step of money, and money."""

    steps: dict[int, int]
    whole: float = 0.0

    def least_money(self) -> float:
        """Return the money from which on at least as many accounts are found as are kept, or all."""
        found = 0
        for step in sorted(self.steps, reverse=True):
            found += self.steps[step]
            if found >= LEADING:
                # A little less than where the step begins, as the database rounds otherwise.
                return math.exp(step / 10) * (1 - 1e-9) if step > NO_MONEY else 0.0
        return 0.0


def _all_carried(moment: datetime.datetime) -> CarriedBy:
    places = _charged_places()
    held = _held(places)
    leading = _leading(places, held)
    return CarriedBy(
        {
            key_of(*holder): Carried(sum(one.steps.values()), one.whole, leading[holder])
            for holder, one in _with_all_segments(held).items()
        }
    )


def _charged_places() -> dict[tuple[int, int], str]:
    """Return whose points stand where in a score, by model and place; PostgreSQL counts from one."""
    return {
        (version.pk, place + 1): slug
        for version in ModelVersion.objects.all()
        for slug, place in friction_places(version).items()
    }


def _held(places: Mapping[tuple[int, int], str]) -> dict[Holder, _Held]:
    held: dict[Holder, _Held] = {}
    for model, place, segment, step, accounts, money in _rows(_STEPS):
        if slug := places.get((model, place)):
            one = held.setdefault((slug, segment), _Held({}))
            one.steps[step] = one.steps.get(step, 0) + accounts
            one.whole += money
    return held


def _with_all_segments(held: Mapping[Holder, _Held]) -> dict[Holder, _Held]:
    """Return the same of segments that have a name, and of all accounts under an empty one."""
    whole: dict[Holder, _Held] = {}
    for (slug, _), one in held.items():
        every = whole.setdefault((slug, ""), _Held({}))
        every.steps = {step: every.steps.get(step, 0) + one.steps.get(step, 0) for step in every.steps | one.steps}
        every.whole += one.whole
    return {holder: one for holder, one in held.items() if holder[1]} | whole


def _leading(places: Mapping[tuple[int, int], str], held: Mapping[Holder, _Held]) -> Mapping[Holder, Sequence[int]]:
    """Return who comes first of each segment, and of all: those that come first of all do so of their own segment."""
    least = [
        (model, place, segment, one.least_money(), slug)
        for (model, place), slug in places.items()
        for (holder, segment), one in held.items()
        if holder == slug
    ]
    names = ("models", "places", "segments", "moneys", "departments")
    given: dict[str, Any] = {name: [one[number] for one in least] for number, name in enumerate(names)}
    leading: dict[Holder, list[int]] = defaultdict(list)
    for slug, segment, account in _rows(_LEADING, {**given, "most": LEADING}):
        for holder in {(slug, segment), (slug, "")}:
            leading[holder].append(account)
    return {holder: ids[:LEADING] for holder, ids in leading.items()}


def _rows(statement: str, given: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given or {})
        return list(cursor.fetchall())


CARRIED = Figures("carried", CarriedBy, _all_carried)
