"""What if: some friction had not happened, and what that would have kept, for whoever may see it."""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account
from accounts.segments import segments_on_record
from departments.http import PersonRequest
from departments.models import Department, FrictionType, Person
from departments.models.person import SEES_EVERYTHING, WORKS_IN_DEPARTMENT
from departments.prepared import PlannedAnewFor
from retention.asking.words import words_of
from retention.dashboards.portfolio_choices import segments_among
from retention.models import ModelVersion
from retention.scoring.bands import BAND_WORDS
from retention.scoring.what_if import Question, TooManyAccounts, what_if
from retention.scoring.what_if_answers import Told

USUAL_DAYS = 90
MOST_ROWS = 50


_SEGMENTS = PlannedAnewFor(lambda reader: segments_among(Account.objects.visible_to(reader)))


def segments_seen_by(person: Person) -> Sequence[str]:
    """Return the segments of the accounts whose names the person sees, in order.

    Whoever sees a large part of all accounts is asked about segment by segment: an account of each is soon found.
    """
    if person.role not in SEES_EVERYTHING | WORKS_IN_DEPARTMENT:
        return _SEGMENTS(person)
    visible = Account.objects.visible_to(person).order_by()
    one_of_each = [visible.filter(segment=name).values_list("segment", flat=True)[:1] for name in segments_on_record()]
    found: Any = Account.objects.none().values_list("segment", flat=True)
    return sorted(found.union(*one_of_each))


class WhatIfForm(forms.Form):
    """Which friction is thought away."""

    department = forms.ChoiceField(required=False, label="Whose friction")
    friction_type = forms.ChoiceField(required=False, label="Of which type")
    segment = forms.ChoiceField(required=False, label="At accounts of")
    since = forms.DateField(required=False, label="Happened from", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="to", widget=forms.DateInput(attrs={"type": "date"}))
    incidents = forms.CharField(required=False, max_length=40_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        departments = Department.objects.filter(is_active=True).values_list("slug", "name")
        self._offer("department", "Anybody’s", departments)
        self._offer("friction_type", "Any type", _types())
        self._offer("segment", "Any segment", ((name, name) for name in segments_seen_by(person)))

    def _offer(self, name: str, nothing: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", nothing), *choices]

    def clean_incidents(self) -> tuple[uuid.UUID, ...]:
        """Return the public ids of chosen incidents, which the address names with commas between."""
        try:
            return tuple(uuid.UUID(one) for one in self.cleaned_data["incidents"].split(",") if one)
        except ValueError as error:
            raise forms.ValidationError("Chosen incidents are named by their ids, with commas between.") from error

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "The period ends before it begins.")
        return given

    def cleaned_fields(self) -> list[tuple[str, str]]:
        """Return names and values of what is asked, to be asked anew."""
        return [(name, value) for name in self.fields if (value := self.data.get(name))]

    def question(self) -> Question:
        """Return what is asked; days are the reader's own, both included."""
        given = self.cleaned_data
        # After the last day that a calendar has there is none, and no incident either.
        is_bounded = given["until"] and given["until"] < datetime.date.max
        day_after = given["until"] + datetime.timedelta(days=1) if is_bounded else None
        return Question(
            departments=_one(given["department"]),
            friction_types=_one(given["friction_type"]),
            happened_from=_start_of(given["since"]),
            happened_until=_start_of(day_after),
            segment=given["segment"],
            incidents=given["incidents"],
        )


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _start_of(day: datetime.date | None) -> datetime.datetime | None:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min)) if day else None


def _types() -> list[tuple[str, list[tuple[str, str]]]]:
    rows = FrictionType.objects.filter(is_active=True).values_list("department__name", "slug", "name")
    return [
        (department, [(slug, name) for _, slug, name in types])
        for department, types in groupby(rows, lambda row: row[0])
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """One account with both risks and the money that would be kept."""

    account: Account
    before: float
    after: float
    kept: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """So many accounts that would stand in another band."""

    before: str
    after: str
    count: int


@require_safe
def show_what_if(request: PersonRequest) -> HttpResponse:
    """Ask and answer what would be without some friction; nothing is changed by it."""
    form = WhatIfForm(_asked(request), person=request.user)
    told, refusal = None, ""
    if form.is_valid():
        try:
            told = Told.of(what_if(form.question(), person=request.user, as_of=timezone.now()))
        except TooManyAccounts as sentence:
            refusal = str(sentence)
    context = {
        "form": form,
        "version": ModelVersion.objects.filter(is_active=True).first(),
        "answer": told,
        "refusal": refusal,
        "rows": rows_told(told, request.user) if told else [],
        "crossings": crossings_told(told) if told else [],
        "narrowed_to_departments": bool(form.is_valid() and form.cleaned_data["department"]),
        "words": words_of(form.question()) if form.is_valid() else "",
    }
    return render(request, "dashboards/what_if.html", context, status=400 if form.errors else 200)


def _asked(request: PersonRequest) -> dict[str, str]:
    """Return what the address asks for; without a question, a department's own friction of the last 90 days."""
    if request.GET:
        return request.GET.dict()
    own = request.user.department
    since = timezone.localdate() - datetime.timedelta(days=USUAL_DAYS)
    return {"department": own.slug if own else "", "since": since.isoformat()}


def rows_told(told: Told, person: Person) -> list[Row]:
    """Return the accounts where most would be kept, of those that the person sees now."""
    heaviest = told.heaviest[:MOST_ROWS]
    accounts = Account.objects.visible_to(person).in_bulk([one.account_id for one in heaviest])
    return [
        Row(accounts[one.account_id], one.before, one.after, one.kept) for one in heaviest if one.account_id in accounts
    ]


def crossings_told(told: Told) -> Sequence[Crossing]:
    """Return how many accounts would stand in which other band, in words."""
    return [Crossing(BAND_WORDS[one], BAND_WORDS[other], count) for one, other, count in told.crossings]
