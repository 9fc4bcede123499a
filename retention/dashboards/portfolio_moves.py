"""Why accounts moved this week, in a few words each, for many accounts in a fixed number of queries."""

import datetime
from collections import defaultdict
from collections.abc import Sequence

from accounts.models import Account
from retention import formatting
from retention.models import ModelVersion, ScoreHistory
from retention.scoring.movement import Cause
from retention.scoring.moves import CAUSE_WORDS, MoveLine, lines_by_account
from retention.scoring.moving import read_movement
from retention.scoring.versions import scoring_model

WEEK = datetime.timedelta(days=7)
LEAST_POINTS = 0.005


def reasons_of_movement(accounts: Sequence[Account]) -> dict[int, str]:
    """Return what moved each account most in the direction in which it moved, by account; nothing for the others.

    Accounts are read together as of the newest of their scores and a week before.
    """
    scores = {account.pk: account.score for account in accounts if hasattr(account, "score")}
    if not scores:
        return {}
    until = max(score.as_of for score in scores.values())
    before = _models_then(list(scores), until - WEEK)
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for account_id, score in scores.items():
        groups[before.get(account_id, score.model_id), score.model_id].append(account_id)
    versions = ModelVersion.objects.in_bulk({key for pair in groups for key in pair})
    reasons: dict[int, str] = {}
    for (old, new), account_ids in groups.items():
        models = (scoring_model(versions[old]), scoring_model(versions[new]))
        moved = read_movement(account_ids, (until - WEEK, until), models)
        for account_id, lines in lines_by_account(moved, models[1].weights).items():
            reasons[account_id] = _words(lines, scores[account_id].risk - (scores[account_id].risk_week_ago or 0.0))
    return {account_id: words for account_id, words in reasons.items() if words}


def _models_then(account_ids: Sequence[int], moment: datetime.datetime) -> dict[int, int]:
    """Return by which version each account was scored at a moment."""
    kept = ScoreHistory.objects.filter(account__in=account_ids, as_of__lte=moment)
    latest = kept.order_by("account_id", "-as_of").distinct("account_id")
    return dict(latest.values_list("account", "model"))


def _words(lines: Sequence[MoveLine], change: float) -> str:
    """Say what moved it most in the direction in which it is shown to have moved."""
    line = next((one for one in lines if one.points * change > 0), None)
    # What was last kept may be older than a week: then the week alone does not tell why.
    if line is None or abs(line.points) < LEAST_POINTS or sum(one.points for one in lines) * change <= 0:
        return ""
    count = f" ×{len(line.incidents)}" if len(line.incidents) > 1 else ""
    what = line.label if line.cause is Cause.BEHAVIOUR else f"{CAUSE_WORDS[line.cause]}: {line.label.lower()}"
    return f"{what}{count} ({formatting.points(line.points)})"
