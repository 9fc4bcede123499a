"""Incidents by file: opened by the action that opens all incidents, so that clocks and shares are theirs."""

from typing import Any

from accounts.bulk import Written
from departments.actions.opening import NewIncident, open_incidents
from departments.models import Person
from retention.imports.sql import fetch_dicts

OPTIONAL = ("order_id", "description", "resolved_at", "resolution", "recorded_at")


def open_prepared_incidents(*, prepared: str, places: tuple[int, int], acting_person: Person | None) -> Written:
    """Open the incidents of a batch that are not open yet; one that is known stays as it is.

    A department may have worked on it since, and no file takes that back.
    """
    rows = fetch_dicts(f'SELECT * FROM "{prepared}" WHERE place BETWEEN %s AND %s ORDER BY place', places)
    opened = open_incidents(incidents=[_incident(row) for row in rows], acting_person=acting_person).opened
    return Written(created=opened, unchanged=len(rows) - opened)


def _incident(row: dict[str, Any]) -> NewIncident:
    department = row.get("department_id")
    return NewIncident(
        account_id=row["account_id"],
        friction_type_id=row["friction_type_id"],
        severity=float(row["severity"]),
        title=row["title"],
        happened_at=row["happened_at"],
        source=row["source"],
        external_id=row["external_id"],
        shares={department: 1.0} if department else None,
        **{name: row[name] for name in OPTIONAL if name in row},
    )
