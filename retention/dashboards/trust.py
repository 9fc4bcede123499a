"""Can the number be trusted? What the last backtest says, or what is missing for one."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone

from retention.dashboards.company import COMPANY, Company, leavers
from retention.models import ModelVersion

LEAST_LEAVERS = 200
# For as long as the scorecard shows months from before it, a model that replaced another is named there.
SHOWN_BESIDE = datetime.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Bin:
    """Accounts that were given about the same risk: what was said, what happened, to how many; 95 % interval."""

    said: float
    happened: float
    accounts: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of the number's worth; without a backtest only how many accounts have left."""

    is_backtested: bool
    passed: bool
    leavers: int
    bins: Sequence[Bin]
    figures: Mapping[str, Any]
    model: int = 0
    model_since: datetime.datetime | None = None

    @property
    def has_replaced(self) -> bool:
        """Return whether the model took another's place so lately that figures of both stand side by side."""
        return self.model > 1 and self.model_since is not None and timezone.now() - self.model_since < SHOWN_BESIDE

    @property
    def label(self) -> str:
        """Return what the number may be called."""
        return "risk of leaving" if self.passed else "risk index"

    @property
    def chart(self) -> dict[str, object]:
        """Return the calibration as the chart reads it."""
        return {"points": [asdict(one) for one in self.bins]}

    @property
    def missing(self) -> str:
        """Say what is missing for a backtest."""
        if self.leavers < LEAST_LEAVERS:
            return f"A backtest needs at least {LEAST_LEAVERS} accounts that left; {self.leavers:,} are on record."
        return f"{self.leavers:,} accounts have left, enough for a backtest; this version has no backtest yet."


def trust(version: ModelVersion | None, company: Company | None = None) -> Trust:
    """Read the active version's last backtest; `company` is what was counted of it, where that was read before."""
    backtest: Mapping[str, Any] = (version.backtest if version else None) or {}
    bins = [
        Bin(one["said"], one["happened"], one["accounts"], one["low"], one["high"])
        for one in backtest.get("calibration", [])
    ]
    return Trust(
        is_backtested=bool(backtest),
        passed=bool(version and version.is_backtested),
        # Told only where a backtest is missing.
        leavers=0 if backtest else company.leavers if company else _leavers(),
        bins=bins,
        figures=backtest,
        model=version.number if version else 0,
        model_since=version.activated_at if version else None,
    )


def _leavers() -> int:
    moment = timezone.now()
    kept = COMPANY.kept(moment)
    return kept.figures.leavers if kept else leavers(moment)
