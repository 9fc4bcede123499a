"""What a reader of the desk narrows it to: filters that combine, kept in the address."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.db.models import Q, QuerySet
from django.forms import BoundField
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.prepared import Prepared
from accounts.segments import segments_on_record
from departments.models import Department, FrictionType, Incident, Person
from departments.models.person import WORKS_IN_DEPARTMENT
from retention.dashboards.bounces import returned_to
from retention.dashboards.triage_rows import SEVERITIES
from retention.formatting import money

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that was chosen, in words, and the address of the desk without it."""

    words: str
    url: str


class TriageFilters(forms.Form):
    """The choices above the desk; what cannot be chosen is left out."""

    person = forms.MultipleChoiceField(required=False, label="With")
    type = forms.MultipleChoiceField(required=False, label="Type")
    severity = forms.MultipleChoiceField(
        required=False, label="Severity", choices=[(word, word) for _, word in SEVERITIES]
    )
    segment = forms.MultipleChoiceField(required=False, label="Segment of the account")
    value = forms.DecimalField(required=False, min_value=0, max_digits=14, label="Account worth at least, a year")
    age = forms.IntegerField(required=False, min_value=0, max_value=3650, label="Happened at least so many days ago")
    returned = forms.BooleanField(required=False, label="Returned to us, or disputed with us")

    def __init__(self, given: QueryDict, *, department: Department) -> None:
        super().__init__(given)
        self.department = department
        for name, choices in _choices(department).items():
            cast(forms.MultipleChoiceField, self.fields[name]).choices = choices

    @property
    def chosen(self) -> Mapping[str, Any]:
        """Return what was chosen and can be, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], False)}

    def narrow(self, incidents: QuerySet[Incident], moment: datetime.datetime) -> QuerySet[Incident]:
        """Return the incidents that fit everything that was chosen."""
        chosen = self.chosen
        fits: dict[str, Callable[[Any], Q]] = {
            "person": _with,
            "type": lambda value: Q(friction_type__slug__in=value),
            "severity": _of_severity,
            "segment": lambda value: Q(account__segment__in=value),
            "value": lambda value: Q(account__annual_revenue__gte=value),
            "age": lambda value: Q(happened_at__lte=moment - datetime.timedelta(days=value)),
            "returned": lambda _: Q(pk__in=returned_to(self.department).values("pk")),
        }
        for name, value in chosen.items():
            incidents = incidents.filter(fits[name](value))
        return incidents

    @property
    def lists(self) -> list[BoundField]:
        """Return the fields of which several can be chosen."""
        return [field for field in self if isinstance(field.field, forms.MultipleChoiceField)]

    @property
    def bounds(self) -> list[BoundField]:
        """Return the fields that hold a figure."""
        return [self[name] for name in ("value", "age")]

    def chips(self, others: Sequence[tuple[str, str]]) -> list[Chip]:
        """Return each thing that was chosen, with the address that leaves it out; `others` stand in every address."""
        pairs = self.query()
        return [
            Chip(self._words(name, value), f"?{urlencode([*others, *pairs[:place], *pairs[place + 1 :]])}")
            for place, (name, value) in enumerate(pairs)
        ]

    def _words(self, name: str, value: str) -> str:
        field = self.fields[name]
        if isinstance(field, forms.MultipleChoiceField):
            label = dict(cast(Sequence[tuple[str, str]], field.choices)).get(value, value)
            return f"with {label}" if name == "person" else str(label)
        sentences = {"value": "worth {} or more a year", "age": "{} or more days old"}
        return sentences.get(name, "returned to us or disputed with us").format(
            money(float(Decimal(value))) if name == "value" else value
        )

    def query(self) -> list[tuple[str, str]]:
        """Return what was chosen as the pairs of an address."""
        pairs: list[tuple[str, str]] = []
        for name, value in self.chosen.items():
            several = value if isinstance(value, list) else ["on" if value is True else str(value)]
            pairs += [(name, one) for one in several]
        return pairs


_PEOPLE = Prepared(
    lambda: Person.objects.filter(is_active=True, role__in=WORKS_IN_DEPARTMENT).values_list(
        "public_id", "name", "department__name"
    )
)
_TYPES = Prepared(lambda: FrictionType.objects.filter(is_active=True).values_list("slug", "name"))


def _choices(department: Department) -> dict[str, Sequence[tuple[str, str]]]:
    segments = segments_on_record()
    own_first = sorted(_PEOPLE(), key=lambda person: (person[2] != department.name, person[1]))
    return {
        "person": [(NOBODY, "nobody yet"), *((str(key), f"{name}, {works_in}") for key, name, works_in in own_first)],
        "type": _TYPES(),
        "segment": [(segment, segment) for segment in segments],
    }


def _with(people: Sequence[str]) -> Q:
    named = [public_id for public_id in people if public_id != NOBODY]
    fits = Q(assignee__public_id__in=named) if named else Q(pk__in=[])
    return fits | Q(assignee=None) if NOBODY in people else fits


def _of_severity(words: Sequence[str]) -> Q:
    fits, above = Q(pk__in=[]), 2.0
    for least, word in SEVERITIES:
        if word in words:
            fits |= Q(severity__gte=least, severity__lt=above)
        above = least
    return fits
