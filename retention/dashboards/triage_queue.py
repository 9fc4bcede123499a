"""What lies on a department's desk, in the order in which it deserves attention."""

import base64
import binascii
import datetime
import functools
import json
import operator
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db import models
from django.db.models import (
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Extract, Greatest, Least, Power

from accounts.prepared import PlannedOnce, Prepared, among, given
from departments.models import (
    OPEN_STATES,
    Answer,
    Department,
    HandOff,
    Incident,
    State,
    Wait,
)
from departments.models.friction import IncidentQuerySet
from retention.dashboards.bounces import bounced
from retention.dashboards.triage_concerns import (
    answered_besides,
    answered_by_holder,
    disputed_between,
    handed_back_by,
    parts_on_desk,
)
from retention.dashboards.triage_unheld import Longest, read_longest

PAGE = 25
RECENT_DAYS = 90
# A day past due doubles what is at stake, a day left halves it; beyond three days it is urgent or it is not.
URGENCY_DAYS = 3.0


class View(models.TextChoices):
    """What a desk shows: one of its five tabs, or what a figure on the page is made of."""

    NEW = State.NEW.value, "Needs an answer"
    IN_WORK = State.IN_WORK.value, "In work"
    WAITING = State.WAITING.value, "Waiting on others"
    DISPUTED = State.DISPUTED.value, "Disputed"
    RESOLVED = State.RESOLVED.value, "Resolved"
    OPEN = "open", "All open"
    PAST_DUE = "past_due", "Past due"
    RECENT = "recent", "Happened in 90 days"
    BOUNCED = "bounced", "Handed back or disputed in 90 days"
    ANSWERED = "answered", "Accepted in 90 days"
    REOPENED = "reopened", "Reopened after it was resolved"
    UNHELD = "unheld", "Longest without anybody’s answer"
    LATE_WAITS = "late_waits", "Set to wait close to the deadline in 90 days"
    AWAITED = "awaited", "Others wait for us"


# The tabs of what is under way, by the state that it has with whoever holds it.
DESK_OF = {
    View.NEW: State.NEW,
    View.IN_WORK: State.IN_WORK,
    View.WAITING: State.WAITING,
    View.DISPUTED: State.DISPUTED,
}
TABS = (View.NEW, View.IN_WORK, View.WAITING, View.DISPUTED, View.RESOLVED)


class CursorError(ValueError):
    """The address of a page was not one of ours."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the moment the first page was made, and the sort value and id of the last row."""

    moment: datetime.datetime
    value: float
    pk: int

    def encoded(self) -> str:
        """Return it as text for an address."""
        plain = json.dumps([self.moment.isoformat(), self.value, self.pk])
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def decoded(cls, text: str) -> Self:
        """Read it back; raises CursorError on anything else."""
        try:
            moment, value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            known = datetime.datetime.fromisoformat(moment)
            if known.tzinfo is None:
                raise CursorError("The moment of this page has no time zone.")
            return cls(known, float(value), int(pk))
        except (binascii.Error, ValueError, TypeError) as error:
            raise CursorError("This address of a further page is not complete; start again at the first.") from error


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `PAGE` incidents, and the cursor of the next ones if there are more."""

    incidents: Sequence[Incident]
    following: str | None


def on_desk(department: Department, view: View, moment: datetime.datetime, other: str = "") -> QuerySet[Incident]:
    """Return the incidents of one view; those that others ask the department to take need its answer too.

    `other` narrows what bounced to what did between the two, by slug.
    """
    held = _held(department.pk)
    since = moment - datetime.timedelta(days=RECENT_DAYS)
    if view in DESK_OF or view == View.RECENT:
        # A union, so that each branch reads its own small index instead of all of them reading every incident.
        first, *others = (branch.values("pk") for branch in _branches(department.pk, view, since))
        return Incident.objects.filter(pk__in=first.union(*others))
    if view == View.AWAITED:
        return Incident.objects.filter(
            pk__in=Wait.objects.order_by().open().filter(department=department).values("incident")
        )
    if view == View.UNHELD:
        return Incident.objects.filter(pk__in=read_longest(department, moment).figures.incidents)
    if view == View.BOUNCED:
        return bounced(department, since, other=other)
    if view == View.ANSWERED:
        return Incident.objects.filter(pk__in=accepted(department, since))
    if view == View.LATE_WAITS:
        return Incident.objects.filter(pk__in=late_waits([department], since).values("incident"))
    return held.filter(_held_in(view, moment, since))


def _branches(department: int, view: View, since: datetime.datetime | None = None) -> list[QuerySet[Incident]]:
    """Return what a view is made of: what the department holds, and what concerns it besides.

    `since` is asked for by what happened in some days, and by no tab of the desk.
    """
    if since is not None and view == View.RECENT:
        return [answered_by_holder(department, since), answered_besides(department, since)]
    held = _held(department).filter(state=DESK_OF[view])
    if view == View.WAITING:
        # What the other side answered with another share waits for this department itself.
        held = held.exclude(pk__in=_asked(department).values("incident"))
    branches: list[QuerySet[Incident]] = [held]
    if view == View.NEW:
        branches.append(Incident.objects.order_by().filter(pk__in=_asked(department).values("incident")))
    if view == View.DISPUTED:
        return [*branches, disputed_between(department), handed_back_by(department)]
    return [*branches, parts_on_desk(department, view)]


def _held_in(view: View, moment: datetime.datetime, since: datetime.datetime) -> Q:
    """Return which of what the department holds the view shows."""
    is_open = Q(state__in=OPEN_STATES)
    conditions = {
        View.RESOLVED: Q(state=State.RESOLVED, resolved_at__gte=since),
        View.OPEN: is_open,
        View.PAST_DUE: is_open & Q(due_at__lt=moment),
        View.REOPENED: Q(reopened__gt=0),
    }
    return conditions.get(view, Q(state=view.value))


def _held(department: int) -> IncidentQuerySet:
    return Incident.objects.order_by().filter(department=department, merged_into=None)


def _asked(department: int) -> QuerySet[HandOff]:
    return HandOff.objects.order_by().filter(to_department=department, answer=Answer.PENDING)


def accepted(department: Department | None, since: datetime.datetime | None = None) -> QuerySet[Any, Any]:
    """Return the keys of the incidents that the department, or any, accepted: its own at first, or handed to it.

    What was given away afterwards is among them, as it is among what the time to accept is told of.
    """
    own, given = accepted_apart(department, since)
    return own.values_list("pk").union(given.values_list("pk"))


def accepted_apart(
    department: Department | None, since: datetime.datetime | None = None
) -> tuple[QuerySet[Incident], QuerySet[Incident]]:
    """Return the incidents that the department, or any, accepted as its own at first, and those handed to it."""
    # That it was answered at all is said, too: an index tells it.
    own = Incident.objects.order_by().filter(answered_at__isnull=False, answered_at__gte=F("recorded_at"))
    given = HandOff.objects.order_by().filter(answer=Answer.ACCEPTED)
    own = own.filter(~Exists(given.filter(incident=OuterRef("pk"), is_of_part=False)))
    if department is not None:
        own, given = own.filter(department=department), given.filter(to_department=department)
    if since is not None:
        own, given = own.filter(answered_at__gte=since), given.filter(answered_at__gte=since)
    return own, Incident.objects.order_by().filter(pk__in=given.values("incident"))


def late_waits(departments: Sequence[Department], since: datetime.datetime) -> QuerySet[Wait]:
    """Return the waits that departments set from a moment on with their deadline near or past."""
    late = Wait.objects.order_by().close_to_deadline()
    return late.filter(waiting_department__in=departments, started_at__gte=since)


def urgent_first(incidents: QuerySet[Incident], department: int, moment: Value) -> QuerySet[Any]:
    """Annotate `deadline` and `priority`: money at risk, doubled a day past due, halved a day left."""
    asked = Q(hand_offs__answer=Answer.PENDING, hand_offs__to_department=department)
    left = ExpressionWrapper(F("deadline") - moment, output_field=DurationField())
    # Not by EXTRACT, which reckons with as many digits as there are.
    seconds = Func(Value("epoch"), left, function="date_part", output_field=FloatField())
    late_days = seconds / Value(-86400.0)
    bounded = Least(Greatest(late_days, Value(-URGENCY_DAYS)), Value(URGENCY_DAYS), output_field=FloatField())
    return incidents.annotate(
        asked=FilteredRelation("hand_offs", condition=asked),
        deadline=Coalesce("asked__answer_due_at", "due_at"),
        # A pound at least: what scoring has not weighed yet is still ordered by its time.
        priority=Greatest(F("money_at_risk"), Value(1.0)) * Power(Value(2.0), bounded, output_field=FloatField()),
    )


def latest_first(incidents: QuerySet[Incident]) -> QuerySet[Any]:
    """Annotate `priority` so that what was resolved last comes first."""
    return incidents.annotate(priority=Cast(Extract("resolved_at", "epoch"), FloatField()))


def dearest_first(incidents: QuerySet[Incident]) -> QuerySet[Any]:
    """Annotate `priority` so that what puts most at risk comes first, whenever it is due."""
    return incidents.annotate(priority=F("money_at_risk"))


def unheld_longest(incidents: QuerySet[Incident], longest: Longest) -> QuerySet[Any]:
    """Annotate `priority` so that what nobody had for longest at a stretch comes first, whether they do now or not."""
    lasted = "(%s::float8[])[array_position(%s::bigint[], departments_incident.id)]"
    given = [list(longest.seconds), list(longest.incidents)]
    return incidents.annotate(priority=RawSQL(lasted, given, FloatField()))  # noqa: S611 - nothing given is in the text


def ordered(department: Department, view: View, text: str, moment: datetime.datetime, other: str = "") -> QuerySet[Any]:
    """Return a view's incidents that hold the text in title, account, type or cause, in the order of the desk."""
    return _in_order(on_desk(department, view, moment, other), department, view, text, moment)


def branches(
    department: Department, view: View, text: str, moment: datetime.datetime, other: str = ""
) -> list[QuerySet[Any]]:
    """Return what `ordered` does in parts, each with an index of its own; an incident may be in both."""
    if view not in DESK_OF and view != View.RECENT:
        return [ordered(department, view, text, moment, other)]
    parts = _branches(department.pk, view, moment - datetime.timedelta(days=RECENT_DAYS))
    return [_in_order(part, department, view, text, moment) for part in parts]


def _in_order(
    incidents: QuerySet[Incident], department: Department, view: View, text: str, moment: datetime.datetime
) -> QuerySet[Any]:
    if text:
        incidents = incidents.filter(_holding(text))
    if view == View.RESOLVED:
        # By the moment itself, which is in an index.
        return latest_first(incidents).order_by("-resolved_at", "-pk")
    if view == View.UNHELD:
        in_order = unheld_longest(incidents, read_longest(department, moment).figures)
    elif view in (View.RECENT, View.BOUNCED, View.ANSWERED, View.REOPENED, View.LATE_WAITS):
        in_order = dearest_first(incidents)
    else:
        in_order = urgent_first(incidents, department.pk, Value(moment))
    return in_order.order_by("-priority", "-pk")


def _holding(text: str) -> Q:
    fields = ("title", "account__name", "friction_type__name", "cause__name")
    return functools.reduce(operator.or_, (Q(**{f"{field}__icontains": text}) for field in fields))


def page(parts: Sequence[QuerySet[Any]], cursor: Cursor | None, moment: datetime.datetime) -> Page:
    """Return the page after the cursor of all parts together, with all that a row shows.

    First which rows, then what they show: one statement with so many joins is planned row by row of the whole table.
    """
    found: dict[int, float] = {}
    for part in parts:
        further = part if cursor is None else part.filter(_after(cursor))
        found |= dict(further.values_list("pk", "priority")[: PAGE + 1])
    return _page(found, moment)


def first_ids(parts: Sequence[QuerySet[Any]], most: int) -> list[uuid.UUID]:
    """Return the public ids of so many of all parts together, in the order of the desk."""
    found = {pk: (priority, public_id) for part in parts for pk, priority, public_id in _first_of(part, most)}
    in_order = sorted(found.items(), key=lambda place: (-place[1][0], -place[0]))
    return [public_id for _, (_, public_id) in in_order[:most]]


def _first_of(part: QuerySet[Any], most: int) -> QuerySet[Any, tuple[int, float, uuid.UUID]]:
    return part.values_list("pk", "priority", "public_id")[:most]


def count(parts: Sequence[QuerySet[Any]]) -> int:
    """Return how many there are in all parts together, each once."""
    first, *others = (part.order_by().values("pk") for part in parts)
    return first.union(*others).count() if others else first.count()


def first_page(department: Department, view: View, moment: datetime.datetime) -> Page:
    """Return the first page of one of the desk's tabs as nobody has narrowed it: what nearly everybody asks for."""
    long_past = moment - datetime.timedelta(days=URGENCY_DAYS)
    return _page(dict(_first_rows(view)(department=department.pk, moment=moment, long_past=long_past)), moment)


@functools.cache
def _first_rows(view: View) -> PlannedOnce[tuple[int, float]]:
    """Return the question for the first rows of all parts; an incident may be in several, in the same place."""
    department, moment = given("department"), given("moment", models.DateTimeField())
    held, *others = _branches(department, view)
    asked = Q(pk__in=_asked(department).values("incident"))
    by_time = (held.filter(due_at__gt=given("long_past")), held.filter(asked), *others)
    urgent = [urgent_first(part, department, moment).order_by("-priority", "-pk") for part in by_time]
    first, *following = (
        part.values_list("pk", "priority")[: PAGE + 1] for part in (_long_past_due(held.exclude(asked)), *urgent)
    )
    return PlannedOnce(lambda: first.union(*following, all=True))


def _long_past_due(incidents: QuerySet[Incident]) -> QuerySet[Any]:
    """Annotate those that nothing makes more urgent with the same `priority` as `urgent_first`, in its order.

    They are ordered by their money alone, as an index has them: most of a long desk is past due for long.
    """
    money = Greatest(F("money_at_risk"), Value(1.0))
    past = incidents.filter(due_at__lte=given("long_past"))
    return past.annotate(priority=money * Value(2.0**URGENCY_DAYS)).order_by(money.desc(), "-pk")


def _page(found: Mapping[int, float], moment: datetime.datetime) -> Page:
    places = sorted(found.items(), key=lambda place: (-place[1], -place[0]))[: PAGE + 1]
    shown = _with_rows([pk for pk, _ in places[:PAGE]])
    return Page(shown, _cursor(places, moment))


def _after(cursor: Cursor) -> Q:
    return Q(priority__lt=cursor.value) | Q(priority=cursor.value, pk__lt=cursor.pk)


def _cursor(places: Sequence[tuple[int, float]], moment: datetime.datetime) -> str | None:
    if len(places) <= PAGE:
        return None
    pk, priority = places[PAGE - 1]
    return Cursor(moment, priority, pk).encoded()


# What a row shows, and no more: whole scores are several times as much to read. Who else has to do with it is read
# besides: PostgreSQL takes several times as long to plan a join of nine tables as to answer it.
_SHOWN = (
    *("public_id", "title", "state", "severity", "due_at", "resolved_at", "money_at_risk", "source", "department_id"),
    *("assignee_id", "reporter_id", "rule_id", "cause_id", "problem_id"),
    *("account__name", "account__public_id", "account__score__risk", "account__score__annual_revenue"),
)
_ROWS = Prepared(
    lambda: Incident.objects.order_by().filter(pk=among("keys")).select_related("account__score").only(*_SHOWN)
)


def _with_rows(pks: Sequence[int]) -> list[Incident]:
    found = {incident.pk: incident for incident in _ROWS(keys=list(pks))}
    return [found[pk] for pk in pks if pk in found]
