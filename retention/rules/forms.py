"""What people fill in at a rule. Whether it can be used, the rule itself says, at the field that is wrong."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.signals import Kind
from departments.conditions import ConditionError, compile_condition
from departments.models import Capability, DetectionRule, FrictionType, Person
from departments.severity_bands import EXAMPLE, bands_to_expression, expression_to_bands
from retention.rules.words import number_fields

SINGLE, SEVERAL, BATCH = "single", "several", "batch"
EXPRESSION, BANDS = "expression", "bands"
DAY = {"type": "date"}


def kept_types(person: Person) -> Any:
    """Return the friction types whose rules the person keeps."""
    types = FrictionType.objects.filter(is_active=True).select_related("department")
    return types if person.can(Capability.CONFIGURE) else types.filter(department=person.department_id)


class RuleForm(forms.Form):
    """A rule over one kind of signal."""

    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    name = forms.CharField(max_length=120, label="Name of the rule")
    condition = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        label="It is friction when",
        help_text="Ctrl and space lists what may stand here.",
    )
    friction_type = forms.ModelChoiceField(
        FrictionType.objects.none(), to_field_name="slug", empty_label="choose…", label="Friction type"
    )
    title = forms.CharField(max_length=160, label="An incident is called")
    severity_by = forms.ChoiceField(
        choices=[(EXPRESSION, "a number, or computed from fields"), (BANDS, "in bands over a field")],
        label="How severe it is",
    )
    severity = forms.CharField(
        required=False,
        max_length=1000,
        label="Severity",
        help_text="Between 0 and 1, such as 0.6 or days_late / 14; what lies outside is clipped.",
    )
    band_field = forms.ChoiceField(required=False, label="Bands over")
    bands = forms.CharField(required=False, max_length=400, label="Bands", help_text=f"Such as: {EXAMPLE}.")
    gathers = forms.ChoiceField(
        choices=[(SINGLE, "each signal"), (SEVERAL, "several signals within some days")],
        label="An incident stands for",
    )
    grouping_count = forms.IntegerField(required=False, min_value=2, max_value=100, label="So many signals")
    grouping_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=365,
        label="within so many days",
        help_text="Of the first, at one account. Later ones within these days join the incident.",
    )
    batch_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=3650,
        label="Days before or after",
        help_text="Every account one of whose signals names the same batch within so many days has an incident.",
    )

    def __init__(
        self, data: Any = None, *, rule: DetectionRule, kind: Kind, person: Person, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, initial=initial_of(rule) | initial)
        self.rule = rule
        self.fields["friction_type"].queryset = kept_types(person)  # type: ignore[attr-defined]  # a choice field
        names = [(field.name, field.name.replace("_", " ")) for field in number_fields(kind)]
        self.fields["band_field"].choices = names  # type: ignore[attr-defined]  # a choice field
        if not names:
            self.fields["severity_by"].choices = [(EXPRESSION, "a number")]  # type: ignore[attr-defined]  # a choice field
        if kind.names_batch:
            self.fields["gathers"].choices = [  # type: ignore[attr-defined]  # a choice field
                *self.fields["gathers"].choices,  # type: ignore[attr-defined]  # a choice field
                (BATCH, "the signal’s batch, at every account that got it"),
            ]

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """Return what stands after the condition."""
        return [self["friction_type"], self["title"]]

    def clean_condition(self) -> str:
        """Tell at once what is wrong with the condition, whatever else is still to be filled in."""
        condition = str(self.cleaned_data["condition"])
        try:
            compile_condition(self.rule.signal_kind, condition)
        except ConditionError as error:
            raise ValidationError(str(error)) from error
        return condition

    def clean(self) -> dict[str, Any]:
        """Put everything into the rule, and tell at its field what it refuses."""
        cleaned = super().clean() or {}
        self._read_severity(cleaned)
        if self.errors:
            return cleaned
        self._fill(cleaned)
        try:
            self.rule.clean()
        except ValidationError as refusal:
            for field, sentences in refusal.message_dict.items():
                self.add_error(self._place_of(field), sentences)
        return cleaned

    def _read_severity(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("severity_by") == EXPRESSION:
            if not cleaned.get("severity"):
                self.add_error("severity", "Say how severe it is: a number between 0 and 1 will do.")
            return
        try:
            cleaned["severity"] = bands_to_expression(cleaned.get("band_field") or "", cleaned.get("bands") or "")
        except ValueError as sentence:
            self.add_error("bands", str(sentence))

    def _fill(self, cleaned: dict[str, Any]) -> None:
        for name in ("revision", "name", "condition", "friction_type", "title", "severity"):
            setattr(self.rule, name, cleaned[name])
        several, batch = cleaned["gathers"] == SEVERAL, cleaned["gathers"] == BATCH
        self.rule.grouping_count = cleaned["grouping_count"] if several else None
        self.rule.grouping_days = cleaned["grouping_days"] if several else None
        self.rule.batch_days = cleaned["batch_days"] if batch else None
        if several and not (self.rule.grouping_count or self.rule.grouping_days):
            self.add_error("grouping_count", "Say how many signals, and within how many days.")
        if batch and self.rule.batch_days is None:
            self.add_error("batch_days", "Say within how many days an account got the batch.")

    def _place_of(self, field: str) -> str:
        in_bands = field == "severity" and self.cleaned_data.get("severity_by") == BANDS
        return "bands" if in_bands else field


class BackfillForm(forms.Form):
    """From which day to which a rule is held against the past."""

    first_day = forms.DateField(label="From", widget=forms.DateInput(DAY, format="%Y-%m-%d"))
    last_day = forms.DateField(label="to, included", widget=forms.DateInput(DAY, format="%Y-%m-%d"))


class SwitchForm(forms.Form):
    """Whether the rule is in use from now on, and which rule the person saw."""

    is_active = forms.TypedChoiceField(choices=[("yes", "on"), ("no", "off")], coerce=lambda value: value == "yes")
    revision = forms.IntegerField(min_value=0)


def initial_of(rule: DetectionRule) -> dict[str, Any]:
    """Return the rule as the form shows it."""
    bands = expression_to_bands(rule.severity)
    gathers = SEVERAL if rule.grouping_count is not None else BATCH if rule.batch_days is not None else SINGLE
    return {
        "revision": rule.revision,
        "name": rule.name,
        "condition": rule.condition,
        "friction_type": rule.friction_type.slug if rule.friction_type_id else None,
        "title": rule.title,
        "severity_by": BANDS if bands else EXPRESSION,
        "severity": rule.severity,
        "band_field": bands[0] if bands else None,
        "bands": bands[1] if bands else "",
        "gathers": gathers,
        "grouping_count": rule.grouping_count,
        "grouping_days": rule.grouping_days,
        "batch_days": rule.batch_days,
    }
