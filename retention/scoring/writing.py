"""From arrays to the database: scores, their history, and what each incident puts at risk."""

import datetime
import logging
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from departments.models import RECOUNTED
from retention.scoring.bands import band_numbers
from retention.scoring.binary import to_copy
from retention.scoring.engine import Floats, Scores, TermKind, Weights, department_key
from retention.scoring.features import DAY, Facts, Scope
from retention.scoring.ledger import Ledger

logger = logging.getLogger(__name__)

LEAST_MOVE: Final = 0.005
LONGEST_SILENCE_DAYS: Final = 30.0
WEEK_DAYS: Final = 7.0
CLOCK_ERROR_DAYS: Final = 1e-6

COLUMNS: Final = {
    "account_id": "bigint",
    "log_odds": "float8",
    "risk": "float8",
    "risk_low": "float8",
    "risk_high": "float8",
    "baseline": "float8",
    "points": "float8[]",
    "not_attributed": "float8",
    "friction_points": "float8",
    "annual_revenue": "float8",
    "risk_week_ago": "float8",
    "points_per_load": "float8[]",
    "is_kept": "boolean",
}

CREATE_SQL: Final = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS scored_now ({", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())})
    ON COMMIT DELETE ROWS
"""
COPY_SQL: Final = f"COPY scored_now ({', '.join(COLUMNS)}) FROM STDIN (FORMAT BINARY)"

HISTORY_SQL: Final = """
    INSERT INTO retention_scorehistory (account_id, model_id, as_of, risk, baseline, points, annual_revenue)
    SELECT account_id, %(model)s, %(as_of)s, risk, baseline, points, annual_revenue FROM scored_now WHERE is_kept
    ON CONFLICT (account_id, as_of) DO UPDATE
    SET model_id = excluded.model_id, risk = excluded.risk, baseline = excluded.baseline, points = excluded.points,
        annual_revenue = excluded.annual_revenue
"""

WEEK_AGO_SQL: Final = """
    CASE WHEN scored_now.risk_week_ago <> 'NaN' THEN scored_now.risk_week_ago ELSE (
        SELECT history.risk FROM retention_scorehistory AS history
        WHERE history.account_id = scored_now.account_id AND history.as_of <= %(week_ago)s
        ORDER BY history.as_of DESC LIMIT 1)
    END
"""

SCORES_SQL: Final = f"""
    MERGE INTO retention_score AS score USING scored_now
    ON score.account_id = scored_now.account_id AND {{score_account_id}}
    WHEN MATCHED THEN UPDATE SET
        model_id = %(model)s, as_of = %(as_of)s, scored_at = now(), log_odds = scored_now.log_odds,
        risk = scored_now.risk, risk_low = scored_now.risk_low, risk_high = scored_now.risk_high,
        baseline = scored_now.baseline, points = scored_now.points, not_attributed = scored_now.not_attributed,
        friction_points = scored_now.friction_points, annual_revenue = scored_now.annual_revenue,
        risk_week_ago = {WEEK_AGO_SQL}, is_frozen = false,
        history_risk = CASE WHEN is_kept THEN scored_now.risk ELSE score.history_risk END,
        history_as_of = CASE WHEN is_kept THEN %(as_of)s ELSE score.history_as_of END
    WHEN NOT MATCHED THEN INSERT
        (account_id, model_id, as_of, scored_at, log_odds, risk, risk_low, risk_high, baseline, points, not_attributed,
         friction_points, annual_revenue, history_risk, history_as_of)
    VALUES
        (scored_now.account_id, %(model)s, %(as_of)s, now(), scored_now.log_odds, scored_now.risk, scored_now.risk_low,
         scored_now.risk_high, scored_now.baseline, scored_now.points, scored_now.not_attributed,
         scored_now.friction_points, scored_now.annual_revenue, scored_now.risk, %(as_of)s)
"""

# The accounts are named in each part, so that no plan ever reads all incidents of the company for those of a few.
# Locked in the order of their ids before they are written, as everybody does who changes several incidents at once.
INCIDENTS_SQL: Final = """
    WITH fresh AS MATERIALIZED (
        SELECT part.incident_id, scored_now.annual_revenue,
               sum(part.share * part.severity * ({weights})[part.friction_type_id]
                   * scored_now.points_per_load[({positions})[part.department_id]]
                   * CASE WHEN part.resolved_at IS NULL OR part.resolved_at > %(as_of)s THEN 1::float8
                          ELSE exp(greatest(-700::float8, ({rates})[part.friction_type_id]
                               * (date_part('epoch', part.resolved_at) - %(epoch)s::float8))) END) AS points
        FROM departments_responsibility AS part
        JOIN scored_now ON scored_now.account_id = part.account_id
        WHERE {account_id} AND part.happened_at <= %(as_of)s AND part.recorded_at <= %(as_of)s AND {parts}
        GROUP BY part.incident_id, scored_now.annual_revenue
    ), locked AS MATERIALIZED (
        SELECT incident.id, fresh.points, fresh.points * fresh.annual_revenue AS money
        FROM departments_incident AS incident JOIN fresh ON fresh.incident_id = incident.id
        WHERE {incident_account_id}
          AND (abs(incident.points - fresh.points) > 1e-4
               OR abs(incident.money_at_risk - fresh.points * fresh.annual_revenue) > 1)
        ORDER BY incident.id
        FOR NO KEY UPDATE OF incident
    )
    UPDATE departments_incident AS incident SET points = locked.points, money_at_risk = locked.money
    FROM locked WHERE locked.id = incident.id AND {incident_account_id}
"""

FREEZE_SQL: Final = """
    UPDATE retention_score AS score SET is_frozen = true
    FROM accounts_account AS account
    WHERE account.id = score.account_id AND {own_id} AND {score_account_id}
      AND account.left_on <= %(day)s AND NOT score.is_frozen
"""


def is_newer(facts: Facts) -> npt.NDArray[np.bool_]:
    """Return which accounts have no score of a later moment: a slow worker must not undo what came after. (n,)."""
    stored: Floats = facts.columns["scored_as_of"]
    newer: npt.NDArray[np.bool_] = np.isnan(stored) | (stored <= facts.as_of.timestamp() / DAY + CLOCK_ERROR_DAYS)
    return newer


def keeps_history(facts: Facts, risk: Floats, model_id: int) -> npt.NDArray[np.bool_]:
    """Return which scores enter the history: moved, another band, another model, or a month since the last. (n,)."""
    last: Floats = facts.columns["history_risk"]
    scored_by: Floats = facts.columns["scored_by"]
    age: Floats = facts.as_of.timestamp() / DAY - facts.columns["history_as_of"]
    known = np.nan_to_num(last, nan=0.0)
    kept: npt.NDArray[np.bool_] = (
        np.isnan(last)
        | (np.abs(risk - known) >= LEAST_MOVE)
        | (band_numbers(risk) != band_numbers(known))
        | (scored_by != model_id)
        | (age >= LONGEST_SILENCE_DAYS)
    )
    return kept


def table_of_scores(
    facts: Facts, scores: Scores, ledger: Ledger, weights: Weights, model_id: int
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns to be written, one row per account that has no later score.

    An account with a fact that is no number ('NaN' is an amount to PostgreSQL) keeps the score it has, and is named in
    the log: it must not stop everybody else's.
    """
    sound = scores.are_finite & np.isfinite(facts.annual_revenue)
    for account_id in facts.account_ids[~sound].tolist():
        logger.error("Account %s was not scored: one of its facts is not a number.", account_id)
    friction = weights.columns(TermKind.FRICTION)
    charged = ledger.charged_points
    age = facts.as_of.timestamp() / DAY - facts.columns["history_as_of"]
    table = {
        "account_id": facts.account_ids,
        "log_odds": scores.z,
        "risk": scores.risk,
        "risk_low": scores.low,
        "risk_high": scores.high,
        "baseline": scores.baseline,
        "points": ledger.points,
        "not_attributed": ledger.not_attributed,
        "friction_points": charged[:, friction].sum(axis=1),
        "annual_revenue": facts.annual_revenue,
        "risk_week_ago": np.where(age >= WEEK_DAYS, facts.columns["history_risk"], np.nan),
        "points_per_load": _points_per_load(facts, charged, weights),
        "is_kept": keeps_history(facts, scores.risk, model_id),
    }
    written = is_newer(facts) & sound
    return {name: values[written] for name, values in table.items()}


def _points_per_load(facts: Facts, charged: Floats, weights: Weights) -> Floats:
    ratios = np.zeros_like(charged)
    for column, slug in enumerate(facts.departments):
        position, loads = weights.keys.index(department_key(slug)), facts.loads[:, column]
        np.divide(charged[:, position], loads, out=ratios[:, position], where=loads > 0.0)
    return ratios


def write_scores(table: dict[str, npt.NDArray[Any]], facts: Facts, scope: Scope, model_id: int) -> None:
    """Write scores and history of the accounts in scope: one COPY, and one statement each."""
    parameters = _parameters(facts, scope) | {"model": model_id}
    scored = SCORES_SQL.format(score_account_id=scope.on("score.account_id"))
    frozen = FREEZE_SQL.format(own_id=scope.on("account.id"), score_account_id=scope.on("score.account_id"))
    with connection.cursor() as cursor:
        cursor.execute(f"{CREATE_SQL}; DELETE FROM scored_now")
        cursor.copy_expert(COPY_SQL, to_copy(table))
        cursor.execute(f"{HISTORY_SQL}; {scored}; {frozen}", parameters)


class Parts(StrEnum):
    """Which parts of incidents are to be written, as a condition that the covering index answers."""

    ALL = "true"
    # What pages show: what is open, and what was resolved lately.
    RECOUNTED = "(part.resolved_at IS NULL OR part.resolved_at >= %(recounted_since)s)"


def write_incidents(facts: Facts, scope: Scope, weights: Weights, parts: Parts) -> None:
    """Write points and money of the incidents of the accounts just written; `parts` says of which."""
    statement = INCIDENTS_SQL.format(
        weights=facts.types.weights,
        rates=facts.types.rates,
        positions=_term_positions(facts, weights),
        parts=parts.value,
        account_id=scope.on("part.account_id"),
        incident_account_id=scope.on("incident.account_id"),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(facts, scope))


def _term_positions(facts: Facts, weights: Weights) -> str:
    """Return, as a constant of SQL, the position of each department's term by the department's id."""
    slugs = dict(zip(facts.department_ids, facts.departments, strict=True))
    first, last = min(slugs, default=1), max(slugs, default=1)
    places = {pk: weights.keys.index(department_key(slug)) + 1 for pk, slug in slugs.items()}
    values = ",".join(str(places.get(pk, 1)) for pk in range(first, last + 1))
    return f"'[{first}:{last}]={{{values}}}'::int[]"


def _parameters(facts: Facts, scope: Scope) -> dict[str, Any]:
    return {
        "as_of": facts.as_of,
        "week_ago": facts.as_of - datetime.timedelta(days=WEEK_DAYS),
        "day": facts.as_of.astimezone(datetime.UTC).date(),
        "epoch": facts.as_of.timestamp(),
        "recounted_since": facts.as_of - RECOUNTED,
        **scope.parameters,
    }
