"""The movement between two scores of an account, in lines that add up: why, whose, and which incidents."""

import datetime
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from accounts.models import Account
from accounts.prepared import Prepared, given
from retention.models import Score, ScoreHistory
from retention.scoring.engine import TermKind, Weights, department_key
from retention.scoring.features import Facts
from retention.scoring.ledger import RECOVERING, RECOVERING_REASON, not_attributed_reason
from retention.scoring.movement import Cause
from retention.scoring.moving import Moved, read_movement
from retention.scoring.versions import scoring_model

AnyScore = Score | ScoreHistory

CAUSE_WORDS: Final = {
    Cause.NEW: "New",
    Cause.RESOLVED: "Resolved",
    Cause.REOPENED: "Reopened",
    Cause.DECAYED: "Fading after they were resolved",
    Cause.REGRADED: "Another severity or type",
    Cause.REATTRIBUTED: "Answered for by others",
    Cause.BEHAVIOUR: "Behaviour",
    Cause.MODEL: "Model",
    Cause.CORRECTED: "Corrected",
}
FEWER_ORDERS: Final = "Fewer orders, so that the same friction weighs more"
MORE_ORDERS: Final = "More orders, so that the same friction weighs less"
ANOTHER_MODEL: Final = "Another version of the model"
CORRECTED_WORDS: Final = "Records or settings that were corrected since"
NOT_READABLE: Final = "Not known well enough at one of the two days to be read again"
LEAST_CORRECTION: Final = 1e-9


@dataclass(frozen=True, slots=True)
class MoveLine:
    """Why a risk moved by so many points (0.03 is three); `incidents` give what each of them did.

    `department` is the slug of whose incidents they are; `reason` says why nobody answers for the points.
    """

    cause: Cause
    label: str
    points: float
    department: str = ""
    reason: str = ""
    incidents: Mapping[uuid.UUID, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explained:
    """Two scores of an account and what lies between: the points of the lines add up to `change`, to 1e-9."""

    since: datetime.datetime
    until: datetime.datetime
    before: float
    after: float
    lines: Sequence[MoveLine]

    @property
    def change(self) -> float:
        """Return by how much the risk rose; below zero if it fell."""
        return self.after - self.before


def score_by(account: Account, moment: datetime.datetime) -> ScoreHistory | None:
    """Return the last score that was kept by a moment; None where there was none yet."""
    return next(iter(_KEPT_BY(account=account.pk, moment=moment)), None)


_KEPT_BY = Prepared(
    lambda: (
        ScoreHistory.objects.filter(account=given("account"), as_of__lte=given("moment"))
        .select_related("model")
        .order_by("-as_of")[:1]
    )
)


def explain_movement(before: AnyScore, after: AnyScore, facts: Facts | None = None) -> Explained:
    """Say why a risk moved from one kept score to a later one of the same account; raises ValueError for others.

    `facts` are what the later score was explained by, where they have been read already.
    """
    if before.account_id != after.account_id or before.as_of >= after.as_of:
        raise ValueError("A movement leads from a score of an account to a later one of the same account.")
    later = scoring_model(after.model)
    models = (later if before.model_id == after.model_id else scoring_model(before.model), later)
    moved = read_movement([before.account_id], (before.as_of, after.as_of), models, facts)
    lines = list(_lines(moved, 0, later.weights)) if len(moved.account_ids) else []
    rest = after.risk - before.risk - sum(line.points for line in lines)
    if abs(rest) > LEAST_CORRECTION or not lines:
        lines.append(MoveLine(Cause.CORRECTED, CORRECTED_WORDS if lines else NOT_READABLE, rest))
    return Explained(
        before.as_of, after.as_of, before.risk, after.risk, sorted(lines, key=lambda one: -abs(one.points))
    )


def lines_by_account(moved: Moved, weights: Weights) -> dict[int, list[MoveLine]]:
    """Return the lines of each account that was read, the heaviest first; `weights` are those of the later model."""
    return {
        account_id: sorted(_lines(moved, row, weights), key=lambda line: -abs(line.points))
        for row, account_id in enumerate(moved.account_ids.tolist())
    }


def _lines(moved: Moved, row: int, weights: Weights) -> Iterator[MoveLine]:
    yield from _incident_lines(moved, row, weights)
    yield from _behaviour_lines(moved, row, weights)
    model = float(moved.movement.model[row])
    if model:
        yield MoveLine(Cause.MODEL, ANOTHER_MODEL, model)


def _incident_lines(moved: Moved, row: int, weights: Weights) -> Iterator[MoveLine]:
    reasons = {
        term.key: not_attributed_reason(term, evidence)
        for term, evidence in zip(weights.terms, weights.evidence, strict=True)
    }
    for (cause, slug, kind), incidents in _grouped(moved, row).items():
        reason = reasons.get(department_key(slug), "")
        yield MoveLine(cause, kind, sum(incidents.values()), slug, reason, incidents)


def _grouped(moved: Moved, row: int) -> dict[tuple[Cause, str, str], dict[uuid.UUID, float]]:
    """Gather what parts of incidents did by cause, department and type."""
    groups: dict[tuple[Cause, str, str], dict[uuid.UUID, float]] = defaultdict(dict)
    for place in (moved.parts.rows == row).nonzero()[0].tolist():
        record = moved.records[place]
        slug = moved.departments[moved.parts.departments[place]]
        told = ((moved.causes[place], moved.movement.by_unit), (Cause.REATTRIBUTED, moved.movement.by_share))
        for cause, points in told:
            if points[place]:
                groups[cause, slug, record.kind][record.incident] = float(points[place])
    return groups


def _behaviour_lines(moved: Moved, row: int, weights: Weights) -> Iterator[MoveLine]:
    terms = {term.key: term for term in weights.terms}
    evidences = dict(zip(weights.keys, weights.evidence, strict=True))
    for key, values in moved.movement.terms.items():
        points, term = float(values[row]), terms.get(key)
        if points and term:
            label, reason = term.label, not_attributed_reason(term, evidences[key])
            if term.kind is TermKind.SYMPTOM and points < 0:
                label, reason = RECOVERING, RECOVERING_REASON
            yield MoveLine(Cause.BEHAVIOUR, label, points, term.department, reason)
        elif points:
            yield MoveLine(Cause.MODEL, ANOTHER_MODEL, points)
    orders = float(moved.movement.exposure[row].sum())
    if orders:
        yield MoveLine(Cause.BEHAVIOUR, FEWER_ORDERS if orders > 0 else MORE_ORDERS, orders)
