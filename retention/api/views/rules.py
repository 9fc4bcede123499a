"""Detection rules: kept by the heads of the departments that answer, with the same preview as in the browser."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import Invalid, NotAllowed
from departments.actions.backfills import ask_for_backfill
from departments.actions.rules import may_keep, save_rule
from departments.actions.undoable import of_rule
from departments.conditions import ConditionError
from departments.detection.previewing import preview
from departments.models import Capability, DetectionRule
from retention.api.callers import caller
from retention.api.filters import Filters
from retention.api.serializers import rules as forms
from retention.api.views.common import UNDO, Records
from retention.tasks import backfill_rule


class RuleFilters(Filters):
    """Filters of rules."""

    signal_kind = filters.ChoiceFilter(choices=forms.KIND_CHOICES)
    friction_type = filters.CharFilter("friction_type__slug")
    department = filters.CharFilter("friction_type__department__slug")
    is_active = filters.BooleanFilter()

    class Meta(Filters.Meta):
        model = DetectionRule
        fields: tuple[str, ...] = ()


class RuleViewSet(Records[DetectionRule]):
    """What turns signals into incidents."""

    queryset = DetectionRule.objects.select_related("friction_type__department")
    serializer_class = forms.RuleSerializer
    detail_serializer_class = forms.RuleDetail
    filterset_class = RuleFilters
    capabilities = dict.fromkeys(("create", "change", "switch", "backfill", "preview"), Capability.KEEP_RULES)

    def get_queryset(self) -> QuerySet[DetectionRule]:
        """Return rules, a single one with its versions."""
        found = super().get_queryset()
        return found if self.action == "list" else found.prefetch_related("versions__friction_type", "backfills")

    @extend_schema(parameters=[UNDO], request=forms.NewRule, responses={201: forms.RuleDetail})
    def create(self, request: Request) -> Response:
        """Make a rule; it finds what comes from now on."""
        made = self._keep(DetectionRule(**self.read(forms.NewRule)))
        return self.show_created(made.pk)

    @extend_schema(request=forms.NewRule, responses=forms.PreviewSerializer)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """Tell what a rule would have opened in the last 90 days; nothing is kept."""
        rule = DetectionRule(**self.read(forms.NewRule))
        if not may_keep(caller(request), rule.friction_type):
            raise NotAllowed(f"Rules over “{rule.friction_type}” are kept by its department.")
        try:
            found = preview(rule, now=timezone.now(), person=caller(request))
        except ConditionError as refused:
            raise Invalid(None, str(refused)) from refused
        return Response(forms.PreviewSerializer(found).data)

    @extend_schema(parameters=[UNDO], request=forms.RuleChange, responses=forms.RuleDetail)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, public_id: UUID) -> Response:
        """Change what it says, from now on; refused with 409 where somebody changed it since it was read."""
        return self._save(self.read(forms.RuleChange))

    @extend_schema(parameters=[UNDO], request=forms.Switch, responses=forms.RuleDetail)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, public_id: UUID) -> Response:
        """Switch it off or on."""
        return self._save(self.read(forms.Switch))

    @extend_schema(request=forms.BackfillDays, responses={202: forms.BackfillSerializer})
    @action(detail=True, methods=["post"])
    def backfill(self, request: Request, public_id: UUID) -> Response:
        """Hold it against signals of the past; a worker does, and the rule tells how far it is."""
        rule = self.get_object()
        asked = ask_for_backfill(rule=rule, acting_person=caller(request), **self.read(forms.BackfillDays))
        backfill_rule.delay(asked.pk)
        return Response(forms.BackfillSerializer(asked).data, status=status.HTTP_202_ACCEPTED)

    def _save(self, values: dict[str, Any]) -> Response:
        rule = self.get_object()
        for name, value in values.items():
            setattr(rule, name, value)
        return self.show(self._keep(rule).pk)

    def _keep(self, rule: DetectionRule) -> DetectionRule:
        person = caller(self.request)
        return self.take(of_rule(rule, person), lambda: save_rule(rule=rule, acting_person=person))
