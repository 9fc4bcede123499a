"""Friction: its types, the rules that find it, the incidents, and who answers for them."""

import datetime
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Greatest, Now, Upper
from django.utils import timezone

from accounts.models import Account, Order, Signal
from accounts.models.base import PublicModel, SourcedModel
from accounts.signals import KINDS
from departments.conditions import ConditionError, Title, compile_condition, compile_severity, compile_title
from departments.models.department import Department
from departments.models.person import SEES_EVERY_ACCOUNT, SEES_EVERYTHING, WORKS_IN_DEPARTMENT, Person

if TYPE_CHECKING:
    from departments.models.problem import Problem
    from departments.models.quality import CauseCode

# So long after it was resolved, what an incident put at risk while it was open is still told.
RECOUNTED = datetime.timedelta(days=90)
# From this severity on an incident is severe, unless its type says otherwise.
SEVERE = 0.75


class FrictionType(PublicModel):
    """A kind of trouble; who answers for it by default, how heavy it is and how long it weighs."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    definition = models.TextField(help_text="in plain language: what counts as one")
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="friction_types", help_text="answers for it by default"
    )
    weight = models.FloatField(help_text="1 for a typical one of its department, 2 for one twice as heavy")
    half_life_days = models.FloatField(help_text="days after its resolution until it weighs half")
    answer_hours = models.PositiveIntegerField(help_text="hours within which the department answers")
    resolve_hours = models.PositiveIntegerField(help_text="hours within which it is resolved")
    severe_from = models.FloatField(
        default=SEVERE,
        db_default=SEVERE,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text="severity from which one counts as severe, up to 1",
    )
    severe_answer_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="hours within which the department answers a severe one; empty for as any"
    )
    severe_resolve_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="hours within which a severe one is resolved; empty for as any"
    )
    check_after_days = models.PositiveSmallIntegerField(
        db_default=60,
        default=60,
        validators=[MinValueValidator(7), MaxValueValidator(730)],
        help_text="days after a corrective action was done until its effect is checked",
    )
    is_active = models.BooleanField(db_default=True, default=True)

    class Meta:
        ordering = ["department__position", "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weight__gt=0), name="friction_weight_is_positive"),
            models.CheckConstraint(
                condition=models.Q(half_life_days__gte=1), name="friction_half_life_is_a_day_or_more"
            ),
            models.CheckConstraint(
                condition=models.Q(severe_from__gte=0, severe_from__lte=1),
                name="friction_is_severe_from_0_to_1",
                violation_error_message="A severity lies between 0 and 1.",
            ),
            models.CheckConstraint(
                condition=models.Q(severe_answer_hours=None, severe_resolve_hours=None)
                | models.Q(
                    severe_answer_hours__isnull=False,
                    severe_resolve_hours__isnull=False,
                    severe_answer_hours__gte=1,
                    severe_resolve_hours__gte=1,
                ),
                name="friction_has_both_severe_hours_or_none",
                violation_error_message=(
                    "Say within how many hours a severe one is answered and within how many it is resolved,"
                    " an hour at least; or leave both empty."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def hours_to_answer(self, severity: float) -> int:
        """Return the working hours within which the department answers one so severe."""
        severe = self.severe_answer_hours if severity >= self.severe_from else None
        return self.answer_hours if severe is None else severe

    def hours_to_resolve(self, severity: float) -> int:
        """Return the working hours within which one so severe is resolved."""
        severe = self.severe_resolve_hours if severity >= self.severe_from else None
        return self.resolve_hours if severe is None else severe


class DetectionRuleQuerySet(models.QuerySet["DetectionRule"]):
    """Detection rules, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return what the person may see: all of them, or those whose friction their department answers for."""
        if person.role in SEES_EVERYTHING:
            return self
        if person.role in WORKS_IN_DEPARTMENT:
            return self.filter(friction_type__department=person.department_id)
        return self.none()


class DetectionRule(PublicModel):
    """Turns signals of a kind into incidents: a condition over the signal's fields, a type, a severity.

    A rule may gather: so many signals of an account within so many days are one incident. Or it may follow batches:
    each account that got the batch which a signal names, so many days before or after, has an incident. The database
    keeps a `RuleVersion` of every version.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    signal_kind = models.CharField(max_length=40, choices=[(kind.name, kind.label) for kind in KINDS.values()])
    condition = models.TextField(help_text="when it is friction, such as: days_late > 2")
    friction_type = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="rules")
    severity = models.TextField(help_text="a number or an expression between 0 and 1, such as: days_late / 14")
    title = models.CharField(
        max_length=160, help_text="what an incident is called, such as: Late shipment, {days_late} days"
    )
    grouping_count = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(2), MaxValueValidator(100)],
        help_text="so many signals of an account are one incident; empty where each is one of its own",
    )
    grouping_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="within so many days of the first",
    )
    batch_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="an incident at every account that got the signal's batch so many days before or after",
    )
    version = models.PositiveIntegerField(db_default=1, default=1, editable=False)
    revision = models.PositiveIntegerField(
        db_default=1, default=1, editable=False, help_text="counts changes, so that two people at once are noticed"
    )
    # A name, not a key: who works here may be cleared away, what a rule meant may not.
    changed_by = models.CharField(max_length=120, blank=True, db_default="", default="", editable=False)
    is_active = models.BooleanField(db_default=True, default=True)

    objects = DetectionRuleQuerySet.as_manager()

    class Meta:
        ordering = ["signal_kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(grouping_count=None, grouping_days=None)
                | models.Q(
                    grouping_count__isnull=False,
                    grouping_days__isnull=False,
                    grouping_count__gte=2,
                    grouping_days__gte=1,
                ),
                name="grouping_says_how_many_within_how_many_days",
            ),
            models.CheckConstraint(
                condition=models.Q(grouping_count=None) | models.Q(batch_days=None),
                name="a_rule_groups_or_follows_batches",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what does not compile, with a sentence at the field that is wrong."""
        sentences = dict(self._what_does_not_compile())
        if (self.grouping_count is None) != (self.grouping_days is None):
            empty = "grouping_days" if self.grouping_days is None else "grouping_count"
            sentences[empty] = "Say both how many signals, and within how many days; or leave both empty."
        if self.grouping_count is not None and self.batch_days is not None:
            sentences["batch_days"] = "A rule either gathers several signals or follows a batch, not both."
        if self.batch_days is not None and not KINDS[self.signal_kind].names_batch:
            sentences["batch_days"] = f"{KINDS[self.signal_kind].label}s do not say which batch they are about."
        if sentences:
            raise ValidationError(sentences)

    def _what_does_not_compile(self) -> Iterator[tuple[str, str]]:
        compilers: dict[str, Callable[[str, str], object]] = {
            "condition": compile_condition,
            "severity": compile_severity,
            "title": compile_title,
        }
        for field, compiles in compilers.items():
            try:
                compiled = compiles(self.signal_kind, getattr(self, field))
                if isinstance(compiled, Title) and compiled.counts and self.grouping_count is None:
                    yield field, "In the title, {count} is for rules that gather several signals."
            except ConditionError as error:
                yield field, str(error)


class State(models.TextChoices):
    NEW = "new", "Needs an answer"
    IN_WORK = "in_work", "In work"
    WAITING = "waiting", "Waiting on others"
    DISPUTED = "disputed", "Disputed"
    RESOLVED = "resolved", "Resolved"


OPEN_STATES = (State.NEW, State.IN_WORK, State.WAITING, State.DISPUTED)
ON_DESK = ~models.Q(state="resolved") & models.Q(merged_into=None)


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Incidents, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return what the person may see: their accounts' incidents, or their department's."""
        if person.role in SEES_EVERY_ACCOUNT:
            return self
        if person.role in WORKS_IN_DEPARTMENT:
            return self.concerning(person.department_id)
        return self.filter(account__in=person.open_book_account_ids())

    def concerning(self, department_id: int | None) -> Self:
        """Return what a department answers for, reported, is or was asked to take, or is or was waited for with."""
        # Asked of each incident: a set of all that a department ever answered for is read whole, even for one page. A
        # value and no EXISTS, which the database would take for such a set.
        parts = Responsibility.objects.order_by().filter(incident=models.OuterRef("pk"), department=department_id)
        answering = models.Q(pk=models.Subquery(parts.values("incident")[:1]))
        itself = Incident.objects.order_by().filter(pk=models.OuterRef("pk"))
        asked = models.Exists(itself.filter(hand_offs__to_department=department_id))
        waited_for = models.Exists(itself.filter(waits__department=department_id))
        reported = models.Q(reporting_department=department_id)
        return self.filter(answering | reported | asked | waited_for)

    def held_by(self, department: Department) -> Self:
        """Return the incidents that are the department's to answer now."""
        return self.filter(department=department)

    def open(self) -> Self:
        """Return what is not resolved."""
        return self.filter(state__in=OPEN_STATES)

    def due_before(self, moment: datetime.datetime) -> Self:
        """Return what should be answered, or once answered resolved, before the moment."""
        return self.open().filter(due_at__lt=moment)


class Incident(SourcedModel):
    """One friction event at one account.

    `department` is who holds it now: whose desk it lies on. Who answers for it, in shares that sum to 1, is in
    `responsibilities`. `points` and `money_at_risk` are written by scoring, so that a desk can be sorted by them.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="incidents", db_index=False)
    friction_type = models.ForeignKey(FrictionType, on_delete=models.PROTECT, related_name="incidents")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="held_incidents", db_index=False)
    severity = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, db_default="")
    happened_at = models.DateTimeField()
    order = models.ForeignKey(Order, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents")
    signal = models.ForeignKey(Signal, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents")
    rule = models.ForeignKey(DetectionRule, on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents")
    rule_version = models.PositiveIntegerField(null=True, blank=True)
    reporter = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, blank=True, related_name="reported_incidents"
    )
    reporting_department = models.ForeignKey(
        Department, on_delete=models.PROTECT, null=True, blank=True, related_name="reported_incidents"
    )
    assignee = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_incidents"
    )
    state = models.CharField(max_length=10, choices=State.choices, db_default=State.NEW, default=State.NEW)
    answer_due_at = models.DateTimeField()
    resolve_due_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="the next of the two deadlines: answer while new, resolve afterwards")
    answered_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.TextField(blank=True, db_default="")
    cause: "models.ForeignKey[CauseCode | None, CauseCode | None]" = models.ForeignKey(
        "departments.CauseCode", on_delete=models.SET_NULL, null=True, blank=True, related_name="incidents"
    )
    reopened = models.PositiveSmallIntegerField(db_default=0, default=0)
    moves = models.PositiveSmallIntegerField(
        db_default=0,
        default=0,
        editable=False,
        help_text="how often it was handed on: once for each time that was asked, once more where it was returned",
    )
    problem: "models.ForeignKey[Problem | None, Problem | None]" = models.ForeignKey(
        "departments.Problem",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="incidents",
        db_index=False,
        help_text="the common cause that it belongs to",
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    points = models.FloatField(db_default=0.0, default=0.0, help_text="share of the account's risk, 0 to 1")
    money_at_risk = models.FloatField(db_default=0.0, default=0.0, help_text="points × the account's annual revenue")
    version = models.PositiveIntegerField(
        db_default=1, default=1, help_text="counts changes, so that two people at once are noticed"
    )

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-happened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="incident_comes_once_from_its_source"),
            models.UniqueConstraint(
                fields=["rule", "signal", "account"],
                condition=models.Q(rule__isnull=False, signal__isnull=False),
                name="a_rule_opens_one_incident_a_signal_at_an_account",
            ),
            models.CheckConstraint(
                condition=models.Q(severity__gte=0, severity__lte=1), name="severity_lies_between_0_and_1"
            ),
            models.CheckConstraint(
                condition=models.Q(state="resolved", resolved_at__isnull=False)
                | (~models.Q(state="resolved") & models.Q(resolved_at=None)),
                name="resolved_incidents_say_when",
            ),
            models.CheckConstraint(
                condition=models.Q(resolved_at=None) | models.Q(resolved_at__gte=models.F("happened_at")),
                name="incident_is_resolved_after_it_happened",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | models.Q(state="resolved"), name="merged_incidents_are_resolved"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | ~models.Q(merged_into=models.F("id")),
                name="no_incident_is_merged_into_itself",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-happened_at"], name="incident_timeline"),
            # Holds whatever orders and counts a desk, so that neither reads the incidents themselves.
            models.Index(
                fields=["department", "state", "due_at"],
                include=["money_at_risk", "id"],
                name="open_on_desk",
                condition=ON_DESK,
            ),
            # What is long past due lies in this order, so that a desk's first rows are found without reading the rest.
            models.Index(
                models.F("department"),
                models.F("state"),
                Greatest(models.F("money_at_risk"), models.Value(1.0)).desc(),
                models.F("id").desc(),
                include=["due_at", "money_at_risk"],
                name="dearest_on_desk",
                condition=ON_DESK,
            ),
            # To be counted by: it holds nothing else, so that it is a few pages, and in the order of the incidents.
            models.Index(fields=["department", "state"], name="counted_on_desk", condition=ON_DESK),
            # Whatever a department ever held, latest first; holds what orders and tells apart that of some days.
            models.Index(
                fields=["department", "-happened_at", "-id"],
                include=["money_at_risk", "friction_type", "cause"],
                name="incidents_held",
                condition=models.Q(merged_into=None),
            ),
            models.Index(
                fields=["department", "moves", "-happened_at", "-id"],
                name="incidents_handed_on",
                condition=models.Q(moves__gt=0, merged_into=None),
            ),
            models.Index(fields=["department"], name="reopened_incidents", condition=models.Q(reopened__gt=0)),
            models.Index(
                fields=["department", "answered_at"],
                include=["money_at_risk", "recorded_at"],
                name="answered_incidents",
                condition=models.Q(answered_at__isnull=False),
            ),
            # With what a scoring compares: whether an incident's figures have moved is read from the index alone.
            models.Index(
                fields=["account"],
                include=["id", "points", "money_at_risk"],
                name="figures_of_open_incidents",
                condition=~models.Q(state="resolved"),
            ),
            models.Index(
                fields=["department", "resolved_at"],
                name="resolved_incidents",
                condition=models.Q(state="resolved", merged_into=None),
            ),
            models.Index(
                fields=["department"], name="disputed_incidents", condition=models.Q(state="disputed", merged_into=None)
            ),
            GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="incident_title_trigrams"),
            models.Index(fields=["problem"], name="incidents_of_a_problem", condition=models.Q(problem__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Return whether it still needs work."""
        return self.state != State.RESOLVED

    @property
    def hours_to_answer(self) -> int:
        """Return the working hours within which whoever is asked answers."""
        return self.friction_type.hours_to_answer(self.severity)

    @property
    def hours_to_resolve(self) -> int:
        """Return the working hours within which its department puts it right."""
        return self.friction_type.hours_to_resolve(self.severity)

    @property
    def is_recounted(self) -> bool:
        """Return whether points and money are still told: renewed each night while open, then as they were."""
        return self.resolved_at is None or self.resolved_at >= timezone.now() - RECOUNTED

    @property
    def current_points(self) -> float | None:
        """Return its share of the account's risk, when resolved what it was then; None 90 days later."""
        return self.points if self.is_recounted else None

    @property
    def current_money(self) -> float | None:
        """Return the money that it puts at risk, when resolved what it was then; None 90 days later."""
        return self.money_at_risk if self.is_recounted else None


class Responsibility(models.Model):
    """One department's part in one incident.

    The shares of an incident sum to 1; a department that answers no longer keeps a row with share 0. What scoring
    needs of the incident is repeated here, kept equal by a database trigger, so that a full scoring reads one
    covering index and nothing else.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="responsibilities")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="responsibilities")
    share = models.FloatField()
    is_provisional = models.BooleanField(db_default=True, default=True, help_text="until the department accepts")
    since = models.DateTimeField(db_default=Now())
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="responsibilities", editable=False, db_index=False
    )
    friction_type = models.ForeignKey(
        FrictionType, on_delete=models.PROTECT, editable=False, db_index=False, related_name="+"
    )
    severity = models.FloatField(editable=False)
    happened_at = models.DateTimeField(editable=False)
    recorded_at = models.DateTimeField(editable=False)
    resolved_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-share", "department"]
        verbose_name_plural = "responsibilities"
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "department"], name="a_department_answers_once_for_an_incident"
            ),
            models.CheckConstraint(condition=models.Q(share__gte=0, share__lte=1), name="share_lies_between_0_and_1"),
        ]
        indexes = [
            models.Index(
                fields=["account", "department"],
                include=["friction_type", "share", "severity", "happened_at", "recorded_at", "resolved_at", "incident"],
                name="friction_of_an_account",
            ),
            # Where several answer or one answers no longer; whoever holds an incident alone answers for all of it.
            models.Index(
                fields=["department", "happened_at"],
                include=["incident", "share"],
                name="parts_of_several",
                condition=models.Q(share__lt=1),
            ),
            # The desk of whoever answers for a part of what others hold.
            models.Index(
                fields=["department"],
                name="parts_under_way",
                condition=models.Q(share__gt=0, share__lt=1, resolved_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.share:.0%}"
