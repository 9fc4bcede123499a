"""The incidents of an account with what each adds to the risk, and what if some had not been."""

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.models import Account
from accounts.prepared import among, given
from departments.models import OPEN_STATES, Incident, Person
from departments.prepared import PreparedFor
from retention.scoring.explaining import Explanation

SHOWN = 30
# A department sees only its own of them, so that more must be looked at than are shown.
MOST_WEIGHED = 200
RECENT = datetime.timedelta(days=90)


@dataclass(frozen=True)
class FrictionRow:
    """One incident, the points it adds (a share of 1), and whether it is ticked for the question what if."""

    incident: Incident
    points: float
    is_ticked: bool

    @property
    def is_open(self) -> bool:
        """Return whether it is not resolved."""
        return self.incident.state in OPEN_STATES


@dataclass(frozen=True)
class Friction:
    """The incidents that are shown, and how many there are."""

    rows: Sequence[FrictionRow]
    recent: int
    open: int
    total: int


def friction_of(
    account: Account, person: Person, explanation: Explanation | None, ticked: Collection[uuid.UUID] = ()
) -> Friction:
    """Return the incidents that the person may see: open ones and those that weigh, heaviest first."""
    points = explanation.points_of_incidents() if explanation else {}
    heaviest = sorted(points, key=lambda incident: -points[incident])[:MOST_WEIGHED]
    since = timezone.now() - RECENT
    if points:
        shown = _TOLD(person, account=account.pk, since=since, named=[*heaviest, *ticked])
    else:
        shown = _NEWEST(person, account=account.pk)
    rows = [_row(incident, points, ticked) for incident in shown]
    counts = next(iter(_COUNTS(person, account=account.pk, since=since)), (0, 0, 0))
    return Friction(sorted(rows, key=lambda row: (-row.points, not row.is_open))[:SHOWN], *counts)


def _newest(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    return incidents.select_related("department", "friction_type").order_by("-happened_at")[:MOST_WEIGHED]


def _of_account(reader: Person) -> QuerySet[Incident]:
    return Incident.objects.visible_to(reader).filter(account=given("account"))


def _told(reader: Person) -> QuerySet[Incident]:
    told = Q(state__in=OPEN_STATES) | Q(happened_at__gte=given("since")) | Q(public_id=among("named"))
    return _newest(_of_account(reader).filter(told))


def _counts(reader: Person) -> QuerySet[Incident, tuple[int, int, int]]:
    counted = _of_account(reader).order_by().values("account")
    return counted.annotate(
        recent=Count("pk", filter=Q(happened_at__gte=given("since"))),
        open=Count("pk", filter=Q(state__in=OPEN_STATES)),
        total=Count("pk"),
    ).values_list("recent", "open", "total")


_TOLD, _COUNTS = PreparedFor(_told), PreparedFor(_counts)
_NEWEST = PreparedFor(lambda reader: _newest(_of_account(reader)))


def _row(incident: Incident, points: Mapping[uuid.UUID, float], ticked: Collection[uuid.UUID]) -> FrictionRow:
    added = points.get(incident.public_id, incident.current_points or 0.0)
    return FrictionRow(incident, added, incident.public_id in ticked)


@dataclass(frozen=True)
class WithoutThem:
    """The risk as it is, and as the model sees it without the ticked incidents; money a year."""

    count: int
    before: float
    after: float
    money_kept: float


def what_if(account: Account, explanation: Explanation, ticked: Collection[uuid.UUID]) -> WithoutThem:
    """Rescore the account as if the ticked incidents had not been."""
    answer = explanation.without(ticked)
    kept = float(answer.saved[0]) * float(account.annual_revenue)
    return WithoutThem(len(ticked), float(answer.before[0]), float(answer.after[0]), kept)


def ticked_incidents(values: Sequence[str], account: Account, person: Person) -> frozenset[uuid.UUID]:
    """Return which of the posted ids are incidents of the account that the person may see."""
    wanted = {identity for identity in map(_as_uuid, values[: 4 * SHOWN]) if identity}
    incidents = Incident.objects.visible_to(person).filter(account=account, public_id__in=wanted)
    return frozenset(incidents.values_list("public_id", flat=True))


def _as_uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
