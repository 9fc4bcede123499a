"""What the tiles and tabs of a portfolio add up to."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from retention.dashboards.ledgers import friction_places
from retention.dashboards.portfolio_sets import AT_RISK, LEAST_MOVE, QUIET_DAYS, RENEWAL_DAYS, TABS, WEEK
from retention.models import ModelVersion

ACCOUNTS_SQL: Final = """
    SELECT account.left_on IS NULL AS stays, NOT shown.is_aside AS here, shown.is_snoozed, score.risk,
           score.risk * score.annual_revenue AS money, score.risk - score.risk_week_ago AS moved,
           coalesce(score.risk_week_ago, score.risk) AS risk_before, score.annual_revenue AS revenue,
           score.friction_points AS friction, coalesce({friction_before}, score.friction_points) AS friction_before,
           account.renews_on BETWEEN %(today)s AND %(renewal)s AS renews, score.scored_at, score.model_id,
           NOT EXISTS (SELECT FROM accounts_order AS bought
                       WHERE bought.account_id = account.id AND bought.ordered_at >= %(quiet)s)
           AND NOT EXISTS (SELECT FROM accounts_touchpoint AS contact
                           WHERE contact.account_id = account.id AND contact.happened_at >= %(quiet)s) AS is_quiet
           {besides}
    FROM ({shown}) AS shown
    JOIN accounts_account AS account ON account.id = shown.pk
    LEFT JOIN retention_score AS score ON score.account_id = account.id
"""
# What makes an account belong to a tab: `portfolio_sets.tab_condition` in the words of these statements. Written out,
# since to put so many conditions together takes longer than to answer them.
IN_TAB_SQL: Final = {
    "at_risk": "stays AND here AND risk >= %(at_risk)s",
    "moved": "stays AND here AND abs(moved) >= %(move)s",
    "renewing": "stays AND here AND renews",
    "quiet": "stays AND here AND is_quiet",
    "all": "stays",
    "snoozed": "stays AND is_snoozed",
    "left": "NOT stays",
}
_TABS_SQL: Final = ", ".join(f"count(*) FILTER (WHERE {fits}) AS tab_{tab}" for tab, fits in IN_TAB_SQL.items())
SUMS_SQL: Final = f"""
       coalesce(sum(money) FILTER (WHERE stays), 0) AS revenue_at_risk,
       coalesce(sum(moved * revenue) FILTER (WHERE stays), 0) AS change,
       coalesce(sum(friction * revenue) FILTER (WHERE stays), 0) AS avoidable,
       count(*) FILTER (WHERE stays AND risk >= %(at_risk)s) AS at_risk,
       count(*) FILTER (WHERE stays AND risk_before >= %(at_risk)s) AS at_risk_before,
       coalesce(sum(friction_before * revenue) FILTER (WHERE stays), 0) AS avoidable_before,
       count(*) FILTER (WHERE stays AND risk >= %(at_risk)s AND NOT here) AS aside,
       max(scored_at) AS scored_at, max(model_id) AS model, {_TABS_SQL}
"""
# The points that departments answered for by the score of a week ago; null where the model was another.
FRICTION_BEFORE: Final = """(
    SELECT {charged} FROM retention_scorehistory AS history
    WHERE history.account_id = account.id AND history.model_id = %(model)s AND history.as_of <= %(week_ago)s
    ORDER BY history.as_of DESC LIMIT 1)"""


@dataclass(frozen=True)
class Totals:
    """What a portfolio adds up to; money in the organisation's currency, changes against a week ago."""

    revenue_at_risk: float
    change: float
    avoidable: float
    at_risk: int
    at_risk_before: int
    avoidable_before: float
    aside: int
    scored_at: datetime.datetime | None
    model: int | None
    tabs: dict[str, int]

    @property
    def avoidable_share(self) -> float:
        """Return which share of the revenue at risk is friction that we caused."""
        return self.avoidable / self.revenue_at_risk if self.revenue_at_risk else 0.0


def totals(accounts: QuerySet[Account], model: ModelVersion | None) -> Totals:
    """Add up a portfolio in one statement; accounts that left count in their own tab alone.

    `accounts` carry `is_aside` and `is_snoozed`. What was set aside is counted: money is not out of danger because
    somebody looks away.
    """
    words, given = reading_of(accounts, model)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH portfolio AS MATERIALIZED ({words}) SELECT {SUMS_SQL} FROM portfolio", given)
        return as_totals(next(named_rows(cursor)))


def reading_of(
    accounts: QuerySet[Account], model: ModelVersion | None, besides: str = ""
) -> tuple[str, dict[str, Any]]:
    """Return the statement of which `SUMS_SQL` adds up the rows, and the parameters of both.

    `besides` are further columns, of the `account` and its `score`, each after a comma.
    """
    shown, values = _compiled(accounts)
    words = ACCOUNTS_SQL.format(friction_before=_friction_before(model), shown=shown, besides=besides)
    return words, {**_parameters(model), **values}


def named_rows(cursor: Any) -> Iterator[dict[str, Any]]:
    """Yield what a cursor found, each row by the names of its columns."""
    names = [column.name for column in cursor.description]
    yield from (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def as_totals(sums: Mapping[str, Any]) -> Totals:
    """Return the columns of `SUMS_SQL` as what a portfolio adds up to."""
    tabs = {tab: sums[f"tab_{tab}"] for tab in TABS}
    return Totals(tabs=tabs, **{field.name: sums[field.name] for field in fields(Totals) if field.name != "tabs"})


def _compiled(accounts: QuerySet[Any]) -> tuple[str, dict[str, Any]]:
    """Return which accounts as a statement, its parameters by name as those of the statement around it are."""
    columns = ("pk", "is_aside", "is_snoozed")
    chosen = accounts.order_by().values(*columns)
    statement, values = chosen.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    names = [f"shown_{place}" for place in range(len(values))]
    return statement % tuple(f"%({name})s" for name in names), dict(zip(names, values, strict=True))


def _friction_before(model: ModelVersion | None) -> str:
    places = friction_places(model).values() if model else []
    # PostgreSQL counts from one.
    charged = " + ".join(f"coalesce(history.points[{place + 1}], 0)" for place in places)
    return FRICTION_BEFORE.format(charged=charged) if charged else "NULL"


def _parameters(model: ModelVersion | None) -> dict[str, Any]:
    now, today = timezone.now(), timezone.localdate()
    return {
        "today": today,
        "renewal": today + datetime.timedelta(days=RENEWAL_DAYS),
        "quiet": now - datetime.timedelta(days=QUIET_DAYS),
        "week_ago": now - WEEK,
        "model": model.pk if model else None,
        "at_risk": AT_RISK,
        "move": LEAST_MOVE,
    }
