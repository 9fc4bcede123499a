"""What every record shares: a public id, a source to be found again by, and who may see it."""

from collections.abc import Iterable
from typing import Any, Protocol, Self, TypeVar

from django.db import models
from django.db.models.functions import Now

_Model = TypeVar("_Model", bound=models.Model, covariant=True)


class UuidV7(models.Func):
    """PostgreSQL 18's uuidv7(): ids that sort by time (RFC 9562), also where rows arrive by COPY."""

    function = "uuidv7"
    template = "%(function)s()"
    output_field = models.UUIDField()


class Viewer(Protocol):
    """A person as this app needs to know one: whose accounts, and whose full books.

    Each answers with a subquery of account ids, or None where nothing is hidden.
    """

    def visible_account_ids(self) -> models.QuerySet[Any, Any] | models.Expression | None:
        """Return the accounts whose name, value and risk the person sees."""

    def open_book_account_ids(self) -> models.QuerySet[Any, Any] | models.Expression | None:
        """Return the accounts whose orders, contacts and signals the person sees too."""


class PublicModel(models.Model):
    """A record with an id that may appear in an address."""

    public_id = models.UUIDField(unique=True, editable=False, db_default=UuidV7())

    class Meta:
        abstract = True


class SourcedModel(PublicModel):
    """A fact that came from somewhere: source and external id name it once and for all."""

    source = models.CharField(max_length=64, db_default="manual", default="manual")
    external_id = models.CharField(max_length=200)
    recorded_at = models.DateTimeField(
        db_default=Now(), help_text="when we learned of it, which may be later than it happened"
    )

    class Meta:
        abstract = True


class BookQuerySet(models.QuerySet[_Model]):
    """Facts of an account that only those who keep its books may read."""

    def visible_to(self, person: Viewer) -> Self:
        """Return what belongs to accounts whose books are open to the person."""
        accounts = person.open_book_account_ids()
        return self if accounts is None else self.filter(account__in=accounts)

    def of(self, accounts: Iterable[int]) -> Self:
        """Return what belongs to the given accounts."""
        return self.filter(account__in=accounts)
