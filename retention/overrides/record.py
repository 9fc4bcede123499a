"""What became of overrides whose horizon has passed: who left, and who had foreseen it better."""

import datetime
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from django.utils import timezone

from retention.models.override import IN_FORCE
from retention.scoring.hit_rate import HitRate, Verdict, hit_rate
from retention.scoring.planned import Planned

# Left, by the definition of the score: the relation ended within the horizon; or, for an account that buys by order and
# holds no contract, no order in it. Refused ones never held, and do not count.
_OUTCOMES: Final = Planned(
    """
    SELECT override.risk, override.computed_risk,
           coalesce(account.left_on > override.made_at::date
                    AND account.left_on <= (override.made_at + horizon.span)::date, false)
           OR (account.renews_on IS NULL
               AND EXISTS (SELECT FROM accounts_order AS bought
                           WHERE bought.account_id = account.id AND bought.ordered_at <= override.made_at)
               AND NOT EXISTS (SELECT FROM accounts_order AS again
                               WHERE again.account_id = account.id AND again.ordered_at > override.made_at
                                 AND again.ordered_at <= override.made_at + horizon.span))
    FROM retention_override AS override
    JOIN accounts_account AS account ON account.id = override.account_id
    JOIN retention_modelversion AS version ON version.id = override.model_id
    CROSS JOIN LATERAL (SELECT make_interval(days => version.horizon_days) AS span) AS horizon
    WHERE override.approval = ANY(%(held)s) AND override.made_at + horizon.span <= %(now)s
      AND (%(segment)s = '' OR account.segment = %(segment)s)
    """,
    {"held": "text[]", "now": "timestamptz", "segment": "text"},
)

WORDS: Final = {
    Verdict.TOO_FEW: "too few to tell",
    Verdict.BETTER: "the overrides foresaw it better than the computed risk",
    Verdict.WORSE: "the computed risk foresaw it better than the overrides",
    Verdict.NO_DIFFERENCE: "no difference that the counts could show",
}


@dataclass(frozen=True, slots=True)
class OverrideRecord:
    """The hit rate of overrides, and what it says in words."""

    rate: HitRate

    @property
    def words(self) -> str:
        """Say what the counts allow to say."""
        return WORDS[self.rate.verdict]


def override_record(*, segment: str, moment: datetime.datetime | None = None) -> OverrideRecord:
    """Hold every override whose horizon has passed against what happened, in one statement; '' is every segment."""
    parameters: dict[str, Any] = {
        "held": [str(one) for one in IN_FORCE],
        "now": moment or timezone.now(),
        "segment": segment,
    }
    with connection.cursor() as cursor:
        _OUTCOMES.execute(cursor, parameters)
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 3)
    return OverrideRecord(hit_rate(rows[:, 0], rows[:, 1], rows[:, 2].astype(np.bool_)))
