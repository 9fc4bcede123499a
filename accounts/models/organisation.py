"""The company whose customers these are: one row of settings that people may change."""

from decimal import Decimal

from django.db import models


class Organisation(models.Model):
    """The company itself: its name, money and clock."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(max_length=200, default="Your company")
    currency = models.CharField(max_length=3, default="GBP", help_text="ISO 4217 code, such as GBP")
    locale = models.CharField(
        max_length=16, default="en_GB", help_text="how money and dates are written, such as en_GB"
    )
    time_zone = models.CharField(max_length=64, default="Europe/London", help_text="IANA name, such as Europe/London")
    contact_cadence_days = models.PositiveSmallIntegerField(
        default=30, help_text="how often an account should hear from us, where it has no cadence of its own"
    )
    override_approval_revenue = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        default=Decimal(100_000),
        db_default=Decimal(100_000),
        help_text="annual revenue above which a second person approves an override of the risk; empty for never",
    )
    bounces_before_ruling = models.PositiveSmallIntegerField(
        default=3, db_default=3, help_text="so often an incident is handed back before an executive is asked by itself"
    )
    hourly_rate = models.DecimalField(
        max_digits=9,
        decimal_places=2,
        default=Decimal(45),
        db_default=Decimal(45),
        help_text="what an hour of work costs: hours spent on an incident count so much",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(hourly_rate__gte=0), name="hourly_rate_is_not_negative"),
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_organisation"),
            models.CheckConstraint(
                condition=models.Q(override_approval_revenue=None) | models.Q(override_approval_revenue__gte=0),
                name="revenue_for_approval_is_not_negative",
            ),
            models.CheckConstraint(condition=models.Q(currency__regex="^[A-Z]{3}$"), name="currency_is_an_iso_code"),
            models.CheckConstraint(
                condition=models.Q(bounces_before_ruling__gte=1), name="a_ruling_needs_a_dispute_before_it"
            ),
        ]

    def __str__(self) -> str:
        return self.name
