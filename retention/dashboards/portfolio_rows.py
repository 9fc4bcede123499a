"""The rows of a portfolio: what a line shows of an account, for many accounts in a fixed number of queries."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Account
from accounts.prepared import Prepared, among, given
from departments.models import OPEN_STATES, Assignment, Capacity, Department
from retention.dashboards.ledgers import LEAST_POINTS, Part, Reader
from retention.dashboards.portfolio_care import Marks, marks_by_account
from retention.dashboards.triage_rows import address
from retention.models import ModelVersion, Override, Score
from retention.templatetags.holdfast import Segment

REASONS_SHOWN = 2
STILL_WEIGHS = datetime.timedelta(days=180)
# The load is severity × weight of the type, halved with every half-life since the resolution. Written out, since it
# takes longer to put together than to answer.
_TROUBLES = """
    SELECT incident.account_id, kind.name, department.slug, count(*),
           count(*) FILTER (WHERE incident.state = ANY(%(open)s)),
           sum(incident.severity * kind.weight * power(0.5::float8,
               coalesce(date_part('epoch', statement_timestamp() - incident.resolved_at), 0.0)
               / 86400.0 / kind.half_life_days))
    FROM departments_incident AS incident
    JOIN departments_frictiontype AS kind ON kind.id = incident.friction_type_id
    JOIN departments_department AS department ON department.id = kind.department_id
    WHERE incident.account_id = ANY(%(accounts)s)
      AND (incident.state = ANY(%(open)s) OR incident.resolved_at >= %(since)s)
    GROUP BY incident.account_id, kind.name, department.slug
"""


@dataclass(frozen=True)
class Row:
    """One account as a line shows it."""

    account: Account
    score: Score | None
    owner: str
    parts: Sequence[Part]
    segments: Sequence[Segment]
    reason: str
    last_contact: datetime.datetime | None
    marks: Marks
    override: Override | None = None

    @property
    def page(self) -> str:
        """Return the address of the account's page."""
        return address("account", self.account.public_id)

    @property
    def moved(self) -> float | None:
        """Return by how much the risk changed within seven days; None where it was not known then."""
        if self.score is None or self.score.risk_week_ago is None:
            return None
        return self.score.risk - self.score.risk_week_ago


@dataclass(frozen=True)
class Trouble:
    """The incidents of one type at one account; the load is what they weigh before their department's weight."""

    name: str
    department: str
    count: int
    open_count: int
    load: float

    def __str__(self) -> str:
        times = f" ×{self.count}" if self.count > 1 else ""
        if not self.open_count:
            return self.name + times
        return f"{self.name}{times} ({'open' if self.count == self.open_count else f'{self.open_count} open'})"


def rows_of(
    accounts: Sequence[Account],
    departments: Mapping[str, Department],
    model: ModelVersion | None,
    reasons: Mapping[int, str],
) -> list[Row]:
    """Return the lines of accounts that carry `last_contact` and their score, in a fixed number of queries.

    `reasons` by account take the place of the top reason in words; `model` is one that need not be read.
    """
    scores = {account.pk: account.score for account in accounts if hasattr(account, "score")}
    reader = Reader.of(scores.values(), departments, model)
    owners, troubles = owners_by_account(accounts), troubles_by_account(accounts)
    marks, overrides = marks_by_account(accounts), _overrides(accounts)
    return [
        Row(
            account=account,
            score=(score := scores.get(account.pk)),
            owner=owners.get(account.pk, ""),
            parts=(parts := reader.parts(score) if score else []),
            segments=reader.segments(score, parts) if score else [],
            reason=reasons.get(account.pk) or _reason(score, troubles.get(account.pk, []), parts, reader),
            last_contact=getattr(account, "last_contact", None),
            marks=marks.get(account.pk, Marks()),
            override=overrides.get(account.pk),
        )
        for account in accounts
    ]


_STANDING = Prepared(
    lambda: Override.objects.filter(account=among("accounts")).standing(given("now")).select_related("made_by")
)


def _overrides(accounts: Iterable[Account]) -> dict[int, Override]:
    """Return what people hold the risks of accounts to be now; whoever sees a portfolio sees its books."""
    standing = _STANDING(accounts=[account.pk for account in accounts], now=timezone.now())
    return {override.account_id: override for override in standing}


def _reason(score: Score | None, troubles: Sequence[Trouble], parts: Sequence[Part], reader: Reader) -> str:
    weights = _weights(troubles, parts)
    told = sorted(troubles, key=lambda trouble: (-weights[trouble], not trouble.open_count, trouble.name))
    told = [trouble for trouble in told if trouble.open_count or weights[trouble] >= LEAST_POINTS]
    if not told:
        return (reader.heaviest_other_term(score) if score else "") or "No open incidents"
    words = ", ".join(str(trouble).lower() for trouble in told[:REASONS_SHOWN])
    return words[:1].upper() + words[1:]


def _weights(troubles: Sequence[Trouble], parts: Sequence[Part]) -> dict[Trouble, float]:
    """Split each department's points among the types of its trouble, as their loads are to each other."""
    points = {part.department.slug: part.points for part in parts}
    loads: dict[str, float] = defaultdict(float)
    for trouble in troubles:
        loads[trouble.department] += trouble.load
    return {
        trouble: points.get(trouble.department, 0.0) * trouble.load / (loads[trouble.department] or 1.0)
        for trouble in troubles
    }


def troubles_by_account(accounts: Iterable[Account]) -> Mapping[int, list[Trouble]]:
    """Return the trouble of each account by type: what is open, and what was resolved while it still weighs."""
    values: dict[str, Any] = {
        "accounts": [account.pk for account in accounts],
        "open": [str(state) for state in OPEN_STATES],
        "since": timezone.now() - STILL_WEIGHS,
    }
    troubles: dict[int, list[Trouble]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLES, values)
        for account, *trouble in cursor.fetchall():
            troubles[account].append(Trouble(*trouble))
    return troubles


def owners_by_account(accounts: Iterable[Account]) -> dict[int, str]:
    """Return the names of the account managers of today, by account."""
    return dict(_OWNERS(accounts=[account.pk for account in accounts], today=timezone.localdate()))


_OWNERS = Prepared(
    lambda: (
        Assignment.objects.order_by()
        .in_force(given("today"))
        .filter(account=among("accounts"), capacity=Capacity.ACCOUNT_MANAGER)
        .values_list("account_id", "person__name")
    )
)
