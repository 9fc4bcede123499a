"""Who calls, and what they see and may do."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from rest_framework.exceptions import NotAuthenticated
from rest_framework.filters import BaseFilterBackend
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from departments.models import Capability, Person, Role


def caller(request: Request) -> Person:
    """Return the person who calls."""
    if not isinstance(request.user, Person):
        raise NotAuthenticated
    return request.user


class OnlyVisible(BaseFilterBackend):
    """Leaves what the caller may see, in lists and for single records alike: what is hidden is not found."""

    def filter_queryset(self, request: Request, queryset: models.QuerySet[Any], view: object) -> models.QuerySet[Any]:
        """Narrow by the one rule of the record's own queryset; one without a rule is an error."""
        return queryset.visible_to(caller(request))  # type: ignore[attr-defined, no-any-return]  # each model's own


class MayDo(BasePermission):
    """Asks for the capability that a viewset names for its action in `capabilities`, if it names one.

    An integration's token opens nothing but what a viewset names in `integrations_may`, whatever others may do.

    For a single record it asks after the record was found, so that what is hidden is not found, whoever asks.
    """

    message = "Your role does not include this."

    def has_permission(self, request: Request, view: object) -> bool:
        """Return whether the caller may do this to a list."""
        if caller(request).role == Role.INTEGRATION and not _is_open_to_integrations(view):
            return False
        return bool(getattr(view, "detail", False)) or _may_do(request, view)

    def has_object_permission(self, request: Request, view: object, obj: object) -> bool:
        """Return whether the caller may do this to a record they see."""
        return _may_do(request, view)


def _is_open_to_integrations(view: object) -> bool:
    return (getattr(view, "action", None) or "") in getattr(view, "integrations_may", ())


def _may_do(request: Request, view: object) -> bool:
    needed: Mapping[str, Capability] = getattr(view, "capabilities", {})
    capability = needed.get(getattr(view, "action", None) or "")
    return capability is None or caller(request).can(capability)
