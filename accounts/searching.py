"""Looking for a text in names, such that an index of three letters at a time answers."""

import re
from typing import Any

from django.db import connection, models

# A text of which the index knows three letters; where a word begins or ends, a blank is one of them.
_IN_THE_INDEX = re.compile(r"[^\W_]{3}|[^\W_]{2}[\W_]|[\W_][^\W_]")


def is_short(text: str) -> bool:
    """Return whether a text is too short to be looked for within words; it is then looked for where one begins."""
    return _IN_THE_INDEX.search(text) is None


def holds(field: str, text: str) -> models.Q:
    """Return the condition that a field holds the text; a short one where a word begins."""
    if is_short(text):
        return models.Q(**{f"{field}__istartswith": text}) | models.Q(**{f"{field}__icontains": f" {text}"})
    return models.Q(**{f"{field}__icontains": text})


# A statement of its own, so that the database counts on all being asked for, not on a few that it might come across.
_FEW = "WITH found (id) AS MATERIALIZED ({found}) SELECT id FROM found LIMIT %s"


def keys_of_few(found: models.QuerySet[Any], most: int) -> list[int] | None:
    """Return the keys of all that was found; None where that is more than so many."""
    words, given = found.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_FEW.format(found=words), [*given, most + 1])
        keys = [key for (key,) in cursor.fetchall()]
    return keys if len(keys) <= most else None
