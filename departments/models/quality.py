"""Why it happened: causes in the department's own words."""

from django.db import models

from accounts.models.base import PublicModel
from departments.models.department import Department


class CauseCode(PublicModel):
    """A cause that a department names when it resolves an incident, such as "carrier missed pickup"."""

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="cause_codes")
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["department__position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["department", "name"], name="a_department_names_a_cause_once"),
        ]

    def __str__(self) -> str:
        return self.name
