"""What friction a department may cause: an error budget in money."""

from django.db import models

from accounts.models.base import PublicModel
from departments.models import Department


class Budget(PublicModel):
    """The revenue that a department's friction may put at risk in a quarter."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="budgets")
    quarter_start = models.DateField(help_text="first day of the quarter")
    amount = models.DecimalField(max_digits=14, decimal_places=2, help_text="in the organisation's currency")

    class Meta:
        ordering = ["-quarter_start", "department__position"]
        constraints = [
            models.UniqueConstraint(fields=["department", "quarter_start"], name="one_budget_a_department_and_quarter"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="budget_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.department}, quarter from {self.quarter_start}"
