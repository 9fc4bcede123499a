"""A way of looking at a list that somebody wants to come back to."""

from typing import Self

from django.db import models
from django.db.models.functions import Now

from accounts.models.base import PublicModel
from departments.models import Person


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Saved views, as sets."""

    def visible_to(self, person: Person) -> Self:
        """Return the person's own, and what others share."""
        return self.filter(models.Q(person=person.pk) | models.Q(is_shared=True))


class SavedView(PublicModel):
    """The filters and order of a page's list under a name; what the rows show stays the reader's own."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40, help_text="name of the page's route")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True, help_text="what stands behind the question mark")
    is_shared = models.BooleanField(default=False, db_default=False)
    saved_at = models.DateTimeField(db_default=Now())

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["person", "page", "name"], name="a_person_names_a_view_once"),
        ]

    def __str__(self) -> str:
        return self.name
