"""When a department works: its own zone, shifts, national holidays and closing days."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models

from accounts.models.base import PublicModel
from departments.models.department import Department

MINUTES_A_DAY = 24 * 60


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class _Minutes(models.Func):
    function = "int4range"
    output_field = IntegerRangeField()


class WorkingCalendar(PublicModel):
    """A department's own calendar; a department without one works Monday to Friday, 9 to 17, by the company's clock."""

    department = models.OneToOneField(Department, on_delete=models.CASCADE, related_name="calendar")
    time_zone = models.CharField(max_length=64, help_text="IANA name, such as Europe/London")
    country = models.CharField(max_length=2, blank=True, help_text="whose holidays, such as GB; empty for none")
    subdivision = models.CharField(max_length=10, blank=True, help_text="such as ENG or BY, where holidays differ")
    version = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        ordering = ["department__position"]

    def __str__(self) -> str:
        return f"Calendar of {self.department}"


class WorkingSpan(models.Model):
    """One shift of a weekday, in minutes after midnight."""

    calendar = models.ForeignKey(WorkingCalendar, on_delete=models.CASCADE, related_name="spans")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.PositiveSmallIntegerField(help_text="minutes after midnight")
    closes = models.PositiveSmallIntegerField(help_text="minutes after midnight; 1440 is the day's end")

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens"), closes__lte=MINUTES_A_DAY),
                name="a_shift_ends_after_it_begins",
            ),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="a_week_has_seven_days"),
            ExclusionConstraint(
                name="shifts_of_a_day_do_not_overlap",
                expressions=[
                    ("calendar", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (_Minutes("opens", "closes"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens}–{self.closes}"


class ClosingDay(models.Model):
    """A day on which the department alone is closed."""

    calendar = models.ForeignKey(WorkingCalendar, on_delete=models.CASCADE, related_name="closing_days")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "day"], name="a_department_is_closed_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()
