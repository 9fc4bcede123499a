"""What is done to keep customers: recoveries with their steps, calls asked of the desk, snoozes."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from departments.actions import call_requests
from departments.actions.rows_undo import Undoing
from departments.actions.undoable import of_asking_for_a_call, of_returning_a_call, of_withdrawing_a_call
from departments.models import CallRequest, Capability, Incident, Person
from retention.api.callers import caller
from retention.api.filters_care import CallRequestFilters, RecoveryFilters, SnoozeFilters, StepFilters
from retention.api.serializers import care as forms
from retention.api.serializers.inputs import Nothing
from retention.api.views.common import UNDO, Records
from retention.care import recoveries, snoozes
from retention.care.undoable import of_recovery, of_snoozes
from retention.models import Recovery, RecoveryStep, Snooze

STEPS = RecoveryStep.objects.select_related("owner", "done_by")


class RecoveryViewSet(Records[Recovery]):
    """Plans to keep an account: goal, steps, and how they ended."""

    queryset = Recovery.objects.select_related(
        "account", "owner", "started_by", "closed_by", "model_at_start", "model_at_close"
    )
    serializer_class = forms.RecoverySerializer
    filterset_class = RecoveryFilters
    capabilities = dict.fromkeys(("create", "change", "close", "add_step"), Capability.LEAD_RECOVERIES)

    def get_queryset(self) -> QuerySet[Recovery]:
        """Return recoveries with their steps, and the incidents that the caller sees."""
        seen = Incident.objects.visible_to(caller(self.request)).order_by("pk")
        return super().get_queryset().prefetch_related(Prefetch("steps", STEPS), Prefetch("incidents", seen))

    @extend_schema(request=forms.RecoveryStart, responses={201: forms.RecoverySerializer})
    def create(self, request: Request) -> Response:
        """Start a recovery; the risk of the moment is kept with it."""
        started = recoveries.start_recovery(**self.read(forms.RecoveryStart), acting_person=caller(request))
        return self.show_created(started.pk)

    @extend_schema(parameters=[UNDO], request=forms.RecoveryPlanInput, responses=forms.RecoverySerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, public_id: UUID) -> Response:
        """Change goal, lead, day and incidents."""
        return self._do(recoveries.change_recovery, forms.RecoveryPlanInput)

    @extend_schema(parameters=[UNDO], request=forms.Outcome, responses=forms.RecoverySerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, public_id: UUID) -> Response:
        """Say how it ended; the risk of the moment is kept with it."""
        return self._do(recoveries.close_recovery, forms.Outcome)

    @extend_schema(parameters=[UNDO], request=forms.StepInput, responses=forms.RecoverySerializer)
    @action(detail=True, methods=["post"], url_path="steps")
    def add_step(self, request: Request, public_id: UUID) -> Response:
        """Add something to do."""
        return self._do(recoveries.add_step, forms.StepInput)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        recovery = self.get_object()
        person, given = caller(self.request), self.read(form)
        self.take(of_recovery(recovery, person), lambda: act(recovery=recovery, acting_person=person, **given))
        return self.show(recovery.pk)


class RecoveryStepViewSet(Records[RecoveryStep]):
    """What is to be done in recoveries. Whose it is says when it is done."""

    queryset = STEPS.select_related("recovery__account")
    serializer_class = forms.StepSerializer
    filterset_class = StepFilters
    capabilities = dict.fromkeys(("change", "remove"), Capability.LEAD_RECOVERIES)

    @extend_schema(parameters=[UNDO], request=forms.StepInput, responses=forms.StepSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, public_id: UUID) -> Response:
        """Change what is to be done, by whom, until when."""
        return self._do(recoveries.change_step, forms.StepInput)

    @extend_schema(parameters=[UNDO], request=None, responses=forms.StepSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, public_id: UUID) -> Response:
        """Say that it is done."""
        return self._do(recoveries.finish_step, Nothing)

    @extend_schema(parameters=[UNDO], request=None, responses=forms.StepSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, public_id: UUID) -> Response:
        """Say that it is not done after all."""
        return self._do(recoveries.reopen_step, Nothing)

    @extend_schema(parameters=[UNDO], request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def remove(self, request: Request, public_id: UUID) -> Response:
        """Take it out; what was done stays on record."""
        self._act(self.get_object(), recoveries.remove_step)
        return Response(status=204)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        step = self.get_object()
        self._act(step, act, **self.read(form))
        return self.show(step.pk)

    def _act(self, step: RecoveryStep, act: Callable[..., object], **given: Any) -> None:
        person = caller(self.request)
        self.take(of_recovery(step.recovery, person), lambda: act(step=step, acting_person=person, **given))


class CallRequestViewSet(Records[CallRequest]):
    """Calls asked of the service desk. The desk's recorded call answers one; it can also be returned."""

    queryset = CallRequest.objects.select_related("account", "asked_by", "answered_by", "touchpoint")
    serializer_class = forms.CallRequestSerializer
    filterset_class = CallRequestFilters
    capabilities = {
        "create": Capability.ASK_FOR_CALLS,
        "withdraw": Capability.ASK_FOR_CALLS,
        "return_": Capability.RETURN_CALLS,
    }

    @extend_schema(parameters=[UNDO], request=forms.CallAsked, responses={201: forms.CallRequestSerializer})
    def create(self, request: Request) -> Response:
        """Ask the desk to call an account."""
        given, person = self.read(forms.CallAsked), caller(request)
        undoing = of_asking_for_a_call(given["account"], person)
        asked = self.take(undoing, lambda: call_requests.ask_for_call(**given, acting_person=person))
        return self.show_created(asked.pk)

    @extend_schema(parameters=[UNDO], request=forms.Return, responses=forms.CallRequestSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def return_(self, request: Request, public_id: UUID) -> Response:
        """Give it back, and say why the call is not made."""
        return self._do(call_requests.return_call_request, forms.Return, of_returning_a_call)

    @extend_schema(parameters=[UNDO], request=None, responses=forms.CallRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, public_id: UUID) -> Response:
        """Take it back."""
        return self._do(call_requests.withdraw_call_request, Nothing, of_withdrawing_a_call)

    def _do(
        self,
        act: Callable[..., object],
        form: type[Serializer[Any]],
        undoing: Callable[[CallRequest, Person], Undoing],
    ) -> Response:
        asked, person, given = self.get_object(), caller(self.request), self.read(form)
        self.take(undoing(asked, person), lambda: act(call_request=asked, acting_person=person, **given))
        return self.show(asked.pk)


class SnoozeViewSet(Records[Snooze]):
    """Accounts that people have set aside. Each person sets aside and brings back for themselves."""

    queryset = Snooze.objects.select_related("account", "person")
    serializer_class = forms.SnoozeSerializer
    filterset_class = SnoozeFilters
    capabilities = {"create": Capability.SNOOZE, "wake": Capability.SNOOZE}

    @extend_schema(parameters=[UNDO], request=forms.SnoozeInput, responses={201: forms.SnoozeSerializer(many=True)})
    def create(self, request: Request) -> Response:
        """Set accounts aside: all of them, or where one is refused none."""
        given, person = self.read(forms.SnoozeInput), caller(request)
        made = self.take(of_snoozes(person), lambda: snoozes.snooze_accounts(**given, acting_person=person))
        shown = self.get_queryset().filter(pk__in=[snooze.pk for snooze in made]).order_by("pk")
        return Response(self.get_serializer(shown, many=True).data, status=201)

    @extend_schema(parameters=[UNDO], request=forms.Accounts, responses=forms.WokenSerializer)
    @action(detail=False, methods=["post"])
    def wake(self, request: Request) -> Response:
        """Bring accounts back that the caller had set aside."""
        given, person = self.read(forms.Accounts), caller(request)
        count = self.take(of_snoozes(person), lambda: snoozes.wake_accounts(**given, acting_person=person))
        return Response({"woken": count})
