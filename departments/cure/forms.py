"""What people fill in on the way to a cure."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from accounts.prepared import Prepared, given
from departments.forms import offer, offer_causes, offer_departments
from departments.models import (
    ActionKind,
    CauseCode,
    CostKind,
    CustomerStepKind,
    Department,
    HandOff,
    Incident,
    Person,
    Problem,
    Responsibility,
    Role,
    Subject,
)
from departments.models.cure import MOST_WHYS
from departments.prepared import PreparedFor

WORKING = (Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MEMBER)


def _words(label: str, rows: int = 2, **options: Any) -> forms.CharField:
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows}), max_length=2000, label=label, **options)


def _moment(label: str) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        required=False,
        help_text="empty for now",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


def owners(subject: Subject) -> QuerySet[Person]:
    """Return who could own an action: people of the departments that have to do with it."""
    if isinstance(subject, Incident):
        return _concerned(Incident.objects.filter(pk=subject.pk), subject.department_id)
    return _concerned(subject.incidents.all(), subject.department_id)


def owners_shown(subject: Subject) -> list[Person]:
    """Return the same to choose from."""
    if isinstance(subject, Incident):
        return _OWNERS(incident=subject.pk, department=subject.department_id)
    return list(owners(subject))


def _concerned(incidents: QuerySet[Incident], department: Any) -> QuerySet[Person]:
    keys = incidents.order_by().values("pk")
    concerned = Q(department=department)
    concerned |= Q(department__in=Responsibility.objects.filter(incident__in=keys).order_by().values("department"))
    concerned |= Q(department__in=HandOff.objects.filter(incident__in=keys).order_by().values("to_department"))
    return Person.objects.filter(concerned, is_active=True, role__in=WORKING).select_related("department")


_OWNERS = Prepared(lambda: _concerned(Incident.objects.filter(pk=given("incident")), given("department")))


class ContainmentForm(forms.Form):
    """What was done at once for the customer."""

    words = _words("What was done at once for the customer")
    done_at = _moment("When")


class RootCauseForm(forms.Form):
    """Up to five whys, each the answer to the one before."""

    cause = forms.ModelChoiceField(
        CauseCode.objects.none(), to_field_name="public_id", required=False, empty_label="none of these", label="Cause"
    )
    escape = _words("Why it was not noticed before it reached the customer", required=False)

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_causes(self, department)
        for number in range(1, MOST_WHYS + 1):
            label = "Why did it happen?" if number == 1 else f"Why? ({number})"
            self.fields[f"why_{number}"] = forms.CharField(max_length=500, required=number == 1, label=label)

    def why_fields(self) -> list[forms.BoundField]:
        """Return the fields of the whys, in order."""
        return [self[f"why_{number}"] for number in range(1, MOST_WHYS + 1)]

    def values(self) -> dict[str, Any]:
        """Return what the action takes."""
        cleaned = self.cleaned_data
        whys = [cleaned.get(f"why_{number}") or "" for number in range(1, MOST_WHYS + 1)]
        return {"whys": whys, "cause": cleaned["cause"], "escape": cleaned["escape"]}


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A person, named with the department."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the person's name and department."""
        return f"{obj.name}, {obj.department}"


class ActionForm(forms.Form):
    """What is changed, whose it is, by when."""

    words = _words("What is changed so that it does not happen again")
    kind = forms.ChoiceField(choices=ActionKind.choices, label="What it does")
    owner = OwnerField(Person.objects.none(), to_field_name="public_id", empty_label="choose…", label="Owner")
    due_on = _day("By when")
    check_after_days = forms.IntegerField(
        min_value=7, max_value=730, required=False, label="Check after, days", help_text="from the day it is done"
    )

    def __init__(self, *args: Any, subject: Subject, shown: Sequence[Person] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = partial(owners_shown, subject) if shown is None else partial(iter, shown)
        offer(self, "owner", people, partial(owners, subject))
        self.fields["check_after_days"].widget.attrs["placeholder"] = str(subject.friction_type.check_after_days)


class ReplanForm(forms.Form):
    """Another owner or another day, and why."""

    owner = OwnerField(Person.objects.none(), to_field_name="public_id", empty_label=None, label="Owner")
    due_on = _day("By when")
    words = _words("Why it is planned anew")

    def __init__(self, *args: Any, subject: Subject, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", partial(owners_shown, subject), partial(owners, subject))


class ConfirmForm(forms.Form):
    """What a person concludes from a check."""

    words = _words("What you conclude")
    thanks = _words("Who is thanked, and for what", required=False)


class ReopenForm(forms.Form):
    """What is still missing, and by when."""

    words = _words("What is still missing")
    due_on = _day("By when")


class CostForm(forms.Form):
    """What it cost directly: money, or hours."""

    kind = forms.ChoiceField(choices=CostKind.choices, label="For what")
    amount = forms.DecimalField(min_value=0, max_digits=12, decimal_places=2, required=False, label="Amount")
    hours = forms.DecimalField(
        min_value=0, max_digits=6, decimal_places=2, required=False, label="or hours", help_text="for hours worked"
    )
    words = forms.CharField(max_length=500, required=False, label="In words")


class CustomerStepForm(forms.Form):
    """What passed with the customer."""

    kind = forms.ChoiceField(choices=CustomerStepKind.choices, label="What")
    happened_at = _moment("When")
    score = forms.IntegerField(
        min_value=0, max_value=10, required=False, label="Answer, 0 to 10", help_text="once they have answered"
    )
    words = forms.CharField(max_length=1000, required=False, label="In words")


class ProblemForm(forms.Form):
    """A common cause: its name, and which department holds it."""

    title = forms.CharField(max_length=200, label="What the incidents have in common")
    description = _words("More about it", required=False)
    department = forms.ModelChoiceField(
        Department.objects.none(), to_field_name="slug", empty_label=None, label="Who holds it"
    )

    def __init__(self, *args: Any, known: Collection[Department] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_departments(self, "department", known=known)


def _problems(reader: Person) -> QuerySet[Problem]:
    return Problem.objects.visible_to(reader).open()


_PROBLEMS = PreparedFor(_problems)


class LinkForm(forms.Form):
    """A problem that is there already."""

    problem = forms.ModelChoiceField(
        Problem.objects.none(), to_field_name="public_id", empty_label="choose…", label="Problem"
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "problem", partial(_PROBLEMS, person), partial(_problems, person))
