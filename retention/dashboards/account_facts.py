"""What else there is to know of an account: services held, innovations, people."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone

from accounts.models import Account, Contact, Holding
from departments.models import Adoption, Assignment, Commitment

CONTACTS_SHOWN = 12
OFFERS_SHOWN = 3
LEAST_ALIKE = 3


@dataclass(frozen=True)
class Offer:
    """A service that similar accounts hold besides."""

    name: str
    holders: int


@dataclass(frozen=True)
class Facts:
    """Services, innovations and people of one account."""

    holdings: Sequence[Holding]
    offers: Sequence[Offer]
    adoptions: Sequence[Adoption]
    owed: Sequence[Commitment]
    contacts: Sequence[Contact]

    @property
    def monthly_value(self) -> float:
        """Return what the services held bring in a month."""
        return float(sum(holding.monthly_value for holding in self.holdings))


def facts_of(account: Account) -> Facts:
    """Read what an account page shows beside the risk."""
    today = timezone.localdate()
    adoptions = account.adoptions.select_related("release").order_by("-adopted_on")
    owed = account.commitments.filter(release__delivered_on=None).select_related("release")
    return Facts(
        holdings=list(account.holdings.on(today).select_related("product")),
        offers=offers_for(account) if account.segment else [],
        adoptions=list(adoptions[:OFFERS_SHOWN]),
        owed=list(owed[:OFFERS_SHOWN]),
        contacts=list(account.contacts.all()[:CONTACTS_SHOWN]),
    )


def offers_for(account: Account) -> list[Offer]:
    """Return the services that most accounts of the segment hold, and this one does not."""
    today = timezone.localdate()
    own = Holding.objects.on(today).filter(account=account).order_by().values("product")
    others = Holding.objects.on(today).filter(account__segment=account.segment, account__left_on=None)
    held = others.exclude(product__in=own).order_by().values("product__name").annotate(holders=Count("account"))
    popular = held.filter(holders__gte=LEAST_ALIKE).order_by("-holders", "product__name")[:OFFERS_SHOWN]
    return [Offer(row["product__name"], row["holders"]) for row in popular]


def looking_after(account: Account) -> list[Assignment]:
    """Return who looks after the account today, in which capacity."""
    return list(account.assignments.in_force(timezone.localdate()).select_related("person"))
