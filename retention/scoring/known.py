"""All that scoring some accounts needs to know: their records, what holds for everybody, and their stored scores."""

import datetime
from dataclasses import dataclass
from typing import Final, Self

from django.db import connection

from retention.scoring import few
from retention.scoring.features import REFERENCE_SQL, Reference, reference_of
from retention.scoring.figures import FIGURES_COLUMNS, figures_sql
from retention.scoring.planned import Planned
from retention.scoring.reading import FEW_ASKED, SENT_COLUMNS, Scope, asked, read_records, records_of, statements
from retention.scoring.records import Columns, Records
from retention.scoring.writing import STANDING_COLUMNS, read_standing, standing_sql

SENT: Final = {**SENT_COLUMNS, "standing": STANDING_COLUMNS, "figures": FIGURES_COLUMNS}
_ANY_FEW: Final = Scope.of_ids([])
_STATEMENTS: Final = {
    **dict(statements(_ANY_FEW)),
    "standing": standing_sql(_ANY_FEW),
    "figures": figures_sql(_ANY_FEW),
}
KNOWN_OF_FEW: Final = Planned(few.one_statement(_STATEMENTS, SENT, REFERENCE_SQL), FEW_ASKED)


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of some accounts at a moment; `standing` are the rows of their stored scores.

    `figures` is what stands in their incidents, None where that is left to whoever writes them.
    """

    records: Records
    reference: Reference
    standing: Columns
    figures: Columns | None = None

    @classmethod
    def read(cls, scope: Scope, as_of: datetime.datetime) -> Self:
        """Read all of it from the rows themselves; that of a few accounts by one statement."""
        return cls._of_few(scope, as_of) if scope.is_of_few else cls.beside(read_records(scope, as_of), scope, as_of)

    @classmethod
    def beside(cls, records: Records, scope: Scope, as_of: datetime.datetime, figures: Columns | None = None) -> Self:
        """Return records that were read, and read the rest after them: whatever they refer to is there."""
        return cls(records, Reference.read(as_of), read_standing(scope), figures)

    @classmethod
    def _of_few(cls, scope: Scope, as_of: datetime.datetime) -> Self:
        with connection.cursor() as cursor:
            KNOWN_OF_FEW.execute(cursor, asked(scope, as_of))
            row = cursor.fetchone()
        found = few.taken_apart(row, SENT)
        standing, figures = found.pop("standing"), found.pop("figures")
        return cls(records_of(found), reference_of(row[len(SENT) :]), standing, figures)
