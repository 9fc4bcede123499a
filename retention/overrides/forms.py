"""What people fill in about an override; the actions check again."""

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from retention.overrides.actions import MOST_DAYS

USUAL_DAYS = 30


class Day(forms.DateInput):
    """A day as the browser's own control."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class OverrideForm(forms.Form):
    """Another risk, why, and until when."""

    percent = forms.IntegerField(
        label="Risk in your judgement, in per cent", min_value=0, max_value=100, help_text="0 to 100"
    )
    reason = forms.CharField(
        label="What do you know that the computed risk does not?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    expires_on = forms.DateField(
        label="Until", widget=Day(), help_text=f"It ends by itself on that evening; {MOST_DAYS} days at most."
    )

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["expires_on"].initial = timezone.localdate() + datetime.timedelta(days=USUAL_DAYS)


class AnswerForm(forms.Form):
    """A second person's words."""

    words = forms.CharField(label="Words", required=False, max_length=2000)
