"""What is asked for when work waits for somebody."""

from collections.abc import Collection
from typing import Any

from django import forms

from departments.actions.past_waits import LONGEST_NAME
from departments.actions.waits import SAYABLE_ENDS
from departments.forms import offer_departments
from departments.models import Department, Person, Wait, WaitedFor, WaitEnd, WaitReason


class WaitForm(forms.Form):
    """For whom the work waits, why, and until when at the latest."""

    waited_for = forms.ChoiceField(choices=WaitedFor.choices, label="For whom")
    department = forms.ModelChoiceField(
        Department.objects.none(),
        to_field_name="slug",
        required=False,
        empty_label="none",
        label="Which department",
        help_text="where another department is waited for",
    )
    name = forms.CharField(
        max_length=LONGEST_NAME, required=False, label="Name", help_text="of the supplier or of somebody else"
    )
    reason = forms.ChoiceField(choices=WaitReason.choices, label="What for")
    words = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, label="In words")
    expected_on = forms.DateField(
        label="Expected by", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), help_text="the last day of it"
    )

    def __init__(self, *args: Any, department: Department, known: Collection[Department] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_departments(self, "department", department, known)


class EndWaitForm(forms.Form):
    """How it ended."""

    end = forms.ChoiceField(label="How it ended")
    words = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=2000, required=False, label="What they said, or what came"
    )

    def __init__(self, *args: Any, wait: Wait | None, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waits_itself = wait is None or person.department_id == wait.waiting_department_id
        ends = [end for end in SAYABLE_ENDS if waits_itself or end != WaitEnd.NOT_NEEDED]
        self.fields["end"].choices = [(end.value, end.label) for end in ends]  # type: ignore[attr-defined]  # a choice field
