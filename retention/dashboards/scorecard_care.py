"""How customers are looked after: services held, where sales' time goes, innovations adopted, promises kept."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import Account, Holding, Purpose, Touchpoint
from accounts.segments import segments_on_record
from departments.models import Adoption, Commitment, Role
from retention.dashboards.kept import Figures
from retention.dashboards.periods import Period, months_after

TIME_DAYS = 90
INNOVATION_MONTHS = 12


def customers_on(day: datetime.date, segment: str) -> QuerySet[Account]:
    """Return who was a customer on the day."""
    there = Q(left_on=None) | Q(left_on__gt=day)
    accounts = Account.objects.order_by().filter(there).filter(Q(customer_since=None) | Q(customer_since__lte=day))
    return accounts.filter(segment=segment) if segment else accounts


@dataclass(frozen=True, slots=True)
class Breadth:
    """Services held over accounts that have not left; None where no service was ever recorded."""

    now: float | None
    before: float | None


def breadth(today: datetime.date, before: datetime.date, *, segment: str) -> Breadth:
    """Return it for two days."""
    return Breadth(_breadth_on(today, segment), _breadth_on(before, segment))


def _breadth_on(day: datetime.date, segment: str) -> float | None:
    accounts = customers_on(day, segment)
    services, customers = Holding.objects.on(day).filter(account__in=accounts.values("pk")).count(), accounts.count()
    return services / customers if services and customers else None


@dataclass(frozen=True, slots=True)
class TimeShare:
    """Minutes that account managers spent on one purpose, as a share of all; `before` is the share it was."""

    label: str
    minutes: int
    share: float
    before: float | None


def sales_time(today: datetime.date, before: datetime.date, *, segment: str) -> list[TimeShare]:
    """Return where account managers' recorded minutes went in 90 days, most first, and in 90 days to a day before."""
    now, earlier = _minutes(today, segment), _minutes(before, segment)
    whole, whole_earlier = sum(now.values()), sum(earlier.values())
    return [
        TimeShare(
            str(Purpose(purpose).label),
            minutes,
            minutes / whole,
            earlier.get(purpose, 0) / whole_earlier if whole_earlier else None,
        )
        for purpose, minutes in sorted(now.items(), key=lambda one: -one[1])
    ]


def managers_contacts(last: datetime.date, segment: str) -> QuerySet[Touchpoint]:
    """Return account managers' contacts with minutes on record, of the 90 days up to a day, included."""
    first = last - datetime.timedelta(days=TIME_DAYS - 1)
    contacts = Touchpoint.objects.order_by().filter(
        happened_at__date__range=(first, last), minutes__gt=0, person__role=Role.ACCOUNT_MANAGER
    )
    return contacts.filter(account__segment=segment) if segment else contacts


def _minutes(last: datetime.date, segment: str) -> Mapping[str, int]:
    spent = managers_contacts(last, segment).values_list("purpose").annotate(total=Sum("minutes"))
    return dict(spent.order_by("-total", "purpose"))


@dataclass(frozen=True, slots=True)
class Promises:
    """Releases that were promised to accounts for a day within twelve months: delivered by then, later, or not yet."""

    kept: int
    late: int
    broken: int

    @property
    def count(self) -> int:
        """Return how many came due."""
        return self.kept + self.late + self.broken

    @property
    def kept_share(self) -> float | None:
        """Return the part that was kept; None where none came due."""
        return self.kept / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Innovation:
    """The share of accounts that adopted a release within twelve months, and promises, on two days."""

    adopted: float | None
    adopted_before: float | None
    promises: Promises
    promises_before: Promises


def innovation(today: datetime.date, before: datetime.date, *, segment: str) -> Innovation:
    """Return it for two days; shares are None where no adoption was ever recorded by then."""
    return Innovation(
        _adopted_by(today, segment),
        _adopted_by(before, segment),
        _promises_by(today, segment),
        _promises_by(before, segment),
    )


def _adopted_by(day: datetime.date, segment: str) -> float | None:
    accounts = customers_on(day, segment)
    since = months_after(day, -INNOVATION_MONTHS)
    recent = Adoption.objects.order_by().filter(adopted_on__gt=since, adopted_on__lte=day)
    adopters, customers = accounts.filter(pk__in=recent.values("account")).count(), accounts.count()
    return adopters / customers if adopters and customers else None


def promises_due(day: datetime.date, segment: str) -> QuerySet[Commitment]:
    """Return what was promised to accounts for a day of the last twelve months."""
    due = Commitment.objects.order_by().filter(
        promised_for__gt=months_after(day, -INNOVATION_MONTHS), promised_for__lte=day
    )
    return due.filter(account__segment=segment) if segment else due


def _promises_by(day: datetime.date, segment: str) -> Promises:
    there = Q(release__delivered_on__lte=day)
    in_time = Q(release__delivered_on__lte=F("promised_for"))
    counts = promises_due(day, segment).aggregate(
        all=Count("pk"), kept=Count("pk", filter=there & in_time), late=Count("pk", filter=there & ~in_time)
    )
    return Promises(counts["kept"], counts["late"], counts["all"] - counts["kept"] - counts["late"])


@dataclass(frozen=True, slots=True)
class Care:
    """Services held and innovations adopted, on a day and on the last one of the quarter before."""

    today: datetime.date
    before: datetime.date
    breadth: Breadth
    innovation: Innovation


def care(today: datetime.date, before: datetime.date, *, segment: str) -> Care:
    """Compute it for two days."""
    return Care(today, before, breadth(today, before, segment=segment), innovation(today, before, segment=segment))


@dataclass(frozen=True, slots=True)
class CareBySegment:
    """The same of the accounts of each segment, and under an empty one of all."""

    of: Mapping[str, Care]


def _of_the_company(moment: datetime.datetime) -> CareBySegment:
    today = timezone.localdate(moment)
    before = Period.quarter_to(today).end_before
    return CareBySegment({name: care(today, before, segment=name) for name in ("", *segments_on_record())})


CARE = Figures("care_by_segment", CareBySegment, _of_the_company)


def care_on(today: datetime.date, before: datetime.date, segment: str, moment: datetime.datetime) -> Care:
    """Return it as it is kept, where it is of these days; else computed."""
    kept = CARE.kept_of(Care, segment, moment)
    if kept and kept.figures and (kept.figures.today, kept.figures.before) == (today, before):
        return kept.figures
    return care(today, before, segment=segment)
