"""What departments put at risk on a day, appended so that a year of it is read at once."""

import datetime
from collections import defaultdict
from typing import Final

import numpy as np
from django.db import connection, transaction

from departments.models import Department
from retention.models import ModelVersion, Trend
from retention.scoring.bands import BAND_STARTS, Band
from retention.scoring.engine import Evidence, Floats, department_key

# One pass over the scores: the sums of all departments' terms side by side.
TREND_SQL: Final = """
    SELECT account.segment,
           ARRAY[count(*), count(*) FILTER (WHERE score.risk >= %(at_risk)s), sum(score.annual_revenue),
                 sum(score.risk * score.annual_revenue) {sums}]::float8[]
    FROM retention_score AS score JOIN accounts_account AS account ON account.id = score.account_id
    WHERE NOT score.is_frozen AND score.model_id = %(model)s
    GROUP BY account.segment
"""


def roll_up(day: datetime.date) -> int:
    """Write the day's rows, by segment, in total and by department; written again, they replace themselves.

    They are sums over the scores as they stand: only for a day after which nothing was scored are they that day's.
    """
    departments = dict(Department.objects.order_by("position", "pk").values_list("pk", "slug"))
    figures: dict[str, Floats] = defaultdict(lambda: np.zeros(4 + len(departments)))
    for version in ModelVersion.objects.filter(pk__in=_versions_in_use()):
        for segment, sums in _sums(version, list(departments.values())):
            figures[segment] += sums
    rows = [row for segment, sums in figures.items() for row in _rows(day, segment, sums, list(departments))]
    with transaction.atomic():
        Trend.objects.filter(day=day).delete()
        return len(Trend.objects.bulk_create(rows))


def _versions_in_use() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT model_id FROM retention_score WHERE NOT is_frozen")
        return [pk for (pk,) in cursor.fetchall()]


def _sums(version: ModelVersion, slugs: list[str]) -> list[tuple[str, list[float]]]:
    charged = _charged_places(version)
    carried = "coalesce(sum(score.points[{}] * score.annual_revenue), 0)"
    terms = [carried.format(charged[slug]) if slug in charged else "0" for slug in slugs]
    sums = "".join(f", {term}" for term in terms)
    with connection.cursor() as cursor:
        cursor.execute(TREND_SQL.format(sums=sums), {"at_risk": BAND_STARTS[Band.AT_RISK], "model": version.pk})
        return list(cursor.fetchall())


def _charged_places(version: ModelVersion) -> dict[str, int]:
    """Return where in a score's points each charged department stands (from 1, as SQL counts), by slug."""
    terms = zip(version.terms, version.weights["evidence"], strict=True)
    return {
        term["department"]: place
        for place, (term, evidence) in enumerate(terms, start=1)
        if term["key"] == department_key(term["department"]) and evidence != Evidence.NO_EVIDENCE
    }


def _rows(day: datetime.date, segment: str, sums: Floats, departments: list[int]) -> list[Trend]:
    accounts, at_risk, revenue, total, *by_department = sums.tolist()
    return [
        Trend(
            day=day,
            segment=segment,
            department_id=department,
            accounts=int(accounts),
            accounts_at_risk=int(at_risk),
            annual_revenue=revenue,
            revenue_at_risk=put_at_risk,
        )
        for department, put_at_risk in [(None, total), *zip(departments, by_department, strict=True)]
    ]
