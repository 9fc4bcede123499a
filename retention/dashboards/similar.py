"""What similar accounts hold besides: similar by a stated definition, read as sets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, QuerySet
from django.utils import timezone

from accounts.models import Account, Holding

OFFERS_SHOWN = 3
LEAST_HOLDERS = 3
LEAST_SIMILAR = 10
TWICE = 2


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
    in_segment = Account.objects.filter(segment=account.segment, left_on=None).exclude(pk=account.pk).order_by()
    revenue = account.annual_revenue
    alike = in_segment.filter(annual_revenue__range=(revenue / TWICE, revenue * TWICE))
    words = f"{account.segment} accounts of half to twice its revenue"
    if alike[:LEAST_SIMILAR].count() < LEAST_SIMILAR:
        alike, words = in_segment, f"{account.segment} accounts"
    held = _held_besides(account, alike)
    # A segment may have a hundred thousand accounts: all are counted only where the number is told.
    count = (alike if held else alike[:LEAST_SIMILAR]).count()
    offers = [Offer(row["product__name"], row["holders"], count, row["value"]) for row in held]
    return Comparison(words, count, offers)


def _held_besides(account: Account, alike: QuerySet[Account]) -> Sequence[Mapping[str, Any]]:
    today = timezone.localdate()
    own = Holding.objects.on(today).filter(account=account).order_by().values("product")
    held = Holding.objects.on(today).filter(account__in=alike.values("pk")).exclude(product__in=own).order_by()
    popular = (
        held.values("product__name")
        .annotate(holders=Count("account", distinct=True), value=Avg("monthly_value"))
        .filter(holders__gte=LEAST_HOLDERS)
        .order_by("-holders", "product__name")
    )
    return list(popular[:OFFERS_SHOWN])
