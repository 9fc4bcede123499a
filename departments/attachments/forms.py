"""What is asked for when a file is put to an incident."""

from typing import Any

from django import forms

from departments.attachments.kinds import ENDINGS, WHAT_IS_TAKEN
from departments.models import Person


class AttachForm(forms.Form):
    """A file, perhaps with a note; an internal one stays in the department."""

    file = forms.FileField(
        label="File",
        # A longer name is cut, not refused.
        max_length=1_000,
        widget=forms.FileInput(attrs={"accept": ",".join(f".{ending}" for ending in ENDINGS)}),
        help_text=WHAT_IS_TAKEN,
    )
    words = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=4000, required=False, label="A note with it"
    )
    is_internal = forms.BooleanField(required=False, label="Only for my department")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if person.department_id is None:
            del self.fields["is_internal"]

    @property
    def is_for_department(self) -> bool:
        """Return whether the file stays in the department."""
        return bool(self.cleaned_data.get("is_internal"))


class RemovalForm(forms.Form):
    """Why a file is taken away."""

    words = forms.CharField(max_length=500, label="Why")
