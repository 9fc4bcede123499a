"""Incidents and hand-offs: the desk's lists, and everything a person can do there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from departments.actions import attaching, disputing, grading, handoffs, incidents, merging, rulings, waits
from departments.actions.rows_undo import Undoing
from departments.actions.undoable import of_file, of_note, of_statement
from departments.models import (
    Capability,
    HandOff,
    Incident,
    IncidentEvent,
    Note,
    Person,
    Regrading,
    Responsibility,
    Ruling,
    Statement,
)
from retention.api.bulk import answer, items_of
from retention.api.callers import caller
from retention.api.filters import HandOffFilters, IncidentFilters, RulingFilters
from retention.api.intake import take_incidents
from retention.api.serializers.attachments import NewAttachment
from retention.api.serializers.bulk import Incidents, ResultsSerializer
from retention.api.serializers.incidents import (
    DoneIncident,
    HandOffSerializer,
    IncidentDetail,
    IncidentSerializer,
    RulingSerializer,
)
from retention.api.serializers.inputs import (
    Assignee,
    CounterOffer,
    DisputeText,
    FrictionReport,
    Grade,
    HandOffProposal,
    MergeInto,
    NoteText,
    Nothing,
    Resolution,
    RulingText,
    Words,
)
from retention.api.serializers.waits import NewWait
from retention.api.views.attachments import ATTACHMENTS
from retention.api.views.common import UNDO, Records
from retention.api.views.disputes import DISPUTES
from retention.api.views.waits import WAITS

HAND_OFFS = HandOff.objects.select_related("incident", "from_department", "to_department", "proposed_by", "answered_by")
REGRADINGS = Regrading.objects.select_related("person", "department", "type_before", "type_after", "contested_by")


class IncidentViewSet(Records[Incident]):
    """Friction and who answers for it."""

    queryset = Incident.objects.select_related(
        "account",
        "friction_type",
        "department",
        "order",
        "signal",
        "rule",
        "reporter",
        "reporting_department",
        "assignee",
        "cause",
        "merged_into",
    ).prefetch_related(Prefetch("responsibilities", Responsibility.objects.select_related("department")))
    serializer_class = IncidentSerializer
    detail_serializer_class = IncidentDetail
    filterset_class = IncidentFilters
    integrations_may = ("list", "retrieve", "bulk")
    capabilities = {
        "create": Capability.REPORT_FRICTION,
        "bulk": Capability.SEND_FACTS,
        "accept": Capability.ANSWER_INCIDENTS,
        "assign": Capability.WORK_ON_INCIDENTS,
        "hand_off": Capability.ANSWER_INCIDENTS,
        "dispute": Capability.ANSWER_INCIDENTS,
        "resolve": Capability.ANSWER_INCIDENTS,
        "reopen": Capability.REPORT_FRICTION,
        "note": Capability.REPORT_FRICTION,
        "merge": Capability.ANSWER_INCIDENTS,
        "regrade": Capability.ANSWER_INCIDENTS,
        "contest": Capability.REPORT_FRICTION,
        "ask_for_ruling": Capability.ANSWER_INCIDENTS,
        "wait": Capability.WORK_ON_INCIDENTS,
        "attach": Capability.REPORT_FRICTION,
    }

    def get_queryset(self) -> QuerySet[Incident]:
        """Return incidents, a single one with its way."""
        found = super().get_queryset()
        return found if self.action == "list" else found.prefetch_related(*self._way())

    def _way(self) -> "list[Prefetch[Any]]":
        notes = Note.objects.visible_to(caller(self.request))
        files = ATTACHMENTS.visible_to(caller(self.request))
        return [
            Prefetch("hand_offs", HAND_OFFS),
            Prefetch("waits", WAITS),
            Prefetch("disputes", DISPUTES),
            Prefetch("attachments", files),
            Prefetch("events", IncidentEvent.objects.select_related("person")),
            Prefetch("regradings", REGRADINGS),
            Prefetch("notes", notes.select_related("person", "department")),
        ]

    @extend_schema(parameters=[UNDO], request=FrictionReport, responses={201: IncidentDetail})
    def create(self, request: Request) -> Response:
        """Report friction at an account."""
        incident = incidents.report_friction(**self.read(FrictionReport), acting_person=caller(request))
        self.can_undo(incident)
        return self.show_created(incident.pk)

    @extend_schema(request=Incidents, responses=ResultsSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Open up to 5,000 incidents; each is taken or refused by itself, and one that is known stays as it is."""
        return Response(answer(take_incidents(items_of(request.data), caller(request))))

    @extend_schema(request=None, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, public_id: UUID) -> Response:
        """Answer for the incident."""
        return self._do(incidents.accept, Nothing)

    @extend_schema(request=Assignee, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, public_id: UUID) -> Response:
        """Give it to a person of the department that holds it, or to nobody."""
        return self._do(incidents.assign, Assignee)

    @extend_schema(request=HandOffProposal, responses=DoneIncident)
    @action(detail=True, methods=["post"], url_path="hand-off")
    def hand_off(self, request: Request, public_id: UUID) -> Response:
        """Ask another department to answer for it, wholly or for a share."""
        return self._do(handoffs.hand_off, HandOffProposal)

    @extend_schema(request=DisputeText, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def dispute(self, request: Request, public_id: UUID) -> Response:
        """Say that it, or the caller's part of it, is not the caller's department's, without naming whose it is."""
        return self._do(disputing.dispute, DisputeText)

    @extend_schema(request=Resolution, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, public_id: UUID) -> Response:
        """Say how it was put right."""
        return self._do(incidents.resolve, Resolution)

    @extend_schema(request=Words, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, public_id: UUID) -> Response:
        """Say why it is not resolved after all."""
        return self._do(incidents.reopen, Words)

    @extend_schema(parameters=[UNDO], request=NoteText, responses=DoneIncident)
    @action(detail=True, methods=["post"], url_path="notes")
    def note(self, request: Request, public_id: UUID) -> Response:
        """Write a remark; an internal one stays in the caller's department."""
        return self._add(incidents.note, NoteText, of_note)

    @extend_schema(request=MergeInto, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, public_id: UUID) -> Response:
        """Say that it is the same as another at the account, which is kept."""
        return self._do(merging.merge, MergeInto)

    @extend_schema(request=Grade, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def regrade(self, request: Request, public_id: UUID) -> Response:
        """Call it more or less severe, or of another type; whoever reported it can contest that."""
        return self._do(grading.regrade, Grade)

    @extend_schema(request=Words, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def contest(self, request: Request, public_id: UUID) -> Response:
        """Contest the last change of grade: until an executive rules, the one before stands."""
        return self._do(grading.contest, Words)

    @extend_schema(request=Words, responses=DoneIncident)
    @action(detail=True, methods=["post"], url_path="ask-for-ruling")
    def ask_for_ruling(self, request: Request, public_id: UUID) -> Response:
        """Put a dispute before an executive."""
        return self._do(rulings.ask_for_ruling, Words)

    @extend_schema(request=NewWait, responses=DoneIncident)
    @action(detail=True, methods=["post"])
    def wait(self, request: Request, public_id: UUID) -> Response:
        """Say for whom the work waits, without handing it on."""
        return self._do(waits.wait, NewWait)

    @extend_schema(parameters=[UNDO], request={"multipart/form-data": NewAttachment}, responses=DoneIncident)
    @action(detail=True, methods=["post"], url_path="attachments", parser_classes=[MultiPartParser])
    def attach(self, request: Request, public_id: UUID) -> Response:
        """Put a file to it, as multipart/form-data; an internal one stays in the caller's department."""
        return self._add(attaching.attach, NewAttachment, of_file)

    def _do(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        incident = self.get_object()
        act(incident=incident, acting_person=caller(self.request), **self.read(form))
        return self._done(incident)

    def _add(
        self,
        act: Callable[..., object],
        form: type[Serializer[Any]],
        undoing: Callable[[Incident, Person], Undoing],
    ) -> Response:
        """Put something beside the incident, which is taken back by itself."""
        incident, person, given = self.get_object(), caller(self.request), self.read(form)
        self.take(undoing(incident, person), lambda: act(incident=incident, acting_person=person, **given))
        return self._done(incident)

    def _done(self, incident: Incident) -> Response:
        done = self.get_queryset().get(pk=incident.pk)
        context = {**self.get_serializer_context(), "undo_key": self.undo_key}
        return Response(DoneIncident(done, context=context).data)


class HandOffViewSet(Records[HandOff]):
    """Who asked whom to answer for what."""

    queryset = HAND_OFFS
    serializer_class = HandOffSerializer
    filterset_class = HandOffFilters
    capabilities = dict.fromkeys(("accept", "return_", "counter", "withdraw"), Capability.ANSWER_INCIDENTS)

    @extend_schema(parameters=[UNDO], request=Words, responses=HandOffSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, public_id: UUID) -> Response:
        """Answer for it."""
        return self._answer(handoffs.accept_hand_off, Words)

    @extend_schema(parameters=[UNDO], request=Words, responses=HandOffSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def return_(self, request: Request, public_id: UUID) -> Response:
        """Give it back, with a reason."""
        return self._answer(handoffs.return_hand_off, Words)

    @extend_schema(parameters=[UNDO], request=CounterOffer, responses=HandOffSerializer)
    @action(detail=True, methods=["post"])
    def counter(self, request: Request, public_id: UUID) -> Response:
        """Answer with another share; now the other department is asked."""
        return self._answer(handoffs.counter_offer, CounterOffer)

    @extend_schema(parameters=[UNDO], request=None, responses=HandOffSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, public_id: UUID) -> Response:
        """Take the question back."""
        return self._answer(handoffs.withdraw_hand_off, Nothing)

    def _answer(self, act: Callable[..., object], form: type[Serializer[Any]]) -> Response:
        hand_off = self.get_object()
        act(hand_off=hand_off, acting_person=caller(self.request), **self.read(form))
        self.can_undo(hand_off.incident)
        return self.show(hand_off.pk)


class RulingViewSet(Records[Ruling]):
    """Disputes before an executive."""

    queryset = Ruling.objects.select_related("incident", "asked_by", "decided_by").prefetch_related(
        Prefetch("statements", Statement.objects.select_related("person", "department")),
        Prefetch("regrading", REGRADINGS),
    )
    serializer_class = RulingSerializer
    filterset_class = RulingFilters
    capabilities = {"state_case": Capability.REPORT_FRICTION, "rule": Capability.RULE}

    @extend_schema(parameters=[UNDO], request=Words, responses=RulingSerializer)
    @action(detail=True, methods=["post"], url_path="state")
    def state_case(self, request: Request, public_id: UUID) -> Response:
        """Say what speaks for the own side."""
        ruling, person, given = self.get_object(), caller(request), self.read(Words)
        undoing = of_statement(ruling, person)
        self.take(undoing, lambda: rulings.state_case(ruling=ruling, acting_person=person, **given))
        return self.show(ruling.pk)

    @extend_schema(parameters=[UNDO], request=RulingText, responses=RulingSerializer)
    @action(detail=True, methods=["post"])
    def rule(self, request: Request, public_id: UUID) -> Response:
        """Decide who answers for which share, back to the day it happened."""
        ruling = self.get_object()
        rulings.rule(ruling=ruling, acting_person=caller(request), **self.read(RulingText))
        self.can_undo(ruling.incident)
        return self.show(ruling.pk)
