"""Customers and the people there."""

import datetime
from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper

from accounts.models.base import BookQuerySet, SourcedModel, Viewer
from accounts.searching import holds


def account_holds(text: str) -> models.Q:
    """Return the condition that an account's name or city holds the text, or that it is its number."""
    return holds("name", text) | holds("city", text) | models.Q(external_id__iexact=text)


class AccountQuerySet(models.QuerySet["Account"]):
    """Customers, as sets."""

    def visible_to(self, person: Viewer) -> Self:
        """Return the accounts whose name, value and risk the person may see."""
        accounts = person.visible_account_ids()
        return self if accounts is None else self.filter(pk__in=accounts)

    def open_book_to(self, person: Viewer) -> Self:
        """Return the accounts whose orders, contacts and ledger the person may see."""
        accounts = person.open_book_account_ids()
        return self if accounts is None else self.filter(pk__in=accounts)

    def staying(self) -> Self:
        """Return the accounts that have not left."""
        return self.filter(left_on=None)

    def renewing_between(self, first: datetime.date, last: datetime.date) -> Self:
        """Return accounts whose contract comes up for renewal from first to last, both included."""
        return self.filter(renews_on__range=(first, last))

    def matching(self, text: str) -> Self:
        """Return accounts whose name or city holds the text, or whose number it is."""
        return self.filter(account_holds(text))


class Account(SourcedModel):
    """A customer company."""

    name = models.CharField(max_length=200)
    segment = models.CharField(max_length=80, blank=True, db_default="")
    city = models.CharField(max_length=120, blank=True, db_default="")
    country = models.CharField(max_length=80, blank=True, db_default="")
    customer_since = models.DateField(null=True, blank=True)
    annual_revenue = models.DecimalField(
        max_digits=14, decimal_places=2, db_default=0, default=0, help_text="in the organisation's currency"
    )
    renews_on = models.DateField(
        null=True, blank=True, help_text="next renewal; empty for a customer without a contract"
    )
    left_on = models.DateField(null=True, blank=True, help_text="the day the customer ended the relation")
    contact_cadence_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="how often it should hear from us; empty for the organisation's"
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="account_comes_once_from_its_source"),
            models.CheckConstraint(condition=models.Q(annual_revenue__gte=0), name="account_revenue_is_not_negative"),
            models.CheckConstraint(condition=~models.Q(name=""), name="account_has_a_name"),
        ]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="account_name_trigrams"),
            GinIndex(OpClass(Upper("city"), name="gin_trgm_ops"), name="account_city_trigrams"),
            models.Index(Upper("external_id"), name="account_number"),
            # What many names hold is found in their order, without reading all of them.
            models.Index(fields=["name", "id"], name="accounts_by_name"),
            models.Index(fields=["renews_on"], name="account_renewal", condition=models.Q(renews_on__isnull=False)),
            models.Index(fields=["segment"], name="account_segment"),
            models.Index(
                fields=["segment", "annual_revenue", "id"], name="similar_accounts", condition=models.Q(left_on=None)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_left(self) -> bool:
        """Return whether the customer is gone."""
        return self.left_on is not None


class Contact(SourcedModel):
    """A person at an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    position = models.CharField(max_length=120, blank=True, db_default="")
    email = models.EmailField(blank=True, db_default="")
    phone = models.CharField(max_length=60, blank=True, db_default="")

    objects = BookQuerySet["Contact"].as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="contact_comes_once_from_its_source"),
        ]
        indexes = [
            GinIndex(
                *(OpClass(Upper(field), name="gin_trgm_ops") for field in ("name", "email", "phone")),
                name="contact_trigrams",
            ),
            models.Index(fields=["name", "id"], name="contacts_by_name"),
        ]

    def __str__(self) -> str:
        return self.name
