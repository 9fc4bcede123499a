"""The departments of the company."""

from django.core.validators import RegexValidator
from django.db import models

from accounts.models.base import PublicModel

# What a department's incidents are counted against: per 100 of these, never alone.
EXPOSURES = [
    ("orders", "orders"),
    ("shipment", "shipments"),
    ("invoice", "invoices"),
    ("call", "calls"),
    ("contract", "contracts"),
    ("claim", "claims"),
    ("inspection", "inspections"),
    ("supplier_lot", "supplier lots"),
    ("promise", "promises"),
    ("accounts", "accounts"),
]


class Department(PublicModel):
    """A department, whose friction can be what drives a customer away."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80, unique=True)
    position = models.PositiveSmallIntegerField(help_text="its place in lists and charts")
    colour = models.CharField(
        max_length=7, validators=[RegexValidator("^#[0-9a-f]{6}$")], help_text="its colour everywhere, such as #4269d0"
    )
    exposure = models.CharField(
        max_length=20, choices=EXPOSURES, db_default="orders", help_text="what its incidents are counted against"
    )
    prior_weight = models.FloatField(
        db_default=2.0,
        default=2.0,
        help_text="expert's log-odds per unit of log(1 + friction per order); at 2, as much as orders is fourfold odds",
    )
    prior_sd = models.FloatField(db_default=1.0, default=1.0, help_text="how unsure the expert is of the weight")
    is_active = models.BooleanField(db_default=True, default=True)

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(prior_weight__gte=0), name="department_weight_is_not_negative"),
            models.CheckConstraint(condition=models.Q(prior_sd__gt=0), name="department_doubt_is_positive"),
        ]

    def __str__(self) -> str:
        return self.name
