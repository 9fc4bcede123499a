"""What lists can be narrowed by. A parameter that does not exist is refused: a slip must not return everything."""

from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework.request import Request

from accounts.models import Account, Channel, Order, Purpose, Signal, Touchpoint
from accounts.signals import KINDS
from departments.models import Answer, Department, HandOff, Incident, Responsibility, Ruling, RulingState, State
from departments.models.person import WORKS_IN_DEPARTMENT
from departments.prepared import departments_by_slug
from departments.reach import reach_beyond
from retention.api.callers import caller
from retention.api.pagination import Pages
from retention.models import Approval, Override, Score
from retention.scoring.bands import BAND_STARTS, BAND_WORDS, Band

IN_THE_BOOK = ("segment", "has_left", "renews_from", "renews_until", "source", "external_id", "recorded_from")
PAGING = frozenset({Pages.cursor_query_param, Pages.page_size_query_param})


class KnownParametersForm(forms.Form):
    """Refuses what no filter reads."""

    def clean(self) -> dict[str, Any]:
        """Return the values; each unknown parameter is an error of its own name."""
        known = {*self.fields, *PAGING}
        for name in self.data:
            if name not in known:
                self.errors[name] = self.error_class([f"There is no such filter; there are {', '.join(self.fields)}."])
        return self.cleaned_data


class Filters(filters.FilterSet):
    """Named filters and no others."""

    class Meta:
        form = KnownParametersForm


class SourcedFilters(Filters):
    """Filters of every record that came from somewhere."""

    source = filters.CharFilter(help_text="the system it came from")
    external_id = filters.CharFilter(help_text="its id there")
    recorded_from = filters.IsoDateTimeFilter("recorded_at", "gte", help_text="learned of at or after the moment")


class AccountFilters(SourcedFilters):
    """Filters of accounts."""

    name = filters.CharFilter(lookup_expr="icontains", help_text="part of the name")
    segment = filters.CharFilter()
    band = filters.ChoiceFilter(choices=list(BAND_WORDS.items()), method="in_band", help_text="band of risk")
    has_left = filters.BooleanFilter("left_on", "isnull", exclude=True)
    renews_from = filters.DateFilter("renews_on", "gte")
    renews_until = filters.DateFilter("renews_on", "lte")

    class Meta(SourcedFilters.Meta):
        model = Account
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[Account]) -> QuerySet[Account]:
        """Return what fits; who asks by what stands in the books alone must not learn it by asking."""
        found: QuerySet[Any] = super().filter_queryset(queryset)
        asks_for_the_book = any(self.form.cleaned_data.get(name) not in (None, "") for name in IN_THE_BOOK)
        return found.filter(book_is_open=True) if asks_for_the_book else found

    def in_band(self, accounts: QuerySet[Account], name: str, value: str) -> QuerySet[Account]:
        """Keep the accounts whose risk lies in the band."""
        return accounts.filter(_risk_in(value, "score__risk"))


class ScoreFilters(Filters):
    """Filters of scores."""

    account = filters.UUIDFilter("account__public_id")
    segment = filters.CharFilter("account__segment")
    band = filters.ChoiceFilter(choices=list(BAND_WORDS.items()), method="in_band", help_text="band of risk")

    class Meta(Filters.Meta):
        model = Score
        fields: tuple[str, ...] = ()

    def in_band(self, scores: QuerySet[Score], name: str, value: str) -> QuerySet[Score]:
        """Keep the scores whose risk lies in the band."""
        return scores.filter(_risk_in(value, "risk"))


class HappenedFilters(SourcedFilters):
    """Filters of what happened at an account at a moment."""

    account = filters.UUIDFilter("account__public_id")
    happened_from = filters.IsoDateTimeFilter("happened_at", "gte")
    happened_until = filters.IsoDateTimeFilter("happened_at", "lt", help_text="before the moment")


class IncidentFilters(HappenedFilters):
    """Filters of incidents."""

    segment = filters.CharFilter("account__segment")
    department = filters.CharFilter(method="held_by", help_text="slug of the department that holds it")
    answers = filters.CharFilter(method="answered_for_by", help_text="slug of a department that answers for a share")
    friction_type = filters.CharFilter("friction_type__slug", help_text="slug of the friction type")
    # Not distinct: no join doubles an incident here, and to compare whole rows takes reading all of them.
    state = filters.MultipleChoiceFilter(choices=State.choices, distinct=False)
    is_open = filters.BooleanFilter(method="open_or_not", help_text="whether it still needs work")
    assignee = filters.UUIDFilter("assignee__public_id")
    due_until = filters.IsoDateTimeFilter("due_at", "lt", help_text="due before the moment")

    class Meta(HappenedFilters.Meta):
        model = Incident
        fields: tuple[str, ...] = ()

    def held_by(self, incidents: QuerySet[Incident], name: str, slug: str) -> QuerySet[Incident]:
        """Keep the incidents that the department holds."""
        holder = departments_by_slug().get(slug)
        return self._within_reach(incidents.filter(department=holder.pk), holder) if holder else incidents.none()

    def answered_for_by(self, incidents: QuerySet[Incident], name: str, slug: str) -> QuerySet[Incident]:
        """Keep the incidents for a share of which the department answers."""
        if (department := departments_by_slug().get(slug)) is None:
            return incidents.none()
        parts = Responsibility.objects.order_by().filter(department=department.pk, share__gt=0)
        return self._within_reach(incidents.filter(pk__in=parts.values("incident")), department)

    def _within_reach(self, incidents: QuerySet[Incident], department: Department) -> QuerySet[Incident]:
        """Keep what may concern the caller's department, where this is another one and that can be looked up."""
        person = caller(cast(Request, self.request))
        if person.role not in WORKS_IN_DEPARTMENT or person.department_id in (None, department.pk):
            return incidents
        keys = reach_beyond(person.department_id, department.pk)
        return incidents if keys is None else incidents.filter(pk__in=keys)

    def open_or_not(self, incidents: QuerySet[Incident], name: str, wanted: object) -> QuerySet[Incident]:
        """Keep the open incidents, or the resolved ones."""
        return incidents.exclude(state=State.RESOLVED) if wanted else incidents.filter(state=State.RESOLVED)


class OverrideFilters(Filters):
    """Filters of overrides."""

    account = filters.UUIDFilter("account__public_id")
    approval = filters.ChoiceFilter(choices=Approval.choices)
    is_standing = filters.BooleanFilter(method="standing_or_not", help_text="whether it holds now")

    class Meta(Filters.Meta):
        model = Override
        fields: tuple[str, ...] = ()

    def standing_or_not(self, overrides: QuerySet[Override], name: str, wanted: object) -> QuerySet[Override]:
        """Keep what holds now, or what does not."""
        standing = Override.objects.order_by().standing(timezone.now()).values("pk")
        return overrides.filter(pk__in=standing) if wanted else overrides.exclude(pk__in=standing)


class HandOffFilters(Filters):
    """Filters of hand-offs."""

    incident = filters.UUIDFilter("incident__public_id")
    from_department = filters.CharFilter("from_department__slug")
    to_department = filters.CharFilter("to_department__slug")
    answer = filters.ChoiceFilter(choices=Answer.choices)

    class Meta(Filters.Meta):
        model = HandOff
        fields: tuple[str, ...] = ()


class RulingFilters(Filters):
    """Filters of disputes before an executive."""

    incident = filters.UUIDFilter("incident__public_id")
    state = filters.ChoiceFilter(choices=RulingState.choices)

    class Meta(Filters.Meta):
        model = Ruling
        fields: tuple[str, ...] = ()


class SignalFilters(HappenedFilters):
    """Filters of signals."""

    kind = filters.ChoiceFilter(choices=[(kind.name, kind.label) for kind in KINDS.values()])
    order = filters.UUIDFilter("order__public_id")

    class Meta(HappenedFilters.Meta):
        model = Signal
        fields: tuple[str, ...] = ()


class TouchpointFilters(HappenedFilters):
    """Filters of touchpoints."""

    channel = filters.ChoiceFilter(choices=Channel.choices)
    purpose = filters.ChoiceFilter(choices=Purpose.choices)
    person = filters.UUIDFilter("person__public_id")

    class Meta(HappenedFilters.Meta):
        model = Touchpoint
        fields: tuple[str, ...] = ()


class OrderFilters(SourcedFilters):
    """Filters of orders."""

    account = filters.UUIDFilter("account__public_id")
    ordered_from = filters.IsoDateTimeFilter("ordered_at", "gte")
    ordered_until = filters.IsoDateTimeFilter("ordered_at", "lt", help_text="before the moment")
    is_delivered = filters.BooleanFilter("delivered_on", "isnull", exclude=True)

    class Meta(SourcedFilters.Meta):
        model = Order
        fields: tuple[str, ...] = ()


def _risk_in(band: str, field: str) -> Q:
    """Return the condition that a risk lies in the band: from its start to the start of the next."""
    starts = list(BAND_STARTS.values())
    place = list(BAND_STARTS).index(Band(band))
    above = Q(**{f"{field}__gte": starts[place]})
    return above if place + 1 == len(starts) else above & Q(**{f"{field}__lt": starts[place + 1]})
