"""The rows of a portfolio: what a line shows of an account, for many accounts in a fixed number of queries."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.utils import timezone

from accounts.models import Account
from departments.models import OPEN_STATES, Assignment, Capacity, Incident
from retention.dashboards.ledgers import LEAST_POINTS, Part, Reader
from retention.models import Score
from retention.templatetags.holdfast import Segment

REASONS_SHOWN = 2


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

    @property
    def moved(self) -> float | None:
        """Return by how much the risk changed within seven days; None where it was not known then."""
        if self.score is None or self.score.risk_week_ago is None:
            return None
        return self.score.risk - self.score.risk_week_ago


@dataclass(frozen=True)
class Trouble:
    """The incidents of one type at one account."""

    name: str
    count: int
    open_count: int

    def __str__(self) -> str:
        times = f" ×{self.count}" if self.count > 1 else ""
        if not self.open_count:
            return self.name + times
        return f"{self.name}{times} ({'open' if self.count == self.open_count else f'{self.open_count} open'})"


def rows_of(accounts: Sequence[Account]) -> list[Row]:
    """Return the lines of accounts that carry `last_contact` and their score: five queries."""
    scores = {account.pk: account.score for account in accounts if hasattr(account, "score")}
    reader = Reader.of(scores.values())
    owners, troubles = owners_by_account(accounts), troubles_by_account(accounts)
    return [
        _row(account, scores.get(account.pk), owners.get(account.pk, ""), troubles.get(account.pk, []), reader)
        for account in accounts
    ]


def _row(account: Account, score: Score | None, owner: str, troubles: Sequence[Trouble], reader: Reader) -> Row:
    return Row(
        account=account,
        score=score,
        owner=owner,
        parts=reader.parts(score) if score else [],
        segments=reader.segments(score) if score else [],
        reason=_reason(score, troubles, reader),
        last_contact=getattr(account, "last_contact", None),
    )


def _reason(score: Score | None, troubles: Sequence[Trouble], reader: Reader) -> str:
    if troubles:
        words = ", ".join(str(trouble).lower() for trouble in troubles[:REASONS_SHOWN])
        return words[:1].upper() + words[1:]
    return (reader.heaviest_other_term(score) if score else "") or "No open incidents"


def troubles_by_account(accounts: Iterable[Account]) -> Mapping[int, list[Trouble]]:
    """Return what weighs on each account, heaviest first: what is open, and what is resolved but still weighs."""
    weighing = Q(state__in=OPEN_STATES) | Q(points__gte=LEAST_POINTS)
    found = (
        Incident.objects.order_by()
        .filter(weighing, account__in=[account.pk for account in accounts])
        .values("account_id", "friction_type__name")
        .annotate(count=Count("pk"), still_open=Count("pk", filter=Q(state__in=OPEN_STATES)), weight=Sum("points"))
        .order_by("-weight", "-still_open", "friction_type__name")
    )
    troubles: dict[int, list[Trouble]] = defaultdict(list)
    for row in found:
        troubles[row["account_id"]].append(Trouble(row["friction_type__name"], row["count"], row["still_open"]))
    return troubles


def owners_by_account(accounts: Iterable[Account]) -> dict[int, str]:
    """Return the names of the account managers of today, by account."""
    in_force = Assignment.objects.in_force(timezone.localdate()).filter(
        account__in=[account.pk for account in accounts], capacity=Capacity.ACCOUNT_MANAGER
    )
    return dict(in_force.values_list("account_id", "person__name"))
