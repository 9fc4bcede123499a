"""Feeds that have gone quiet and that an account's friction comes from: silence is not absence of friction."""

import datetime
from typing import Any, Final

from django.db import connection

from accounts.models import Account
from accounts.signals import KINDS
from retention.dashboards.coverage import Feed, FeedState

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


def quiet_feeds(account: Account, moment: datetime.datetime) -> list[FeedState]:
    """Return the feeds of signals that once told of this account and tell of nobody any more, longest silent first."""
    parameters: dict[str, Any] = {"account": account.pk, "moment": moment, "latest": LATEST}
    with connection.cursor() as cursor:
        cursor.execute(LATEST_SQL, parameters)
        rows = cursor.fetchall()
    found = [
        Feed(KINDS[kind].label, KINDS[kind].department.replace("_", " ").capitalize(), *measured)
        for kind, *measured in rows
        if kind in KINDS
    ]
    states = [FeedState(feed, feed.words(moment)) for feed in found]
    stale = [state for state in states if state.is_stale]
    return sorted(stale, key=lambda state: -(state.feed.silent_days(moment) or 0.0))
