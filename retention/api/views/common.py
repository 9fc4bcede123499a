"""What every list of records shares."""

import datetime
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from departments.actions.cure_steps import undo_of_problem
from departments.actions.rows_undo import Undoing
from departments.actions.undo import undo_of
from departments.models import Incident, Subject
from retention.api.callers import caller

_Model = TypeVar("_Model", bound=models.Model)
_Result = TypeVar("_Result")


# Any answer to a deed may carry it, also one without a body.
UNDO_HEADER = "Holdfast-Undo"
UNDO = OpenApiParameter(
    UNDO_HEADER,
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="by which the caller can take the deed back for ten seconds; absent where nothing changed",
    response=True,
)


class InUtc(APIView):
    """Reads times without a zone as UTC and answers in UTC, whatever zone the caller's pages are shown in."""

    undo_key: UUID | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the call."""
        with timezone.override(datetime.UTC):
            return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Say by what the deed can be taken back."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        if self.undo_key is not None:
            finished[UNDO_HEADER] = str(self.undo_key)
        return finished

    def take(self, undoing: Undoing, deed: Callable[[], _Result]) -> _Result:
        """Do the deed such that the caller can take it back, and return what it returns."""
        results: list[_Result] = []
        undoing(lambda: results.append(deed()))()
        self.undo_key = undoing.batch
        return results[0]

    def can_undo(self, subject: Subject) -> None:
        """Let the answer say by what the caller can take back what was just done with the incident or problem."""
        person = caller(self.request)
        self.undo_key = (
            undo_of([subject], person) if isinstance(subject, Incident) else undo_of_problem(subject, person)
        )


def read(view: GenericViewSet[Any], form: type[Serializer[Any]]) -> dict[str, Any]:
    """Return what a call sends as arguments of an action; raises ValidationError naming each wrong field."""
    given = form(data=view.request.data, context=view.get_serializer_context())
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


class Records(mixins.ListModelMixin, mixins.RetrieveModelMixin, InUtc, GenericViewSet[_Model]):
    """Lists what the caller may see and shows one record by its public id."""

    lookup_field = "public_id"
    lookup_value_converter = "uuid"
    detail_serializer_class: type[BaseSerializer[Any]] | None = None

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """Return the serializer of a single record, where it differs from that of the list."""
        if self.action != "list" and self.detail_serializer_class is not None:
            return self.detail_serializer_class
        return super().get_serializer_class()

    def read(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the body as arguments of an action; raises ValidationError naming each wrong field."""
        return read(self, form)

    def show(self, key: int, code: int = status.HTTP_200_OK) -> Response:
        """Answer with the record as it is now."""
        return Response(self.get_serializer(self.get_queryset().get(pk=key)).data, status=code)

    def show_created(self, key: int) -> Response:
        """Answer with the record that has just been made."""
        return self.show(key, status.HTTP_201_CREATED)
