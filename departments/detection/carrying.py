"""Who got a batch: a signal names one, and so do the signals of every account whose goods came from it.

Orders and holdings carry no batch; a shipment, an inspection, a supplier's lot and a claim do, in the field `batch`.
"""

import datetime
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection

from accounts.signals import BATCH
from departments.detection.grouping import Match
from departments.detection.matching import Finding

LONGEST_BATCH = 200

# The earliest signal of each account that names the batch within the days; the index holds the named ones alone.
CARRIERS = """
    SELECT DISTINCT ON (given.position, carrier.account_id)
        given.position, carrier.account_id, carrier.id, carrier.order_id, carrier.happened_at, carrier.recorded_at
    FROM json_to_recordset(%s) AS given (position integer, batch text, since timestamptz, until timestamptz)
    JOIN accounts_signal AS carrier
        ON carrier.data ->> 'batch' = given.batch AND carrier.data ? 'batch'
        AND carrier.happened_at BETWEEN given.since AND given.until
    ORDER BY given.position, carrier.account_id, carrier.happened_at, carrier.id
"""

Carrier = tuple[int, int, int, int | None, datetime.datetime, datetime.datetime]


def carried(findings: Iterable[Finding]) -> Iterator[Match]:
    """Yield a match at each account that got the batch which a finding's signal names; one without a name has none."""
    named = [finding for finding in findings if batch_of(finding)]
    for position, account_id, carrier_id, order_id, got_at, known_at in _carriers(named):
        yield _match(named[position], account_id, carrier_id, order_id, got_at, known_at)


def batch_of(finding: Finding) -> str:
    """Return the batch that the finding's signal names, or an empty text."""
    return str(finding.signal.data.get(BATCH) or "")[:LONGEST_BATCH]


def _carriers(named: Sequence[Finding]) -> list[Carrier]:
    if not named:
        return []
    with connection.cursor() as cursor:
        cursor.execute(CARRIERS, [json.dumps([_asked(*pair) for pair in enumerate(named)])])
        return list(cursor.fetchall())


def _asked(position: int, finding: Finding) -> dict[str, Any]:
    span, moment = datetime.timedelta(days=finding.rule.days), finding.signal.happened_at
    since, until = (moment - span).isoformat(), (moment + span).isoformat()
    return {"position": position, "batch": batch_of(finding), "since": since, "until": until}


def _match(
    finding: Finding,
    account_id: int,
    carrier_id: int,
    order_id: int | None,
    got_at: datetime.datetime,
    known_at: datetime.datetime,
) -> Match:
    """It is friction as soon as the account has the goods and they are known to be bad, whichever comes last."""
    signal = replace(
        finding.signal,
        account_id=account_id,
        order_id=order_id,
        happened_at=max(finding.signal.happened_at, got_at),
        recorded_at=max(finding.signal.recorded_at, known_at),
    )
    return Match(finding.rule.id, signal, finding.severity, batch_of(finding), carrier_id)
