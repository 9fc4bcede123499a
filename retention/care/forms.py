"""What is filled in for recoveries and snoozes. Choices are narrowed to the account; the actions check again."""

import datetime
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Account
from departments.care.forms import Day
from departments.models import Capability, Incident, Person, Role
from departments.models.person import SEES_EVERYTHING
from retention import formatting
from retention.care.recoveries import NewStep
from retention.dashboards.portfolio_care import RISES, USUAL_SNOOZE
from retention.models import OUTCOMES, Recovery, RecoveryState, RecoveryStep

if TYPE_CHECKING:
    ManyIncidents = forms.ModelMultipleChoiceField[Incident]
else:
    ManyIncidents = forms.ModelMultipleChoiceField

FIRST_STEPS = 4
INCIDENTS_OFFERED = 30
USUAL_LENGTH = datetime.timedelta(days=30)
USUAL_STEP = datetime.timedelta(days=7)


class IncidentsField(ManyIncidents):
    """Incidents to tick, each told with the department that holds it and since when."""

    def label_from_instance(self, obj: Incident) -> str:
        """Return what stands beside the box."""
        return f"{obj.title} · {obj.department}, {formatting.short_day(timezone.localtime(obj.happened_at).date())}"


class RecoveryForm(forms.Form):
    """What is to be reached, who leads, until when, and about which incidents."""

    goal = forms.CharField(
        label="What is to be reached",
        max_length=300,
        help_text="So that one can tell at the end whether it was, such as: they order again before Christmas.",
    )
    owner = forms.ModelChoiceField(Person.objects.none(), to_field_name="public_id", label="Who leads")
    due_on = forms.DateField(label="Until", widget=Day())
    incidents = IncidentsField(
        Incident.objects.none(),
        to_field_name="public_id",
        required=False,
        label="Which friction it is about",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, *args: Any, account: Account, person: Person, before: Recovery | None = None, **rest: Any
    ) -> None:
        super().__init__(*args, **rest)
        self.initial = {
            "owner": before.owner.public_id if before else person.public_id,
            "due_on": before.due_on if before else timezone.localdate() + USUAL_LENGTH,
            "goal": before.goal if before else "",
            "incidents": [one.public_id for one in before.incidents.all()] if before else [],
            **self.initial,
        }
        leads = cast("forms.ModelChoiceField[Person]", self.fields["owner"])
        leads.queryset = leaders(before)
        incidents = cast("forms.ModelMultipleChoiceField[Incident]", self.fields["incidents"])
        incidents.queryset = offered_incidents(account, person, before)


class StepForm(forms.Form):
    """What is to be done, by whom, until when."""

    words = forms.CharField(label="What to do", max_length=300)
    owner = forms.ModelChoiceField(Person.objects.none(), to_field_name="public_id", label="Who")
    due_on = forms.DateField(label="Until", widget=Day())

    def __init__(
        self, *args: Any, person: Person, people: Sequence[Person], step: RecoveryStep | None = None, **rest: Any
    ) -> None:
        super().__init__(*args, **rest)
        self.initial = {
            "words": step.words if step else "",
            "owner": step.owner.public_id if step else person.public_id,
            "due_on": step.due_on if step else timezone.localdate() + USUAL_STEP,
            **self.initial,
        }
        owner = cast("forms.ModelChoiceField[Person]", self.fields["owner"])
        owner.queryset = workers(step)
        owner.widget.choices = grouped([*people, *([step.owner] if step and step.owner not in people else [])])

    def new_step(self) -> NewStep | None:
        """Return what was filled in; None where nothing was."""
        return NewStep(**self.cleaned_data) if self.cleaned_data.get("words") else None


class FirstStepForm(StepForm):
    """A step of a new recovery, which may be left empty."""

    use_required_attribute = False

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.empty_permitted = True

    def has_changed(self) -> bool:
        """Return whether it says what to do; without that, the rest of the line means nothing."""
        return bool(str(self["words"].value() or "").strip())


class CloseForm(forms.Form):
    """How it ended."""

    outcome = forms.ChoiceField(
        label="It", choices=[(state.value, state.label.lower()) for state in map(RecoveryState, OUTCOMES)],
        widget=forms.RadioSelect,
    )  # fmt: skip
    words = forms.CharField(label="How it ended", max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))


class TickedForm(forms.Form):
    """Which accounts are meant, among those whose books the person keeps."""

    accounts = forms.ModelMultipleChoiceField(
        Account.objects.none(), to_field_name="public_id", error_messages={"required": "Tick at least one account."}
    )

    def __init__(self, *args: Any, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        accounts = cast("forms.ModelMultipleChoiceField[Account]", self.fields["accounts"])
        accounts.queryset = Account.objects.open_book_to(person)


class SnoozeForm(TickedForm):
    """Until when or until which rise, and why."""

    until = forms.DateField(
        label="Until",
        required=False,
        widget=Day(),
        help_text="The day on which it comes back; left empty, only the risk brings it back.",
    )
    wakes_at_rise = forms.TypedChoiceField(
        label="Or earlier, when the risk rises by", choices=RISES, coerce=float, initial="0.05"
    )
    reason = forms.CharField(label="Why", max_length=300)

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.fields["until"].initial = timezone.localdate() + USUAL_SNOOZE


def leaders(before: Recovery | None) -> Any:
    """Return who can lead a recovery, and who leads this one."""
    able = Q(is_active=True, role__in=_roles_with(Capability.LOG_CONTACT))
    return Person.objects.filter(able | Q(pk=before.owner_id) if before else able)


def workers(step: RecoveryStep | None = None) -> Any:
    """Return who takes steps on: everybody who looks after customers or works on incidents, and who has this one."""
    able = Q(is_active=True) & ~Q(role__in=SEES_EVERYTHING)
    people = Person.objects.filter(able | Q(pk=step.owner_id) if step else able)
    return people.select_related("department").order_by(F("department__position").asc(nulls_first=True), "role", "name")


def grouped(people: Sequence[Person]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Lay people out by their department, or by their role where they have none."""
    return [(name, [(str(one.public_id), one.name) for one in group]) for name, group in groupby(people, _where)]


def offered_incidents(account: Account, person: Person, before: Recovery | None) -> Any:
    """Return the open incidents of the account that the person sees, and those that are linked already."""
    seen = Incident.objects.visible_to(person).filter(account=account, merged_into=None)
    heaviest = seen.open().order_by("-money_at_risk", "pk").values_list("pk", flat=True)[:INCIDENTS_OFFERED]
    linked = before.incidents.values_list("pk", flat=True) if before else []
    return seen.filter(pk__in=[*heaviest, *linked]).select_related("department").order_by("-money_at_risk", "pk")


def first_steps(person: Person, sent: Any) -> list[FirstStepForm]:
    """Return some empty steps to be filled in with a new recovery, or left empty."""
    people = list(workers())
    return [FirstStepForm(sent, person=person, people=people, prefix=f"step{place}") for place in range(FIRST_STEPS)]


def _where(person: Person) -> str:
    return person.department.name if person.department else person.get_role_display()


def _roles_with(capability: Capability) -> list[str]:
    return [role for role in Role.values if Person(role=role, is_active=True).can(capability)]
