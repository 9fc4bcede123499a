"""One stage of an import written to its table, in batches; what cannot be written is told one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import DataError, IntegrityError, transaction

from accounts.bulk import Written, note_changed_lines, replace_order_lines, upsert
from departments.models import Person
from retention.imports.checks import check_lines, check_records, hold_constraints
from retention.imports.errors import Refusal
from retention.imports.incidents import open_prepared_incidents
from retention.imports.makers import file_and_line
from retention.imports.mapping import Mapping
from retention.imports.people import RightsAudit, refuse_last_administrators
from retention.imports.preparing import columns_to_write, link, prepare
from retention.imports.sql import execute, fetch
from retention.imports.staging import Stage

# More batches than these look their lines up quicker in an index than by reading all lines again.
BATCHES_WITHOUT_AN_INDEX = 4
REFUSALS_IN_A_BATCH = 5_000


@dataclass
class RecordCounts(Written):
    """What became of the records of one kind."""

    refused: int = 0
    superseded: int = 0
    linked: int = 0

    def add_counts(self, other: "RecordCounts") -> None:
        """Add the counts of another record rule of the same kind."""
        self.add(other)
        self.refused += other.refused
        self.superseded += other.superseded
        self.linked += other.linked


class StageWriter:
    """Writes what one record rule staged."""

    def __init__(self, stage: Stage, acting_person: Person | None) -> None:
        self._stage = stage
        self._acting_person = acting_person
        self._columns = columns_to_write(stage)
        self._has_order_lines = stage.kind == "order" and stage.has_lines

    def write(self) -> RecordCounts:
        """Put together, check and write; returns what became of the records."""
        counts = RecordCounts()
        self._make_ready(counts)
        batches = self._stage.batches()
        if self._has_order_lines and len(batches) > BATCHES_WITHOUT_AN_INDEX:
            self._stage.index_lines()
        for places in batches:
            counts.add(self._write(places))
        ((counts.refused,),) = fetch(f'SELECT count(*) FROM "{self._stage.refused}"')
        counts.superseded = self._stage.superseded
        return counts

    def _make_ready(self, counts: RecordCounts) -> None:
        stage = self._stage
        stage.merge()
        check_records(stage)
        check_lines(stage)
        if stage.kind == "signal" and stage.has_lines:
            link(stage)
            ((counts.linked,),) = fetch(f'SELECT count(*) FROM "{stage.links}"')
        prepare(stage)
        hold_constraints(stage)
        if self._has_order_lines:
            note_changed_lines(prepared=stage.prepared, changed=stage.changed)

    def _write(self, places: tuple[int, int]) -> Written:
        """Write a batch in a transaction of its own; where it fails, halve it until the culprit stands alone."""
        try:
            with transaction.atomic():
                return self._write_rows(places)
        except (DataError, IntegrityError) as error:
            found = [place for (place,) in fetch(PLACES.format(self._stage.prepared), places)]
            if len(found) == 1:
                self._refuse(found[0], error)
                return Written()
            middle = len(found) // 2
            written = self._write((found[0], found[middle - 1]))
            written.add(self._write((found[middle], found[-1])))
            return written

    def _write_rows(self, places: tuple[int, int]) -> Written:
        stage = self._stage
        if stage.kind == "incident":
            return open_prepared_incidents(prepared=stage.prepared, places=places, acting_person=self._acting_person)
        if stage.kind == "person":
            return self._write_people(places)
        written = self._upsert(places)
        if self._has_order_lines:
            replace_order_lines(lines=stage.lines, changed=stage.changed, places=places)
        return written

    def _write_people(self, places: tuple[int, int]) -> Written:
        refuse_last_administrators(self._stage, places, self._columns["columns"])
        audit = RightsAudit(self._stage, places, self._acting_person)
        written = self._upsert(places)
        audit.write()
        return written

    def _upsert(self, places: tuple[int, int]) -> Written:
        stage = self._stage
        key = ("source", stage.key) if stage.key == "external_id" else (stage.key,)
        return upsert(model=stage.target.model, prepared=stage.prepared, places=places, key=key, **self._columns)

    def _refuse(self, place: int, error: Exception) -> None:
        diagnosis = getattr(error.__cause__, "diag", None)
        rule = getattr(diagnosis, "constraint_name", None)
        message = getattr(diagnosis, "message_primary", None) or str(error)
        reason = f"is against the rule that {rule.replace('_', ' ')}" if rule else f"the database says: {message}"
        execute(f'INSERT INTO "{self._stage.refused}" VALUES (%s, NULL, NULL, %s)', [place, reason])


def refusals_of(stage: Stage, mapping: Mapping, paths: Sequence[Path]) -> Iterator[Refusal]:
    """Every record that was refused, by the place of its first line."""
    headings = {column.name: column.headings[0] for column in mapping.columns}
    columns = {
        rule.name: headings[rule.column]
        for rule in (*stage.rule.lines, *stage.data, *stage.fields)
        if rule.column in headings
    }
    last = -1
    while rows := fetch(REFUSALS.format(stage.refused), [last, REFUSALS_IN_A_BATCH]):
        for place, name, value, reason in rows:
            file_number, line = file_and_line(place)
            told = columns.get(name) or f"{stage.kind}{f'.{name}' if name else ''}"
            yield Refusal(paths[file_number].name, line, told, value or "", reason)
        last = rows[-1][0]


PLACES = 'SELECT place FROM "{}" WHERE place BETWEEN %s AND %s ORDER BY place'
REFUSALS = 'SELECT place, field, value, reason FROM "{}" WHERE place > %s ORDER BY place LIMIT %s'
