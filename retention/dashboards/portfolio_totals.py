"""What the tiles and tabs of a portfolio add up to."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from retention.dashboards.ledgers import friction_places
from retention.dashboards.portfolio_sets import AT_RISK, LEAST_MOVE, QUIET_DAYS, RENEWAL_DAYS, TABS, WEEK
from retention.models import ModelVersion

# What makes an account belong to a tab: `portfolio_sets.tab_condition` in the words of this statement. Written out,
# since to put so many conditions together takes longer than to answer them.
ACCOUNTS_SQL: Final = """
WITH portfolio AS MATERIALIZED (
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
)
"""
SUMS_SQL: Final = """
       coalesce(sum(money) FILTER (WHERE stays), 0) AS revenue_at_risk,
       coalesce(sum(moved * revenue) FILTER (WHERE stays), 0) AS change,
       coalesce(sum(friction * revenue) FILTER (WHERE stays), 0) AS avoidable,
       count(*) FILTER (WHERE stays AND risk >= %(at_risk)s) AS at_risk,
       count(*) FILTER (WHERE stays AND risk_before >= %(at_risk)s) AS at_risk_before,
       coalesce(sum(friction_before * revenue) FILTER (WHERE stays), 0) AS avoidable_before,
       count(*) FILTER (WHERE stays AND risk >= %(at_risk)s AND NOT here) AS aside,
       max(scored_at) AS scored_at, max(model_id) AS model,
       count(*) FILTER (WHERE stays AND here AND risk >= %(at_risk)s) AS tab_at_risk,
       count(*) FILTER (WHERE stays AND here AND abs(moved) >= %(move)s) AS tab_moved,
       count(*) FILTER (WHERE stays AND here AND renews) AS tab_renewing,
       count(*) FILTER (WHERE stays AND here AND is_quiet) AS tab_quiet,
       count(*) FILTER (WHERE stays) AS tab_all,
       count(*) FILTER (WHERE stays AND is_snoozed) AS tab_snoozed,
       count(*) FILTER (WHERE NOT stays) AS tab_left
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
    return _as_totals(next(_sums(f"SELECT {SUMS_SQL} FROM portfolio", accounts, model)))


def totals_by(
    accounts: QuerySet[Account], model: ModelVersion | None, choices: str, given: Mapping[str, Any]
) -> dict[tuple[str, str], Totals]:
    """Add up what several choices leave of a portfolio in one reading, by kind and value of the choice.

    `choices` is a statement that returns both for each choice that an account fits, by its `segment`, its `risk` and
    its `points`; `given` are its parameters.
    """
    words = f"""SELECT chosen.kind, chosen.value, {SUMS_SQL}
        FROM portfolio CROSS JOIN LATERAL ({choices}) AS chosen GROUP BY chosen.kind, chosen.value"""
    rows = _sums(words, accounts, model, ", account.segment, score.points", given)
    return {(sums.pop("kind"), sums.pop("value")): _as_totals(sums) for sums in rows}


def _sums(
    words: str,
    accounts: QuerySet[Account],
    model: ModelVersion | None,
    besides: str = "",
    given: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    shown, values = _compiled(accounts)
    statement = ACCOUNTS_SQL.format(friction_before=_friction_before(model), shown=shown, besides=besides) + words
    with connection.cursor() as cursor:
        cursor.execute(statement, {**_parameters(model), **values, **(given or {})})
        names = [column.name for column in cursor.description]
        yield from (dict(zip(names, row, strict=True)) for row in cursor.fetchall())


def _as_totals(sums: dict[str, Any]) -> Totals:
    tabs = {tab: sums.pop(f"tab_{tab}") for tab in TABS}
    return Totals(tabs=tabs, **sums)


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
    charged = " + ".join(f"history.points[{place + 1}]" for place in places)
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
