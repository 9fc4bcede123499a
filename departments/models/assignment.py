"""Who looks after whom, and who is away."""

import datetime
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models

from accounts.models import Account
from accounts.models.base import SourcedModel
from departments.models.person import Person


class Capacity(models.TextChoices):
    ACCOUNT_MANAGER = "account_manager", "Account manager"
    SERVICE_DESK = "service_desk", "Service desk"


class _Days(models.Func):
    function = "daterange"
    output_field = DateRangeField()


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments, as sets."""

    def in_force(self, day: datetime.date) -> Self:
        """Return the assignments that hold on the day."""
        return self.filter(models.Q(ends_on=None) | models.Q(ends_on__gte=day), starts_on__lte=day)


class Assignment(SourcedModel):
    """A person looks after an account in a capacity, from a day to a day, both included."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="assignments")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="assignments")
    capacity = models.CharField(max_length=20, choices=Capacity.choices)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["account", "capacity", "-starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="assignment_comes_once_from_its_source"),
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="assignment_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="one_person_at_a_time_in_a_capacity",
                expressions=[
                    ("account", RangeOperators.EQUAL),
                    ("capacity", RangeOperators.EQUAL),
                    (_Days("starts_on", "ends_on", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} for {self.account}"


class Absence(SourcedModel):
    """A person is away from a day to a day, both included; somebody may cover."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absences")
    covered_by = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="covers")
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="absence_comes_once_from_its_source"),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="absence_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=models.Q(covered_by=None) | ~models.Q(covered_by=models.F("person")),
                name="nobody_covers_for_themselves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} away {self.starts_on} to {self.ends_on}"
