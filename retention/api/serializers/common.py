"""What records name each other by, and words that several of them use."""

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from departments.models import Person
from retention.scoring.bands import Band

BANDS = [band.value for band in Band]


def public_id(source: str = "public_id", **options: Any) -> serializers.UUIDField:
    """Return a field that shows a record's public id; `source` is the way to it."""
    return serializers.UUIDField(source=source, read_only=True, **options)


def slug(source: str, **options: Any) -> serializers.SlugField:
    """Return a field that shows a record's short name; `source` is the way to it."""
    return serializers.SlugField(source=f"{source}.slug", read_only=True, **options)


class AccountName(serializers.ModelSerializer[Account]):
    """An account, as other records name it."""

    id = public_id()

    class Meta:
        model = Account
        fields = ["id", "name"]
        read_only_fields = fields


class PersonName(serializers.ModelSerializer[Person]):
    """A person, as records name one."""

    id = public_id()

    class Meta:
        model = Person
        fields = ["id", "name"]
        read_only_fields = fields
