"""One account: how likely it is to leave, whose job that is, and what has passed between us."""

import datetime
import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Account
from accounts.prepared import Prepared, given
from departments.http import PersonRequest
from departments.models import Capability, Person
from departments.prepared import PreparedFor, departments_by_slug
from retention.dashboards.account_care import care_of
from retention.dashboards.account_facts import facts_of, looking_after
from retention.dashboards.account_friction import friction_of, ticked_incidents, what_if
from retention.dashboards.account_ledger import history_chart, history_of, waterfall
from retention.dashboards.account_movement import chosen_day, movement_of
from retention.dashboards.account_quiet import quiet_feeds, silent_days
from retention.dashboards.account_timeline import KIND_WORDS, timeline_of
from retention.models import Override, Score
from retention.scoring.explaining import Explanation, explain, explain_score, ledger_lines

_VISIBLE = PreparedFor(lambda reader: Account.objects.visible_to(reader).filter(public_id=given("public_id")))
_OPEN = PreparedFor(
    lambda reader: Account.objects.open_book_to(reader).filter(pk=given("account")).values_list("pk", flat=True)
)
_SCORE = Prepared(lambda: Score.objects.filter(account=given("account")).select_related("model"))
_OVERRIDES = Prepared(
    lambda: Override.objects.filter(account=given("account")).unended(given("now")).select_related("made_by")
)


@require_safe
def show_account(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Show an account, or to departments only what concerns them: its name, value, risk and their incidents."""
    customer = _visible(request, account)
    if not _is_open(customer, request.user):
        return render(request, "dashboards/account_reduced.html", _reduced(customer, request.user))
    context = _full(customer, request.user, frozenset(), chosen_day(request.GET.get("since", "")))
    return render(request, "dashboards/account.html", context)


@require_safe
def show_timeline(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Show a page of the account's timeline: below the account where htmx asks, else by itself."""
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    template = "dashboards/_account_timeline.html" if request.htmx else "dashboards/account_timeline.html"
    return render(request, template, {"account": customer, **_timeline(request, customer)})


@require_POST
def ask_what_if(request: PersonRequest, account: uuid.UUID) -> HttpResponse:
    """Answer what the risk would be without the ticked incidents; nothing is changed."""
    customer = get_object_or_404(Account.objects.open_book_to(request.user), public_id=account)
    ticked = ticked_incidents(request.POST.getlist("incidents"), customer, request.user)
    if not request.htmx:
        return render(request, "dashboards/account.html", _full(customer, request.user, ticked))
    explanation = explain(customer)
    answer = what_if(customer, explanation, ticked) if explanation and ticked else None
    return render(request, "dashboards/_account_what_if.html", {"account": customer, "what_if": answer})


def _visible(request: PersonRequest, account: uuid.UUID) -> Account:
    found = next(iter(_VISIBLE(request.user, public_id=account)), None)
    if found is None:
        raise Http404
    return found


def _is_open(account: Account, person: Person) -> bool:
    return bool(_OPEN(person, account=account.pk))


def _score_of(account: Account) -> Score | None:
    return next(iter(_SCORE(account=account.pk)), None)


def _reduced(account: Account, person: Person) -> dict[str, Any]:
    score = _score_of(account)
    friction = friction_of(account, person, explain_score(account, score) if score else None)
    return {"account": account, "score": score, "friction": friction}


def _full(
    account: Account, person: Person, ticked: frozenset[uuid.UUID], since: datetime.date | None = None
) -> dict[str, Any]:
    score = _score_of(account)
    explanation = explain_score(account, score) if score else None
    return {
        "account": account,
        "score": score,
        "friction": friction_of(account, person, explanation, ticked),
        "what_if": what_if(account, explanation, ticked) if explanation and ticked else None,
        "assignments": looking_after(account),
        "facts": facts_of(account),
        "overrides": _OVERRIDES(account=account.pk, now=timezone.now()),
        "quiet_feeds": quiet_feeds(account, timezone.now()),
        "silent_days": silent_days(account, explanation) if explanation else None,
        "may_override": person.can(Capability.OVERRIDE_RISK),
        "care": care_of(account, person, score),
        "may_log_contact": person.can(Capability.LOG_CONTACT),
        **(_judgement(account, score, since, explanation) if score else {}),
    }


def _judgement(
    account: Account, score: Score, since: datetime.date | None, explanation: Explanation | None
) -> dict[str, Any]:
    departments = departments_by_slug()
    course = history_of(account, score)
    return {
        "waterfall": waterfall(ledger_lines(score), departments),
        "course": course,
        "course_chart": history_chart(course, score.risk),
        "movement": movement_of(account, score, departments, since, explanation.facts if explanation else None),
    }


def _timeline(request: PersonRequest, account: Account) -> dict[str, Any]:
    kind = request.GET.get("show", "")
    page = request.GET.get("page", "1")
    number = int(page) if page.isdecimal() and len(page) <= 4 else 1
    return {
        "timeline": timeline_of(account, request.user, kind=kind, page=number),
        "kind": kind if kind in KIND_WORDS else "",
        "kinds": KIND_WORDS.items(),
    }
