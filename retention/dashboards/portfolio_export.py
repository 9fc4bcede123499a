"""The rows of a portfolio as a file, as filtered and in the order shown."""

import itertools
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account
from departments.http import PersonRequest
from retention.dashboards.portfolio import Portfolio
from retention.dashboards.portfolio_care import Marks
from retention.dashboards.portfolio_rows import Row
from retention.dashboards.tables import csv_response
from retention.models import Override
from retention.scoring.bands import BAND_WORDS, band_of

ROWS_AT_ONCE = 500
HEADINGS = (
    "account", "number", "segment", "city", "country", "looked after by", "risk", "band", "risk a week ago",
    "annual revenue", "revenue at risk", "avoidable revenue at risk", "whose friction", "top reason", "renews on",
    "last contact", "left on", "overridden risk", "overridden by", "overridden until", "reason of the override",
    "recovery", "recovery until", "overdue steps", "call asked for by", "snoozed by", "snoozed until",
    "snoozed because",
)  # fmt: skip


@require_safe
def export_portfolio(request: PersonRequest) -> StreamingHttpResponse:
    """Send the accounts of the tab that fit the filters, in the order shown."""
    portfolio = Portfolio(request)
    name = f"portfolio-{portfolio.tab.replace('_', '-')}-{timezone.localdate():%Y-%m-%d}.csv"
    return csv_response(name, HEADINGS, _lines(portfolio))


def _lines(portfolio: Portfolio) -> Iterator[list[object]]:
    for batch in _batches(portfolio.chosen.iterator(chunk_size=ROWS_AT_ONCE)):
        yield from (_line(row) for row in portfolio.rows(batch))


def _batches(accounts: Iterator[Account]) -> Iterator[list[Account]]:
    while batch := list(itertools.islice(accounts, ROWS_AT_ONCE)):
        yield batch


def _line(row: Row) -> list[object]:
    account, score = row.account, row.score
    friction = "; ".join(f"{part.department.name} {part.points * 100:.1f}" for part in row.parts)
    return [
        account.name, account.external_id, account.segment, account.city, account.country, row.owner,
        f"{score.risk:.4f}" if score else "", BAND_WORDS[band_of(score.risk)] if score else "",
        f"{score.risk_week_ago:.4f}" if score and score.risk_week_ago is not None else "",
        account.annual_revenue, f"{score.revenue_at_risk:.2f}" if score else "",
        f"{score.friction_points * score.annual_revenue:.2f}" if score else "",
        friction, row.reason, account.renews_on, row.last_contact, account.left_on,
        *_override(row.override), *_care(row.marks),
    ]  # fmt: skip


def _care(marks: Marks) -> list[object]:
    recovery, call, snoozes = marks.recovery, marks.call, marks.snoozes
    return [
        recovery.goal if recovery else "", recovery.due_on if recovery else None,
        marks.overdue_steps if recovery else "", call.due_on if call else None,
        "; ".join(snooze.person.name for snooze in snoozes),
        "; ".join(snooze.until.isoformat() if snooze.until else "the risk rises" for snooze in snoozes),
        "; ".join(snooze.reason for snooze in snoozes),
    ]  # fmt: skip


def _override(override: Override | None) -> list[object]:
    if override is None:
        return [""] * 4
    return [f"{override.risk:.4f}", override.made_by.name, timezone.localdate(override.expires_at), override.reason]
