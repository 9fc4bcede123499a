"""What people fill in at an incident. Choices are narrowed to what fits it; the actions check again."""

import datetime
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.db.models import Model, QuerySet
from django.utils.functional import SimpleLazyObject

from accounts.prepared import Prepared, given
from departments.actions.outcome import MOST_AT_ONCE
from departments.models import (
    CauseCode,
    Department,
    DisputeReason,
    FrictionType,
    Incident,
    Person,
    Reason,
    Role,
    Weekday,
)
from departments.prepared import departments_besides

_WORKING_ROLES = (Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MEMBER)


def colleagues(department: Department) -> Any:
    """Return the people of a department who work on incidents."""
    return Person.objects.filter(department=department, is_active=True, role__in=_WORKING_ROLES)


def causes(department: Department) -> Any:
    """Return the causes that a department names."""
    return CauseCode.objects.filter(department=department, is_active=True)


_COLLEAGUES = Prepared(lambda: colleagues(given("department")))
_CAUSES = Prepared(lambda: causes(given("department")))


def _types() -> QuerySet[FrictionType]:
    return FrictionType.objects.filter(is_active=True)


_TYPES = Prepared(_types)


def once_shown(form: Callable[..., forms.Form], **options: Any) -> Any:
    """Return a form that is made once a page shows it: most pages show a few of those that they know."""
    return SimpleLazyObject(partial(form, **options))


def offer(
    form: forms.Form, name: str, rows: Callable[[], Iterable[Model]], accepted: Callable[[], QuerySet[Any]]
) -> None:
    """Offer records that are read once the field is shown; what is sent is looked for among those that are accepted."""
    field = cast("forms.ModelChoiceField[Any]", form.fields[name])
    if form.is_bound:
        field.queryset = accepted()
    nothing = [] if field.empty_label is None else [("", field.empty_label)]
    field.choices = lambda: [*nothing, *((field.prepare_value(row), field.label_from_instance(row)) for row in rows())]


def offer_causes(form: forms.Form, department: Department) -> None:
    """Offer the causes that a department names."""
    offer(form, "cause", partial(_CAUSES, department=department.pk), partial(causes, department))


def offer_departments(
    form: forms.Form, name: str, besides: Department | None = None, known: Collection[Department] = ()
) -> None:
    """Offer the departments that are at work, less one; `known` are all, where a page has read them."""
    offer(form, name, partial(departments_besides, besides, known), partial(_at_work, besides))


def _at_work(besides: Department | None) -> QuerySet[Department]:
    at_work = Department.objects.filter(is_active=True)
    return at_work.exclude(pk=besides.pk) if besides else at_work


class AssignForm(forms.Form):
    """Who works on it."""

    assignee = forms.ModelChoiceField(
        Person.objects.none(), to_field_name="public_id", required=False, empty_label="nobody", label="Who works on it"
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "assignee", partial(_COLLEAGUES, department=department.pk), partial(colleagues, department))


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

    def __init__(self, *args: Any, department: Department, known: Collection[Department] = (), **kwargs: Any) -> None:
        """`department` is the one that asks."""
        super().__init__(*args, **kwargs)
        offer_departments(self, "to", department, known)


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
        help_text="Left open, the cause that its whys found.",
    )

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_causes(self, department)


class WordsForm(forms.Form):
    """A sentence that goes into the record."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="In words")


class AnswerForm(forms.Form):
    """A word to whoever handed it over."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, required=False, label="In words")


class CounterForm(forms.Form):
    """Another share than the one offered, and why."""

    share = forms.IntegerField(
        min_value=1, max_value=100, label="Share, %", help_text="of what the other department answers for now"
    )
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="Why this share")


class DisputeForm(forms.Form):
    """Why it is not the own department's."""

    reason = forms.ChoiceField(choices=[("", "choose…"), *DisputeReason.choices], label="Why")
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="In words")


class DisputeAnswerForm(forms.Form):
    """What the other side says: how much of it is its own after all."""

    share = forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=0,
        label="Share that you take, %",
        help_text="100 takes it at once, less is offered, 0 leaves it with them",
    )
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, required=False, label="In words")

    def __init__(self, *args: Any, takes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not takes:
            del self.fields["share"]
            self.fields["words"].required = True


class RegradeForm(forms.Form):
    """How grave it is, and of which type, in the eyes of the department that answers."""

    severity = forms.IntegerField(min_value=1, max_value=100, label="Severity, % of the worst of its kind")
    friction_type = forms.ModelChoiceField(
        FrictionType.objects.none(), to_field_name="slug", empty_label=None, label="Type"
    )
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="Why")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "friction_type", _TYPES, _types)


class RulingForm(forms.Form):
    """Who answers for which share, and why: one field for each department between which it lies, and one more."""

    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=4000, label="The ruling in words")
    other = forms.ModelChoiceField(
        Department.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="nobody else",
        label="Somebody else",
    )
    other_share = forms.IntegerField(min_value=0, max_value=100, required=False, label="Its share, %")
    regrading_stands = forms.TypedChoiceField(
        choices=[("", "choose…"), ("yes", "The changed grade stands"), ("no", "The grade stays as it was reported")],
        coerce=lambda value: value == "yes",
        empty_value=None,
        label="The contested grade",
    )

    def __init__(self, *args: Any, shares: Mapping[Department, float], is_graded: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sides = list(shares)
        others = Department.objects.filter(is_active=True).exclude(pk__in=[side.pk for side in self.sides])
        self.fields["other"].queryset = others  # type: ignore[attr-defined]  # a choice field
        for side, share in shares.items():
            self.fields[f"share_{side.slug}"] = forms.IntegerField(
                min_value=0, max_value=100, label=f"{side}, %", initial=round(share * 100)
            )
        if not is_graded:
            del self.fields["regrading_stands"]

    def share_fields(self) -> list[forms.BoundField]:
        """Return the fields of the departments between which it lies."""
        return [self[f"share_{side.slug}"] for side in self.sides]

    def clean(self) -> dict[str, Any]:
        """Return the shares by department; what is missing to a hundred is said."""
        cleaned = super().clean() or {}
        shares = {side: (cleaned.get(f"share_{side.slug}") or 0) for side in self.sides}
        if cleaned.get("other"):
            shares[cleaned["other"]] = cleaned.get("other_share") or 0
        whole = sum(shares.values())
        if whole != 100:
            raise forms.ValidationError(f"The shares sum to {whole} %, not to 100 %.")
        cleaned["shares"] = {department: share / 100 for department, share in shares.items()}
        return cleaned


class NoteForm(forms.Form):
    """A remark; an internal one stays in the department."""

    text = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=4000,
        label="Note",
        help_text="@ and a name tells that person, if they see this incident",
    )
    is_internal = forms.BooleanField(required=False, label="Only for my department")

    def __init__(self, *args: Any, person: Person, people_at: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.department_id is None:
            del self.fields["is_internal"]
        if people_at:
            self.fields["text"].widget.attrs |= {"data-mentions": people_at, "aria-autocomplete": "list"}

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

    most_at_once = MOST_AT_ONCE

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


class HoursForm(forms.Form):
    """When a department works: shifts as "09:00-12:30, 13:30-18:00", closing days one a line."""

    time_zone = forms.ChoiceField(
        choices=lambda: [(zone, zone) for zone in sorted(available_timezones())], label="Time zone"
    )
    country = forms.CharField(
        max_length=2, required=False, label="National holidays of", help_text="two letters, such as GB; empty for none"
    )
    subdivision = forms.CharField(
        max_length=10, required=False, label="Part of the country", help_text="such as SCT or BY, where holidays differ"
    )
    closing_days = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        label="Own closing days",
        help_text="one a line, such as 2026-12-24 Christmas Eve",
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday in Weekday:
            self.fields[f"day_{weekday.value}"] = forms.CharField(
                max_length=100, required=False, label=str(weekday.label)
            )

    def day_fields(self) -> list[forms.BoundField]:
        """Return the fields of the weekdays."""
        return [self[f"day_{weekday.value}"] for weekday in Weekday]

    def clean_country(self) -> str:
        """Return it in capitals."""
        return str(self.cleaned_data["country"]).strip().upper()

    def clean_closing_days(self) -> dict[datetime.date, str]:
        """Read one day a line."""
        days = {}
        for line in self.cleaned_data["closing_days"].splitlines():
            day, _, name = line.strip().partition(" ")
            if not day:
                continue
            try:
                days[datetime.date.fromisoformat(day)] = name.strip()[:80]
            except ValueError:
                raise forms.ValidationError(f"“{line.strip()}” does not begin with a day such as 2026-12-24.") from None
        return days

    def clean(self) -> dict[str, Any]:
        """Return the shifts by weekday in minutes after midnight."""
        cleaned = super().clean() or {}
        shifts = {}
        for weekday in Weekday:
            name = f"day_{weekday.value}"
            try:
                shifts[weekday.value] = shifts_of(cleaned.get(name) or "")
            except ValueError as error:
                self.add_error(name, str(error))
        cleaned["shifts"] = shifts
        return cleaned


def shifts_of(text: str) -> list[tuple[int, int]]:
    """Read shifts such as 09:00-12:30, 13:30-18:00; raises ValueError with a sentence."""
    found = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        if not (times := re.fullmatch(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)", part)):
            raise ValueError(f"“{part}” is no shift such as 09:00-17:30.")
        begin, begin_minutes, end, end_minutes = (int(number) for number in times.groups())
        found.append((begin * 60 + begin_minutes, end * 60 + end_minutes))
    return found


def spelled(shifts: Iterable[tuple[int, int]]) -> str:
    """Write shifts as they are read."""
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in shifts)
