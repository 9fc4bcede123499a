"""From arrays to the database: what each open incident puts at risk."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from departments.models import RECOUNTED
from retention.scoring import few
from retention.scoring.engine import department_key
from retention.scoring.features import Gathered
from retention.scoring.given import Given, Layout, Statement
from retention.scoring.ledger import shares_of_points
from retention.scoring.planned import Planned
from retention.scoring.reading import Scope
from retention.scoring.records import Columns
from retention.scoring.writing import Scored

FIGURED_NOW: Final = Layout(
    "figured_now", {"incident_id": "bigint", "points": "float8", "money": "float8", "is_open": "boolean"}
)

# What is written with incidents that may be figured anew, as `write_incidents` finds them, an incident once a part.
FIGURES_SQL: Final = f"""
    SELECT incident.id, incident.points, incident.money_at_risk
    FROM departments_responsibility AS part JOIN departments_incident AS incident ON incident.id = part.incident_id
    WHERE {{account_id}} AND part.happened_at <= %(as_of)s AND part.recorded_at <= %(as_of)s AND part.share > 0
      AND (part.resolved_at IS NULL OR part.resolved_at >= %(as_of)s - INTERVAL '{RECOUNTED.days} days')
    ORDER BY incident.id
"""
# The same of the open incidents of a range of accounts, from an index alone; of others it says nothing.
OPEN_FIGURES_SQL: Final = """
    SELECT id, points, money_at_risk FROM departments_incident
    WHERE account_id BETWEEN %(first)s AND %(last)s AND NOT state = 'resolved'
    ORDER BY id
"""
FIGURES_COLUMNS: Final = {"incident_id": ">i8", "points": ">f8", "money": ">f8"}

# Locked in the order of their ids before they are written, as everybody does who changes several incidents at once.
# A percent more or less moves no incident on anybody's desk, and is not worth a write.
LOCKED_SQL: Final = """
    locked AS MATERIALIZED (
        SELECT incident.id, figured.points, figured.money
        FROM departments_incident AS incident JOIN figured_now AS figured ON figured.incident_id = incident.id
        WHERE (is_open OR incident.points = 0)
          AND (abs(incident.points - figured.points) > greatest(1e-4, 0.01 * incident.points)
               OR abs(incident.money_at_risk - figured.money) > greatest(1, 0.01 * incident.money_at_risk))
        ORDER BY incident.id
        FOR NO KEY UPDATE OF incident
    )
"""
INCIDENTS_SQL: Final = """
    UPDATE departments_incident AS incident SET points = locked.points, money_at_risk = locked.money
    FROM locked WHERE locked.id = incident.id
"""

INCIDENTS: Final = Statement(FIGURED_NOW, INCIDENTS_SQL, before=LOCKED_SQL)
_FIGURES: Final = {"figures": FIGURES_COLUMNS}
OPEN_FIGURES: Final = Planned(
    few.one_statement({"figures": OPEN_FIGURES_SQL}, _FIGURES), {"first": "bigint", "last": "bigint"}
)


def figures_sql(scope: Scope) -> str:
    """Return the statement that finds what stands in the incidents of the accounts in scope."""
    return FIGURES_SQL.format(account_id=scope.on("part.account_id"))


def read_open_figures(first: int, last: int) -> Columns:
    """Return what stands in the open incidents of the accounts whose ids lie from first to last."""
    with connection.cursor() as cursor:
        OPEN_FIGURES.execute(cursor, {"first": first, "last": last})
        return few.taken_apart(cursor.fetchone(), _FIGURES)["figures"]


def write_incidents(scored: Scored, written: npt.NDArray[np.bool_], figures: Columns | None) -> None:
    """Write points and money of the open incidents of the accounts that `written` (n,) names.

    A resolved incident keeps the figures that it had when it was last open. One that came resolved is given once what
    it would put at risk if it were open. `figures` are what was found to be written with them, None if nobody looked.
    """
    table = figures_of_incidents(scored, written)
    if figures is not None:
        moved = has_moved(table, figures)
        table = {name: values[moved] for name, values in table.items()}
    if not len(table["incident_id"]):
        return
    with connection.cursor() as cursor:
        Given.of(cursor, FIGURED_NOW, table).execute(INCIDENTS, {})


def has_moved(table: Columns, figures: Columns) -> npt.NDArray[np.bool_]:
    """Return which incidents are to be written, as `LOCKED_SQL` decides it; also those that nothing was found of.

    To ask costs a statement on a table of many indexes more than a change has that moves no incident.
    """
    count = len(figures["incident_id"])
    if not count:
        return np.ones(len(table["incident_id"]), dtype=np.bool_)
    places = np.minimum(np.searchsorted(figures["incident_id"], table["incident_id"]), count - 1)
    points, money = figures["points"][places], figures["money"][places]
    differs = (np.abs(points - table["points"]) > np.maximum(1e-4, 0.01 * points)) | (
        np.abs(money - table["money"]) > np.maximum(1.0, 0.01 * money)
    )
    is_known = figures["incident_id"][places] == table["incident_id"]
    return np.asarray(~is_known | (differs & (table["is_open"] | (points == 0.0))), dtype=np.bool_)


def figures_of_incidents(scored: Scored, written: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[Any]]:
    """Return id, points of risk, money and state of incidents of those accounts, all parts of each together."""
    gathered, facts = scored.gathered, scored.facts
    parts = gathered.records.parts
    fact_of = np.full(len(gathered.records), -1)
    fact_of[gathered.places[written]] = np.flatnonzero(written)
    chosen = np.flatnonzero(_is_figured(gathered))
    chosen = chosen[fact_of[parts["row"][chosen]] >= 0]
    rows = fact_of[parts["row"][chosen]]
    columns = np.searchsorted(facts.department_ids, parts["department"][chosen])
    loads = parts["load"][chosen] * facts.types.weight[parts["friction_type"][chosen]]
    keys = [department_key(slug) for slug in facts.departments]
    points = shares_of_points(scored.ledger.department_points(keys), facts.loads, rows, columns, loads)
    incidents, first, which = np.unique(parts["incident"][chosen], return_index=True, return_inverse=True)
    totals = np.bincount(which, weights=points, minlength=len(incidents))
    return {
        "incident_id": incidents,
        "points": totals,
        "money": totals * facts.annual_revenue[rows[first]],
        "is_open": np.isinf(parts["resolved"][chosen][first]),
    }


def _is_figured(gathered: Gathered) -> npt.NDArray[np.bool_]:
    """Return which parts are of incidents that are open or, where the account has changed, were resolved lately."""
    parts = gathered.records.parts
    lately = gathered.facts.as_of.timestamp() - RECOUNTED.total_seconds()
    is_open: npt.NDArray[np.bool_] = np.isinf(parts["resolved"])
    return is_open | (gathered.records.is_changed[parts["row"]] & (parts["resolved"] >= lately))
