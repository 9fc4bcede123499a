"""Signals, orders and incidents from other systems: what is well formed goes to one action, what is not is refused."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from accounts.recording import NewOrder, NewSignal, record_orders, record_signals
from accounts.signals import problems_of
from departments.actions.incidents import NewIncident, open_incidents
from departments.models import FrictionType, Person
from retention.api.bulk import Row, find_references, settle, standing, validated
from retention.api.serializers.bulk import IncidentItem, OrderItem, SignalItem


def take_signals(items: Sequence[object], person: Person) -> list[Row]:
    """Record the signals; return what became of each."""
    rows = validated(items, SignalItem())
    for row in standing(rows):
        for name, reason in problems_of(row.fields["kind"], row.fields["data"]):
            row.refuse(f"data.{name}", reason)
    find_references(rows, person)

    def write(taken: Sequence[Row]) -> Iterator[tuple[str, UUID]]:
        recorded = record_signals(signals=[_signal(row) for row in taken], acting_person=person)
        return ((signal.result.value, signal.public_id) for signal in recorded)

    settle(rows, write)
    return rows


def take_orders(items: Sequence[object], person: Person) -> list[Row]:
    """Record the orders; return what became of each."""
    rows = validated(items, OrderItem())
    find_references(rows, person)

    def write(taken: Sequence[Row]) -> Iterator[tuple[str, UUID]]:
        recorded = record_orders(orders=[_order(row) for row in taken], acting_person=person)
        return ((order.result.value, order.public_id) for order in recorded)

    settle(rows, write)
    return rows


def take_incidents(items: Sequence[object], person: Person) -> list[Row]:
    """Open the incidents that are not open yet; return what became of each."""
    rows = validated(items, IncidentItem())
    types = {friction_type.slug: friction_type for friction_type in FrictionType.objects.filter(is_active=True)}
    for row in standing(rows):
        _check_incident(row, types)
    find_references(rows, person)

    def write(taken: Sequence[Row]) -> Iterator[tuple[str, UUID]]:
        opened = open_incidents(incidents=[_incident(row, types) for row in taken], acting_person=person)
        return (("created" if one.is_new else "unchanged", one.public_id) for one in opened.incidents)

    settle(rows, write)
    return rows


def _check_incident(row: Row, types: Mapping[str, FrictionType]) -> None:
    if row.fields["friction_type"] not in types:
        row.refuse("friction_type", "There is no such friction type in use.")
    if not 0 < row.fields["severity"] <= 1:
        row.refuse("severity", "A severity lies above 0 and up to 1.")


def _signal(row: Row) -> NewSignal:
    names = ("kind", "happened_at", "data", "source", "external_id")
    return NewSignal(account_id=row.account_id, order_id=row.order_id, **{name: row.fields[name] for name in names})


def _order(row: Row) -> NewOrder:
    names = ("number", "ordered_at", "amount", "promised_on", "delivered_on", "source", "external_id")
    return NewOrder(account_id=row.account_id, **{name: row.fields[name] for name in names})


def _incident(row: Row, types: Mapping[str, FrictionType]) -> NewIncident:
    names = ("severity", "description", "happened_at", "source", "external_id")
    friction_type = types[row.fields["friction_type"]]
    return NewIncident(
        account_id=row.account_id,
        order_id=row.order_id,
        friction_type_id=friction_type.pk,
        title=row.fields["title"].strip() or friction_type.name,
        **{name: row.fields[name] for name in names},
    )
