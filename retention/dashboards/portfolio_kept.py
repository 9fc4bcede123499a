"""The portfolio of all accounts, computed ahead: what its tiles and tabs count, and which accounts come first."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.models import Account
from departments.models import Incident
from retention.dashboards.kept import Figures
from retention.dashboards.portfolio_choices import DEFAULT_SORT, in_order, in_tab
from retention.dashboards.portfolio_sets import TABS, incident_counts, looked_on
from retention.dashboards.portfolio_totals import Totals, totals
from retention.models import ModelVersion

LEADING = 200


@dataclass(frozen=True, slots=True)
class Counted:
    """Accounts: their totals, their incidents, and by tab those that put most at risk, in order."""

    totals: Totals
    incidents: Mapping[str, int]
    leading: Mapping[str, Sequence[int]]

    def on_page(self, tab: str, number: int, length: int) -> Sequence[int] | None:
        """Return the accounts of a page of a tab in the usual order; None beyond those that are kept."""
        before = (number - 1) * length
        ids = self.leading[tab][before : before + length]
        return ids if len(ids) == min(length, self.totals.tabs[tab] - before) else None


def _everything(moment: datetime.datetime) -> Counted:
    model = ModelVersion.objects.filter(is_active=True).first()
    accounts = looked_on()
    return Counted(
        totals=totals(accounts, model),
        incidents=incident_counts(Incident.objects.all(), Account.objects.staying()),
        leading={
            tab: list(in_order(in_tab(accounts, tab), DEFAULT_SORT).values_list("pk", flat=True)[:LEADING])
            for tab in TABS
        },
    )


EVERYTHING = Figures("portfolio", Counted, _everything)
