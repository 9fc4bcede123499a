"""Taking back deeds that change a few rows: they are kept as they stood, and written again while nobody else did."""

import datetime
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import ForeignKey, ManyToOneRel, Model, QuerySet
from django.utils import timezone

from accounts.actions import record_audit
from accounts.errors import Conflict, Invalid
from departments.actions.outcome import as_error
from departments.actions.taking_back import (
    BY_ITSELF,
    ON_ITS_RECORD,
    Changes,
    Row,
    TakingBack,
    changed_by,
    made_by,
)
from departments.actions.undo import ON_ITS_WAY, UNDO_SECONDS, undo
from departments.models import Incident, Person, RowsUndo, UndoPoint

Rows = QuerySet[Any, Any]


class Undoing:
    """Does a deed and keeps how the rows that it may change stood before; `batch` is what takes it back."""

    def __init__(self, person: Person, words: str, *touched: Rows) -> None:
        self.person = person
        self.words = words
        self.touched = touched
        self.batch: uuid.UUID | None = None

    def __call__(self, deed: Callable[[], object]) -> Callable[[], RowsUndo | None]:
        """Return the deed such that it can be taken back; it returns what is kept for that."""
        return lambda: self._done(deed)

    @transaction.atomic
    def _done(self, deed: Callable[[], object]) -> RowsUndo | None:
        before = _rows_of(self.touched)
        deed()
        after = _rows_of(self.touched)
        tables = {label: changes for label in after if (changes := _changes(before[label], after[label]))}
        if not tables:
            return None
        kept = RowsUndo.objects.create(person=self.person, words=self.words[:200], tables=tables)
        kept.refresh_from_db()
        self.batch = kept.batch
        return kept

    def together_with(self, incident: Incident) -> None:
        """Let the person's last step with the incident be taken back with the rows that were just changed."""
        if self.batch is not None:
            points = UndoPoint.objects.visible_to(self.person).standing().filter(incident=incident)
            points.update(batch=self.batch)


def _rows_of(touched: Iterable[Rows]) -> dict[str, dict[str, Row]]:
    """Return the rows by model and key, spelled as JSON holds them."""
    found: dict[str, dict[str, Row]] = {}
    for rows in touched:
        names = [field.attname for field in rows.model._meta.concrete_fields]
        # Asked anew each time: a queryset remembers what it found before the deed.
        values = json.loads(json.dumps(list(rows.all().order_by("pk").values(*names)), cls=DjangoJSONEncoder))
        key = rows.model._meta.pk.attname
        found.setdefault(rows.model._meta.label, {}).update({str(row[key]): row for row in values})
    return found


def _changes(before: Mapping[str, Row], after: Mapping[str, Row]) -> list[dict[str, Row | None]]:
    keys = [*before, *(key for key in after if key not in before)]
    pairs = [{"before": before.get(key), "after": after.get(key)} for key in keys]
    return [pair for pair in pairs if pair["before"] != pair["after"]]


@transaction.atomic
def restore_rows(*, batch: uuid.UUID, acting_person: Person) -> RowsUndo:
    """Write the rows of one deed of the person as they stood before, if they still stand as it left them."""
    kept = RowsUndo.objects.visible_to(acting_person).select_for_update().filter(batch=batch).first()
    if kept is None:
        raise Invalid("undo", "There is nothing of yours to take back.")
    now = timezone.now()
    if now > kept.done_at + datetime.timedelta(seconds=UNDO_SECONDS) + ON_ITS_WAY:
        raise Conflict(f"It can be taken back for {UNDO_SECONDS} seconds, which are over.")
    if kept.undone_at is not None:
        raise Conflict("It has been taken back already.")
    _take_back(kept, TakingBack(acting_person, now, kept.done_at))
    kept.undone_at = now
    kept.save(update_fields=["undone_at"])
    tables = {label: changes for label, changes in kept.tables.items() if label not in ON_ITS_RECORD}
    details = {"undone": kept.words, "tables": tables}
    record_audit(verb="deed.undone", subject=kept.batch, details=details, acting_person=acting_person)
    return kept


def _take_back(kept: RowsUndo, deed: TakingBack) -> None:
    for label, changes in kept.tables.items():
        _require_unchanged(apps.get_model(label), changes)
    _require_nothing_built(kept.tables)
    for label, changes in kept.tables.items():
        if label in BY_ITSELF:
            BY_ITSELF[label](changes, deed)
        else:
            _restore(apps.get_model(label), changes)
    _take_back_with(kept, deed)


def _require_unchanged(model: type[Model], changes: Changes) -> None:
    """Lock the rows, and refuse where they do not stand any more as the deed left them."""
    key = _key_of(model)
    after = [row for pair in changes if (row := pair["after"]) is not None]
    rows = model._default_manager.filter(pk__in=[row[key] for row in after])
    # What is not taken out again may be pointed to meanwhile, such as a rule by what it finds.
    list(rows.select_for_update(no_key=model._meta.label in BY_ITSELF).order_by("pk").values_list("pk"))
    if list(_rows_of([rows])[model._meta.label].values()) != sorted(after, key=lambda row: int(row[key])):
        raise Conflict("It has been changed since, so it stays as it is.")


def _require_nothing_built(tables: Mapping[str, Changes]) -> None:
    """Refuse to take out what others point to by now, such as an order with an incident about it."""
    own = {label: [row[_key_of(apps.get_model(label))] for row in _left(changes)] for label, changes in tables.items()}
    for label, changes in tables.items():
        model = apps.get_model(label)
        made = [row[_key_of(model)] for row in made_by(changes)]
        for field in _pointing_to(model) if made and label not in BY_ITSELF else ():
            others = field.model._default_manager.filter(**{f"{field.name}__in": made})
            if others.exclude(pk__in=own.get(field.model._meta.label, [])).exists():
                raise Conflict("Others have built on it since, so it stays as it is.")


def _left(changes: Changes) -> list[Row]:
    return [row for pair in changes if (row := pair["after"]) is not None]


def _pointing_to(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    fields = model._meta.get_fields(include_hidden=True)
    return [one.field for one in fields if isinstance(one, ManyToOneRel) and isinstance(one.field, ForeignKey)]


def _take_back_with(kept: RowsUndo, deed: TakingBack) -> None:
    """Take back what was done with incidents in the same deed: all of it, or with the rows nothing."""
    if UndoPoint.objects.visible_to(deed.person).filter(batch=kept.batch).exists():
        undone = undo(batch=kept.batch, acting_person=deed.person)
        if undone.refused:
            raise as_error(undone.refused[0])


def _restore(model: type[Model], changes: Changes) -> None:
    new = [row[_key_of(model)] for row in made_by(changes)]
    model._default_manager.filter(pk__in=new).delete()
    _write_again(model, [before for before, _ in changed_by(changes)])
    _insert_again(model, [pair["before"] for pair in changes if pair["before"] and not pair["after"]])


def _key_of(model: type[Model]) -> str:
    key = model._meta.pk
    return key.attname if key is not None else "id"


def _write_again(model: type[Model], rows: Sequence[Row]) -> None:
    """Set every column of the rows as given; one statement."""
    if not rows:
        return
    columns = [str(field.column) for field in model._meta.concrete_fields if not field.primary_key]
    table, key = (connection.ops.quote_name(name) for name in (model._meta.db_table, _key_of(model)))
    values = ", ".join(f"{column} = was.{column}" for column in map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS now SET {values} "
            f"FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) AS was WHERE now.{key} = was.{key}",
            [json.dumps(rows)],
        )


def _insert_again(model: type[Model], rows: Sequence[Row]) -> None:
    """Put back the rows that were taken out, under their own keys; one statement."""
    if not rows:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} OVERRIDING SYSTEM VALUE "
            f"SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)",
            [json.dumps(rows)],
        )
