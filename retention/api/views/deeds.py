"""The same deed for several incidents, and taking deeds back."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from departments.actions import merging, several, several_disputes
from departments.actions.cure_steps import undo_problem_step
from departments.actions.outcome import Outcome
from departments.actions.rows_undo import restore_rows
from departments.actions.undo import undo
from departments.models import Capability, Incident, ProblemUndoPoint, RowsUndo
from retention.api.callers import caller
from retention.api.serializers.incidents import OutcomeSerializer, UndoneSerializer
from retention.api.serializers.inputs import (
    Several,
    SeveralAssigned,
    SeveralDisputed,
    SeveralHandedOff,
    SeveralMerged,
    SeveralResolved,
    UndoKey,
)
from retention.api.views.common import InUtc, read


class DeedViewSet(InUtc, GenericViewSet[Incident]):
    """Deeds over up to 500 incidents: each is done or refused by itself, and the answer says which."""

    queryset = Incident.objects.none()
    filter_backends: list[Any] = []
    pagination_class = None
    capabilities = {
        "accept": Capability.ANSWER_INCIDENTS,
        "assign": Capability.WORK_ON_INCIDENTS,
        "hand_off": Capability.ANSWER_INCIDENTS,
        "dispute": Capability.ANSWER_INCIDENTS,
        "resolve": Capability.ANSWER_INCIDENTS,
        "merge": Capability.ANSWER_INCIDENTS,
    }

    @extend_schema(request=Several, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def accept(self, request: Request) -> Response:
        """Answer for all of them, also for those that the caller's department is asked to take."""
        return self._all(Several, several.accept_all)

    @extend_schema(request=SeveralAssigned, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def assign(self, request: Request) -> Response:
        """Give all of them to one person, or to nobody."""
        return self._all(SeveralAssigned, several.assign_all)

    @extend_schema(request=SeveralHandedOff, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"], url_path="hand-off")
    def hand_off(self, request: Request) -> Response:
        """Ask one department to take all of them."""
        return self._all(SeveralHandedOff, several.hand_off_all)

    @extend_schema(request=SeveralDisputed, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def dispute(self, request: Request) -> Response:
        """Say of all of them that they are not the caller's department's."""
        return self._all(SeveralDisputed, several_disputes.dispute_all)

    @extend_schema(request=SeveralResolved, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def resolve(self, request: Request) -> Response:
        """Say how all of them were put right."""
        return self._all(SeveralResolved, several.resolve_all)

    @extend_schema(request=SeveralMerged, responses=OutcomeSerializer)
    @action(detail=False, methods=["post"])
    def merge(self, request: Request) -> Response:
        """Merge duplicates into the one that is kept."""
        given = read(self, SeveralMerged)
        return _answer(merging.merge_all(acting_person=caller(request), **given))

    @extend_schema(request=UndoKey, responses=UndoneSerializer)
    @action(detail=False, methods=["post"])
    def undo(self, request: Request) -> Response:
        """Take back what the caller has just done, wherever nobody has acted since."""
        given = read(self, UndoKey)
        person, batch = caller(request), given["undo"]
        if RowsUndo.objects.visible_to(person).filter(batch=batch).exists():
            return Response({"undone": restore_rows(batch=batch, acting_person=person).named, "refused": []})
        if ProblemUndoPoint.objects.visible_to(person).filter(batch=batch).exists():
            problem = undo_problem_step(batch=batch, acting_person=person)
            return Response({"undone": [problem.public_id], "refused": []})
        return Response(UndoneSerializer(undo(batch=batch, acting_person=person)).data)

    def _all(self, form: type[Several], act: Callable[..., Outcome]) -> Response:
        person = caller(self.request)
        given = read(self, form)
        return _answer(act(acting_person=person, **given))


def _answer(outcome: Outcome) -> Response:
    if outcome.is_forbidden and outcome.refused:
        raise PermissionDenied(str(outcome.refused[0].error))
    return Response(OutcomeSerializer(outcome).data)
