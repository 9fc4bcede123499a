"""The portfolio of all accounts narrowed by segment, band and department, computed ahead for all that can be chosen.

One reading writes down of each account what it belongs to and counts in. Those that belong to the same are added up,
and these sums once more for every combination that they fit; several departments may have an account's friction. What
an owner looks after is little, and what is under way changes by the minute: both are counted when they are asked for.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection, transaction
from django.utils import timezone

from departments.models import State
from retention.dashboards.kept import Figures
from retention.dashboards.ledgers import LEAST_POINTS, friction_places
from retention.dashboards.portfolio_kept import Counted
from retention.dashboards.portfolio_sets import NO_INCIDENTS, TABS, looked_on
from retention.dashboards.portfolio_totals import IN_TAB_SQL, SUMS_SQL, as_totals, named_rows, reading_of
from retention.models import ModelVersion
from retention.scoring.bands import BAND_STARTS

# More combinations than these are kept of no company, the largest first: what few fit is soon counted.
MOST = 1000
# So many of each tab and combination: four pages.
LEADING = 100
# They are looked for among so many accounts, as many of each segment and band.
LOOKED_AT = 60_000

# What it belongs to: a segment or '', a band by number or 0, departments by the place of their points.
BELONGS_SQL: Final = """, account.id, account.name, account.segment,
    coalesce(width_bucket(score.risk, %(bands)s::float8[]), 0) AS band, {charged}::int[] AS charged"""
HELD_SQL: Final = f"""
    SELECT account_id, count(*) FILTER (WHERE resolved_at IS NULL) AS open,
        count(*) FILTER (WHERE resolved_at IS NULL AND due_at < %(now)s) AS past_due,
        count(*) FILTER (WHERE recorded_at <= %(week_ago)s AND (resolved_at IS NULL OR resolved_at > %(week_ago)s))
        AS before
    FROM departments_incident
    WHERE merged_into_id IS NULL
        AND (state <> '{State.RESOLVED}' OR (state = '{State.RESOLVED}' AND resolved_at > %(week_ago)s))
    GROUP BY account_id
"""
WRITTEN_SQL: Final = """
CREATE TEMPORARY TABLE portfolio AS
SELECT account.*, open, past_due, before
FROM ({accounts}) AS account LEFT JOIN ({held}) AS held ON held.account_id = account.id AND account.stays
"""
_SUMS: Final = ("revenue_at_risk", "change", "avoidable", "avoidable_before")
_COUNTS: Final = ("at_risk", "at_risk_before", "aside", *(f"tab_{tab}" for tab in TABS), *NO_INCIDENTS)
_AGAIN: Final = ", ".join(
    [
        *(f"sum({name}) AS {name}" for name in _SUMS),
        *(f"sum({name})::bigint AS {name}" for name in _COUNTS),
        *(f"max({name}) AS {name}" for name in ("scored_at", "model")),
    ]
)
_HELD: Final = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in NO_INCIDENTS)
COMBINED_SQL: Final = f"""
WITH alike AS (SELECT segment, band, charged, {SUMS_SQL}, {_HELD} FROM portfolio GROUP BY segment, band, charged)
SELECT of_segment, of_band, of_department, {_AGAIN}
FROM alike
CROSS JOIN LATERAL (SELECT '' UNION ALL SELECT alike.segment WHERE alike.segment <> '') AS segments (of_segment)
CROSS JOIN LATERAL (SELECT 0 UNION ALL SELECT alike.band WHERE alike.band > 0) AS bands (of_band)
CROSS JOIN LATERAL (SELECT 0 UNION ALL SELECT unnest(alike.charged)) AS departments (of_department)
GROUP BY of_segment, of_band, of_department
"""
# In the order of `portfolio_choices.in_order`, where what has no score comes last.
LEADING_SQL: Final = f"""
SELECT id, segment, band, charged, coalesce(money, -1), ARRAY[{", ".join(IN_TAB_SQL.values())}]
FROM (SELECT *, row_number() OVER (
    PARTITION BY segment, band ORDER BY coalesce(money, -1) DESC, name, id) AS number FROM portfolio) AS ranked
WHERE number <= %(most)s
ORDER BY coalesce(money, -1) DESC, name, id
"""
# A segment, the number of a band, the place of a department's points; empty or 0 for any.
Chosen = tuple[str, int, int]
Leading = Mapping[str, Sequence[int]]
LookedAt = tuple[Sequence[tuple[Any, ...]], Mapping[tuple[str, int], float]]


@dataclass(frozen=True, slots=True)
class NarrowedBy:
    """What each choice and combination leaves, by how it stands in an address; nothing of one that nothing fits."""

    of: Mapping[str, Counted]


def _narrowed(moment: datetime.datetime) -> NarrowedBy:
    model = ModelVersion.objects.filter(is_active=True).first()
    with transaction.atomic(), connection.cursor() as cursor:
        given = _write_down(cursor, model)
        cursor.execute(COMBINED_SQL, given)
        sums = {_chosen(row): row for row in named_rows(cursor)}
        kept = _largest(sums)
        leading = _leading(_looked_at(cursor, given), kept)
        cursor.execute("DROP TABLE portfolio")
    return NarrowedBy(
        {
            key: Counted(as_totals(sums[chosen]), {name: sums[chosen][name] for name in NO_INCIDENTS}, leading[chosen])
            for key, chosen in _addresses(kept, model)
        }
    )


def _write_down(cursor: Any, model: ModelVersion | None) -> Mapping[str, Any]:
    """Write down what all accounts belong to and count in, and return the parameters of what is asked of it."""
    places = friction_places(model).values() if model else []
    charged = [f"CASE WHEN score.points[{place + 1}] >= %(least_points)s THEN {place + 1} END" for place in places]
    belongs = BELONGS_SQL.format(charged=f"array_remove(ARRAY[{', '.join(charged)}]::int[], NULL)")
    words, given = reading_of(looked_on(), model, belongs)
    given |= {"bands": list(BAND_STARTS.values()), "least_points": LEAST_POINTS, "now": timezone.now()}
    cursor.execute(WRITTEN_SQL.format(accounts=words, held=HELD_SQL), given)
    return given


def _chosen(row: Mapping[str, Any]) -> Chosen:
    return row["of_segment"], row["of_band"], row["of_department"]


def _largest(sums: Mapping[Chosen, Mapping[str, Any]]) -> list[Chosen]:
    """Return the combinations that are kept: those that the most accounts fit."""
    chosen = [one for one in sums if any(one)]
    return sorted(chosen, key=lambda one: -sums[one]["tab_all"] - sums[one]["tab_left"])[:MOST]


def _addresses(kept: Sequence[Chosen], model: ModelVersion | None) -> Iterator[tuple[str, Chosen]]:
    """Yield each combination with how it stands in an address, in the order of the filters' form."""
    slugs = {place + 1: slug for slug, place in friction_places(model).items()} if model else {}
    bands = dict(enumerate(BAND_STARTS, start=1))
    for segment, band, department in kept:
        choices = {"department": slugs.get(department), "segment": segment, "band": bands.get(band)}
        yield urlencode({name: value for name, value in choices.items() if value}), (segment, band, department)


def _looked_at(cursor: Any, given: Mapping[str, Any]) -> LookedAt:
    """Return the accounts among which the leading ones are looked for, in order, and the money down to which all are.

    What is not among those of a segment and band puts no more at risk than the last of them.
    """
    cursor.execute("SELECT count(*) FROM (SELECT DISTINCT segment, band FROM portfolio) AS groups")
    (groups,) = cursor.fetchone()
    most = max(1, LOOKED_AT // max(1, groups))
    cursor.execute(LEADING_SQL, {**given, "most": most})
    rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows, _least(rows, most)


def _leading(looked_at: LookedAt, kept: Sequence[Chosen]) -> Mapping[Chosen, Leading]:
    """Return of each combination and tab who puts most at risk, in order: as many as are certain to come first."""
    rows, least = looked_at
    leading: dict[Chosen, dict[str, list[int]]] = {chosen: {tab: [] for tab in TABS} for chosen in kept}
    for account, segment, band, charged, money, fits in rows:
        tabs = [tab for tab, is_in in zip(IN_TAB_SQL, fits, strict=True) if is_in]
        for group in _groups(segment, band):
            if money > least[group]:
                for department in (0, *charged):
                    _put(account, leading.get((*group, department), {}), tabs)
    return leading


def _least(rows: Sequence[tuple[Any, ...]], most: int) -> Mapping[tuple[str, int], float]:
    """Return by segment and band, any too, the money down to which nobody is missing among the rows."""
    found: dict[tuple[str, int], int] = defaultdict(int)
    least: dict[tuple[str, int], float] = defaultdict(lambda: -math.inf)
    for _, segment, band, _, money, _ in rows:
        found[segment, band] += 1
        if found[segment, band] == most:
            for group in _groups(segment, band):
                least[group] = max(least[group], money)
    return least


def _groups(segment: str, band: int) -> set[tuple[str, int]]:
    return {(of_segment, of_band) for of_segment in ("", segment) for of_band in (0, band)}


def _put(account: int, lists: Mapping[str, list[int]], tabs: Sequence[str]) -> None:
    for ids in (lists[tab] for tab in tabs if lists):
        if len(ids) < LEADING:
            ids.append(account)


NARROWED = Figures("portfolio_combined", NarrowedBy, _narrowed)
