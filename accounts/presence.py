"""Which kinds of records there are of a thing, asked in one statement: most things have few of them."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import Model

Places = Mapping[str, tuple[type[Model], str]]


def present(places: Places, keys: Iterable[int]) -> frozenset[str]:
    """Return the names of those places (a model, and the field that refers to the thing) that hold any of the keys."""
    statement = "SELECT " + ", ".join(_asked(*place) for place in places.values())
    with connection.cursor() as cursor:
        cursor.execute(statement, {"keys": list(keys)})
        found: Sequence[bool] = cursor.fetchone()
    return frozenset(name for name, is_there in zip(places, found, strict=True) if is_there)


def _asked(model: type[Model], field: str) -> str:
    column = model._meta.get_field(field).column  # type: ignore[union-attr]  # a field with a column, by its name
    return f'EXISTS (SELECT FROM "{model._meta.db_table}" WHERE "{column}" = ANY(%(keys)s::bigint[]))'
