"""What is counted over the whole company for the pages that tell what the number stands on."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from accounts.models import Account, Order
from retention.dashboards.coverage import Books, Feed, books, feeds
from retention.dashboards.kept import Figures
from retention.dashboards.retained import SILENT_DAYS


@dataclass(frozen=True, slots=True)
class Company:
    """Its feeds, its books, and how many accounts have left."""

    feeds: Sequence[Feed]
    books: Books
    leavers: int


def leavers(moment: datetime.datetime) -> int:
    """Count the accounts that ended the relation, or that buy by order and have gone silent for the horizon."""
    recent = Order.objects.order_by().filter(ordered_at__gte=moment - datetime.timedelta(days=SILENT_DAYS))
    bought = Order.objects.order_by().filter(account=OuterRef("pk"))
    silent = Q(renews_on=None) & Exists(bought) & ~Exists(recent.filter(account=OuterRef("pk")))
    return Account.objects.filter(Q(left_on__isnull=False) | silent).count()


def _company(moment: datetime.datetime) -> Company:
    return Company(feeds(moment), books(), leavers(moment))


COMPANY = Figures("company_by_feed", Company, _company)
