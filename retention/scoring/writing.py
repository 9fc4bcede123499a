"""From arrays to the database: scores and their history."""

import datetime
import logging
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
from django.db import connection

from retention.scoring.bands import band_numbers
from retention.scoring.engine import Floats, Scores, TermKind, Weights
from retention.scoring.features import Facts, Gathered
from retention.scoring.gathering import DAY
from retention.scoring.given import Given, Layout, Statement
from retention.scoring.ledger import Ledger
from retention.scoring.reading import INFINITY, Scope, copy_out, seconds
from retention.scoring.records import Columns

logger = logging.getLogger(__name__)

LEAST_MOVE: Final = 0.005
LONGEST_SILENCE_DAYS: Final = 30.0
WEEK_DAYS: Final = 7.0
CLOCK_ERROR_DAYS: Final = 1e-6

SCORED_NOW: Final = Layout(
    "scored_now",
    {
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
        "is_kept": "boolean",
        "is_new": "boolean",
        "needs_history": "boolean",
    },
)
# What an account's score was when it was last written, for what its next one depends on.
STANDING_SQL: Final = """
    SELECT account_id, coalesce(history_risk, 'NaN'), coalesce(history_as_of, 'infinity'),
           coalesce(history_before, 'infinity'), as_of, model_id, coalesce(risk_week_ago, 'NaN')
    FROM retention_score WHERE {account_id} ORDER BY account_id
"""
STANDING_COLUMNS: Final = {
    "account_id": ">i8",
    "history_risk": ">f8",
    **dict.fromkeys(("history_as_of", "history_before", "as_of", "model_id"), ">i8"),
    "risk_week_ago": ">f8",
}

HISTORY_SQL: Final = """
    INSERT INTO retention_scorehistory (account_id, model_id, as_of, risk, baseline, points, annual_revenue)
    SELECT account_id, %(model)s, %(as_of)s, risk, baseline, points, annual_revenue FROM scored_now WHERE is_kept
    ON CONFLICT (account_id, as_of) DO UPDATE
    SET model_id = excluded.model_id, risk = excluded.risk, baseline = excluded.baseline, points = excluded.points,
        annual_revenue = excluded.annual_revenue
"""

WEEK_AGO_SQL: Final = """
    CASE WHEN needs_history THEN (
        SELECT history.risk FROM retention_scorehistory AS history
        WHERE history.account_id = scored_now.account_id AND history.as_of <= %(week_ago)s
        ORDER BY history.as_of DESC LIMIT 1)
    ELSE nullif(scored_now.risk_week_ago, 'NaN') END
"""

# No foreign key says that there is such a model: it would look at each row.
SCORES_SQL: Final = f"""
    UPDATE retention_score AS score SET
        model_id = (SELECT id FROM retention_modelversion WHERE id = %(model)s), as_of = %(as_of)s,
        scored_at = now(), log_odds = scored_now.log_odds,
        risk = scored_now.risk, risk_low = scored_now.risk_low, risk_high = scored_now.risk_high,
        baseline = scored_now.baseline, points = scored_now.points, not_attributed = scored_now.not_attributed,
        friction_points = scored_now.friction_points, annual_revenue = scored_now.annual_revenue,
        risk_week_ago = {WEEK_AGO_SQL}, is_frozen = false,
        history_risk = CASE WHEN is_kept THEN scored_now.risk ELSE score.history_risk END,
        history_before = CASE WHEN is_kept AND score.history_as_of < %(as_of)s THEN score.history_as_of
                              ELSE score.history_before END,
        history_as_of = CASE WHEN is_kept THEN %(as_of)s ELSE score.history_as_of END
    FROM scored_now WHERE score.account_id = scored_now.account_id AND {{scope}} AND NOT is_new
"""
NEW_SCORES_SQL: Final = """
    INSERT INTO retention_score
        (account_id, model_id, as_of, scored_at, log_odds, risk, risk_low, risk_high, baseline, points, not_attributed,
         friction_points, annual_revenue, history_risk, history_as_of)
    SELECT account_id, %(model)s, %(as_of)s, now(), log_odds, risk, risk_low, risk_high, baseline, points,
           not_attributed, friction_points, annual_revenue, risk, %(as_of)s
    FROM scored_now WHERE is_new
"""

_ASKED: Final = {"as_of": "timestamptz", "week_ago": "timestamptz", "model": "bigint"}
HISTORY: Final = Statement(SCORED_NOW, HISTORY_SQL, _ASKED)
SCORES: Final = Statement(SCORED_NOW, SCORES_SQL, _ASKED)
NEW_SCORES: Final = Statement(SCORED_NOW, NEW_SCORES_SQL, _ASKED)
FREEZE_SQL: Final = """
    UPDATE retention_score SET is_frozen = true WHERE account_id = ANY(%(left)s) AND NOT is_frozen
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the stored scores of the accounts of some facts say, NaN where there is none. (n,) each; ages in days.

    `scored` is the moment that the stored score is of, `kept` and `kept_before` the two last that entered the history.
    """

    scored: Floats
    kept: Floats
    kept_before: Floats
    kept_risk: Floats
    model_id: Floats
    risk_week_ago: Floats

    @classmethod
    def of(cls, standing: Columns, account_ids: npt.NDArray[np.int64]) -> Self:
        """Return what `read_standing` found, an entry for each of these accounts; `account_ids` ascend."""
        found = dict(standing)
        for name in ("as_of", "history_as_of", "history_before"):
            found[name] = np.where(found[name] == INFINITY, np.nan, seconds(found[name]) / DAY)
        order = ("as_of", "history_as_of", "history_before", "history_risk", "model_id", "risk_week_ago")
        if np.array_equal(found["account_id"], account_ids):
            return cls(*(found[name].astype(np.float64) for name in order))
        rows = np.searchsorted(account_ids, found["account_id"])
        rows[rows == len(account_ids)] = 0
        known = account_ids[rows] == found["account_id"] if len(account_ids) else np.zeros(len(rows), dtype=np.bool_)
        return cls(*(_spread(found[name][known], rows[known], len(account_ids)) for name in order))


def standing_sql(scope: Scope) -> str:
    """Return the statement that finds what stands in the scores of the accounts in scope."""
    return STANDING_SQL.format(account_id=scope.on("account_id"))


def read_standing(scope: Scope) -> Columns:
    """Return what stands in the scores of the accounts in scope."""
    return copy_out(standing_sql(scope), scope.parameters, STANDING_COLUMNS)


def _spread(values: npt.NDArray[Any], rows: npt.NDArray[np.intp], count: int) -> Floats:
    spread = np.full(count, np.nan)
    spread[rows] = values
    return spread


def keeps_history(standing: Standing, today: float, risk: Floats, model_id: int) -> npt.NDArray[np.bool_]:
    """Return which scores enter the history: moved, another band, another model, or a month since the last. (n,)."""
    known = np.nan_to_num(standing.kept_risk, nan=0.0)
    kept: npt.NDArray[np.bool_] = (
        np.isnan(standing.kept_risk)
        | (np.abs(risk - known) >= LEAST_MOVE)
        | (band_numbers(risk) != band_numbers(known))
        | (standing.model_id != model_id)
        | (today - standing.kept >= LONGEST_SILENCE_DAYS)
    )
    return kept


@dataclass(frozen=True, slots=True)
class Week:
    """The risk of a week ago of n accounts, NaN for none, and for whom it must be looked up in the history."""

    risk: Floats
    is_unknown: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, standing: Standing, today: float) -> Self:
        """Tell it from what stands in the scores: that saves a look into the history for nearly all accounts."""
        week_ago = today - WEEK_DAYS
        is_last = standing.kept <= week_ago
        # Nothing was kept but within the week; or what was said last time still is the latest by a week ago.
        is_none = np.isnan(standing.kept_before)
        stays = standing.kept_before <= standing.scored - WEEK_DAYS
        risk = np.where(is_last, standing.kept_risk, np.where(is_none, np.nan, standing.risk_week_ago))
        return cls(risk, ~(is_last | is_none | stays))


@dataclass(frozen=True, slots=True)
class Scored:
    """Facts with their scores and ledgers, by one version of the model."""

    gathered: Gathered
    scores: Scores
    ledger: Ledger
    weights: Weights
    model_id: int

    @property
    def facts(self) -> Facts:
        return self.gathered.facts


def written_rows(scored: Scored, standing: Standing) -> npt.NDArray[np.bool_]:
    """Return which accounts are to be written: a slow worker must not undo what came after. (n,).

    An account with a fact that is no number ('NaN' is an amount to PostgreSQL) keeps the score it has, and is named in
    the log: it must not stop everybody else's.
    """
    facts = scored.facts
    sound = scored.scores.are_finite & np.isfinite(facts.annual_revenue)
    for account_id in facts.account_ids[~sound].tolist():
        logger.error("Account %s was not scored: one of its facts is not a number.", account_id)
    later = standing.scored > facts.as_of.timestamp() / DAY + CLOCK_ERROR_DAYS
    return np.asarray(sound & ~later, dtype=np.bool_)


def table_of_scores(scored: Scored, standing: Standing, written: npt.NDArray[np.bool_]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns to be written, one row per account that `written` (n,) names."""
    facts, scores, ledger, today = scored.facts, scored.scores, scored.ledger, scored.facts.as_of.timestamp() / DAY
    week = Week.of(standing, today)
    friction = np.zeros(len(ledger.terms))
    friction[scored.weights.columns(TermKind.FRICTION)] = 1.0
    table = {
        "account_id": facts.account_ids,
        "log_odds": scores.z,
        "risk": scores.risk,
        "risk_low": scores.low,
        "risk_high": scores.high,
        "baseline": scores.baseline,
        "points": ledger.points,
        "not_attributed": ledger.points @ (~ledger.charged).astype(np.float64),
        "friction_points": ledger.points @ (friction * ledger.charged),
        "annual_revenue": facts.annual_revenue,
        "risk_week_ago": week.risk,
        "is_kept": keeps_history(standing, today, scores.risk, scored.model_id),
        "is_new": np.isnan(standing.scored),
        "needs_history": week.is_unknown,
    }
    return table if written.all() else {name: values[written] for name, values in table.items()}


def write_scores(
    table: dict[str, npt.NDArray[Any]],
    left: npt.NDArray[np.int64],
    as_of: datetime.datetime,
    scope: Scope,
    model_id: int,
) -> None:
    """Write scores and history of accounts in scope, and freeze the scores of those that have `left`."""
    parameters = {
        "as_of": as_of,
        "week_ago": as_of - datetime.timedelta(days=WEEK_DAYS),
        "model": model_id,
        "left": left.tolist(),
        **scope.parameters,
    }
    needed = {
        HISTORY: table["is_kept"].any(),
        SCORES: not table["is_new"].all(),
        NEW_SCORES: table["is_new"].any(),
    }
    with connection.cursor() as cursor:
        if any(needed.values()):
            given = Given.of(cursor, SCORED_NOW, table)
        for statement in (statement for statement, is_needed in needed.items() if is_needed):
            given.execute(statement, parameters, scope.on("score.account_id"))
        if len(left):
            cursor.execute(FREEZE_SQL, parameters)
