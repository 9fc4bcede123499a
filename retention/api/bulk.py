"""Many records in one call: each item is created, updated, left unchanged or refused, and refuses no other.

Statements are counted by the call, not by the item: one to find the accounts, one for the orders, and those of the
action that writes what is well formed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import Serializer

from accounts.models import Account, Order
from accounts.moments import why_impossible
from departments.models import Person
from retention.api.errors import Problem, problems_in
from retention.api.serializers.bulk import MOST_ITEMS

Fields = dict[str, Any]
REFUSED = "refused"
MOMENTS = {"happened_at", "ordered_at"}
Key = UUID | tuple[str, str]


@dataclass(slots=True)
class Row:
    """An item on its way: its validated fields, what is wrong with it, and what became of it."""

    index: int
    fields: Fields = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    account_id: int = 0
    order_id: int | None = None
    result: str = REFUSED
    public_id: UUID | None = None

    def refuse(self, name: str, reason: str) -> None:
        """Add a reason why it is not taken."""
        self.problems.append({"field": name, "reason": reason})


def items_of(body: Any) -> list[Any]:
    """Return the items of a call's body; raises ValidationError where there are none, or too many."""
    items = body.get("items") if isinstance(body, Mapping) else None
    if not isinstance(items, list):
        raise ValidationError({"items": 'Send an object with a list under "items".'})
    if len(items) > MOST_ITEMS:
        reason = f"{len(items):,} items are too many for one call: send up to {MOST_ITEMS:,}."
        raise ValidationError({"items": reason})
    return items


def validated(items: Sequence[Any], item: Serializer[Any]) -> list[Row]:
    """Return a row for each item, refused where its shape is wrong or an earlier one has its name."""
    rows = [_row(index, given, item) for index, given in enumerate(items)]
    _refuse_repeated(rows)
    return rows


def standing(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that nothing is wrong with so far."""
    return [row for row in rows if not row.problems]


def settle(rows: Sequence[Row], write: Callable[[Sequence[Row]], Iterable[tuple[str, UUID]]]) -> None:
    """Write what stands in one go, and note on each row what became of it."""
    taken = standing(rows)
    for row, (result, public_id) in zip(taken, write(taken), strict=True):
        row.result, row.public_id = result, public_id


def find_references(rows: Sequence[Row], person: Person) -> None:
    """Find the accounts and orders that the items name, among those that the person may see."""
    _find(rows, "account", Account.objects.visible_to(person), _take_account)
    _find(rows, "order", Order.objects.visible_to(person), _take_order)
    for row in standing(rows):
        if not row.account_id:
            row.refuse("account", "Name the account, by account or by account_external_id.")


def answer(rows: Sequence[Row]) -> Fields:
    """Return the call's answer."""
    counts = Counter(row.result for row in rows)
    return {
        "counts": {result: counts[result] for result in ("created", "updated", "unchanged", REFUSED)},
        "results": [
            {"index": row.index, "result": row.result, "id": row.public_id, "errors": row.problems} for row in rows
        ],
    }


def _row(index: int, given: Any, item: Serializer[Any]) -> Row:
    row = Row(index)
    try:
        row.fields = item.run_validation(given)
    except ValidationError as error:
        row.problems = list(problems_in(error.detail))
        return row
    for name in MOMENTS & row.fields.keys():
        if problem := why_impossible(row.fields[name]):
            row.refuse(name, problem)
    return row


def _refuse_repeated(rows: Iterable[Row]) -> None:
    first: dict[tuple[str, str], int] = {}
    for row in standing(rows):
        earlier = first.setdefault((row.fields["source"], row.fields["external_id"]), row.index)
        if earlier != row.index:
            row.refuse("external_id", f"Item {earlier} of this call has the same source and external_id.")


def _named(row: Row, what: str) -> Key | None:
    """Return how the item names a record: by our id, or by source and external id."""
    fields = row.fields
    if fields.get(what) is not None:
        return UUID(str(fields[what]))
    external_id = fields.get(f"{what}_external_id")
    return None if external_id is None else (fields.get(f"{what}_source") or fields["source"], external_id)


def _find(rows: Iterable[Row], what: str, records: Any, take: Callable[[Row, Any], None]) -> None:
    named = [(row, name) for row in standing(rows) if (name := _named(row, what)) is not None]
    known = _records_named({name for _, name in named}, records) if named else {}
    for row, name in named:
        record = known.get(name)
        if record is None:
            row.refuse(what, f"There is no such {what}, or you may not see it.")
        else:
            take(row, record)


def _records_named(names: set[Key], records: Any) -> dict[Key, Any]:
    public_ids = [name for name in names if isinstance(name, UUID)]
    pairs = [name for name in names if isinstance(name, tuple)]
    # Sources are few and ids many: two lists find a few too many, which the dictionary does not answer to.
    by_external = Q(source__in={source for source, _ in pairs}, external_id__in=[name for _, name in pairs])
    known: dict[Key, Any] = {}
    for record in records.filter(Q(public_id__in=public_ids) | by_external).only(*_columns(records)):
        known[record.public_id] = known[record.source, record.external_id] = record
    return known


def _columns(records: Any) -> list[str]:
    columns = ["pk", "public_id", "source", "external_id"]
    return [*columns, "account_id"] if records.model is Order else columns


def _take_account(row: Row, account: Account) -> None:
    row.account_id = account.pk


def _take_order(row: Row, order: Order) -> None:
    if order.account_id != row.account_id:
        row.refuse("order", "This order is another account's.")
    row.order_id = order.pk
