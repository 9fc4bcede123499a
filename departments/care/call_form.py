"""What somebody at the desk fills in while the customer is on the phone."""

from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import Account, Contact, Purpose
from accounts.prepared import Prepared, given
from departments.actions.calls import Call
from departments.care.forms import SEVERITIES, choose, friction_choices, offer
from departments.models import CallRequest, Capability, FrictionType, Person

DEFAULT_SEVERITY = 0.5


_ASKED = Prepared(lambda: CallRequest.objects.open().filter(account=given("account")).select_related("asked_by")[:1])


def asked_for(account: Account) -> CallRequest | None:
    """Return the call that was asked for and is still to be made, if there is one."""
    return next(iter(_ASKED(account=account.pk)), None)


class CallForm(forms.Form):
    """A call: its minutes and words, an order taken on it, friction told on it."""

    answers = forms.BooleanField(required=False, initial=True, label="This call does what was asked for")
    contact = forms.ModelChoiceField(
        Contact.objects.none(), to_field_name="public_id", required=False, empty_label="not listed", label="With whom"
    )
    purpose = forms.ChoiceField(choices=Purpose.choices, initial=Purpose.WORK_IN_PROCESS, label="What for")
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False, label="Minutes")
    summary = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), max_length=5000, label="What was said")
    order_amount = forms.DecimalField(
        min_value=Decimal("0.01"), max_digits=12, decimal_places=2, required=False, label="Order taken, amount"
    )
    order_promised_on = forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}), required=False, label="Promised for"
    )
    friction_type = forms.ChoiceField(required=False, label="Friction they told of")
    severity = forms.TypedChoiceField(
        choices=SEVERITIES, coerce=float, initial="0.5", required=False, label="How bad for them"
    )
    friction_words = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}), max_length=5000, required=False, label="What happened"
    )

    def __init__(self, *args: Any, account: Account, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        offer(self, "contact", account.contacts.all())
        choose(self, "friction_type", [("", "none"), *friction_choices()])
        self.asked: CallRequest | None = asked_for(account)
        if self.asked is None:
            del self.fields["answers"]
        if not person.can(Capability.TAKE_ORDERS):
            del self.fields["order_amount"], self.fields["order_promised_on"]

    def clean(self) -> dict[str, Any]:
        """What belongs together must come together."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("order_promised_on") and not values.get("order_amount") and "order_amount" not in self.errors:
            self.add_error("order_amount", "An order needs an amount.")
        if values.get("friction_words") and not values.get("friction_type"):
            self.add_error("friction_type", "Say what kind of trouble it was.")
        return values

    def clean_friction_type(self) -> FrictionType | None:
        """Return the type that was chosen by its slug, if any was."""
        slug = self.cleaned_data["friction_type"]
        return FrictionType.objects.get(slug=slug) if slug else None

    def call(self) -> Call:
        """Return what was filled in, as the action takes it."""
        values = self.cleaned_data
        return Call(
            purpose=values["purpose"],
            minutes=values["minutes"],
            summary=values["summary"],
            contact=values["contact"],
            order_amount=values.get("order_amount"),
            order_promised_on=values.get("order_promised_on"),
            friction_type=values["friction_type"],
            severity=values["severity"] or DEFAULT_SEVERITY,
            friction_words=values["friction_words"],
            answers=self.asked if values.get("answers") else None,
        )
