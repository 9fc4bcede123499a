"""What else there is to know of an account: services held, innovations, people."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account, Contact, Holding
from accounts.prepared import Prepared, given
from accounts.presence import Places, present
from departments.models import Adoption, Assignment, Commitment, Release
from retention.dashboards.similar import Comparison, compared_with

CONTACTS_SHOWN = 12
INNOVATIONS_SHOWN = 5
OF_ACCOUNT: Places = {
    "holdings": (Holding, "account"),
    "adoptions": (Adoption, "account"),
    "owed": (Commitment, "account"),
    "contacts": (Contact, "account"),
}


@dataclass(frozen=True)
class Facts:
    """Services, innovations and people of one account."""

    holdings: Sequence[Holding]
    similar: Comparison
    adoptions: Sequence[Adoption]
    delivered: int
    owed: Sequence[Commitment]
    contacts: Sequence[Contact]

    @property
    def monthly_value(self) -> float:
        """Return what the services held bring in a month."""
        return float(sum(holding.monthly_value for holding in self.holdings))

    @cached_property
    def shown_adoptions(self) -> Sequence[Adoption]:
        """Return the latest innovations that the account uses."""
        return self.adoptions[:INNOVATIONS_SHOWN]

    @property
    def broken(self) -> int:
        """Return how many promised innovations are past their day."""
        today = timezone.localdate()
        return sum(commitment.promised_for < today for commitment in self.owed)


def facts_of(account: Account) -> Facts:
    """Read what an account page shows beside the risk."""
    today = timezone.localdate()
    there = present(OF_ACCOUNT, [account.pk])
    return Facts(
        holdings=list(account.holdings.on(today).select_related("product")) if "holdings" in there else [],
        similar=compared_with(account),
        adoptions=list(_adoptions(account)) if "adoptions" in there else [],
        delivered=Release.objects.filter(delivered_on__lte=today).count(),
        owed=list(_owed(account)) if "owed" in there else [],
        contacts=list(account.contacts.all()[:CONTACTS_SHOWN]) if "contacts" in there else [],
    )


def _adoptions(account: Account) -> QuerySet[Adoption]:
    return account.adoptions.select_related("release").order_by("-adopted_on")


def _owed(account: Account) -> QuerySet[Commitment]:
    owed = account.commitments.filter(release__delivered_on=None).select_related("release")
    return owed.order_by("promised_for", "pk")


def looking_after(account: Account) -> list[Assignment]:
    """Return who looks after the account today, in which capacity."""
    return _LOOKING_AFTER(account=account.pk, today=timezone.localdate())


_LOOKING_AFTER = Prepared(
    lambda: Assignment.objects.in_force(given("today")).filter(account=given("account")).select_related("person")
)
