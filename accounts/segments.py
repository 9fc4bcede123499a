"""Which segments there are."""

from typing import Final

from django.db import connection

# From one to the next along the index: to ask which differ would read every account.
SEGMENTS_SQL: Final = """
WITH RECURSIVE found AS (
    SELECT min(segment) AS segment FROM accounts_account WHERE segment > ''
    UNION ALL
    SELECT (SELECT min(segment) FROM accounts_account WHERE segment > found.segment) FROM found
    WHERE found.segment IS NOT NULL
)
SELECT segment FROM found WHERE segment IS NOT NULL
"""


def segments_on_record() -> list[str]:
    """Return the segments that accounts have, in order."""
    with connection.cursor() as cursor:
        cursor.execute(SEGMENTS_SQL)
        return [segment for (segment,) in cursor.fetchall()]
