"""Configuration pages of departments, people, friction and the rules that find it."""

from functools import partial
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import PasswordResetForm
from django.db import transaction
from django.http import HttpRequest

from accounts.audited_admin import AuditedAdmin, KeptAdmin, ReadOnlyAdmin
from departments.actions.people import save_absence, save_assignment
from departments.admin_forms import AbsenceForm, AssignmentForm
from departments.models import (
    Absence,
    Adoption,
    Assignment,
    CauseCode,
    Commitment,
    Department,
    DetectionRule,
    FrictionType,
    HandOff,
    Incident,
    Person,
    Release,
    Responsibility,
    Role,
)

if TYPE_CHECKING:
    PersonModelForm = forms.ModelForm[Person]
    TabularInline = admin.TabularInline[Any, Any]
else:
    PersonModelForm, TabularInline = forms.ModelForm, admin.TabularInline

SOURCED = ["source", "external_id", "recorded_at"]


@admin.register(Department)
class DepartmentAdmin(KeptAdmin):
    list_display = ["name", "position", "colour", "exposure", "prior_weight", "prior_sd", "is_active"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(FrictionType)
class FrictionTypeAdmin(KeptAdmin):
    list_display = ["name", "department", "weight", "half_life_days", "answer_hours", "resolve_hours", "is_active"]
    list_select_related = ["department"]
    list_filter = ["department", "is_active"]
    search_fields = ["name", "slug", "definition"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(DetectionRule)
class DetectionRuleAdmin(ReadOnlyAdmin):
    """Rules are changed on their own pages, which tell beforehand what a change would open."""

    list_display = ["name", "signal_kind", "condition", "friction_type", "severity", "version", "is_active"]
    list_select_related = ["friction_type"]
    list_filter = ["signal_kind", "is_active"]
    search_fields = ["name", "slug", "condition"]


class PersonForm(PersonModelForm):
    """A person, without a password: nobody knows anybody else's."""

    time_zone = forms.ChoiceField(
        required=False,
        choices=lambda: [("", "the organisation's"), *((zone, zone) for zone in sorted(available_timezones()))],
    )

    class Meta:
        model = Person
        fields = ["name", "email", "role", "department", "time_zone", "wants_mail", "is_active"]

    def clean_email(self) -> str:
        """Return the address in small letters, if nobody else signs in with it."""
        email = str(self.cleaned_data["email"]).lower()
        if Person.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Somebody signs in with this address already.")
        return email

    def clean(self) -> dict[str, Any]:
        """Refuse to lock the last administrator out."""
        cleaned = super().clean() or {}
        stays = cleaned.get("role") == Role.ADMINISTRATOR and cleaned.get("is_active")
        others = Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(pk=self.instance.pk)
        was = Person.objects.filter(pk=self.instance.pk, role=Role.ADMINISTRATOR, is_active=True)
        if was.exists() and not stays and not others.exists():
            raise forms.ValidationError("This is the last administrator: somebody must be able to come in here.")
        return cleaned


class InvitationForm(PasswordResetForm):
    """The mail with a link to set a password, also for those who never had one."""

    def get_users(self, email: str) -> Any:
        """Return who signs in with the address."""
        return Person.objects.filter(email__iexact=email, is_active=True).exclude(role=Role.INTEGRATION)


@admin.register(Person)
class PersonAdmin(KeptAdmin):
    form = PersonForm
    list_display = ["name", "email", "role", "department", "is_active", "last_login"]
    list_select_related = ["department"]
    list_filter = ["role", "department", "is_active"]
    search_fields = ["name", "email"]
    actions = ["send_links"]

    def save_model(self, request: HttpRequest, obj: Any, form: "forms.ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save; who is new gets a link to set a password, and none that works until then."""
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change and obj.role != Role.INTEGRATION:
            transaction.on_commit(partial(self._invite, request, obj))

    @admin.action(description="Send a link to set a password")
    def send_links(self, request: HttpRequest, queryset: Any) -> None:
        """Send each of the chosen people a link."""
        for person in queryset.filter(is_active=True).exclude(role=Role.INTEGRATION):  # a mail each, not a row
            self.audit(request, person, "invite", None, None)
            self._invite(request, person)

    def _invite(self, request: HttpRequest, person: Person) -> None:
        form = InvitationForm({"email": person.email})
        form.full_clean()
        try:
            form.save(
                request=request,
                use_https=request.is_secure(),
                subject_template_name="registration/invitation_subject.txt",
                email_template_name="registration/invitation_email.txt",
            )
        except (SMTPException, OSError) as error:
            self.message_user(request, f"The mail to {person.email} was not sent: {error}.", messages.ERROR)
            return
        self.message_user(request, f"{person.email} was sent a link to set a password.", messages.SUCCESS)


@admin.register(Assignment)
class AssignmentAdmin(AuditedAdmin):
    list_display = ["account", "person", "capacity", "starts_on", "ends_on"]
    list_select_related = ["account", "person"]
    list_filter = ["capacity"]
    autocomplete_fields = ["account", "person"]
    search_fields = ["account__name", "person__name"]
    form = AssignmentForm

    def save_model(self, request: HttpRequest, obj: Any, form: "forms.ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save by the action, which checks and writes the audit."""
        save_assignment(assignment=obj, acting_person=request.user)  # type: ignore[arg-type]  # who is let in here is a person


@admin.register(Absence)
class AbsenceAdmin(AuditedAdmin):
    list_display = ["person", "starts_on", "ends_on", "covered_by"]
    list_select_related = ["person", "covered_by"]
    autocomplete_fields = ["person", "covered_by"]
    search_fields = ["person__name"]
    form = AbsenceForm

    def save_model(self, request: HttpRequest, obj: Any, form: "forms.ModelForm[Any]", change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Save by the action, which checks and writes the audit."""
        save_absence(absence=obj, acting_person=request.user)  # type: ignore[arg-type]  # who is let in here is a person


@admin.register(CauseCode)
class CauseCodeAdmin(KeptAdmin):
    list_display = ["name", "department", "is_active"]
    list_select_related = ["department"]
    list_filter = ["department"]
    search_fields = ["name"]


@admin.register(Release)
class ReleaseAdmin(AuditedAdmin):
    list_display = ["name", "promised_for", "delivered_on"]
    search_fields = ["name"]
    exclude = SOURCED


@admin.register(Commitment, Adoption)
class OfReleaseAdmin(AuditedAdmin):
    list_display = ["account", "release"]
    list_select_related = ["account", "release"]
    autocomplete_fields = ["account", "release"]
    search_fields = ["account__name", "release__name"]
    exclude = SOURCED


PART = ("department", "share", "is_provisional", "since")


class ResponsibilityInline(TabularInline):
    """Who answers for the incident."""

    model = Responsibility
    can_delete = False
    extra = 0
    fields = PART
    readonly_fields = PART


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    list_display = ["title", "account", "department", "friction_type", "severity", "state", "happened_at"]
    list_select_related = ["account", "department", "friction_type"]
    list_filter = ["state", "department"]
    search_fields = ["title", "account__name", "external_id"]
    inlines = [ResponsibilityInline]


@admin.register(HandOff)
class HandOffAdmin(ReadOnlyAdmin):
    list_display = ["incident", "from_department", "to_department", "share", "reason", "answer", "proposed_at"]
    list_select_related = ["incident", "from_department", "to_department"]
    list_filter = ["answer", "reason"]
    search_fields = ["incident__title", "words"]
