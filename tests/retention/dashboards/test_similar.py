"""What similar accounts hold besides: the same segment, half to twice the revenue, or all of the segment."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Account, Product
from retention.dashboards.similar import LEAST_HOLDERS, LEAST_SIMILAR, compared_with
from tests import make

pytestmark = pytest.mark.django_db


def alike(count: int, revenue: int, *held: Product, segment: str = "Retail") -> list[Account]:
    accounts = [make.account(segment=segment, annual_revenue=Decimal(revenue)) for _ in range(count)]
    for account in accounts:
        for product in held:
            make.holding(account, product)
    return accounts


def test_accounts_of_half_to_twice_the_revenue_are_compared_where_there_are_enough() -> None:
    account = make.account(segment="Retail", annual_revenue=Decimal(10_000))
    backup, hosting = make.product("Backup"), make.product("Hosting")
    alike(LEAST_SIMILAR, 6_000, backup)
    alike(LEAST_HOLDERS, 90_000, hosting)
    alike(LEAST_HOLDERS, 10_000, hosting, segment="Wholesale")
    found = compared_with(account)
    assert (found.count, found.words) == (LEAST_SIMILAR, "Retail accounts of half to twice its revenue")
    (offer,) = found.offers
    assert (offer.name, offer.holders, offer.share, offer.monthly_value) == ("Backup", LEAST_SIMILAR, 1.0, Decimal(100))


def test_the_whole_segment_is_compared_where_too_few_are_of_its_size() -> None:
    account = make.account(segment="Retail", annual_revenue=Decimal(10_000))
    alike(LEAST_HOLDERS, 90_000, make.product("Hosting"))
    found = compared_with(account)
    assert (found.count, found.words, [offer.name for offer in found.offers]) == (3, "Retail accounts", ["Hosting"])


def test_what_few_hold_what_it_holds_and_what_the_departed_held_is_not_offered() -> None:
    account = make.account(segment="Retail", annual_revenue=Decimal(10_000))
    own, rare, gone = make.product("Own"), make.product("Rare"), make.product("Gone")
    make.holding(account, own)
    alike(LEAST_HOLDERS, 10_000, own)
    alike(LEAST_HOLDERS - 1, 10_000, rare)
    for left in alike(LEAST_HOLDERS, 10_000, gone):
        Account.objects.filter(pk=left.pk).update(left_on=timezone.localdate())
    assert compared_with(account).offers == []


def test_without_a_segment_nothing_is_compared() -> None:
    alike(LEAST_HOLDERS, 10_000, make.product("Hosting"), segment="")
    assert compared_with(make.account(segment="", annual_revenue=Decimal(10_000))).count == 0
