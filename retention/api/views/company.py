"""How the company is arranged: absences, who looks after accounts, departments' hours."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from departments.actions.calendars import set_hours
from departments.actions.people import assign_accounts, record_absence
from departments.actions.undoable import of_absence, of_hours, of_keepers
from departments.models import Absence, Capability, Department, WorkingCalendar
from retention.api.callers import caller
from retention.api.serializers.company import (
    AbsenceSerializer,
    AccountsAssigned,
    AssignedSerializer,
    HoursSerializer,
    OwnAbsence,
)
from retention.api.views.common import UNDO, InUtc, read


class AbsenceViewSet(InUtc, GenericViewSet[Absence]):
    """When the caller is away."""

    queryset = Absence.objects.none()
    filter_backends: list[Any] = []
    pagination_class = None

    @extend_schema(parameters=[UNDO], request=OwnAbsence, responses={201: AbsenceSerializer})
    def create(self, request: Request) -> Response:
        """Record when the caller is away, and which colleague covers."""
        person = caller(request)
        given = read(self, OwnAbsence)
        absence = self.take(of_absence(person), lambda: record_absence(person=person, acting_person=person, **given))
        absence.refresh_from_db()
        return Response(AbsenceSerializer(absence).data, status=status.HTTP_201_CREATED)


class AssignmentViewSet(InUtc, GenericViewSet[Absence]):
    """Who looks after accounts."""

    queryset = Absence.objects.none()
    filter_backends: list[Any] = []
    pagination_class = None
    capabilities = {"create": Capability.ASSIGN_ACCOUNTS}

    @extend_schema(parameters=[UNDO], request=AccountsAssigned, responses=AssignedSerializer)
    def create(self, request: Request) -> Response:
        """Let a person look after the accounts from today: all of them, or where one is refused none."""
        given, person = read(self, AccountsAssigned), caller(request)
        self.take(
            of_keepers(given["accounts"], person),
            lambda: assign_accounts(starts_on=timezone.localdate(), acting_person=person, **given),
        )
        return Response({"assigned": len(given["accounts"])})


class HoursView(InUtc, APIView):
    """When a department works."""

    @extend_schema(responses=HoursSerializer, operation_id="departments_hours_retrieve")
    def get(self, request: Request, slug: str) -> Response:
        """Return a department's own hours; 404 for one that works by the company's."""
        return Response(HoursSerializer(_calendar(slug)).data)

    @extend_schema(
        parameters=[UNDO], request=HoursSerializer, responses=HoursSerializer, operation_id="departments_hours_set"
    )
    def post(self, request: Request, slug: str) -> Response:
        """Set them anew; deadlines that were given stay."""
        department = get_object_or_404(Department.objects.filter(is_active=True), slug=slug)
        form = HoursSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        person, given = caller(request), form.arguments()
        undoing = of_hours(department, person)
        self.take(undoing, lambda: set_hours(department=department, acting_person=person, **given))
        return Response(HoursSerializer(_calendar(slug)).data)


def _calendar(slug: str) -> WorkingCalendar:
    calendars = WorkingCalendar.objects.prefetch_related("spans", "closing_days")
    return get_object_or_404(calendars, department__slug=slug, department__is_active=True)
