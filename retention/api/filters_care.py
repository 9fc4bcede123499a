"""What lists of recoveries, steps, asked calls and snoozes can be narrowed by."""

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

from departments.models import CallRequest, CallState
from retention.api.filters import Filters
from retention.models import Recovery, RecoveryState, RecoveryStep, Snooze


class RecoveryFilters(Filters):
    """Filters of recoveries."""

    account = filters.UUIDFilter("account__public_id")
    owner = filters.UUIDFilter("owner__public_id")
    state = filters.MultipleChoiceFilter(choices=RecoveryState.choices)
    is_overdue = filters.BooleanFilter(method="overdue_or_not", help_text="past its day, or with a step that is")

    class Meta(Filters.Meta):
        model = Recovery
        fields: tuple[str, ...] = ()

    def overdue_or_not(self, recoveries: QuerySet[Recovery], name: str, wanted: object) -> QuerySet[Recovery]:
        """Keep what is overdue, or what is not."""
        overdue = Recovery.objects.overdue(timezone.localdate()).order_by().values("pk")
        return recoveries.filter(pk__in=overdue) if wanted else recoveries.exclude(pk__in=overdue)


class StepFilters(Filters):
    """Filters of steps."""

    recovery = filters.UUIDFilter("recovery__public_id")
    owner = filters.UUIDFilter("owner__public_id")
    is_done = filters.BooleanFilter("done_at", "isnull", exclude=True)
    due_until = filters.DateFilter("due_on", "lte")

    class Meta(Filters.Meta):
        model = RecoveryStep
        fields: tuple[str, ...] = ()


class CallRequestFilters(Filters):
    """Filters of calls that were asked for."""

    account = filters.UUIDFilter("account__public_id")
    asked_by = filters.UUIDFilter("asked_by__public_id")
    state = filters.MultipleChoiceFilter(choices=CallState.choices)
    due_until = filters.DateFilter("due_on", "lte")

    class Meta(Filters.Meta):
        model = CallRequest
        fields: tuple[str, ...] = ()


class SnoozeFilters(Filters):
    """Filters of snoozes."""

    account = filters.UUIDFilter("account__public_id")
    person = filters.UUIDFilter("person__public_id")
    is_in_force = filters.BooleanFilter(method="in_force_or_not", help_text="not woken, by hand or by itself")

    class Meta(Filters.Meta):
        model = Snooze
        fields: tuple[str, ...] = ()

    def in_force_or_not(self, snoozes: QuerySet[Snooze], name: str, wanted: object) -> QuerySet[Snooze]:
        """Keep those that still hold, or those that are over."""
        holding = Snooze.objects.in_force(timezone.localdate()).order_by().values("pk")
        return snoozes.filter(pk__in=holding) if wanted else snoozes.exclude(pk__in=holding)
