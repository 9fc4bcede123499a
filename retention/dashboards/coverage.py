"""What data the number stands on: each feed with its first and last record, and whether it has gone quiet."""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min

from accounts.models import Account, Holding, Order, Signal, Touchpoint
from accounts.signals import KINDS

QUIET_DAYS = 7.0
# A feed with long gaps of its own is not called quiet before ten of them have passed.
USUAL_GAPS = 10.0
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Feed:
    """Records of one kind; `last` is when the latest one happened, `received` when we last heard of any."""

    label: str
    sender: str
    count: int
    first: datetime.datetime | None
    last: datetime.datetime | None
    received: datetime.datetime | None

    def silent_days(self, moment: datetime.datetime) -> float | None:
        """Return the days since the latest record; None where there is none."""
        return None if self.last is None else (moment - self.last).total_seconds() / DAY_SECONDS

    def patience_days(self) -> float:
        """Return after how many silent days the feed counts as quiet."""
        if self.first is None or self.last is None or self.count < 2:
            return QUIET_DAYS
        usual = (self.last - self.first).total_seconds() / DAY_SECONDS / (self.count - 1)
        return max(QUIET_DAYS, USUAL_GAPS * usual)

    def words(self, moment: datetime.datetime) -> str:
        """Say how the feed stands."""
        silent = self.silent_days(moment)
        if silent is None:
            return "never received"
        if silent > self.patience_days():
            return f"quiet for {silent:.0f} days"
        return "arriving"


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed and how it stands now."""

    feed: Feed
    words: str

    @property
    def is_stale(self) -> bool:
        """Return whether it once came and comes no longer."""
        return self.words.startswith("quiet")


def feeds() -> list[Feed]:
    """Return every feed, orders first, then contacts, then signals by kind."""
    return [*_facts(), *_signals()]


def states(feeds: Iterable[Feed], moment: datetime.datetime) -> list[FeedState]:
    """Return how the feeds stand at a moment."""
    return [FeedState(feed, feed.words(moment)) for feed in feeds]


def _facts() -> Iterator[Feed]:
    orders = Order.objects.order_by()
    yield _feed("Orders", "", orders.aggregate(**_measured("ordered_at")))
    contacts = Touchpoint.objects.order_by()
    yield _feed("Contacts", "", contacts.aggregate(**_measured("happened_at")))


def _signals() -> Iterator[Feed]:
    rows = Signal.objects.order_by().values("kind").annotate(**_measured("happened_at"))
    found: dict[str, Mapping[str, Any]] = {row["kind"]: row for row in rows}
    for kind in KINDS.values():
        row = found.get(kind.name, _NOTHING)
        yield _feed(kind.label, kind.department.replace("_", " ").capitalize(), row)


_NOTHING: Mapping[str, Any] = {"count": 0, "first": None, "last": None, "received": None}


def _measured(field: str) -> dict[str, Count | Min | Max]:
    return {"count": Count("pk"), "first": Min(field), "last": Max(field), "received": Max("recorded_at")}


def _feed(label: str, sender: str, row: Mapping[str, Any]) -> Feed:
    return Feed(label, sender, row["count"], row["first"], row["last"], row["received"])


@dataclass(frozen=True, slots=True)
class Books:
    """How many customers there are, with how many services on record."""

    accounts: int
    left: int
    contracts: int
    holdings: int


def books() -> Books:
    """Count the customers and what they hold."""
    counted = Account.objects.aggregate(accounts=Count("pk"), left=Count("left_on"), contracts=Count("renews_on"))
    return Books(**counted, holdings=Holding.objects.count())
