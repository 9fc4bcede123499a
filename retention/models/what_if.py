"""Questions what if some friction had not been that workers answer: kept with their answer, and read by link."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models import Department, Person, Role
from departments.models.person import SEES_EVERYTHING, WORKS_IN_DEPARTMENT
from retention.models.model import ModelVersion


class WhatIfRunQuerySet(models.QuerySet["WhatIfRun"]):
    """Kept questions, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return what was asked about things that the person sees, too.

        Those who see everything may read each answer, people of a department those of their department, everybody
        else their own. Who sees less than when they asked does not see what they were told then.
        """
        if person.role in SEES_EVERYTHING:
            return self
        if person.role in WORKS_IN_DEPARTMENT:
            return self.filter(department=person.department_id, seen_as__in=WORKS_IN_DEPARTMENT)
        return self.filter(asked_by=person, seen_as=person.role)

    def under_way(self) -> Self:
        """Return what is not answered yet."""
        return self.filter(finished_at=None)


class WhatIfRun(PublicModel):
    """One question as of one moment, worked off in ranges of accounts; its answer stays as it was told."""

    question = models.JSONField(help_text="see retention.scoring.what_if.Question")
    digest = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the question")
    words = models.TextField(help_text="the question as a sentence")
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="what_if_runs")
    seen_as = models.CharField(max_length=20, choices=Role.choices, help_text="in which role it was asked")
    department = models.ForeignKey(Department, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="what_if_runs")
    as_of = models.DateTimeField()
    asked_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(null=True, blank=True, help_text="see retention.scoring.what_if_answers.Told")

    objects = WhatIfRunQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = "kept what-if question"
        indexes = [models.Index(fields=["department", "-id"], name="what_if_runs_of_a_department")]
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "digest"],
                condition=models.Q(finished_at=None),
                name="a_question_is_worked_on_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(answer=None) | models.Q(finished_at__isnull=False),
                name="what_if_is_answered_when_finished",
            ),
        ]

    @property
    def is_finished(self) -> bool:
        """Return whether workers are done with it."""
        return self.finished_at is not None

    @property
    def progress(self) -> float:
        """Return the part of the ranges that is done, from 0 to 1."""
        done, total = self.ranges.exclude(finished_at=None).count(), self.ranges.count()
        return done / total if total else 1.0

    def __str__(self) -> str:
        return self.words


class WhatIfRange(models.Model):
    """The accounts whose ids lie from `first` to `last`, both included, and what a worker found of them."""

    run = models.ForeignKey(WhatIfRun, on_delete=models.CASCADE, related_name="ranges")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="by a worker; stale after a few minutes")
    finished_at = models.DateTimeField(null=True, blank=True)
    accounts = models.IntegerField(null=True, blank=True, help_text="accounts that the question touches")
    answer = models.JSONField(null=True, blank=True, help_text="until the whole is answered")

    class Meta:
        ordering = ["first"]
        verbose_name = "range of a what-if question"
        constraints = [
            models.UniqueConstraint(fields=["run", "first"], name="a_range_begins_once_in_a_question"),
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="a_range_of_a_question_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"accounts {self.first}–{self.last}"
