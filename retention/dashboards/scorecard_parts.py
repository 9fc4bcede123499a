"""What the scorecard's figures are made of: a table behind each of them, with the same filter."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account, Holding, Product, Purpose
from accounts.segments import segments_on_record
from departments.http import PersonRequest
from departments.models import Person, Release
from retention.dashboards.periods import Period, months_after
from retention.dashboards.retained import LOST_NAMED, dearest, history_begins, lost, moved_most, reaches_back
from retention.dashboards.scorecard import require_scorecard, segment_asked_for
from retention.dashboards.scorecard_care import (
    INNOVATION_MONTHS,
    customers_on,
    managers_contacts,
    promises_due,
)
from retention.dashboards.scorecard_kept import kept_figures
from retention.dashboards.scorecard_vacation import say, vacation
from retention.formatting import number, percent, short_day, short_money

SHOWN = 25


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a table: words, and where they lead if anywhere."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for which segment (empty for all), and when."""

    person: Person
    segment: str
    today: datetime.date


@dataclass(frozen=True, slots=True)
class Part:
    """A figure's table: its title, the anchor of its definition, sentences before, headings and rows.

    The first heading is of words, the others of figures except those named in `words`.
    """

    title: str
    anchor: str
    sentences: Sequence[str]
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    words: Sequence[str] = ()

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Return each heading, and whether its column holds figures."""
        return [(heading, place > 0 and heading not in self.words) for place, heading in enumerate(self.headings)]

    @property
    def lines(self) -> list[list[tuple[Cell, str, bool]]]:
        """Return the rows with each cell's heading, and whether it is a figure."""
        return [
            [(cell, heading, is_figure) for cell, (heading, is_figure) in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


@require_safe
def show_part(request: PersonRequest, part: str) -> HttpResponse:
    """Show what one figure of the scorecard is made of."""
    require_scorecard(request.user)
    if part not in PARTS:
        raise Http404("The scorecard has no such part.")
    segments = segments_on_record()
    asked = Asked(request.user, segment_asked_for(request.GET, segments), timezone.localdate())
    context = {"part": PARTS[part](asked), "segments": segments, "segment": asked.segment}
    return render(request, "dashboards/scorecard_part.html", context)


def _account(account: Account) -> Cell:
    return Cell(account.name, reverse("account", args=[account.public_id]))


def _words(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


def _retained(asked: Asked) -> Part:
    begins = history_begins()
    moved: list[tuple[int, float, float]] = []
    sentences = ["The accounts whose revenue fell most, then those whose revenue grew most."]
    if reaches_back(asked.today, begins):
        moved = moved_most(asked.today, segment=asked.segment, shown=SHOWN)
    else:
        since = f"the record begins {short_day(begins)}" if begins else "none is on record"
        sentences = [f"Not known yet: it needs two years of revenue, {since}."]
    accounts = Account.objects.visible_to(asked.person).in_bulk([account for account, *_ in moved])
    rows = [
        [
            _account(accounts[account]),
            *_words(short_money(before), short_money(now), short_money(now - before)),
            Cell(f"left {short_day(left)}" if (left := accounts[account].left_on) else ""),
        ]
        for account, before, now in moved
        if account in accounts
    ]
    headings = ["Account", "The year before", "Last twelve months", "Change", "Now"]
    return Part("Revenue that stayed, account by account", "nrr", sentences, headings, rows, words=["Now"])


def _lost(asked: Asked) -> Part:
    period = Period.quarter_to(asked.today)
    found = lost(period.first, period.today, segment=asked.segment)
    rows = [
        [
            _account(account),
            Cell(_how_lost(account)),
            Cell(account.segment),
            Cell(short_money(account.annual_revenue)),
        ]
        for account in dearest(found, asked.person, LOST_NAMED)
    ]
    sentences = [f"{number(found.count)} in {period.name}, those that brought most a year first."]
    headings = ["Account", "How", "Segment", "Annual revenue"]
    return Part("Accounts lost", "lost", sentences, headings, rows, words=["How", "Segment"])


def _how_lost(account: Any) -> str:
    if account.left_on:
        return f"ended it {short_day(account.left_on)}"
    return f"90 days without an order{', has ordered again' if account.ordered_again else ''}"


def _vacation(asked: Asked) -> Part:
    kept = kept_figures(asked.today, asked.segment)
    tested = kept.vacation if kept else vacation(asked.today, segment=asked.segment)
    result = tested.result
    kinds = [("Away", result.away), *tested.kinds]
    rows = [
        [
            Cell(episode.absence.person.name),
            Cell(short_day(episode.absence.starts_on)),
            Cell(short_day(episode.absence.ends_on)),
            Cell(episode.absence.covered_by.name if episode.absence.covered_by else "nobody"),
            *_words(number(round(episode.account_weeks)), number(round(episode.orders))),
            *_words(number(round(episode.expected)), percent(episode.ratio)),
        ]
        for episode in reversed(tested.episodes)
    ]
    sentences = [
        *(f"{name}: {say(effect)}." for name, effect in kinds),
        f"Absences of account managers from {short_day(tested.first)} to {short_day(tested.last)}.",
        "One absence alone is mostly chance; only together do they tell something.",
    ]
    headings = ["Who", "From", "To", "Covered by", "Account-weeks", "Orders", "Expected", "Of it"]
    return Part("Vacation test", "vacation", sentences, headings, rows, words=["From", "To", "Covered by"])


def _time(asked: Asked) -> Part:
    contacts = managers_contacts(asked.today, asked.segment)
    columns = {f"for_{purpose.value}": Sum("minutes", filter=Q(purpose=purpose), default=0) for purpose in Purpose}
    found = contacts.values("person__name", "person").annotate(
        contacts=Count("pk"), spent=Sum("minutes"), accounts=Count("account", distinct=True), **columns
    )
    spent: Sequence[Mapping[str, Any]] = list(found.order_by("-spent", "person__name"))
    rows = [
        _words(
            row["person__name"],
            number(row["contacts"]),
            number(row["accounts"]),
            number(row["spent"]),
            *(percent(row[column] / row["spent"]) for column in columns),
        )
        for row in spent
    ]
    headings = ["Account manager", "Contacts", "Accounts", "Minutes", *(str(purpose.label) for purpose in Purpose)]
    return Part(
        "Where account managers’ time goes", "sales-time", ["The last 90 days, by who spent it."], headings, rows
    )


def _services(asked: Asked) -> Part:
    before = Period.quarter_to(asked.today).end_before
    now, then = (_held(day, asked.segment) for day in (asked.today, before))
    customers = customers_on(asked.today, asked.segment).count()
    names = dict(Product.objects.filter(pk__in={*now, *then}).values_list("pk", "name"))
    rows = [
        _words(
            names[product],
            number(now.get(product, 0)),
            number(then.get(product, 0)),
            percent(now.get(product, 0) / customers if customers else None),
        )
        for product in sorted(names, key=lambda product: (-now.get(product, 0), names[product]))
    ]
    sentences = [
        f"Held by the {number(customers)} accounts that have not left; last quarter as of {short_day(before)}."
    ]
    return Part("Services held", "breadth", sentences, ["Service", "Held now", "Last quarter", "Of accounts"], rows)


def _held(day: datetime.date, segment: str) -> Mapping[int, int]:
    held = Holding.objects.order_by().on(day).filter(account__in=customers_on(day, segment).values("pk"))
    return dict(held.values_list("product").annotate(count=Count("pk")))


def _innovations(asked: Asked) -> Part:
    customers = customers_on(asked.today, asked.segment)
    since = months_after(asked.today, -INNOVATION_MONTHS)
    recent = Q(adoptions__adopted_on__gt=since, adoptions__adopted_on__lte=asked.today)
    of_customers = Q(adoptions__account__in=customers.values("pk"))
    releases = Release.objects.annotate(
        adopted=Count("adoptions", filter=of_customers, distinct=True),
        adopted_lately=Count("adoptions", filter=of_customers & recent, distinct=True),
    )
    promised = _promised(asked)
    rows = [
        [
            Cell(release.name),
            Cell(short_day(release.promised_for) if release.promised_for else ""),
            Cell(short_day(release.delivered_on) if release.delivered_on else "not yet"),
            *_words(number(promised.get(release.pk, 0)), number(release.adopted_lately), number(release.adopted)),
        ]
        for release in releases.order_by("-promised_for", "name")
    ]
    sentences = [
        "Promises due are those made to single accounts for a day of the last twelve months.",
        "They are kept where the release was delivered by then.",
    ]
    headings = ["Release", "Promised for", "Delivered", "Promises due", "Adopted in 12 months", "Adopted in all"]
    return Part("Innovations", "innovation", sentences, headings, rows, words=["Promised for", "Delivered"])


def _promised(asked: Asked) -> Mapping[int, int]:
    return dict(promises_due(asked.today, asked.segment).values_list("release").annotate(count=Count("pk")))


PARTS: Mapping[str, Callable[[Asked], Part]] = {
    "retained": _retained,
    "lost": _lost,
    "vacation": _vacation,
    "time": _time,
    "services": _services,
    "innovations": _innovations,
}
