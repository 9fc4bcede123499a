"""What is asked of whoever makes a live link."""

from collections.abc import Sequence
from typing import Any

from django import forms

DAYS = [(7, "a week"), (30, "30 days"), (90, "90 days"), (180, "180 days")]


class LiveLinkForm(forms.Form):
    """For whom the link is, what it shows, and how long it lasts."""

    name = forms.CharField(label="For whom", max_length=80, help_text="So that you know later whose link to end.")
    segment = forms.ChoiceField(label="What it shows", required=False)
    days = forms.TypedChoiceField(label="It lasts", choices=DAYS, initial=30, coerce=int)

    def __init__(self, *args: Any, segments: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "All segments"), *((name, name) for name in segments)]
        self.fields["segment"].choices = choices  # type: ignore[attr-defined]  # it is a ChoiceField
