"""Who gets the scorecard without asking for it: by mail on Mondays, or by a link that needs no account."""

import datetime
from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models import Capability, Person


class ScorecardMail(models.Model):
    """A person wants the scorecard by mail on Mondays, of one segment or (empty) of all."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="scorecard_mail")
    segment = models.CharField(max_length=80, blank=True, db_default="", default="")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["person"]

    def __str__(self) -> str:
        return f"{self.person}, {self.segment or 'all segments'}"


class ScorecardMailSent(models.Model):
    """A week's scorecard was to be mailed to a person: once, however often the sending is tried."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    week = models.DateField(help_text="its Monday")
    sent_at = models.DateTimeField(null=True, help_text="when the mail server took it; empty where nobody knows")

    class Meta:
        ordering = ["-week", "person"]
        constraints = [
            models.UniqueConstraint(fields=["person", "week"], name="one_scorecard_mail_a_person_and_week"),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.week}"


class LiveLinkQuerySet(models.QuerySet["LiveLink"]):
    """Live links, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the links that the person may know of: all for those who have a scorecard, none for others."""
        return self if person.can(Capability.SEE_SCORECARD) else self.none()

    def alive(self, moment: datetime.datetime) -> Self:
        """Return the links that are neither ended nor expired, and whose maker is still with us."""
        return self.filter(ended_at=None, expires_at__gt=moment, made_by__is_active=True)


class LiveLink(PublicModel):
    """A secret address at which the scorecard is read without an account; only the secret's digest is kept."""

    name = models.CharField(max_length=80, help_text="for whom it is, such as: Board")
    segment = models.CharField(max_length=80, blank=True, db_default="")
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the secret")
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="live_links")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = LiveLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="live_link_expires_after_it_is_made"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="live_link_says_for_whom"),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None) | models.Q(ended_at__isnull=False),
                name="live_link_is_ended_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LiveLinkOpen(models.Model):
    """A live link was opened, from somewhere: a network, never a single address."""

    link = models.ForeignKey(LiveLink, on_delete=models.CASCADE, related_name="opens")
    at = models.DateTimeField(db_default=Now())
    network = models.CharField(max_length=50, blank=True, db_default="")

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.link}, {self.at:%Y-%m-%d %H:%M}"


class ScorecardFigures(models.Model):
    """What of a day's scorecard takes long to compute, kept ahead of the reader: of one segment or (empty) of all."""

    day = models.DateField()
    segment = models.CharField(max_length=80, blank=True)
    computed_at = models.DateTimeField()
    figures = models.JSONField(help_text="by name; see retention.dashboards.scorecard_kept")

    class Meta:
        ordering = ["-day", "segment"]
        constraints = [
            models.UniqueConstraint(fields=["day", "segment"], name="figures_of_a_day_and_segment_are_kept_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.segment}"
