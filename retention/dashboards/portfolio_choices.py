"""What a reader of the portfolio has chosen: tab, filters, order."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import OrderBy
from django.utils import timezone

from accounts.models import Account
from accounts.prepared import PlannedAnew, given
from departments.models import Assignment, Department, Person
from departments.prepared import PlannedAnewFor
from retention.dashboards.ledgers import LEAST_POINTS, friction_places
from retention.dashboards.portfolio_care import CHOICES as CARE_CHOICES
from retention.dashboards.portfolio_care import by_care
from retention.dashboards.portfolio_sets import TABS, tab_condition
from retention.models import ModelVersion
from retention.scoring.bands import BAND_STARTS, BAND_WORDS, Band

SORTS = {
    "name": "name",
    "risk": "score__risk",
    "moved": "moved",
    "revenue": "annual_revenue",
    "revenue_at_risk": "revenue_at_risk",
    "renews": "renews_on",
    "contact": "last_contact",
    "avoidable": "avoidable",
}
DEFAULT_SORT = "-revenue_at_risk"


class PortfolioFilters(forms.Form):
    """The choices above the list; what cannot be chosen is answered with a sentence and left out."""

    department = forms.ChoiceField(required=False, label="Whose friction")
    segment = forms.ChoiceField(required=False, label="Segment")
    band = forms.ChoiceField(
        required=False,
        label="Band",
        choices=[("", "Any band"), *((band.value, words) for band, words in BAND_WORDS.items())],
    )
    owner = forms.ChoiceField(required=False, label="Who looks after it")
    care = forms.ChoiceField(required=False, label="What is under way", choices=[("", "Any follow-up"), *CARE_CHOICES])

    def __init__(
        self,
        *args: Any,
        departments: Iterable[Department],
        segments: Sequence[str],
        owners: Sequence[tuple[str, str]],
        **rest: Any,
    ) -> None:
        super().__init__(*args, **rest)
        self.offers_owners = len(owners) > 1
        self._choose("department", "Any department", ((one.slug, one.name) for one in departments))
        self._choose("segment", "Any segment", ((name, name) for name in segments))
        self._choose("owner", "Anybody’s", owners)

    def _choose(self, name: str, nothing: str, choices: Any) -> None:
        field = cast(forms.ChoiceField, self.fields[name])
        field.choices = [("", nothing), *choices]

    def apply(self, accounts: QuerySet[Account], model: ModelVersion | None) -> QuerySet[Account]:
        """Return the accounts that fit what was chosen."""
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        for name, value in chosen.items():
            accounts = accounts.filter(_by_department(value, model) if name == "department" else _FITTING[name](value))
        return accounts

    @property
    def query(self) -> str:
        """Return what was chosen, as it stands in an address."""
        return urlencode({name: self.data[name] for name in self.fields if self.data.get(name)})


def segments_among(accounts: QuerySet[Account]) -> QuerySet[Account, str]:
    """Return the segments that occur among the accounts."""
    return accounts.order_by("segment").exclude(segment="").values_list("segment", flat=True).distinct()


def segments_of(person: Person) -> Sequence[str]:
    """Return the segments that occur among the accounts whose books are open to the person."""
    return _SEGMENTS(person)


def owners_of(person: Person) -> Sequence[tuple[str, str]]:
    """Return who looks after any of the accounts whose books are open to the person, as public id and name."""
    return [(str(public_id), name) for public_id, name in _OWNERS(person, today=timezone.localdate())]


def all_owners() -> Sequence[tuple[str, str]]:
    """Return who looks after any account today, as public id and name, without reading every assignment."""
    return [(str(public_id), name) for public_id, name in _ALL_OWNERS(today=timezone.localdate())]


def _owners(reader: Person) -> QuerySet[Person, tuple[uuid.UUID, str]]:
    accounts = Account.objects.open_book_to(reader).order_by().values("pk")
    theirs = Assignment.objects.order_by().in_force(given("today")).filter(account__in=accounts)
    return Person.objects.filter(pk__in=theirs.values("person")).values_list("public_id", "name")


def _all_owners() -> QuerySet[Person, tuple[uuid.UUID, str]]:
    looking_after = Assignment.objects.order_by().in_force(given("today"))
    owners = Person.objects.filter(Exists(looking_after.filter(person=OuterRef("pk"))))
    return owners.values_list("public_id", "name")


_SEGMENTS = PlannedAnewFor(lambda reader: segments_among(Account.objects.open_book_to(reader)))
_OWNERS, _ALL_OWNERS = PlannedAnewFor(_owners), PlannedAnew(_all_owners)


def _by_department(slug: str, model: ModelVersion | None) -> Q:
    place = friction_places(model).get(slug) if model else None
    return Q(pk__in=[]) if place is None else Q(**{f"score__points__{place}__gte": LEAST_POINTS})


def _by_band(value: str) -> Q:
    starts = list(BAND_STARTS.items())
    place = [band for band, _ in starts].index(Band(value))
    below = Q(score__risk__lt=starts[place + 1][1]) if place + 1 < len(starts) else Q()
    return Q(score__risk__gte=starts[place][1]) & below


def _by_segment(value: str) -> Q:
    return Q(segment=value)


def _by_owner(value: str) -> Q:
    today = timezone.localdate()
    theirs = Assignment.objects.order_by().in_force(today).filter(person__public_id=value)
    return Q(pk__in=theirs.values("account"))


_FITTING = {"band": _by_band, "segment": _by_segment, "owner": _by_owner, "care": by_care}


def chosen_tab(query: dict[str, str]) -> str:
    """Return the tab that was asked for; at risk where there is none of that name."""
    tab = query.get("tab", "")
    return tab if tab in TABS else "at_risk"


def in_tab(accounts: QuerySet[Account], tab: str) -> QuerySet[Account]:
    """Return the accounts that belong to the tab."""
    return accounts.filter(tab_condition(tab))


def chosen_sort(query: dict[str, str]) -> str:
    """Return the column to sort by, with a minus where largest comes first."""
    sort = query.get("sort", "")
    return sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT


def in_order(accounts: QuerySet[Account], sort: str) -> QuerySet[Account]:
    """Sort by a column, what has no value last, and by name where they are alike."""
    column = F(SORTS[sort.removeprefix("-")])
    order = OrderBy(column, descending=sort.startswith("-"), nulls_last=True)
    return accounts.order_by(order, "name", "pk")
