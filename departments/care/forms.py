"""What people fill in about an account. Choices are narrowed to the account; the actions check again."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, cast

from django import forms
from django.utils import timezone

from accounts.models import Account, Channel, Contact, Order, Purpose
from accounts.prepared import Prepared
from departments.models import FrictionType, Person

ORDERS_OFFERED = 20
SEVERITIES = [
    ("0.25", "An annoyance"),
    ("0.5", "Serious: it cost the customer time or money"),
    ("0.75", "Grave: it stopped their work"),
    ("1.0", "It may end the relation"),
]
MOMENT_FORMAT = "%Y-%m-%dT%H:%M"
Group = tuple[str, list[tuple[str, str]]]


class Moment(forms.DateTimeInput):
    """A day and time as the browser's own control, in the reader's zone."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MOMENT_FORMAT)


class Day(forms.DateInput):
    """A day as the browser's own control."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ReportFrictionForm(forms.Form):
    """What happened, of which kind, how bad."""

    friction_type = forms.ChoiceField(label="What kind of trouble")
    severity = forms.TypedChoiceField(
        label="How bad for the customer", choices=SEVERITIES, coerce=float, initial="0.5", widget=forms.RadioSelect
    )
    title = forms.CharField(
        label="In a few words", max_length=200, required=False, help_text="Left empty, the kind of trouble is its name."
    )
    description = forms.CharField(
        label="What happened", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )
    happened_at = forms.DateTimeField(label="When", widget=Moment())
    order = forms.ModelChoiceField(
        Order.objects.none(), to_field_name="public_id", required=False, empty_label="none", label="About which order"
    )

    def __init__(self, *args: Any, account: Account, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["happened_at"].initial = timezone.localtime
        choose(self, "friction_type", [("", "Choose…"), *friction_choices()])
        offer(self, "order", Order.objects.visible_to(person).filter(account=account).order_by("-ordered_at"))

    def clean_friction_type(self) -> FrictionType:
        """Return the type that was chosen by its slug."""
        return FrictionType.objects.get(slug=self.cleaned_data["friction_type"])


class LogContactForm(forms.Form):
    """Who was spoken to, how, what for, and what came of it."""

    channel = forms.ChoiceField(label="How", choices=Channel.choices, initial=Channel.CALL)
    purpose = forms.ChoiceField(label="What for", choices=Purpose.choices, initial=Purpose.CHECK_IN)
    contact = forms.ModelChoiceField(
        Contact.objects.none(), to_field_name="public_id", required=False, empty_label="not listed", label="With whom"
    )
    happened_at = forms.DateTimeField(label="When", widget=Moment())
    minutes = forms.IntegerField(label="Minutes", required=False, min_value=0, max_value=1440)
    summary = forms.CharField(
        label="What was said", required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def __init__(self, *args: Any, account: Account, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["happened_at"].initial = timezone.localtime
        offer(self, "contact", account.contacts.all())


class AssignAccountsForm(forms.Form):
    """Which accounts go to whom, from today."""

    accounts = forms.ModelMultipleChoiceField(Account.objects.all(), to_field_name="public_id")
    person = forms.ModelChoiceField(Person.objects.filter(is_active=True), to_field_name="public_id")


def choose(form: forms.Form, name: str, choices: Iterable[Any]) -> None:
    """Give a field of a form its choices."""
    field = cast(forms.ChoiceField, form.fields[name])
    field.choices = list(choices)


def offer(form: forms.Form, name: str, records: Any) -> None:
    """Give a field of a form the records to choose from; the newest orders are enough to be chosen by hand."""
    field = cast("forms.ModelChoiceField[Any]", form.fields[name])
    field.queryset = records
    if records.model is Order:
        newest = [(order.public_id, order_words(order)) for order in records[:ORDERS_OFFERED]]
        field.widget.choices = [("", "none"), *newest]


def order_words(order: Order) -> str:
    """Name an order by its number and day."""
    return f"{order}, {timezone.localtime(order.ordered_at):%d %b %Y}"


_TYPES = Prepared(
    lambda: FrictionType.objects.filter(is_active=True, department__is_active=True).select_related("department")
)


def friction_choices() -> list[Group]:
    """Return the kinds of trouble in use, under the department that answers for them by default."""
    grouped = groupby(_TYPES(), key=lambda friction_type: friction_type.department.name)
    return [(name, [(one.slug, one.name) for one in group]) for name, group in grouped]
