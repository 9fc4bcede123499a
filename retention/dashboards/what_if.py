"""What if: some friction had not happened, and what that would have kept, for whoever may see it."""

import datetime
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
from departments.http import PersonRequest
from departments.models import Department, FrictionType, Person
from retention.dashboards.portfolio_choices import segments_of
from retention.models import ModelVersion
from retention.scoring.bands import BAND_WORDS
from retention.scoring.what_if import Answer, Question, TooManyAccounts, what_if

USUAL_DAYS = 90
MOST_ROWS = 50


class WhatIfForm(forms.Form):
    """Which friction is thought away."""

    department = forms.ChoiceField(required=False, label="Whose friction")
    friction_type = forms.ChoiceField(required=False, label="Of which type")
    segment = forms.ChoiceField(required=False, label="At accounts of")
    since = forms.DateField(required=False, label="Happened from", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="to", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, person: Person, **rest: Any) -> None:
        super().__init__(*args, **rest)
        accounts = Account.objects.visible_to(person)
        departments = Department.objects.filter(is_active=True).values_list("slug", "name")
        self._offer("department", "Anybody’s", departments)
        self._offer("friction_type", "Any type", _types())
        self._offer("segment", "Any segment", ((name, name) for name in segments_of(accounts)))

    def _offer(self, name: str, nothing: str, choices: Any) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = [("", nothing), *choices]

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends before it begins."""
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "The period ends before it begins.")
        return given

    def question(self) -> Question:
        """Return what is asked; days are the reader's own, both included."""
        given = self.cleaned_data
        day_after = given["until"] + datetime.timedelta(days=1) if given["until"] else None
        return Question(
            departments=_one(given["department"]),
            friction_types=_one(given["friction_type"]),
            happened_from=_start_of(given["since"]),
            happened_until=_start_of(day_after),
            segment=given["segment"],
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
    answer, refusal = None, ""
    if form.is_valid():
        try:
            answer = what_if(form.question(), person=request.user, as_of=timezone.now())
        except TooManyAccounts as sentence:
            refusal = str(sentence)
    context = {
        "form": form,
        "version": ModelVersion.objects.filter(is_active=True).first(),
        "answer": answer,
        "refusal": refusal,
        "rows": _rows(answer) if answer else [],
        "crossings": _crossings(answer) if answer else [],
        "words": _words(form) if answer else "",
    }
    return render(request, "dashboards/what_if.html", context, status=400 if form.errors else 200)


def _asked(request: PersonRequest) -> dict[str, str]:
    """Return what the address asks for; without a question, a department's own friction of the last 90 days."""
    if request.GET:
        return request.GET.dict()
    own = request.user.department
    since = timezone.localdate() - datetime.timedelta(days=USUAL_DAYS)
    return {"department": own.slug if own else "", "since": since.isoformat()}


def _rows(answer: Answer) -> list[Row]:
    places = answer.heaviest(MOST_ROWS).tolist()
    accounts = Account.objects.in_bulk(answer.account_ids[places].tolist())
    kept = answer.money_kept
    return [
        Row(accounts[key], float(answer.before[place]), float(answer.after[place]), float(kept[place]))
        for place in places
        if (key := int(answer.account_ids[place])) in accounts
    ]


def _crossings(answer: Answer) -> Sequence[Crossing]:
    return [Crossing(BAND_WORDS[one], BAND_WORDS[other], count) for one, other, count in answer.crossings()]


def _words(form: WhatIfForm) -> str:
    """Say the question in a sentence."""
    department = Department.objects.filter(slug=form.cleaned_data["department"]).first()
    kind = FrictionType.objects.filter(slug=form.cleaned_data["friction_type"]).first()
    whose = f"{department.name}’s" if department else "all"
    what = f"“{kind.name.lower()}”" if kind else "friction"
    where = f" at accounts of {form.cleaned_data['segment']}" if form.cleaned_data["segment"] else ""
    since, until = form.cleaned_data["since"], form.cleaned_data["until"]
    period = (f" from {since:%d %B %Y}" if since else "") + (f" to {until:%d %B %Y}" if until else "")
    return f"What if {whose} {what}{where}{period} had not happened?"
