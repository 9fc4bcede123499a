"""What the demo's departments did so that friction does not come back: first aid, whys, actions, two problems.

By the same actions as anybody's; what was done in the past is dated back afterwards.
"""

import datetime
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from accounts.models import AuditEntry
from departments.actions import checks, cure, problems
from departments.models import (
    CauseCode,
    Containment,
    CorrectiveAction,
    Cost,
    CustomerStep,
    EffectivenessCheck,
    Incident,
    Person,
    Problem,
    ProblemEvent,
    Role,
    RootCause,
    State,
    Subject,
    Verdict,
)

DAY: Final = datetime.timedelta(days=1)
CURING: Final = ("shipping", "billing", "manufacturing", "phone_system")
FIRST_AID: Final = (
    "Replacement sent by express the same day, at our cost.",
    "Called them, said what we know and when they hear again.",
    "Stopped the reminders and told their accounts department.",
    "Put a named colleague on it until it is settled.",
)
WHYS: Final = (
    (
        "The customer got it late or wrong.",
        "The step was skipped on a busy day.",
        "Nothing stops the order without it.",
    ),
    (
        "The data were wrong.",
        "They were typed by hand from a mail.",
        "The form has no field for it.",
        "Nobody owns it.",
    ),
    ("Nobody answered.", "The queue fell to a team on leave.", "Cover is arranged by word of mouth."),
)
ESCAPES: Final = ("The last check looks at quantity, not at this.", "Nobody compares it before it leaves the house.")
ACTIONS: Final = (
    ("The system refuses to go on without this step.", "Live since Monday, at both sites."),
    ("One person owns the data and compares them weekly.", "Named, and the first comparison was made."),
    ("Cover is in the calendar, and calls follow it.", "The calendar rules the queue now."),
)
CONCLUSION: Final = "The change holds; we keep looking at the rate."
REOPENING: Final = "It did not reach the second shift. Train them, and check again."
THANKS: Final = "The second shift, who found the step that was missing."
PROBLEMS: Final = (
    ("shipping", "Parcels leave without a last scan", "The gate lets parcels out that nobody has scanned."),
    ("billing", "Prices change before the price list does", "Invoices are made from the list of last month."),
)
GATHERED: Final = 8
LOOKED_BACK_DAYS: Final = 150
DONE_FOR_CHECK: Final = 80 * DAY
DONE_DAYS_AGO: Final = (75, 95, 66)


def cure_some(seed: int) -> int:
    """Let some departments cure what they hold, and open the checks that are due; return how many cures."""
    chance = random.Random(seed)  # noqa: S311 - a demo's, not a secret's
    heads = _heads()
    curing = [slug for slug in CURING if slug in heads]
    cures = [one for place, slug in enumerate(curing) for one in _cures_of(heads[slug], place, chance)]
    gathered = [_gather(heads[slug], title, words, chance) for slug, title, words in PROBLEMS if slug in heads]
    checks.open_due_checks(timezone.now())
    _decide()
    return len(cures) + len([one for one in gathered if one])


def _heads() -> dict[str, Person]:
    heads = Person.objects.filter(role=Role.DEPARTMENT_HEAD, is_active=True).select_related("department")
    return {head.department.slug: head for head in heads.order_by("-pk") if head.department is not None}


def _in_work(head: Person) -> QuerySet[Incident]:
    """Return what the head's department has in work and is of no problem, most at risk first."""
    held = Incident.objects.filter(department=head.department_id, state=State.IN_WORK, merged_into=None, problem=None)
    return held.select_related("department", "friction_type", "account").order_by("-money_at_risk", "pk")


def _cures_of(head: Person, place: int, chance: random.Random) -> Iterator[Incident]:
    """Two under way, one of them past due; one that was done so long ago that its check is due."""
    today = timezone.localdate()
    for number, incident in enumerate(_in_work(head)[:2]):
        _begin(incident, head, place + number, None)
        action = _plan(incident, head, place + number, today + chance.randint(4, 20) * DAY)
        if number == 1:
            CorrectiveAction.objects.filter(pk=action.pk).update(due_on=today - 2 * DAY)
        yield incident
    moment = timezone.now() - DONE_DAYS_AGO[place % len(DONE_DAYS_AGO)] * DAY
    long_ago = Incident.objects.filter(
        department=head.department_id,
        state=State.RESOLVED,
        merged_into=None,
        # Nothing stands in a record before what it begins with.
        resolved_at__lt=moment - 6 * DAY,
        resolved_at__gt=moment - 66 * DAY,
    )
    for incident in long_ago.select_related("department", "friction_type").order_by("-resolved_at", "pk")[:1]:
        _begin(incident, head, place, moment - 5 * DAY)
        _tell(incident, head, moment - 4 * DAY)
        _cost(incident, head, chance)
        _finish(incident, head, place, moment)
        yield incident


def _begin(subject: Subject, head: Person, place: int, moment: datetime.datetime | None) -> None:
    """First aid and whys; in the past where a moment is given."""
    at = moment or timezone.now()
    cause = CauseCode.objects.filter(department=subject.department_id).order_by("pk").first()
    words, whys = FIRST_AID[place % len(FIRST_AID)], WHYS[place % len(WHYS)]
    contained = cure.contain(subject=subject, words=words, done_at=at, acting_person=head)
    escape = ESCAPES[place % len(ESCAPES)]
    found = cure.find_cause(subject=subject, whys=whys, cause=cause, escape=escape, acting_person=head)
    if moment is not None:
        Containment.objects.filter(pk=contained.pk).update(recorded_at=moment)
        RootCause.objects.filter(pk=found.pk).update(recorded_at=moment)
        _date_back(subject, ("contained", "cause_found"), moment)


def _plan(subject: Subject, head: Person, place: int, due_on: datetime.date) -> CorrectiveAction:
    colleagues = Person.objects.filter(department=subject.department_id, role=Role.DEPARTMENT_MEMBER, is_active=True)
    owner = colleagues.order_by("pk").first() if place % 2 else None
    return cure.plan_action(
        subject=subject,
        words=ACTIONS[place % len(ACTIONS)][0],
        kind="corrective",
        owner=owner or head,
        due_on=due_on,
        check_after_days=None,
        acting_person=head,
    )


def _finish(subject: Subject, head: Person, place: int, moment: datetime.datetime) -> None:
    action = _plan(subject, head, place, timezone.localdate())
    cure.finish_action(action=action, words=ACTIONS[place % len(ACTIONS)][1], acting_person=head)
    CorrectiveAction.objects.filter(pk=action.pk).update(
        recorded_at=moment - 3 * DAY, due_on=timezone.localdate(moment), done_at=moment
    )
    _date_back(subject, ("action_planned",), moment - 3 * DAY)
    _date_back(subject, ("action_done",), moment)
    subject.refresh_from_db()


def _tell(incident: Incident, head: Person, moment: datetime.datetime) -> None:
    for number, (kind, score) in enumerate((("acknowledged", None), ("answered", None), ("asked", 8))):
        row = cure.record_customer_step(
            incident=incident,
            kind=kind,
            happened_at=moment + number * DAY,
            score=score,
            words="",
            acting_person=head,
        )
        CustomerStep.objects.filter(pk=row.pk).update(recorded_at=moment + number * DAY)
    _date_back(incident, ("customer_told", "customer_answered", "customer_asked"), moment)


def _cost(incident: Incident, head: Person, chance: random.Random) -> None:
    moment = incident.resolved_at or timezone.now()
    for kind, amount, hours in (
        ("hours", None, Decimal(chance.randint(2, 9))),
        ("shipping", Decimal(chance.randint(40, 260)), None),
    ):
        row = cure.record_cost(incident=incident, kind=kind, amount=amount, hours=hours, words="", acting_person=head)
        Cost.objects.filter(pk=row.pk).update(recorded_at=moment)
    _date_back(incident, ("cost_recorded",), moment)


def _date_back(subject: Subject, verbs: tuple[str, ...], moment: datetime.datetime) -> None:
    """Let steps with a problem have been taken at a moment of the past; those with incidents are never rewritten."""
    if isinstance(subject, Problem):
        ProblemEvent.objects.filter(problem=subject, verb__in=verbs).update(at=moment)
        audited = [f"problem.{verb}" for verb in verbs]
        AuditEntry.objects.filter(subject=subject.public_id, verb__in=audited).update(at=moment)


def _gather(head: Person, title: str, words: str, chance: random.Random) -> Problem | None:
    """Gather what the department's commonest type puts most at risk; one action was done long ago, one is planned."""
    department = head.department
    since = timezone.now() - LOOKED_BACK_DAYS * DAY
    common = (
        Incident.objects.filter(department=department, merged_into=None, problem=None, happened_at__gte=since)
        .order_by()
        .values_list("friction_type")
        .annotate(count=Count("pk"))
        .order_by("-count", "friction_type")
        .first()
    )
    if common is None or department is None:
        return None
    recent = Incident.objects.filter(
        department=department, friction_type=common[0], merged_into=None, happened_at__gte=timezone.now() - 85 * DAY
    )
    related = recent.select_related("department", "friction_type", "account")
    chosen = list(related.order_by("-money_at_risk", "pk")[:GATHERED])
    if not chosen:
        return None
    problem = problems.open_problem(
        title=title,
        description=words,
        department=department,
        friction_type=chosen[0].friction_type,
        incidents=chosen,
        acting_person=head,
    )
    # Checked after sixty days. At billing the rate has truly fallen since then, at shipping it has not.
    moment = timezone.now() - DONE_FOR_CHECK - 20 * DAY
    Problem.objects.filter(pk=problem.pk).update(opened_at=moment)
    _date_back(problem, ("opened",), moment)
    _begin(problem, head, 0, moment + DAY)
    _finish(problem, head, 0, timezone.now() - DONE_FOR_CHECK)
    _plan(problem, head, 1, timezone.localdate() + chance.randint(10, 25) * DAY)
    return problem


def _decide() -> None:
    """Let heads decide on half of the checks: close what fell, plan again what did not; the others wait."""
    due_on = timezone.localdate() + 21 * DAY
    waiting = EffectivenessCheck.objects.undecided().select_related(
        "action__incident", "action__problem", "action__department", "action__person"
    )
    for check in waiting.order_by("pk")[::2]:
        head = check.action.person
        if check.verdict == Verdict.DID_NOT_FALL:
            checks.reopen_action(check=check, words=REOPENING, due_on=due_on, acting_person=head)
        elif check.verdict == Verdict.FELL:
            checks.confirm_check(check=check, words=CONCLUSION, thanks=THANKS, acting_person=head)
