"""Configuration pages of budgets; models to be looked at."""

from django.contrib import admin

from accounts.audited_admin import AuditedAdmin, ReadOnlyAdmin
from retention.models import Budget, ModelVersion, Override


@admin.register(Budget)
class BudgetAdmin(AuditedAdmin):
    list_display = ["department", "quarter_start", "amount"]
    list_select_related = ["department"]
    list_filter = ["department"]


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ["number", "origin", "created_at", "is_active", "activated_by"]
    list_select_related = ["activated_by"]


@admin.register(Override)
class OverrideAdmin(ReadOnlyAdmin):
    list_display = ["account", "risk", "computed_risk", "made_by", "made_at", "expires_at", "approval", "answered_by"]
    list_select_related = ["account", "made_by", "answered_by"]
    list_filter = ["approval"]
