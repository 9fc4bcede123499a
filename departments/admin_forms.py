"""Forms of configuration pages that tell at their fields what the actions would refuse."""

from typing import TYPE_CHECKING, Any

from django import forms

from departments.actions.people import check_absence, check_assignment
from departments.care.views import done
from departments.models import Absence, Assignment

if TYPE_CHECKING:
    AssignmentModelForm = forms.ModelForm[Assignment]
    AbsenceModelForm = forms.ModelForm[Absence]
else:
    AssignmentModelForm = AbsenceModelForm = forms.ModelForm


class AssignmentForm(AssignmentModelForm):
    """Who looks after whom; the person's role must fit."""

    class Meta:
        model = Assignment
        fields = ["account", "person", "capacity", "starts_on", "ends_on"]

    def clean(self) -> dict[str, Any]:
        """Tell at its field who does not fit."""
        values = super().clean() or self.cleaned_data
        before = self.instance if self.instance.pk else None
        if {"person", "capacity"} <= values.keys():
            done(self, lambda: check_assignment(values["person"], values["capacity"], before))
        return values


class AbsenceForm(AbsenceModelForm):
    """Who is away, and who covers."""

    class Meta:
        model = Absence
        fields = ["person", "starts_on", "ends_on", "covered_by"]

    def clean(self) -> dict[str, Any]:
        """Tell at its field who cannot cover."""
        values = super().clean() or self.cleaned_data
        if set(self.Meta.fields) <= values.keys():
            done(self, lambda: check_absence(**{name: values[name] for name in self.Meta.fields}))
        return values
