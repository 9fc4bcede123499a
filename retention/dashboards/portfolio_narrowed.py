"""The portfolio of all accounts narrowed by one choice, computed ahead: what its tiles and tabs count.

By segment, band and department, all in one reading of the company. What an owner looks after is little, and more than
one choice at once is counted when it is asked for.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone

from accounts.segments import segments_on_record
from departments.models import State
from retention.dashboards.kept import Figures
from retention.dashboards.ledgers import LEAST_POINTS, friction_places
from retention.dashboards.portfolio_sets import NO_INCIDENTS, WEEK, looked_on
from retention.dashboards.portfolio_totals import Totals, totals_by
from retention.models import ModelVersion
from retention.scoring.bands import BAND_STARTS

# What an account belongs to, as the filters of the portfolio have it; several departments may have its friction.
CHOICES_SQL: Final = """
    SELECT 'segment' AS kind, segment AS value WHERE segment <> ''
    UNION ALL
    SELECT 'band', width_bucket(risk, %(bands)s::float8[])::text WHERE risk IS NOT NULL
    UNION ALL
    SELECT 'department', place::text FROM unnest(points) WITH ORDINALITY AS charged (share, place)
    WHERE share >= %(least_points)s
"""
INCIDENTS_SQL: Final = f"""
SELECT chosen.kind, chosen.value, sum(open), sum(past_due), sum(before) FROM (
    SELECT account_id, count(*) FILTER (WHERE resolved_at IS NULL) AS open,
        count(*) FILTER (WHERE resolved_at IS NULL AND due_at < %(now)s) AS past_due,
        count(*) FILTER (WHERE recorded_at <= %(week_ago)s AND (resolved_at IS NULL OR resolved_at > %(week_ago)s))
        AS before
    FROM departments_incident
    WHERE merged_into_id IS NULL
        AND (state <> '{State.RESOLVED}' OR (state = '{State.RESOLVED}' AND resolved_at > %(week_ago)s))
    GROUP BY account_id) AS held
JOIN accounts_account AS account ON account.id = held.account_id AND account.left_on IS NULL
LEFT JOIN retention_score AS score ON score.account_id = account.id
CROSS JOIN LATERAL ({CHOICES_SQL}) AS chosen
GROUP BY chosen.kind, chosen.value
"""
Chosen = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The accounts that one choice leaves: totals, and incidents at those that have not left."""

    totals: Totals
    incidents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NarrowedBy:
    """Those of each choice, by how it stands in an address: segment=Retail; one that nothing fits has none."""

    of: Mapping[str, Narrowed]


def _narrowed(moment: datetime.datetime) -> NarrowedBy:
    model = ModelVersion.objects.filter(is_active=True).first()
    given = {"bands": list(BAND_STARTS.values()), "least_points": LEAST_POINTS}
    sums = totals_by(looked_on(), model, CHOICES_SQL, given)
    incidents = _incidents(given)
    return NarrowedBy(
        {
            urlencode({name: value}): Narrowed(sums[chosen], incidents.get(chosen, NO_INCIDENTS))
            for (name, value), chosen in _choices(model)
            if chosen in sums
        }
    )


def _choices(model: ModelVersion | None) -> Iterator[tuple[Chosen, Chosen]]:
    """Yield each choice as the address has it, and as the statements do: by its number, counted from one."""
    for segment in segments_on_record():
        yield ("segment", segment), ("segment", segment)
    for number, band in enumerate(BAND_STARTS, start=1):
        yield ("band", str(band)), ("band", str(number))
    for slug, place in friction_places(model).items() if model else ():
        yield ("department", slug), ("department", str(place + 1))


def _incidents(given: Mapping[str, Any]) -> dict[Chosen, dict[str, int]]:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(INCIDENTS_SQL, {**given, "now": now, "week_ago": now - WEEK})
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return {(kind, value): dict(zip(NO_INCIDENTS, map(int, counts), strict=True)) for kind, value, *counts in rows}


NARROWED = Figures("portfolio_narrowed", NarrowedBy, _narrowed)
