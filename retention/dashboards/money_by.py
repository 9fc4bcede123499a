"""What departments' parts in incidents put at risk, told apart by type of friction or by cause."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from departments.models import CauseCode, Department, FrictionType

# Whoever holds an incident alone answers for all of it, so that one index tells what it puts at risk; the others, held
# by several or handed on, are few. Written out, since the ORM would join the parts to every incident.
_OF_DEPARTMENTS: Final = """
    SELECT department_id, key, sum(share * money), count(*) FROM (
        SELECT department_id, {key} AS key, 1.0::float8 AS share, money_at_risk AS money
        FROM departments_incident
        WHERE department_id = ANY(%(departments)s) AND happened_at >= %(since)s AND merged_into_id IS NULL
            AND NOT (department_id, id) IN (
                SELECT department_id, incident_id FROM departments_responsibility
                WHERE department_id = ANY(%(departments)s) AND share < 1 AND happened_at >= %(since)s)
        UNION ALL
        SELECT part.department_id, incident.{key}, part.share, incident.money_at_risk
        FROM departments_responsibility AS part
        JOIN departments_incident AS incident ON incident.id = part.incident_id
        WHERE part.department_id = ANY(%(departments)s) AND part.happened_at >= %(since)s
            AND part.share > 0 AND part.share < 1 AND incident.merged_into_id IS NULL
    ) AS part GROUP BY department_id, key HAVING sum(share * money) > 0
"""
# The shares of an incident sum to 1.
_OF_ALL: Final = """
    SELECT NULL, {key}, sum(money_at_risk), count(*) FROM departments_incident
    WHERE department_id = ANY(%(departments)s) AND happened_at >= %(since)s AND merged_into_id IS NULL
    GROUP BY {key} HAVING sum(money_at_risk) > 0
"""
_KEYS: Final = {"type": "friction_type_id", "cause": "cause_id"}


@dataclass(frozen=True, slots=True)
class Sum:
    """What the incidents of one type or cause put at risk; None stands for a cause that nobody named yet."""

    named: FrictionType | CauseCode | None
    money: float
    incidents: int


def money_by(by: str, departments: Sequence[Department], since: datetime.datetime) -> dict[int, list[Sum]]:
    """Return of each department, by its id, the types or causes (`by`) of what happened since, those with most first.

    Of each incident the department's share counts; what puts nothing at risk is left out.
    """
    sums: dict[int, list[Sum]] = {one.pk: [] for one in departments}
    for department, one in _asked(_OF_DEPARTMENTS, by, list(sums), since):
        sums[department].append(one)
    return {department: _dearest_first(found) for department, found in sums.items()}


def money_of_all_by(by: str, since: datetime.datetime) -> list[Sum]:
    """Return the same of all departments together, each incident once."""
    everybody = list(Department.objects.order_by().values_list("pk", flat=True))
    return _dearest_first([one for _, one in _asked(_OF_ALL, by, everybody, since)])


def _asked(statement: str, by: str, departments: list[int], since: datetime.datetime) -> list[tuple[int, Sum]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(key=_KEYS[by]), {"departments": departments, "since": since})
        found = cursor.fetchall()
    known = _named(by, [key for _, key, _, _ in found if key is not None])
    return [(department, Sum(known.get(key), money, count)) for department, key, money, count in found]


def _named(by: str, keys: Sequence[int]) -> dict[int, Any]:
    named: Any = FrictionType if by == "type" else CauseCode
    found: dict[int, Any] = named.objects.select_related("department").in_bulk(keys)
    return found


def _dearest_first(sums: list[Sum]) -> list[Sum]:
    return sorted(sums, key=lambda one: (-one.money, str(one.named)))
