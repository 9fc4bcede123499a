"""Everything that passed between an account and us, the newest first."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.urls import reverse

from accounts.models import Account, Order, Signal, Touchpoint
from accounts.signals import KINDS
from departments.models import Answer, HandOff, Incident, IncidentEvent, Person
from retention import formatting
from retention.dashboards.timeline_care import care_entries, service_entries
from retention.dashboards.timeline_entry import Entry
from retention.models import ScoreHistory

ENTRIES_A_PAGE = 15
# Whoever wants to see further back than this is better served by an export.
MOST_PAGES = 200
VERBS = {
    "accepted": "Accepted",
    "resolved": "Resolved",
    "reopened": "Reopened",
    "disputed": "Disputed",
    "ruled": "Ruled on",
}


@dataclass(frozen=True)
class Timeline:
    """One page of it; `more` says whether there is a further one."""

    entries: list[Entry]
    page: int
    has_more: bool


def timeline_of(account: Account, person: Person, *, kind: str, page: int) -> Timeline:
    """Return a page of the timeline, of one kind of entry or, where the kind is empty, of all."""
    page = min(max(page, 1), MOST_PAGES)
    limit = page * ENTRIES_A_PAGE + 1
    sources = [SOURCES[kind]] if kind in SOURCES else list(SOURCES.values())
    merged = heapq.merge(*(read(account, person, limit) for read in sources), key=lambda entry: entry.at, reverse=True)
    entries = list(itertools.islice(merged, limit - 1 - ENTRIES_A_PAGE, limit))
    return Timeline(entries[:ENTRIES_A_PAGE], page, has_more=len(entries) > ENTRIES_A_PAGE)


def _orders(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    orders = Order.objects.visible_to(person).filter(account=account).order_by("-ordered_at", "-pk")
    for order in orders[:limit]:
        words = f"Order {order}, {formatting.exact_money(order.amount)}"
        yield Entry(order.ordered_at, "orders", "shopping-cart", words, _delivery(order))


def _delivery(order: Order) -> str:
    if order.delivered_on is None:
        return f"promised for {formatting.short_day(order.promised_on)}" if order.promised_on else ""
    late = (order.delivered_on - order.promised_on).days if order.promised_on else 0
    words = f"delivered {formatting.short_day(order.delivered_on)}"
    return f"{words}, {late} d late" if late > 0 else words


def _signals(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    signals = Signal.objects.visible_to(person).filter(account=account).order_by("-happened_at", "-pk")
    for signal in signals[:limit]:
        yield Entry(
            signal.happened_at, "signals", "radar", signal.get_kind_display(), signal_words(signal.kind, signal.data)
        )


def signal_words(kind: str, data: Mapping[str, Any]) -> str:
    """Write a signal's data in words: what is true, and what was measured with its unit."""
    known = KINDS.get(kind)
    fields = known.fields if known else ()
    return ", ".join(
        _value_words(field.name.replace("_", " "), data[field.name], field.unit)
        for field in fields
        if data.get(field.name) not in (None, False, "")
    )


def _value_words(name: str, value: Any, unit: str) -> str:
    if value is True:
        return name
    if unit == "money":
        return f"{name} {formatting.exact_money(value)}"
    figure = formatting.number(round(value, 2)) if isinstance(value, int | float) else str(value)
    return f"{name} {figure}" if not unit or unit in name else f"{name} {figure} {unit}"


def _incidents(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    incidents = Incident.objects.visible_to(person).filter(account=account).select_related("department", "reporter")
    for incident in incidents.order_by("-happened_at", "-pk")[:limit]:
        source = f"reported by {incident.reporter}" if incident.reporter else "detected"
        detail = f"{incident.department} · {incident.get_state_display().lower()} · {source}"
        url = reverse("incident", args=[incident.public_id])
        yield Entry(incident.happened_at, "incidents", "alert-triangle", incident.title, detail, url)


def _steps(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    seen = Incident.objects.visible_to(person).filter(account=account).order_by().values("pk")
    events = IncidentEvent.objects.filter(incident__in=seen, verb__in=VERBS).select_related("incident", "person")
    for event in events.order_by("-at", "-pk")[:limit]:
        who = event.person.name if event.person else ""
        url = reverse("incident", args=[event.incident.public_id])
        words = f"{VERBS[event.verb]}: {event.incident.title}"
        yield Entry(event.at, "steps", "circle-check", words, " · ".join(filter(None, [who, event.words])), url)


def _hand_offs(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    seen = Incident.objects.visible_to(person).filter(account=account).order_by().values("pk")
    hand_offs = HandOff.objects.filter(incident__in=seen).select_related("incident", "from_department", "to_department")
    for hand_off in hand_offs.order_by("-proposed_at", "-pk")[:limit]:
        words = f"{hand_off.from_department} handed “{hand_off.incident.title}” to {hand_off.to_department}"
        waiting = hand_off.answer == Answer.PENDING
        detail = "waiting for an answer" if waiting else hand_off.get_answer_display().lower()
        url = reverse("incident", args=[hand_off.incident.public_id])
        yield Entry(hand_off.proposed_at, "hand_offs", "arrows-exchange", words, detail, url)


def _contacts(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    touchpoints = Touchpoint.objects.visible_to(person).filter(account=account).select_related("person", "contact")
    for touchpoint in touchpoints.select_related("order_taken").order_by("-happened_at", "-pk")[:limit]:
        yield Entry(touchpoint.happened_at, "contacts", "phone", _contact_words(touchpoint), touchpoint.summary)


def _contact_words(touchpoint: Touchpoint) -> str:
    parts = [touchpoint.get_channel_display(), touchpoint.get_purpose_display().lower()]
    parts += [f"with {touchpoint.contact}"] if touchpoint.contact else []
    parts += [f"by {touchpoint.person.name}"] if touchpoint.person else []
    parts += [f"{touchpoint.minutes} min"] if touchpoint.minutes else []
    order = touchpoint.order_taken
    return ", ".join([*parts, *([f"order of {formatting.exact_money(order.amount)} taken"] if order else [])])


def _scores(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    history = ScoreHistory.objects.filter(account=account).order_by("-as_of").annotate(number=F("model__number"))
    rows = list(history[: limit + 1])
    for row, before in itertools.zip_longest(rows, rows[1:]):
        change = f" ({formatting.points(row.risk - before.risk)})" if before else ""
        words = f"Score {formatting.percent(row.risk)}{change}"
        yield Entry(row.as_of, "scores", "chart-line", words, f"model {row.number}")


SOURCES: Mapping[str, Callable[[Account, Person, int], Iterable[Entry]]] = {
    "orders": _orders,
    "signals": _signals,
    "incidents": _incidents,
    "steps": _steps,
    "hand_offs": _hand_offs,
    "contacts": _contacts,
    "care": care_entries,
    "services": service_entries,
    "scores": _scores,
}
KIND_WORDS = {
    "": "Everything",
    "orders": "Orders",
    "signals": "Signals",
    "incidents": "Incidents",
    "steps": "What was done",
    "hand_offs": "Hand-offs",
    "contacts": "Contacts",
    "care": "Recoveries, asked calls, snoozes",
    "services": "Services and innovations",
    "scores": "Score changes",
}
