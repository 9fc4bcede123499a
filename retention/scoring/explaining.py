"""One account's score in words and figures: its ledger, what each incident adds, and what if some had not been."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection

from accounts.models import Account
from retention.models import Score
from retention.scoring.engine import Inputs, ScoringModel, department_key, score
from retention.scoring.features import Facts, Scope, build_inputs, read_facts
from retention.scoring.ledger import (
    Ledger,
    LedgerLine,
    WhatIf,
    build_ledger,
    shares_of_points,
    stored_lines,
    without_loads,
)
from retention.scoring.versions import scoring_model

PARTS_SQL: Final = """
    SELECT incident.public_id, department.slug, kind.name,
           part.share * part.severity * ({weights})[part.friction_type_id]
           * CASE WHEN part.resolved_at IS NULL OR part.resolved_at > %(as_of)s THEN 1::float8
                  ELSE exp(greatest(-700::float8, ({rates})[part.friction_type_id]
                       * (date_part('epoch', part.resolved_at) - %(epoch)s::float8))) END
    FROM departments_responsibility AS part
    JOIN departments_incident AS incident ON incident.id = part.incident_id
    JOIN departments_department AS department ON department.id = part.department_id
    JOIN departments_frictiontype AS kind ON kind.id = part.friction_type_id
    WHERE part.account_id = %(account)s AND part.share > 0
      AND part.happened_at <= %(as_of)s AND part.recorded_at <= %(as_of)s
    ORDER BY part.id
"""


@dataclass(frozen=True, slots=True)
class IncidentPart:
    """What one department's part in one incident weighs, and the points of risk that it adds.

    `kind` is the name of the friction's type; `reason` says why nobody answers for the points, if nobody does.
    """

    incident: uuid.UUID
    department: str
    kind: str
    load: float
    points: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An account's ledger as of its score, down to the incident: parts add up to their department's line.

    Lines and parts are in points of risk; × `annual_revenue` they are money, and add up in that too.
    """

    risk: float
    annual_revenue: float
    lines: list[LedgerLine]
    parts: list[IncidentPart]
    inputs: Inputs
    model: ScoringModel
    facts: Facts

    def points_of_incidents(self) -> dict[uuid.UUID, float]:
        """Return the points that each incident adds, all departments that answer for them together."""
        points: dict[uuid.UUID, float] = {}
        for part in self.parts:
            points[part.incident] = points.get(part.incident, 0.0) + (0.0 if part.reason else part.points)
        return points

    def without(self, incidents: Collection[uuid.UUID]) -> WhatIf:
        """Rescore the account as if these incidents had not been; model-based, not proven causal."""
        removed = np.zeros_like(self.inputs.loads)
        for part in self.parts:
            if part.incident in incidents:
                removed[0, self.inputs.departments.index(part.department)] += part.load
        return without_loads(self.inputs, self.model.weights, removed)


def ledger_lines(stored: Score) -> list[LedgerLine]:
    """Return the lines of a score as stored, without recomputing anything."""
    weights = scoring_model(stored.model).weights
    return stored_lines(weights, stored.baseline, stored.points, stored.annual_revenue)


def explain(account: Account) -> Explanation | None:
    """Recompute an account's score at the moment and by the model of its stored one; None where there is none."""
    stored = Score.objects.select_related("model").filter(account=account).first()
    return None if stored is None else explain_score(account, stored)


def explain_score(account: Account, stored: Score) -> Explanation | None:
    """Recompute a stored score of an account; None where nothing is on record of it."""
    model = scoring_model(stored.model)
    facts = read_facts(Scope.of_ids([account.pk]), stored.as_of, model.window_days)
    if not len(facts.account_ids):
        return None
    inputs = build_inputs(facts, model)
    scores = score(inputs, model.weights)
    ledger = build_ledger(scores, model.weights)
    revenue = float(facts.annual_revenue[0])
    parts = _parts(account, facts, ledger)
    return Explanation(float(scores.risk[0]), revenue, ledger.lines(0, revenue), parts, inputs, model, facts)


def _parts(account: Account, facts: Facts, ledger: Ledger) -> list[IncidentPart]:
    parameters: dict[str, Any] = {"account": account.pk, "as_of": facts.as_of, "epoch": facts.as_of.timestamp()}
    with connection.cursor() as cursor:
        cursor.execute(PARTS_SQL.format(weights=facts.types.weights, rates=facts.types.rates), parameters)
        rows = cursor.fetchall()
    columns = np.array([facts.departments.index(slug) for _, slug, *_ in rows], dtype=np.intp)
    loads = np.array([load for *_, load in rows], dtype=np.float64)
    places = _places(ledger, facts)
    reasons = [ledger.reasons[place] for place in places]
    shares = shares_of_points(ledger.points[:, places], facts.loads, np.zeros(len(rows), dtype=np.intp), columns, loads)
    return [
        IncidentPart(incident, slug, kind, load, float(share), reasons[column])
        for (incident, slug, kind, load), share, column in zip(rows, shares, columns.tolist(), strict=True)
    ]


def _places(ledger: Ledger, facts: Facts) -> list[int]:
    """Return where each department's term stands in the ledger."""
    by_key = {term.key: place for place, term in enumerate(ledger.terms)}
    return [by_key[department_key(slug)] for slug in facts.departments]
