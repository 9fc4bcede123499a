"""Lines of an account's timeline: what was done to keep it, and which services and innovations it took up."""

import datetime
from collections.abc import Iterable, Iterator

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Holding
from departments.models import Adoption, CallRequest, CallState, Person
from retention import formatting
from retention.dashboards.timeline_entry import Entry
from retention.models import Recovery, RecoveryStep, Snooze, WokenBy

CARE, SERVICES = "care", "services"
CALL_WORDS: dict[str, str] = {
    CallState.CALLED: "The desk called, as was asked",
    CallState.RETURNED: "The desk returned the call that was asked for",
    CallState.WITHDRAWN: "The call that was asked for was withdrawn",
}
WOKEN_WORDS: dict[str, str] = {
    WokenBy.PERSON: "brought back",
    WokenBy.DAY: "came back on its day",
    WokenBy.RISK: "came back, since the risk rose",
}


def care_entries(account: Account, person: Person, limit: int) -> list[Entry]:
    """Return the latest lines on recoveries, on calls asked of the desk, and on snoozes."""
    return _latest(
        [
            *_recoveries(account, limit),
            *_steps(account, limit),
            *_calls(account, person, limit),
            *_snoozes(account, person, limit),
        ],
        limit,
    )


def service_entries(account: Account, person: Person, limit: int) -> list[Entry]:
    """Return the latest lines on services taken and given up, and on innovations adopted."""
    return _latest([*_holdings(account, person, limit), *_adoptions(account, person, limit)], limit)


def _latest(entries: Iterable[Entry], limit: int) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]


def _recoveries(account: Account, limit: int) -> Iterator[Entry]:
    recoveries = Recovery.objects.filter(account=account).select_related("started_by", "closed_by")
    for recovery in recoveries[:limit]:
        url = reverse("recovery", args=[recovery.public_id])
        words = f"Recovery started: {recovery.goal}"
        yield Entry(recovery.started_at, CARE, "clipboard-list", words, recovery.started_by.name, url)
        if recovery.closed_at and recovery.closed_by:
            words = f"Recovery {recovery.get_state_display().lower()}: {recovery.goal}"
            detail = f"{recovery.closed_by.name} · {recovery.outcome_words}"
            yield Entry(recovery.closed_at, CARE, "clipboard-check", words, detail, url)


def _steps(account: Account, limit: int) -> Iterator[Entry]:
    done = RecoveryStep.objects.filter(recovery__account=account, done_at__isnull=False)
    for step in done.select_related("recovery", "done_by").order_by("-done_at")[:limit]:
        url = reverse("recovery", args=[step.recovery.public_id])
        if step.done_at and step.done_by:
            yield Entry(step.done_at, CARE, "check", f"Step done: {step.words}", step.done_by.name, url)


def _calls(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    calls = CallRequest.objects.visible_to(person).filter(account=account).select_related("asked_by", "answered_by")
    for call in calls[:limit]:
        words = f"{call.asked_by} asked the desk to call by {formatting.short_day(call.due_on)}"
        yield Entry(call.asked_at, CARE, "headset", words, call.words)
        if call.answered_at and call.answered_by:
            detail = " · ".join(filter(None, [call.answered_by.name, call.answer_words]))
            yield Entry(call.answered_at, CARE, "headset", CALL_WORDS[call.state], detail)


def _snoozes(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    snoozes = Snooze.objects.visible_to(person).filter(account=account).select_related("person")
    for snooze in snoozes[:limit]:
        until = formatting.short_day(snooze.until) if snooze.until else "the risk rises"
        words = f"{snooze.person} set it aside until {until}"
        yield Entry(snooze.snoozed_at, CARE, "moon", words, snooze.reason)
        if snooze.woken_at:
            yield Entry(snooze.woken_at, CARE, "sun", f"{snooze.person}’s snooze: {WOKEN_WORDS[snooze.woken_by]}")


def _holdings(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    today = timezone.localdate()
    holdings = (
        Holding.objects.visible_to(person).filter(account=account, held_from__lte=today).select_related("product")
    )
    for holding in holdings.order_by("-held_from", "-pk")[:limit]:
        value = f"{formatting.money(holding.monthly_value)} a month"
        yield Entry(_start_of(holding.held_from), SERVICES, "package", f"Took {holding.product}", value)
    for holding in holdings.filter(held_until__lte=today).order_by(F("held_until").desc(), "-pk")[:limit]:
        if holding.held_until:
            value = f"{formatting.money(holding.monthly_value)} a month"
            yield Entry(_start_of(holding.held_until), SERVICES, "package-off", f"Gave up {holding.product}", value)


def _adoptions(account: Account, person: Person, limit: int) -> Iterator[Entry]:
    adoptions = Adoption.objects.visible_to(person).filter(account=account).select_related("release")
    for adoption in adoptions.order_by("-adopted_on", "-pk")[:limit]:
        yield Entry(_start_of(adoption.adopted_on), SERVICES, "sparkles", f"Adopted {adoption.release}")


def _start_of(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
