"""Configuration pages of the company itself; customers' facts to be looked up."""

from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.audited_admin import AuditedAdmin, KeptAdmin, ReadOnlyAdmin
from accounts.models import (
    Account,
    AuditEntry,
    Contact,
    Holding,
    Order,
    OrderLine,
    Organisation,
    Product,
    Signal,
    Touchpoint,
)

if TYPE_CHECKING:
    OrganisationModelForm = forms.ModelForm[Organisation]
    TabularInline = admin.TabularInline[Any, Any]
else:
    OrganisationModelForm, TabularInline = forms.ModelForm, admin.TabularInline

admin.site.site_header = "Holdfast configuration"
admin.site.site_title = "Holdfast"
admin.site.index_title = "Configuration"


class OrganisationForm(OrganisationModelForm):
    """The company's own row, with time zones that exist."""

    time_zone = forms.ChoiceField(choices=lambda: [(zone, zone) for zone in sorted(available_timezones())])

    class Meta:
        model = Organisation
        fields = [
            "name",
            "currency",
            "locale",
            "time_zone",
            "contact_cadence_days",
            "override_approval_revenue",
            "bounces_before_ruling",
            "hourly_rate",
        ]


@admin.register(Organisation)
class OrganisationAdmin(KeptAdmin):
    form = OrganisationForm
    list_display = ["name", "currency", "locale", "time_zone"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the company has no row yet; there is one."""
        return not Organisation.objects.exists()


@admin.register(Account)
class AccountAdmin(KeptAdmin):
    list_display = ["name", "segment", "city", "country", "annual_revenue", "renews_on", "left_on"]
    list_filter = ["segment"]
    search_fields = ["name", "external_id"]
    exclude = ["source", "external_id", "recorded_at"]


@admin.register(Contact)
class ContactAdmin(AuditedAdmin):
    list_display = ["name", "account", "position", "email"]
    list_select_related = ["account"]
    autocomplete_fields = ["account"]
    search_fields = ["name", "email", "account__name"]
    exclude = ["source", "external_id", "recorded_at"]


@admin.register(Product)
class ProductAdmin(KeptAdmin):
    list_display = ["name", "description"]
    search_fields = ["name"]
    exclude = ["source", "external_id", "recorded_at"]


@admin.register(Holding)
class HoldingAdmin(AuditedAdmin):
    list_display = ["account", "product", "held_from", "held_until", "monthly_value"]
    list_select_related = ["account", "product"]
    list_filter = ["product"]
    autocomplete_fields = ["account", "product"]
    search_fields = ["account__name", "product__name"]
    exclude = ["source", "external_id", "recorded_at"]


LINE = ("position", "sku", "description", "quantity", "unit_price")


class OrderLineInline(TabularInline):
    """What was on the order."""

    model = OrderLine
    can_delete = False
    extra = 0
    fields = LINE
    readonly_fields = LINE


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "account", "ordered_at", "amount", "promised_on", "delivered_on"]
    list_select_related = ["account"]
    search_fields = ["external_id", "number", "account__name"]
    inlines = [OrderLineInline]


@admin.register(Signal)
class SignalAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "kind", "account", "happened_at", "recorded_at"]
    list_select_related = ["account"]
    list_filter = ["kind"]
    search_fields = ["external_id", "account__name"]


@admin.register(Touchpoint)
class TouchpointAdmin(ReadOnlyAdmin):
    list_display = ["account", "channel", "purpose", "happened_at", "minutes", "person"]
    list_select_related = ["account", "person"]
    list_filter = ["channel", "purpose"]
    search_fields = ["account__name", "summary"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "verb", "person", "subject"]
    list_select_related = ["person"]
    list_filter = ["at"]
    search_fields = ["verb", "subject", "person__name"]
    date_hierarchy = "at"
