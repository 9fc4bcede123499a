"""Cures of incidents, problems, corrective actions and their checks: everything that the pages do."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from departments.actions import checks, cure, problems
from departments.models import (
    Capability,
    Containment,
    CorrectiveAction,
    Cost,
    CustomerStep,
    EffectivenessCheck,
    Incident,
    Problem,
    RootCause,
)
from retention.api.callers import caller
from retention.api.filters_cure import ActionFilters, CheckFilters, CureFilters, ProblemFilters
from retention.api.serializers.cure import (
    STRIKEABLE,
    ActionInput,
    ConclusionInput,
    ContainmentInput,
    CorrectiveActionSerializer,
    CostInput,
    CureDetail,
    CureSerializer,
    CustomerStepInput,
    EffectivenessCheckSerializer,
    ProblemDetail,
    ProblemInput,
    ProblemRecordSerializer,
    Reason,
    ReopenInput,
    ReplanInput,
    RootCauseInput,
    SeveralLinked,
    StrikeInput,
)
from retention.api.serializers.incidents import OutcomeSerializer
from retention.api.views.common import UNDO, Records

CHECKS = EffectivenessCheck.objects.select_related("action", "decided_by")
ACTIONS = CorrectiveAction.objects.select_related(
    *("incident", "problem", "person", "owner", "department", "friction_type", "done_by")
).prefetch_related(Prefetch("checks", CHECKS))


def _rows() -> "list[Prefetch[Any]]":
    """What the cures of incidents and of problems are made of."""
    by_person = ("incident", "problem", "person")
    return [
        Prefetch("containments", Containment.objects.standing().select_related(*by_person)),
        Prefetch("rootcauses", RootCause.objects.standing().select_related(*by_person, "cause")),
        Prefetch("correctiveactions", ACTIONS.filter(undone_at=None)),
    ]


def _recorded() -> QuerySet[Any, Any]:
    """Incidents, by key, of whose cure something is recorded, or that belong to a problem."""
    # One set: told by conditions that are joined by "or", each incident on record would be held against all of them.
    parts = []
    for model in (Containment, RootCause, CorrectiveAction, Cost, CustomerStep):
        rows: Any = model._default_manager
        parts.append(rows.standing().filter(incident__isnull=False).order_by().values("incident"))
    return Incident.objects.filter(problem__isnull=False).order_by().values("pk").union(*parts)


class CureViewSet(Records[Incident]):
    """Cures, by the id of their incident."""

    queryset = Incident.objects.select_related("problem", "department", "friction_type", "account").prefetch_related(
        *_rows(),
        Prefetch("costs", Cost.objects.standing().select_related("incident", "problem", "person")),
        Prefetch("customersteps", CustomerStep.objects.standing().select_related("incident", "problem", "person")),
    )
    serializer_class = CureSerializer
    detail_serializer_class = CureDetail
    filterset_class = CureFilters
    capabilities = {
        **dict.fromkeys(("contain", "cause", "plan", "cost"), Capability.WORK_ON_INCIDENTS),
        "customer": Capability.REPORT_FRICTION,
        "strike": Capability.REPORT_FRICTION,
        "unlink": Capability.ANSWER_INCIDENTS,
    }

    def get_queryset(self) -> QuerySet[Incident]:
        """Return incidents of whose cure something is recorded; a single one in any case."""
        found = super().get_queryset()
        return found.filter(pk__in=_recorded()) if self.action == "list" else found

    @extend_schema(request=ContainmentInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def contain(self, request: Request, public_id: UUID) -> Response:
        """Record what was done at once for the customer."""
        return self._cure(cure.contain, ContainmentInput)

    @extend_schema(request=RootCauseInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def cause(self, request: Request, public_id: UUID) -> Response:
        """Record why it happened."""
        return self._cure(cure.find_cause, RootCauseInput)

    @extend_schema(request=ActionInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, public_id: UUID) -> Response:
        """Plan a corrective action."""
        return self._cure(cure.plan_action, ActionInput)

    @extend_schema(request=CostInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def cost(self, request: Request, public_id: UUID) -> Response:
        """Record what it cost directly."""
        return self._do(cure.record_cost, CostInput)

    @extend_schema(request=CustomerStepInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def customer(self, request: Request, public_id: UUID) -> Response:
        """Record that the customer was told or asked."""
        return self._do(cure.record_customer_step, CustomerStepInput)

    @extend_schema(request=Reason, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def unlink(self, request: Request, public_id: UUID) -> Response:
        """Say why it does not belong to its problem."""
        return self._do(problems.unlink_incident, Reason)

    @extend_schema(request=StrikeInput, responses=CureDetail)
    @action(detail=True, methods=["post"])
    def strike(self, request: Request, public_id: UUID) -> Response:
        """Say that something recorded of it is wrong: it counts no longer, the record keeps it."""
        incident = self.get_object()
        given = self.read(StrikeInput)
        rows: Any = STRIKEABLE[given["kind"]]._default_manager
        row = get_object_or_404(rows.filter(incident=incident), public_id=given["id"])
        cure.strike(row=row, words=given["words"], acting_person=caller(request))
        return self.show(incident.pk)

    def _cure(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        incident = self.get_object()
        act(subject=incident, acting_person=caller(self.request), **self.read(form))
        return self.show(incident.pk)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        incident = self.get_object()
        act(incident=incident, acting_person=caller(self.request), **self.read(form))
        return self.show(incident.pk)


class ProblemViewSet(Records[Problem]):
    """Common causes, and the incidents that they brought about."""

    queryset = Problem.objects.select_related("department", "friction_type", "opened_by", "closed_by")
    serializer_class = ProblemRecordSerializer
    detail_serializer_class = ProblemDetail
    filterset_class = ProblemFilters
    capabilities = {
        **dict.fromkeys(("contain", "cause", "plan", "strike"), Capability.WORK_ON_INCIDENTS),
        **dict.fromkeys(("create", "link", "close", "reopen"), Capability.ANSWER_INCIDENTS),
    }

    def get_queryset(self) -> QuerySet[Problem]:
        """Return problems, a single one with its cure."""
        found = super().get_queryset()
        if self.action == "list":
            return found
        seen = Incident.objects.visible_to(caller(self.request))
        return found.prefetch_related(*_rows(), Prefetch("incidents", seen))

    @extend_schema(request=ProblemInput, responses={201: ProblemDetail})
    def create(self, request: Request) -> Response:
        """Open a problem of incidents with a common cause."""
        problem = problems.open_problem(acting_person=caller(request), **self.read(ProblemInput))
        return self.show_created(problem.pk)

    @extend_schema(request=SeveralLinked, responses=OutcomeSerializer)
    @action(detail=True, methods=["post"])
    def link(self, request: Request, public_id: UUID) -> Response:
        """Link incidents to it; each is done or refused by itself."""
        problem = self.get_object()
        outcome = problems.link_all(problem=problem, acting_person=caller(request), **self.read(SeveralLinked))
        return Response(OutcomeSerializer(outcome).data)

    @extend_schema(request=ContainmentInput, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def contain(self, request: Request, public_id: UUID) -> Response:
        """Record what was done at once for the customers."""
        return self._do("subject", cure.contain, ContainmentInput)

    @extend_schema(request=RootCauseInput, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def cause(self, request: Request, public_id: UUID) -> Response:
        """Record why it happens."""
        return self._do("subject", cure.find_cause, RootCauseInput)

    @extend_schema(request=ActionInput, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, public_id: UUID) -> Response:
        """Plan a corrective action."""
        return self._do("subject", cure.plan_action, ActionInput)

    @extend_schema(request=Reason, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, public_id: UUID) -> Response:
        """Say why it is done with."""
        return self._do("problem", problems.close_problem, Reason)

    @extend_schema(request=Reason, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, public_id: UUID) -> Response:
        """Say why it is not."""
        return self._do("problem", problems.reopen_problem, Reason)

    @extend_schema(request=StrikeInput, responses=ProblemDetail)
    @action(detail=True, methods=["post"])
    def strike(self, request: Request, public_id: UUID) -> Response:
        """Say that something recorded of it is wrong: it counts no longer, the record keeps it."""
        problem = self.get_object()
        given = self.read(StrikeInput)
        rows: Any = STRIKEABLE[given["kind"]]._default_manager
        row = get_object_or_404(rows.filter(problem=problem), public_id=given["id"])
        cure.strike(row=row, words=given["words"], acting_person=caller(request))
        return self.show(problem.pk)

    def _do(self, name: str, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        problem = self.get_object()
        act(**{name: problem}, acting_person=caller(self.request), **self.read(form))
        return self.show(problem.pk)


class CorrectiveActionViewSet(Records[CorrectiveAction]):
    """What is changed so that friction does not come back."""

    queryset = ACTIONS
    serializer_class = CorrectiveActionSerializer
    filterset_class = ActionFilters
    capabilities = dict.fromkeys(("done", "replan", "drop"), Capability.WORK_ON_INCIDENTS)

    @extend_schema(parameters=[UNDO], request=Reason, responses=CorrectiveActionSerializer)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, public_id: UUID) -> Response:
        """Say that it is done, and what was changed."""
        return self._do(cure.finish_action, Reason)

    @extend_schema(parameters=[UNDO], request=ReplanInput, responses=CorrectiveActionSerializer)
    @action(detail=True, methods=["post"])
    def replan(self, request: Request, public_id: UUID) -> Response:
        """Give it to somebody else, or another day."""
        return self._do(cure.replan_action, ReplanInput)

    @extend_schema(parameters=[UNDO], request=Reason, responses=CorrectiveActionSerializer)
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, public_id: UUID) -> Response:
        """Say why it is not going to be done."""
        return self._do(cure.drop_action, Reason)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        row = self.get_object()
        act(action=row, acting_person=caller(self.request), **self.read(form))
        self.can_undo(row.subject)
        return self.show(row.pk)


class EffectivenessCheckViewSet(Records[EffectivenessCheck]):
    """Whether the rate per order fell."""

    queryset = EffectivenessCheck.objects.select_related(
        *("action__incident", "action__problem", "action__department", "decided_by")
    )
    serializer_class = EffectivenessCheckSerializer
    filterset_class = CheckFilters
    capabilities = dict.fromkeys(("confirm", "reopen"), Capability.ANSWER_INCIDENTS)

    @extend_schema(parameters=[UNDO], request=ConclusionInput, responses=EffectivenessCheckSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, public_id: UUID) -> Response:
        """Close the action."""
        return self._do(checks.confirm_check, ConclusionInput)

    @extend_schema(parameters=[UNDO], request=ReopenInput, responses=EffectivenessCheckSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, public_id: UUID) -> Response:
        """Plan the action again."""
        return self._do(checks.reopen_action, ReopenInput)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        check = self.get_object()
        act(check=check, acting_person=caller(self.request), **self.read(form))
        self.can_undo(check.action.subject)
        return self.show(check.pk)
