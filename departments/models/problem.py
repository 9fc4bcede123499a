"""Problems: the common cause behind several incidents, held by one department."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel, UuidV7
from departments.models.department import Department
from departments.models.friction import FrictionType, Incident
from departments.models.person import SEES_EVERY_ACCOUNT, WORKS_IN_DEPARTMENT, Person


class ProblemQuerySet(models.QuerySet["Problem"]):
    """Problems, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return what the person's department holds, and what holds an incident that the person may see."""
        standing = self.filter(withdrawn_at=None)
        if person.role in SEES_EVERY_ACCOUNT:
            return standing
        seen = Incident.objects.visible_to(person).order_by().filter(problem__isnull=False).values("problem")
        own = models.Q(department=person.department_id) if person.role in WORKS_IN_DEPARTMENT else models.Q(pk=None)
        return standing.filter(own | models.Q(pk__in=seen))

    def open(self) -> Self:
        """Return what is not closed."""
        return self.filter(closed_at=None, withdrawn_at=None)


class Problem(PublicModel):
    """A common cause: the incidents that it brought about point to it, and one department sees to its cure."""

    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, db_default="", default="")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="problems")
    friction_type = models.ForeignKey(
        FrictionType,
        on_delete=models.PROTECT,
        related_name="problems",
        help_text="whose rate tells whether it is cured",
    )
    opened_at = models.DateTimeField(db_default=Now())
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closing_words = models.TextField(blank=True, db_default="", default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="opened by mistake, and taken back at once")
    version = models.PositiveIntegerField(db_default=1, default=1, editable=False)

    objects = ProblemQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None, closed_by=None)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
                name="closed_problems_say_who_closed_them",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Return whether it still needs work."""
        return self.closed_at is None


class ProblemEvent(models.Model):
    """One step in the record of a problem; never changed, never deleted."""

    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verb = models.CharField(max_length=30)
    words = models.TextField(blank=True, db_default="")
    details = models.JSONField(default=dict, db_default={})

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.verb


class ProblemUndoPointQuerySet(models.QuerySet["ProblemUndoPoint"]):
    """What can be taken back on problems, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the person's own: nobody takes back what somebody else did."""
        return self.filter(person=person)

    def standing(self) -> Self:
        """Return what nobody took back and nobody built upon."""
        return self.filter(undone_at=None, problem__version=models.F("version_after"))


class ProblemUndoPoint(models.Model):
    """How one problem stood before one step: columns by name, and rows beside it that an undo changes."""

    batch = models.UUIDField(db_default=UuidV7(), db_index=True)
    problem = models.ForeignKey(Problem, on_delete=models.CASCADE, related_name="undo_points", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=30)
    done_at = models.DateTimeField(db_default=Now())
    version_after = models.PositiveIntegerField(help_text="the problem's version once the step was done")
    before = models.JSONField(default=dict)
    also = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)

    objects = ProblemUndoPointQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["problem", "version_after"], name="a_step_on_a_problem_is_taken_back_to_one_state"
            ),
        ]

    def __str__(self) -> str:
        return self.verb
