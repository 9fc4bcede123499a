"""What similar accounts hold besides: similar by a stated definition, read as sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, QuerySet
from django.utils import timezone

from accounts.models import Account, Holding
from accounts.prepared import PlannedAnew, given

OFFERS_SHOWN = 3
LEAST_HOLDERS = 3
LEAST_SIMILAR = 10
TWICE = 2
# What any annual revenue lies between.
NOTHING, ANYTHING = Decimal(0), Decimal(10) ** 12


@dataclass(frozen=True)
class Offer:
    """A service that similar accounts hold besides: how many of them, and what it is worth there a month."""

    name: str
    holders: int
    of: int
    monthly_value: Decimal

    @property
    def share(self) -> float:
        """Return which share of the similar accounts hold it."""
        return self.holders / self.of


@dataclass(frozen=True)
class Comparison:
    """Which accounts are compared with, how many (up to ten where they hold nothing besides), and what they hold."""

    words: str
    count: int
    offers: Sequence[Offer]


def compared_with(account: Account) -> Comparison:
    """Return what similar accounts hold that this one does not, the most widely held first.

    Similar are those of the same segment that have not left and bring between half and twice the annual revenue;
    where fewer than ten do, all of the segment. Without a segment nothing is compared.
    """
    if not account.segment:
        return Comparison("", 0, [])
    alike = _Alike(account, account.annual_revenue / TWICE, account.annual_revenue * TWICE)
    words = f"{account.segment} accounts of half to twice its revenue"
    if alike.some() < LEAST_SIMILAR:
        alike, words = _Alike(account, NOTHING, ANYTHING), f"{account.segment} accounts"
    held = alike.held_besides()
    # A segment may have a hundred thousand accounts: all are counted only where the number is told.
    count = alike.count() if held else alike.some()
    return Comparison(words, count, [Offer(name, holders, count, value) for name, holders, value in held])


@dataclass(frozen=True, slots=True)
class _Alike:
    """The accounts of the same segment that have not left and bring an annual revenue from least to most."""

    account: Account
    least: Decimal
    most: Decimal

    @property
    def _values(self) -> dict[str, Any]:
        account = self.account
        return {"account": account.pk, "segment": account.segment, "least": self.least, "most": self.most}

    def some(self) -> int:
        """Return how many there are, up to ten."""
        return len(_SOME(**self._values))

    def count(self) -> int:
        """Return how many there are."""
        return next(iter(_COUNT(**self._values)), 0)

    def held_besides(self) -> Sequence[tuple[str, int, Decimal]]:
        """Return what they hold that the account does not: its name, how many hold it, what it is worth a month."""
        return _HELD(**self._values, today=timezone.localdate())


def _alike() -> QuerySet[Account]:
    alike = Account.objects.filter(segment=given("segment"), left_on=None).exclude(pk=given("account"))
    return alike.filter(annual_revenue__range=(given("least"), given("most"))).order_by()


def _held_besides() -> QuerySet[Holding, tuple[str, int, Decimal]]:
    holdings = Holding.objects.on(given("today")).order_by()
    own = holdings.filter(account=given("account")).values("product")
    held = holdings.filter(account__in=_alike().values("pk")).exclude(product__in=own)
    popular = held.values("product__name").annotate(holders=Count("account", distinct=True), value=Avg("monthly_value"))
    widely = popular.filter(holders__gte=LEAST_HOLDERS).order_by("-holders", "product__name")
    return widely.values_list("product__name", "holders", "value")[:OFFERS_SHOWN]


_SOME = PlannedAnew(lambda: _alike().values_list("pk", flat=True)[:LEAST_SIMILAR])
_COUNT = PlannedAnew(lambda: _alike().values("segment").annotate(count=Count("pk")).values_list("count", flat=True))
_HELD = PlannedAnew(_held_besides)
