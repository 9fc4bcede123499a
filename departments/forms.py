"""What people fill in at an incident. Choices are narrowed to what fits it; the actions check again."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from departments.actions.bulk import MOST_AT_ONCE
from departments.models import CauseCode, Department, Incident, Person, Reason, Role

_WORKING_ROLES = (Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MEMBER)


def colleagues(department: Department) -> Any:
    """Return the people of a department who work on incidents."""
    return Person.objects.filter(department=department, is_active=True, role__in=_WORKING_ROLES)


def causes(department: Department) -> Any:
    """Return the causes that a department names."""
    return CauseCode.objects.filter(department=department, is_active=True)


def share_choices(name: str, *several: forms.Form) -> None:
    """Read the choices of a field once for several forms that are shown on one page."""
    fields = [cast(forms.ChoiceField, form.fields[name]) for form in several]
    # Through iter(): list() alone asks such choices for their number first, which is a statement of its own.
    choices = list(iter(cast(Iterable[Any], fields[0].choices)))
    for field in fields:
        field.choices = choices


class AssignForm(forms.Form):
    """Who works on it."""

    assignee = forms.ModelChoiceField(
        Person.objects.none(), to_field_name="public_id", required=False, empty_label="nobody", label="Who works on it"
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = colleagues(department)  # type: ignore[attr-defined]  # a choice field


class HandOffForm(forms.Form):
    """Who should answer for it instead, why, and what they are expected to do."""

    to = forms.ModelChoiceField(
        Department.objects.none(), to_field_name="slug", empty_label="choose…", label="To which department"
    )
    reason = forms.ChoiceField(choices=[("", "choose…"), *Reason.choices], label="Why")
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="In words")
    expected = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, required=False, label="What they are expected to do"
    )
    share = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=100,
        label="Share handed over, %",
        help_text="of what your department answers for; 100 hands it over wholly",
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Department.objects.filter(is_active=True).exclude(pk=department.pk)
        self.fields["to"].queryset = others  # type: ignore[attr-defined]  # a choice field


class ResolveForm(forms.Form):
    """How it was put right, and why it happened."""

    resolution = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}), max_length=4000, label="How it was put right"
    )
    cause = forms.ModelChoiceField(
        CauseCode.objects.none(),
        to_field_name="public_id",
        required=False,
        empty_label="not known yet",
        label="Why it happened",
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cause"].queryset = causes(department)  # type: ignore[attr-defined]  # a choice field


class WordsForm(forms.Form):
    """A sentence that goes into the record."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="In words")


class AnswerForm(forms.Form):
    """A word to whoever handed it over."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, required=False, label="In words")


class NoteForm(forms.Form):
    """A remark; an internal one stays in the department."""

    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=4000, label="Note")
    is_internal = forms.BooleanField(required=False, label="Only for my department")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.department_id is None:
            del self.fields["is_internal"]

    @property
    def is_for_department(self) -> bool:
        """Return whether the note stays in the department."""
        return bool(self.cleaned_data.get("is_internal"))


class AbsenceForm(forms.Form):
    """From when to when the person is away, and which colleague covers."""

    starts_on = forms.DateField(label="First day away", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    ends_on = forms.DateField(label="Last day away", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    covered_by = forms.ModelChoiceField(
        Person.objects.none(), to_field_name="public_id", required=False, empty_label="nobody", label="Who covers"
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Person.objects.filter(role=person.role, is_active=True).exclude(pk=person.pk)
        self.fields["covered_by"].queryset = others  # type: ignore[attr-defined]  # a choice field


class BulkForm(forms.Form):
    """The same deed for several incidents."""

    incident = forms.ModelMultipleChoiceField(Incident.objects.none(), to_field_name="public_id")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seen = Incident.objects.visible_to(person).select_related("department", "friction_type", "account")
        self.fields["incident"].queryset = seen  # type: ignore[attr-defined]  # a choice field
        self.fields["incident"].error_messages["required"] = "Tick at least one incident."

    def clean_incident(self) -> Any:
        """Refuse more than one deed should hold."""
        incidents = self.cleaned_data["incident"]
        if len(incidents) > MOST_AT_ONCE:
            raise forms.ValidationError(f"At most {MOST_AT_ONCE} incidents at once.")
        return incidents


class MergeForm(BulkForm):
    """Which of several is kept."""

    into = forms.ModelChoiceField(Incident.objects.none(), to_field_name="public_id", label="The one to keep")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, person=person, **kwargs)
        self.fields["into"].queryset = self.fields["incident"].queryset  # type: ignore[attr-defined]  # choice fields
