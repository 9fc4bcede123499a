"""What the demo's people are doing to keep customers: recoveries, calls asked of the desk, accounts set aside.

By the same actions as anybody's; what began in the past is dated back afterwards, with the risk of that day.
"""

import datetime
import random
from collections.abc import Iterator
from typing import Final

from django.db.models import F
from django.utils import timezone

from accounts.models import Account, AuditEntry
from departments.actions.call_requests import ask_for_call, return_call_request
from departments.actions.calls import Call, record_call
from departments.models import Assignment, CallRequest, Capacity, Incident, Person, Role
from retention.care.recoveries import NewStep, close_recovery, finish_step, start_recovery
from retention.care.snoozes import snooze_accounts
from retention.models import Recovery, RecoveryStep, ScoreHistory
from retention.scoring.bands import BAND_STARTS, Band

DAY: Final = datetime.timedelta(days=1)
GOALS = (
    "They order as they did in spring",
    "No delivery late for six weeks, and they say so",
    "The contract is renewed for two years",
    "Their buyer trusts our invoices again",
    "They stay, with managed stock on top",
)
STEPS = (
    "Visit them with the head of operations",
    "Settle what is open with their buyer",
    "Walk through the last five orders with them",
    "Bring the credit note in person",
    "Agree on one name whom they can always call",
)
REPAIRS = "Put “{title}” right, and tell them what was changed"
ENDINGS = (
    ("succeeded", "They ordered again and said that the deliveries are right now."),
    ("failed", "They buy elsewhere for now: the trouble went on too long before we moved."),
    ("abandoned", "Their site closes, so there is nothing to win back."),
    ("succeeded", "Renewed, after warranty and shipping had each named one person for them."),
)
CALLS = (
    "Ask whether the replacement came and works, and tell them that I visit next week.",
    "They complained to me about the invoice twice. Tell them that it is corrected, and ask whether it arrived.",
    "Find out who decides now that their buyer has left.",
    "Say that the promised feature comes in January, and hear whether that is soon enough.",
)
RETURNED = "They asked not to be called before the stocktaking is over. Please write instead."
ANSWERED = "Told them as asked. They were glad of the call and will order on Friday."
REASONS = (
    "Their board decides in two weeks; calling again before would annoy them.",
    "Seasonal: they order in spring, every year.",
    "I spoke with them yesterday; the risk follows the open credit note, which is on its way.",
)


def keep_customers(seed: int) -> int:
    """Let every account manager lead recoveries, ask for calls and set accounts aside; return how many of all."""
    today = timezone.localdate()
    chance = random.Random(seed)  # noqa: S311 - a demo's, not a secret's
    managers = Person.objects.filter(role=Role.ACCOUNT_MANAGER, is_active=True).order_by("pk")
    return sum(1 for place, manager in enumerate(managers) for _ in _care_of(manager, place, chance, today))


def _care_of(manager: Person, place: int, chance: random.Random, today: datetime.date) -> Iterator[object]:
    accounts = list(_troubled(manager, today))
    under_way, over, called, aside = accounts[:2], accounts[2:3], accounts[3:5], accounts[5:7]
    for number, account in enumerate(under_way):
        yield _recover(account, manager, place + number, chance, today - (10 + 14 * number) * DAY)
    for account in over:
        recovery = _recover(account, manager, place + 2, chance, today - 75 * DAY)
        yield _close(recovery, manager, place, today - 20 * DAY)
    for number, account in enumerate(called):
        if served := _served_by(account, today):
            yield _ask(account, manager, served, place + number, today)
    for number, account in enumerate(aside):
        yield snooze_accounts(
            accounts=[account],
            until=today + (9 + 12 * number) * DAY,
            wakes_at_rise=0.05,
            reason=REASONS[(place + number) % len(REASONS)],
            acting_person=manager,
        )


def _troubled(manager: Person, today: datetime.date) -> Iterator[Account]:
    """Yield the manager's own accounts, the riskiest first, as far as a recovery would be thought of."""
    own = Assignment.objects.in_force(today).filter(person=manager, capacity=Capacity.ACCOUNT_MANAGER).order_by()
    staying = Account.objects.staying().filter(pk__in=own.values("account"), score__risk__gte=BAND_STARTS[Band.WATCH])
    worth = staying.annotate(worth=F("score__risk") * F("score__annual_revenue"))
    yield from worth.order_by("-worth", "pk")[:7]


def _recover(account: Account, manager: Person, place: int, chance: random.Random, began: datetime.date) -> Recovery:
    today = timezone.localdate()
    incidents = list(
        Incident.objects.filter(account=account, merged_into=None)
        .select_related("department")
        .order_by("-money_at_risk", "pk")[:3]
    )
    steps = [NewStep(words, manager, today + chance.randint(1, 20) * DAY) for words in chance.sample(STEPS, 2)] + [
        NewStep(REPAIRS.format(title=incident.title), head, today + chance.randint(1, 12) * DAY)
        for incident in incidents[:1]
        if (head := _head_of(incident)) is not None
    ]
    recovery = start_recovery(
        account=account,
        goal=GOALS[place % len(GOALS)],
        owner=manager,
        due_on=today + chance.randint(10, 40) * DAY,
        incidents=incidents,
        steps=steps,
        acting_person=manager,
    )
    first = recovery.steps.order_by("pk").first()
    if first is not None:
        finish_step(step=first, acting_person=manager)
    _date_back(recovery, began, today)
    return recovery


def _head_of(incident: Incident) -> Person | None:
    heads = Person.objects.filter(role=Role.DEPARTMENT_HEAD, department=incident.department, is_active=True)
    return heads.order_by("pk").first()


def _date_back(recovery: Recovery, began: datetime.date, today: datetime.date) -> None:
    """Let it have begun on a day of the past, with the risk of then; the first open step is overdue by now."""
    moment = _morning(began)
    then = ScoreHistory.objects.filter(account=recovery.account_id, as_of__lte=moment).order_by("-as_of").first()
    Recovery.objects.filter(pk=recovery.pk).update(
        started_at=moment,
        risk_at_start=then.risk if then else recovery.risk_at_start,
        model_at_start=then.model_id if then else recovery.model_at_start_id,
    )
    RecoveryStep.objects.filter(recovery=recovery, done_at__isnull=False).update(done_at=moment + 3 * DAY)
    if recovery.pk % 2:
        late = RecoveryStep.objects.filter(recovery=recovery, done_at=None).order_by("pk").values("pk")[:1]
        RecoveryStep.objects.filter(pk__in=late).update(due_on=today - 2 * DAY)
    entries = AuditEntry.objects.filter(subject=recovery.public_id)
    entries.exclude(verb="recovery.finish_step").update(at=moment)
    entries.filter(verb="recovery.finish_step").update(at=moment + 3 * DAY)


def _close(recovery: Recovery, manager: Person, place: int, day: datetime.date) -> Recovery:
    outcome, words = ENDINGS[place % len(ENDINGS)]
    recovery.refresh_from_db()
    closed = close_recovery(recovery=recovery, outcome=outcome, words=words, acting_person=manager)
    moment = _morning(day)
    then = ScoreHistory.objects.filter(account=recovery.account_id, as_of__lte=moment).order_by("-as_of").first()
    Recovery.objects.filter(pk=recovery.pk).update(
        closed_at=moment,
        due_on=day + 5 * DAY,
        risk_at_close=then.risk if then else closed.risk_at_close,
        model_at_close=then.model_id if then else closed.model_at_close_id,
    )
    RecoveryStep.objects.filter(recovery=recovery).update(due_on=day - 5 * DAY)
    AuditEntry.objects.filter(subject=recovery.public_id, verb="recovery.close").update(at=moment)
    return closed


def _served_by(account: Account, today: datetime.date) -> Person | None:
    serving = Assignment.objects.in_force(today).filter(account=account, capacity=Capacity.SERVICE_DESK)
    found = serving.select_related("person").first()
    return found.person if found else None


def _ask(account: Account, manager: Person, desk: Person, place: int, today: datetime.date) -> CallRequest:
    """Ask for a call; of four, one is made, one is returned, and two wait, of which one is late."""
    words = CALLS[place % len(CALLS)]
    asked = ask_for_call(account=account, words=words, due_on=today + (place % 3) * DAY, acting_person=manager)
    CallRequest.objects.filter(pk=asked.pk).update(asked_at=_morning(today - 3 * DAY))
    kind = place % 4
    if kind == 1:
        call = Call("problem", 8, ANSWERED, None, None, None, None, 0.5, "", asked)
        record_call(account=account, call=call, acting_person=desk)
    elif kind == 2:
        return_call_request(call_request=asked, words=RETURNED, acting_person=desk)
    elif kind == 3:
        CallRequest.objects.filter(pk=asked.pk).update(due_on=today - DAY)
    return asked


def _morning(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(10, 30)))
