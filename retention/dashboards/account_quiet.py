"""What has gone quiet: feeds that an account's friction comes from, as silence is not its absence, and its orders."""

import datetime
from typing import Any, Final

from django.db import connection

from accounts.models import Account
from accounts.signals import KINDS
from retention.dashboards.company import COMPANY
from retention.dashboards.coverage import Feed, FeedState
from retention.dashboards.retained import SILENT_DAYS
from retention.scoring.explaining import Explanation
from retention.scoring.features import orders_now

LATEST: Final = 50

# The latest of each kind that the account has ever been in, from whichever account: one walk of an index a kind.
LATEST_SQL: Final = """
    SELECT own.kind, count(*), min(latest.happened_at), max(latest.happened_at), max(latest.recorded_at)
    FROM (SELECT DISTINCT kind FROM accounts_signal WHERE account_id = %(account)s) AS own
    CROSS JOIN LATERAL (
        SELECT happened_at, recorded_at FROM accounts_signal
        WHERE kind = own.kind AND happened_at <= %(moment)s
        ORDER BY happened_at DESC LIMIT %(latest)s) AS latest
    GROUP BY own.kind
"""

KEYS_SQL: Final = """
    SELECT DISTINCT 'order', source FROM accounts_order WHERE account_id = %(account)s
    UNION SELECT DISTINCT 'contact:' || channel, source FROM accounts_touchpoint WHERE account_id = %(account)s
    UNION SELECT DISTINCT 'report:' || reporting_department_id, '' FROM departments_incident
    WHERE account_id = %(account)s AND reporting_department_id IS NOT NULL
"""


def quiet_feeds(account: Account, moment: datetime.datetime) -> list[FeedState]:
    """Return the feeds that once told of this account and tell of nobody any more, longest silent first."""
    parameters: dict[str, Any] = {"account": account.pk, "moment": moment, "latest": LATEST}
    with connection.cursor() as cursor:
        cursor.execute(LATEST_SQL, parameters)
        rows = cursor.fetchall()
    found = [
        Feed(KINDS[kind].label, KINDS[kind].department.replace("_", " ").capitalize(), *measured)
        for kind, *measured in rows
        if kind in KINDS
    ]
    states = [FeedState(feed, feed.words(moment)) for feed in [*found, *_others(account, moment)]]
    stale = [state for state in states if state.is_stale]
    return sorted(stale, key=lambda state: -(state.feed.silent_days(moment) or 0.0))


def _others(account: Account, moment: datetime.datetime) -> list[Feed]:
    """Return feeds of orders, contacts and reports that the account has been in, as they were last counted.

    They are measured over the whole company, ahead of readers; what nobody has counted yet is not named.
    """
    counted = COMPANY.kept(moment)
    if counted is None:
        return []
    feeds = [one for one in counted.figures.feeds if one.key and not one.key.startswith("signal:")]
    if not any(FeedState(one, one.words(moment)).is_stale for one in feeds):
        return []
    with connection.cursor() as cursor:
        cursor.execute(KEYS_SQL, {"account": account.pk})
        own = set(cursor.fetchall())
    return [one for one in feeds if (one.key, one.source) in own]


def silent_days(account: Account, explanation: Explanation) -> int | None:
    """Return for how many days an account without a contract has not ordered, where the scorecard holds it for lost."""
    if account.renews_on is not None or account.left_on is not None:
        return None
    orders = orders_now(explanation.facts)
    days = int(orders.days_since_last[0])
    return days if orders.has_ordered[0] and days >= SILENT_DAYS else None
