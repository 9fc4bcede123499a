"""The company's own past, as the rhythm learns from it: what was known on some days, and who fell silent after."""

import datetime
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from retention.scoring.features import DAY, Scope, epoch_day, orders_now, read_facts
from retention.scoring.panel_arrays import chosen, joined
from retention.scoring.rhythm import Floats, OrderFacts, Rhythm
from retention.scoring.rhythm_fit import fit_rhythm, start_rhythm

# Below this many accounts with a second order the experts' rhythm knows better than the data.
LEAST_ACCOUNTS: Final = 200
# Below this many that fell silent, or that did not, BG/NBD alone does. Few are enough: the fit holds on to its prior.
LEAST_OUTCOMES: Final = 50
MOST_ACCOUNTS: Final = 50_000
SNAPSHOTS: Final = 3
DAYS_BETWEEN_SNAPSHOTS: Final = 30
DAYS_UNTIL_FORGOTTEN: Final = 365

SAMPLE_SQL: Final = "SELECT id FROM accounts_account ORDER BY hashint8(id) LIMIT %s"
ORDER_DAYS_SQL: Final = """
    SELECT count(DISTINCT day) - 1.0::float8, max(day) - min(day), %(today)s - min(day)
    FROM (
        SELECT account_id, floor(date_part('epoch', ordered_at) / 86400::float8) AS day
        FROM accounts_order
        WHERE account_id = ANY(%(ids)s) AND ordered_at <= %(as_of)s AND recorded_at <= %(as_of)s
    ) AS order_day
    GROUP BY account_id
"""
BUYERS_SQL: Final = """
    SELECT DISTINCT account_id FROM accounts_order
    WHERE account_id = ANY(%(ids)s) AND date_part('epoch', ordered_at) >= %(first)s
      AND date_part('epoch', ordered_at) < %(end)s
"""


def own_rhythm(as_of: datetime.datetime, horizon_days: float) -> tuple[Rhythm, int]:
    """Learn the rhythm from the company's own orders where there are enough of them, else believe the experts.

    Return also how many accounts it was learned from, 0 for the experts'.
    """
    ids = _sample()
    x, t_x, watched = _order_days(ids, as_of)
    if np.count_nonzero(x) < LEAST_ACCOUNTS:
        return Rhythm(), 0
    start = start_rhythm(x, t_x, watched)
    facts, silent = _snapshots(ids, as_of, horizon_days)
    if min(silent.sum(), (~silent).sum()) < LEAST_OUTCOMES:
        return start, len(x)
    return fit_rhythm(facts, silent, horizon_days, start=start), len(x)


def _sample() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE_SQL, [MOST_ACCOUNTS])
        return sorted(account_id for (account_id,) in cursor.fetchall())


def _order_days(ids: list[int], as_of: datetime.datetime) -> tuple[Floats, Floats, Floats]:
    with connection.cursor() as cursor:
        cursor.execute(ORDER_DAYS_SQL, {"ids": ids, "as_of": as_of, "today": float(epoch_day(as_of))})
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def _snapshots(
    ids: Sequence[int], as_of: datetime.datetime, horizon_days: float
) -> tuple[OrderFacts, npt.NDArray[np.bool_]]:
    """Return what was known when the horizon that ends now, and some before it, began; and who was silent in each."""
    moments = [
        as_of - datetime.timedelta(days=horizon_days + DAYS_BETWEEN_SNAPSHOTS * number) for number in range(SNAPSHOTS)
    ]
    parts = [_snapshot(ids, moment, horizon_days) for moment in moments]
    return joined([facts for facts, _ in parts]), np.concatenate([silent for _, silent in parts])


def _snapshot(
    ids: Sequence[int], moment: datetime.datetime, horizon_days: float
) -> tuple[OrderFacts, npt.NDArray[np.bool_]]:
    known = read_facts(Scope.of_ids(ids), moment, horizon_days)
    facts = orders_now(known)
    buys = facts.has_ordered & (facts.days_since_last < DAYS_UNTIL_FORGOTTEN) & np.isnan(known.columns["renews_on"])
    # From the day after: the facts hold all of their own day that was known by then.
    first = (epoch_day(moment) + 1) * DAY
    with connection.cursor() as cursor:
        cursor.execute(BUYERS_SQL, {"ids": list(ids), "first": first, "end": first + horizon_days * DAY})
        buyers = np.array([account_id for (account_id,) in cursor.fetchall()], dtype=np.int64)
    silent = ~np.isin(known.account_ids, buyers)
    return chosen(facts, buys), silent[buys]
