"""Configuration pages: every change leaves an audit entry with what was and what is; facts can only be read."""

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from accounts.actions import record_audit

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

MANUAL = "manual"


class AuditedAdmin(ModelAdmin):
    """Pages on which a model is configured. Rows made here get an external id of their own."""

    list_per_page = 50
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: Any, form: "forms.ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save, and write down what was and what is, in the transaction of the page."""
        before = fields_of(type(obj).objects.get(pk=obj.pk)) if change else None
        if hasattr(obj, "external_id") and not obj.external_id:
            obj.source, obj.external_id = MANUAL, str(uuid.uuid4())
        super().save_model(request, obj, form, change)
        obj.refresh_from_db()
        self.audit(request, obj, "change" if change else "create", before, fields_of(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete, and write down what was."""
        self.audit(request, obj, "delete", fields_of(obj), None)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: "models.QuerySet[Any]") -> None:
        """Delete several, and write down each."""
        for obj in queryset:
            self.audit(request, obj, "delete", fields_of(obj), None)
        super().delete_queryset(request, queryset)

    def audit(
        self,
        request: HttpRequest,
        obj: Any,
        deed: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        """Write the entry; of a change only the fields that differ."""
        if before and after:
            differing = {name for name in after if before[name] != after[name]}
            before, after = _only(before, differing), _only(after, differing)
        record_audit(
            verb=f"{obj._meta.model_name}.{deed}",
            subject=getattr(obj, "public_id", None),
            details={"what": str(obj), "before": before, "after": after},
            acting_person=request.user,  # type: ignore[arg-type]  # who is let in here is a person
        )


class ReadOnlyAdmin(ModelAdmin):
    """Pages on which facts and records are searched and read, never changed."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return that nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nothing is deleted here."""
        return False


class KeptAdmin(AuditedAdmin):
    """Pages for what can be changed but, once there, never deleted: others' records point to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nothing is deleted here."""
        return False


def fields_of(obj: models.Model) -> dict[str, Any]:
    """Return a row's own fields as they go into the audit; secrets stay out."""
    return {
        field.attname: _plain(getattr(obj, field.attname))
        for field in obj._meta.concrete_fields
        if field.attname not in ("password", "last_login")
    }


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _only(fields: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in names}
